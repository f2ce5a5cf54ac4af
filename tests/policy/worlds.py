"""Policies made up by Hypothesis, and a second evaluator for them that shares nothing with the engine."""

from dataclasses import dataclass

from hypothesis import strategies as st

from gateway.classes import TIERS, ClassKey
from gateway.identity.subject import Profile
from gateway.policy.source import Line, Rule, Source
from gateway.policy.table import Effect
from gateway.policy.words import ANY, MATCHED
from gateway.vocabulary import Action, AgencyKind, NextStep, Relation, Role


def _words(column: str) -> st.SearchStrategy[tuple[str, ...]]:
    known = [str(word) for word in MATCHED[column] if word != ANY]
    some = st.lists(st.sampled_from(known), min_size=1, max_size=2, unique=True).map(tuple)
    return some if ANY not in MATCHED[column] else st.just((ANY,)) | some


@dataclass(frozen=True)
class Drawn:
    """A line before it has a number."""

    cells: dict[str, tuple[str, ...]]
    effect: Effect


def lines(*effects: Effect) -> st.SearchStrategy[Drawn]:
    """Lines with one of these effects; with any when none is named."""
    cells = st.fixed_dictionaries({column: _words(column) for column in MATCHED})
    return st.builds(Drawn, cells, st.sampled_from(effects or tuple(Effect)))


def source(drawn: list[Drawn]) -> Source:
    """A policy of these lines, each with a rule of its own."""
    rules = {
        f"rule-{n}": Rule(f"rule-{n}", d.effect, "R7", NextStep.NOTHING, f"理由{n}", f"reason {n}")
        for n, d in enumerate(drawn, 1)
    }
    numbered = tuple(Line(n, f"rule-{n}", d.cells) for n, d in enumerate(drawn, 1))
    return Source("made-up", {"model.conf": MODEL}, numbered, rules)


PROFILES = st.builds(
    Profile, st.frozensets(st.sampled_from(Role), min_size=1, max_size=2), st.sampled_from([None, *AgencyKind])
)

MODEL = """
[request_definition]
r = actions, relations, roles, kinds, states, shares, opens, sensitivities
[policy_definition]
p = line, role, kind, relation, state, share, open, sensitivity, action, eft
[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))
[matchers]
m = p.action in r.actions && p.role in r.roles && p.relation in r.relations && p.kind in r.kinds \
&& p.state in r.states && p.share in r.shares && p.open in r.opens && p.sensitivity in r.sensitivities
"""


def naive(
    drawn: list[Drawn], profile: Profile, key: ClassKey, relations: frozenset[Relation], action: Action
) -> tuple[bool, str]:
    """Allowed or not, and the rule that says so: straight from the sentence, one line after the other."""
    applying = [n for n, line in enumerate(drawn, 1) if _applies(line.cells, profile, key, relations, action)]
    for effect in (Effect.DENY, Effect.ALLOW, Effect.REFUSE):
        for n in applying:
            if drawn[n - 1].effect is effect:
                return effect is Effect.ALLOW, f"rule-{n}"
    return False, "no-rule"


def _applies(
    cells: dict[str, tuple[str, ...]], profile: Profile, key: ClassKey, relations: frozenset[Relation], action: Action
) -> bool:
    def fits(column: str, *own: str) -> bool:
        return cells[column] == (ANY,) or any(word in own for word in cells[column])

    for_agency = any(role is not Role.PUBLIC for role in profile.roles)
    tier = TIERS.get(key)
    return (
        fits("role", *profile.roles, *(["AGENCY"] if for_agency else []))
        and fits("kind", *([profile.agency_kind] if profile.agency_kind else []))
        and fits("relation", Relation.ANYONE, *relations)
        and fits("action", action)
        and fits("state", "PUBLISHED" if tier else "UNPUBLISHED")
        and fits("share", *([tier.share] if tier else []))
        and fits("open", *([tier.open] if tier else []))
        and fits("sensitivity", *((tier.sensitivity or ["NONE"]) if tier else []))
    )
