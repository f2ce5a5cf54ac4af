"""What holds of every policy that can be written."""

from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.classes import CLASSES
from gateway.identity.subject import Profile
from gateway.policy.engine import Policy
from gateway.policy.table import AccessTable, Effect
from gateway.vocabulary import Action, Relation
from tests.policy.worlds import PROFILES, Drawn, lines, naive, source

KNOWN = [r for r in Relation if r is not Relation.ANYONE]
SETS = [frozenset(held) for n in range(len(KNOWN) + 1) for held in combinations(KNOWN, n)]
SOME = st.lists(lines(), max_size=6)

quick = settings(max_examples=25, deadline=None)


def table(drawn: list[Drawn], profile: Profile) -> AccessTable:
    return Policy(source(drawn)).table_for(profile)


@quick
@given(SOME, PROFILES)
def test_casbin_decides_as_reading_the_lines_one_by_one_does(drawn: list[Drawn], profile: Profile) -> None:
    """The table has the decision and the rule that a plain reading of the lines gives, for every question."""
    made = table(drawn, profile)
    for action in Action:
        for held in SETS:
            said = {key: naive(drawn, profile, key, held, action) for key in CLASSES}
            found = {key: made.decide(key, held, action) for key in CLASSES}
            assert {key: (d.allowed, d.rule) for key, d in found.items()} == said
            assert made.allowed(action, held) == {key for key, (allowed, _) in said.items() if allowed}


@quick
@given(SOME, lines(Effect.DENY), PROFILES)
def test_a_denial_beats_every_permission(drawn: list[Drawn], denial: Drawn, profile: Profile) -> None:
    """After a deny line is added nothing it applies to is allowed, and nothing else has changed."""
    before, after = table(drawn, profile), table([*drawn, denial], profile)
    for action in Action:
        for held in SETS:
            hit = {key for key in CLASSES if naive([denial], profile, key, held, action) == (False, "rule-1")}
            assert after.allowed(action, held) == before.allowed(action, held) - hit


@quick
@given(SOME, lines(Effect.ALLOW), PROFILES)
def test_a_permission_takes_nothing_away(drawn: list[Drawn], permission: Drawn, profile: Profile) -> None:
    """After an allow line is added everything that was allowed still is."""
    before, after = table(drawn, profile), table([*drawn, permission], profile)
    assert all(before.allowed(action, held) <= after.allowed(action, held) for action in Action for held in SETS)


@quick
@given(SOME, lines(Effect.REFUSE), PROFILES)
def test_saying_why_not_decides_nothing(drawn: list[Drawn], refusal: Drawn, profile: Profile) -> None:
    """After a refuse line is added exactly the same is allowed."""
    before, after = table(drawn, profile), table([*drawn, refusal], profile)
    assert all(before.allowed(action, held) == after.allowed(action, held) for action in Action for held in SETS)


@quick
@given(SOME, PROFILES)
def test_a_relation_that_does_not_matter_changes_nothing(drawn: list[Drawn], profile: Profile) -> None:
    """What the planner leaves out of a statement, because the table says so, would not have changed its answer."""
    made = table(drawn, profile)
    for action in Action:
        matter = made.relations_that_matter(action)
        for held in SETS:
            assert made.allowed(action, held) == made.allowed(action, held & matter)
        for relation in matter:
            assert any(
                made.allowed(action, held | {relation}) != made.allowed(action, held - {relation}) for held in SETS
            )
