"""From a policy to the access table of a profile: Casbin is asked once per (relation, class, action).

Some 700 questions per profile, whatever the catalogue's size. Each enforcer gets only the lines that concern the
profile and the action, is built fresh, used by one thread, and thrown away. A plain Enforcer, because FastEnforcer
skips wildcard denies and is not thread-safe.
"""

from itertools import product
from threading import Lock
from typing import Final

import casbin

from gateway.classes import CLASSES
from gateway.identity.subject import Profile
from gateway.policy.source import Line, Source, class_words
from gateway.policy.table import NO_POLICY, AccessTable, Answer, Decision, Effect, Question
from gateway.policy.words import AGENCY, ANY
from gateway.vocabulary import Action, Relation, Role

_MATCHED_BY_CASBIN: Final = ("role", "kind", "relation", "state", "share", "open", "sensitivity", "action")
_LOADING_ORDER: Final = (Effect.REFUSE, Effect.ALLOW, Effect.DENY)

_ASKING: Final = Lock()
"""One thread of the process asks at a time, whichever policy it asks: Casbin parses its matcher with `ast.parse`,
which in CPython 3.11 raises a SystemError when two threads are in it."""


class Policy:
    """A valid policy and the tables made from it. Safe to share between threads; never changes."""

    def __init__(self, source: Source) -> None:
        self.source: Final = source
        self.kinds_matter: Final = any(line.cells["kind"] != (ANY,) for line in source.lines)
        self._tables: dict[Profile, AccessTable] = {}

    @property
    def digest(self) -> str:
        """SHA-256 of the policy's files, in hex."""
        return self.source.digest

    def table_for(self, profile: Profile) -> AccessTable:
        """The access table of a profile, made at its first use."""
        roles = profile.roles or frozenset({Role.PUBLIC})
        key = Profile(roles, profile.agency_kind if self.kinds_matter else None)
        found = self._tables.get(key)
        if found is None:
            with _ASKING:
                found = self._tables.get(key)
                if found is None:
                    found = self._tables[key] = AccessTable.of(
                        self.digest, answers(self.source, key), texts=self.source.texts
                    )
        return found


class NoPolicy:
    """What a gateway without a usable policy has: a table that refuses everything and says so."""

    digest: Final = "none"

    def __init__(self) -> None:
        self._table = AccessTable.of(self.digest, {}, fallback=NO_POLICY)

    def table_for(self, profile: Profile) -> AccessTable:  # noqa: ARG002 - the same for every profile
        """The table that refuses everything."""
        return self._table


def profile_words(profile: Profile) -> dict[str, tuple[str, ...]]:
    """The words that a profile satisfies in the columns role and kind."""
    agency = (AGENCY,) if profile.roles - {Role.PUBLIC} else ()
    kind = (profile.agency_kind,) if profile.agency_kind else ()
    return {"role": (ANY, *agency, *sorted(profile.roles)), "kind": (ANY, *kind)}


def answers(source: Source, profile: Profile) -> dict[Question, Answer]:
    """Ask Casbin every question there is for this profile. A question that no line concerns has no answer."""
    who = profile_words(profile)
    by_number = {line.number: line for line in source.lines}
    found: dict[Question, Answer] = {}
    for action in Action:
        lines = [line for line in source.lines if line.concerns(who | {"action": (action,)})]
        if not lines:
            continue
        enforcer = _enforcer(source, lines)
        for relation, key in product(Relation, CLASSES):
            what = class_words(key)
            allowed, explained = enforcer.enforce_ex(
                (action,),
                (relation,),
                who["role"],
                who["kind"],
                what["state"],
                what["share"],
                what["open"],
                what["sensitivity"],
            )
            if explained:
                found[relation, key, action] = _answer(source, by_number[int(explained[0])], allowed=allowed)
    return found


def _enforcer(source: Source, lines: list[Line]) -> casbin.Enforcer:
    """An enforcer over these lines.

    Casbin explains a decision by the last line that matched, or by the first denial. Loaded backwards, weakest
    effect first, the explanation is the first line of the file among those that decided.
    """
    model = casbin.Enforcer.new_model(text=source.model)
    for effect in _LOADING_ORDER:
        some = [line for line in lines if source.rules[line.rule].effect is effect]
        for line in some if effect is Effect.DENY else reversed(some):
            for words in product(*(line.cells[column] for column in _MATCHED_BY_CASBIN)):
                model.add_policy("p", "p", [str(line.number), *map(str, words), str(effect)])
    return casbin.Enforcer(model)


def _answer(source: Source, line: Line, *, allowed: bool) -> Answer:
    rule = source.rules[line.rule]
    if allowed is not (rule.effect is Effect.ALLOW):
        raise AssertionError(f"Casbin explains allowed={allowed} by line {line.number}, whose effect is {rule.effect}")
    decision = Decision(allowed, rule.id, rule.requirement, rule.zh, rule.en, rule.next)
    return Answer(rule.effect, line.number, decision)
