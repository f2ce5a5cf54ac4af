"""Casbin's tables and Cedar's decisions agree on every class, set of relations, action and profile."""

import json
from collections.abc import Iterator, Sequence
from itertools import combinations, product
from pathlib import Path
from typing import Any

import cedarpy
import pytest

from gateway.classes import CLASSES, TIERS, ClassKey
from gateway.identity.subject import Profile
from gateway.policy.engine import Policy
from gateway.policy.reading import read_policy
from gateway.vocabulary import Action, AgencyKind, Relation, Role
from tests.policy.cases import POLICIES, read_cases

Question = tuple[ClassKey, frozenset[Relation], Action]

POLICY = Policy(read_policy(POLICIES))
ORACLE = (Path(__file__).parent / "oracle.cedar").read_text(encoding="utf-8")
KNOWN: list[Relation] = [r for r in Relation if r is not Relation.ANYONE]
SETS: list[frozenset[Relation]] = [frozenset(held) for n in range(len(KNOWN) + 1) for held in combinations(KNOWN, n)]
PROFILES = [
    *(Profile(frozenset({role}), kind) for role in Role for kind in [None, *AgencyKind]),
    *(Profile(frozenset(pair)) for pair in combinations(Role, 2)),
]


def entry(key: ClassKey) -> dict[str, Any]:
    tier = TIERS.get(key)
    attributes = {
        "published": tier is not None,
        "share": tier.share if tier else "",
        "open": tier.open if tier else "",
        "sensitivity": sorted(tier.sensitivity) if tier else [],
    }
    return {"uid": {"type": "Entry", "id": key}, "attrs": attributes, "parents": []}


def caller(profile: Profile) -> dict[str, Any]:
    attributes = {"roles": sorted(profile.roles), "forAgency": profile.roles != {Role.PUBLIC}}
    return {"uid": {"type": "Caller", "id": "asking"}, "attrs": attributes, "parents": []}


def cedar(policies: str, profile: Profile, asked: Sequence[Question]) -> Iterator[bool]:
    """Cedar's decision on each question, in order."""
    entities = cedarpy.Entities.from_json_str(json.dumps([caller(profile), *map(entry, CLASSES)]))
    requests = [
        {
            "principal": {"type": "Caller", "id": "asking"},
            "action": {"type": "Action", "id": str(action)},
            "resource": {"type": "Entry", "id": key},
            "context": {r.lower(): r in held for r in KNOWN},
        }
        for key, held, action in asked
    ]
    for result in cedarpy.is_authorized_batch(requests, cedarpy.PolicySet.from_str(policies), entities):
        assert not result.diagnostics.errors
        yield result.allowed


def disagreements(policies: str, profile: Profile) -> list[Question]:
    table = POLICY.table_for(profile)
    asked = list(product(CLASSES, SETS, Action))
    return [
        q
        for q, said in zip(asked, cedar(policies, profile, asked), strict=True)
        if said is not table.decide(*q).allowed
    ]


@pytest.mark.parametrize("profile", PROFILES, ids=lambda p: "+".join(sorted(p.roles)) + f"-{p.agency_kind}")
def test_casbin_and_cedar_agree_on_every_class_relation_and_action(profile: Profile) -> None:
    assert disagreements(ORACLE, profile) == []


def test_cedar_decides_every_case_as_the_table_of_cases_says() -> None:
    for case in read_cases():
        for role in case.roles:
            [said] = cedar(ORACLE, Profile(frozenset({role})), [(case.key, case.relations, case.action)])
            assert said is case.allowed, (case, role)


@pytest.mark.parametrize("lost", range(ORACLE.count(";")))
def test_each_clause_of_the_oracle_is_needed_for_the_agreement(lost: int) -> None:
    clauses = ORACLE.split(";")
    without = ";".join(clauses[:lost] + clauses[lost + 1 :])
    assert any(disagreements(without, Profile(frozenset({role}))) for role in Role)
