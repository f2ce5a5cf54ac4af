"""The table of cases is complete, and the access table decides every one of them as it says."""

from collections.abc import Iterable
from itertools import product

import pytest
import yaml

from gateway.identity.subject import Profile
from gateway.policy.engine import Policy
from gateway.policy.reading import read_policy
from gateway.vocabulary import Action, NextStep, OpenType, Relation, Role, Sensitivity, ShareType
from tests.policy.cases import POLICIES, Case, Cell, read_cases

MATRIX = {
    "public": {frozenset({Role.PUBLIC}): set()},
    "public with a grant": {frozenset({Role.PUBLIC}): {Relation.GRANTED}},
    "agency": {frozenset(set(Role) - {Role.PUBLIC, Role.CENTER}): set()},
    "agency with a grant": {frozenset(set(Role) - {Role.PUBLIC, Role.CENTER}): {Relation.GRANTED}},
    "owner": {frozenset(set(Role) - {Role.PUBLIC, Role.CENTER}): {Relation.OWNER}},
    "supervisor": {frozenset({Role.SUPERVISOR, Role.AUDITOR}): {Relation.JURISDICTION}},
    "center": {frozenset({Role.CENTER}): set()},
    "center with a grant": {frozenset({Role.CENTER}): {Relation.GRANTED}},
    "center as owner": {frozenset({Role.CENTER}): {Relation.OWNER}},
}
"""The rows of the matrix: who stands in them, and how."""

CELLS: frozenset[Cell] = frozenset(
    (who, share, opening, action)
    for who, action in product(MATRIX, Action)
    for share, opening in [*product(ShareType, OpenType), ("UNPUBLISHED", "ANY")]
)
SOURCE = read_policy(POLICIES)
POLICY = Policy(SOURCE)
CASES = read_cases()


def uncovered(cases: Iterable[Case], rules: Iterable[str]) -> tuple[set[Cell], set[str]]:
    """The cells of the matrix and the rules that have no case."""
    cases = list(cases)
    return set(CELLS) - {c.cell for c in cases}, set(rules) - {c.rule for c in cases}


def test_every_cell_of_the_matrix_and_every_rule_has_a_case() -> None:
    assert uncovered(CASES, SOURCE.rules) == (set(), set())


def test_no_case_stands_outside_the_matrix_or_names_a_rule_that_does_not_exist() -> None:
    assert {c.cell for c in CASES} <= CELLS
    assert {c.rule for c in CASES} <= set(SOURCE.rules)


def test_every_row_of_cases_holds_for_the_roles_and_relations_of_its_row_in_the_matrix() -> None:
    for case in CASES:
        assert MATRIX[case.who] == {frozenset(case.roles): set(case.relations)}


def test_every_ground_of_article_22_has_a_case() -> None:
    lines = [line for block in yaml.safe_load((POLICIES / "cases.yaml").read_text()) for line in block["cases"]]
    assert {ground for line in lines for ground in line[2].split("|")} >= set(Sensitivity)


def test_a_cell_without_its_case_is_noticed() -> None:
    for lost, case in enumerate(CASES):
        assert uncovered(CASES[:lost] + CASES[lost + 1 :], SOURCE.rules)[0] == {case.cell}


@pytest.mark.parametrize("rule", sorted(SOURCE.rules))
def test_a_rule_without_its_case_is_noticed(rule: str) -> None:
    assert uncovered([c for c in CASES if c.rule != rule], SOURCE.rules)[1] == {rule}


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.who}-{c.key}-{c.action}")
def test_the_access_table_decides_the_case_and_names_its_rule(case: Case) -> None:
    for role in case.roles:
        table = POLICY.table_for(Profile(frozenset({role})))
        decision = table.decide(case.key, case.relations, case.action)
        assert (decision.allowed, decision.rule) == (case.allowed, case.rule), role
        assert (case.key in table.allowed(case.action, case.relations)) is case.allowed, role


def test_every_decision_names_its_rule_requirement_reason_and_next_step() -> None:
    for role in Role:
        table = POLICY.table_for(Profile(frozenset({role})))
        for case in CASES:
            decision = table.decide(case.key, case.relations, case.action)
            rule = SOURCE.rules[decision.rule]
            assert (decision.requirement, decision.next) == (rule.requirement, rule.next)
            assert (decision.reason_zh, decision.reason_en) == (rule.zh, rule.en)
            assert (decision.next is NextStep.USE) is decision.allowed
