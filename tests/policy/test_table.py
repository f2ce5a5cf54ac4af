"""How answers combine into an access table."""

import subprocess
import sys

import pytest

from gateway.classes import CLASSES, ClassKey
from gateway.identity.subject import Profile
from gateway.policy.engine import Policy
from gateway.policy.reading import read_policy
from gateway.policy.table import NO_RULE, AccessTable, Answer, Decision, Effect
from gateway.vocabulary import Action, NextStep, Relation, Role
from tests.policy.cases import POLICIES

UO = ClassKey("UO")
ANYONE, OWNER, GRANTED = Relation.ANYONE, Relation.OWNER, Relation.GRANTED


def answer(effect: Effect, line: int) -> Answer:
    step = NextStep.USE if effect is Effect.ALLOW else NextStep.NOTHING
    return Answer(effect, line, Decision(effect is Effect.ALLOW, f"line-{line}", "R7", "理由", "reason", step))


def table(**answers: Answer) -> AccessTable:
    return AccessTable.of("made", {(Relation(r), UO, Action.INSPECT): a for r, a in answers.items()})


def test_any_relation_that_allows_suffices_and_any_denial_wins() -> None:
    made = table(ANYONE=answer(Effect.REFUSE, 1), OWNER=answer(Effect.ALLOW, 3), GRANTED=answer(Effect.DENY, 9))
    said = {held: made.decide(UO, frozenset(held), Action.INSPECT).rule for held in [(), (OWNER,), (OWNER, GRANTED)]}
    assert said == {(): "line-1", (OWNER,): "line-3", (OWNER, GRANTED): "line-9"}
    assert made.allowed(Action.INSPECT, frozenset({OWNER})) == {UO}
    assert made.relations_that_matter(Action.INSPECT) == {OWNER, GRANTED}


def test_a_relation_that_only_denies_matters_although_it_changes_nothing_by_itself() -> None:
    made = table(OWNER=answer(Effect.ALLOW, 1), GRANTED=answer(Effect.DENY, 2))
    assert made.allowed(Action.INSPECT, frozenset({GRANTED})) == made.allowed(Action.INSPECT, frozenset({ANYONE}))
    assert GRANTED in made.relations_that_matter(Action.INSPECT)


def test_the_first_line_of_the_file_gives_the_reason() -> None:
    made = table(ANYONE=answer(Effect.ALLOW, 5), OWNER=answer(Effect.ALLOW, 2), GRANTED=answer(Effect.ALLOW, 4))
    assert made.decide(UO, frozenset({OWNER, GRANTED}), Action.INSPECT).rule == "line-2"


def test_what_no_line_concerns_is_refused() -> None:
    assert table().decide(UO, frozenset({ANYONE}), Action.FETCH) == NO_RULE
    assert not NO_RULE.allowed


@pytest.mark.parametrize("damaged", ["", "uo", "OO", "UO_P", "UO "])
@pytest.mark.parametrize("role", Role)
def test_a_class_that_does_not_exist_is_refused_to_everybody(damaged: str, role: Role) -> None:
    made = Policy(read_policy(POLICIES)).table_for(Profile(frozenset({role})))
    assert damaged not in CLASSES
    assert not any(made.decide(damaged, frozenset(Relation), action).allowed for action in Action)


def test_the_planner_needs_no_relation_for_the_public_and_only_ownership_for_agencies() -> None:
    policy = Policy(read_policy(POLICIES))
    public, staff, supervisor = (
        policy.table_for(Profile(frozenset({r}))) for r in (Role.PUBLIC, Role.STAFF, Role.SUPERVISOR)
    )
    assert [public.relations_that_matter(a) for a in Action] == [set(), set(), {GRANTED}]
    assert [staff.relations_that_matter(a) for a in Action] == [{OWNER}, {OWNER}, {OWNER, GRANTED}]
    inspect = supervisor.relations_that_matter(Action.INSPECT)
    assert inspect == {OWNER, Relation.JURISDICTION}


def test_whoever_reads_a_table_does_not_load_casbin() -> None:
    code = "import sys, gateway.policy.table; sys.exit('casbin' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
