"""Access tables that no policy would make: whatever a table says, the plan has to follow it."""

import random
from typing import Final

from gateway.classes import CLASSES
from gateway.identity import Profile
from gateway.policy.table import AccessTable, Answer, Decision, Effect
from gateway.vocabulary import Action, NextStep, Relation

_EFFECTS: Final = (Effect.ALLOW, Effect.ALLOW, Effect.REFUSE, Effect.DENY, None)


class RandomTables:
    """One table per profile, drawn from a seed. What may be inspected may be discovered too, as a policy has to say."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._tables: dict[Profile, AccessTable] = {}

    def table_for(self, profile: Profile) -> AccessTable:
        if profile not in self._tables:
            self._tables[profile] = self._drawn(f"{self.seed} {sorted(profile.roles)} {profile.agency_kind}")
        return self._tables[profile]

    def _drawn(self, name: str) -> AccessTable:
        rnd, answers = random.Random(name), {}
        for line, relation in enumerate(Relation):
            for key in CLASSES:
                effects = {action: rnd.choice(_EFFECTS) for action in Action}
                if relation is Relation.GRANTED:
                    # A grant is about rows: no policy lets it change what may be known.
                    effects[Action.DISCOVER] = effects[Action.INSPECT] = None
                if effects[Action.INSPECT] is Effect.ALLOW:
                    effects[Action.DISCOVER] = Effect.ALLOW
                if effects[Action.DISCOVER] is Effect.DENY:
                    effects[Action.INSPECT] = Effect.DENY
                for action, effect in effects.items():
                    if effect is not None:
                        allowed, rule = effect is Effect.ALLOW, f"{relation}-{key}-{action}"
                        decision = Decision(allowed, rule, "R16.1", "因", "because", rnd.choice(list(NextStep)))
                        answers[relation, key, action] = Answer(effect, line, decision)
        return AccessTable.of(name, answers)
