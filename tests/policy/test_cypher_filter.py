"""The filter in Cypher keeps exactly the rows that the access table allows: the third way through the cases."""

from itertools import combinations, product
from typing import Any

import pytest
from neo4j import AsyncManagedTransaction

from gateway.classes import CLASSES, ClassKey
from gateway.graph import Graph
from gateway.identity.subject import Profile, Subject
from gateway.plan.guard import Guard, Site, guard_for, possible, relations_of
from gateway.policy.engine import Policy
from gateway.policy.reading import read_policy
from gateway.vocabulary import Action, Relation, Role
from tests.policy.cases import POLICIES, read_cases

POLICY = Policy(read_policy(POLICIES))
KNOWN = (Relation.OWNER, Relation.JURISDICTION, Relation.GRANTED)
SETS = [frozenset(held) for n in range(len(KNOWN) + 1) for held in combinations(KNOWN, n)]
NOW = "2026-03-01T00:00:00.000Z"

World = dict[str, tuple[ClassKey, frozenset[Relation]]]

FILL = """
CREATE (mine:Agency {id: 'ag_mine'}), (me:Person {id: 'pe_me'}), (other:Agency {id: 'ag_other'})
WITH mine, me, other
UNWIND $rows AS row
CREATE (d:Dataset {id: row.id, accessClass: row.class, agency: row.agency, jurisdiction: row.jurisdiction})
FOREACH (_ IN CASE WHEN row.granted THEN [1] ELSE [] END |
  CREATE (d)<-[:ON]-(:Grant {status: 'ACTIVE', fields: [], validFrom: $from, validTo: $to})-[:TO]->(me))
FOREACH (_ IN CASE WHEN row.granted THEN [] ELSE [1] END |
  CREATE (d)<-[:ON]-(:Grant {status: 'REVOKED', fields: [], validFrom: $from, validTo: $to})-[:TO]->(me)
  CREATE (d)<-[:ON]-(:Grant {status: 'ACTIVE', fields: [], validFrom: $from, validTo: $from})-[:TO]->(mine)
  CREATE (d)<-[:ON]-(:Grant {status: 'ACTIVE', fields: [], validFrom: $from, validTo: $to})-[:TO]->(other))
RETURN count(*)
"""


@pytest.fixture(scope="module")
async def world(module_graph: Graph) -> World:
    """One dataset for each class and each set of relations; where no grant counts there are three that must not."""
    made = {f"ds_{n}": pair for n, pair in enumerate(product(CLASSES, SETS))}
    rows = [
        {
            "id": id_,
            "class": key,
            "agency": "ag_mine" if Relation.OWNER in held else "ag_other",
            "jurisdiction": "ju_mine" if Relation.JURISDICTION in held else "ju_other",
            "granted": Relation.GRANTED in held,
        }
        for id_, (key, held) in made.items()
    ]
    times = {"from": "2026-01-01T00:00:00.000Z", "to": "2027-01-01T00:00:00.000Z"}
    await module_graph.write(lambda tx: _filled(tx, {"rows": rows, **times}))
    return made


async def _filled(tx: AsyncManagedTransaction, parameters: dict[str, Any]) -> None:
    result = await tx.run(FILL, parameters)
    await result.consume()


def subject(role: Role) -> Subject:
    profile = Profile(frozenset({role}))
    if role is Role.PUBLIC:
        return Subject(id="pe_me", profile=profile)
    overseen = ("ju_mine",) if role in {Role.SUPERVISOR, Role.AUDITOR} else ()
    return Subject(id="pe_me", agency="ag_mine", jurisdictions=overseen, profile=profile)


async def kept(graph: Graph, guard: Guard, parameters: dict[str, Any], action: Action) -> set[str]:
    """The datasets that may be acted on, as the database says."""
    asked = {**parameters, "now": NOW}
    if action is Action.FETCH:
        rows = await graph.read(f"MATCH (d:Dataset) RETURN collect([d.id, d.accessClass, {guard.mask('d')}])", asked)
        table = POLICY.table_for(Profile(frozenset(Role(r) for r in parameters["s_roles"])))
        return {i for i, key, mask in rows if table.decide(key, relations_of(mask), action).allowed}
    test = guard.test(Site.DATASET_PAGE, action, "d", "d")
    return set(await graph.read(f"MATCH (d:Dataset) WHERE {test} RETURN collect(d.id)", asked))


@pytest.mark.parametrize("role", Role)
async def test_the_filter_keeps_exactly_what_the_table_allows(module_graph: Graph, world: World, role: Role) -> None:
    who = subject(role)
    table = POLICY.table_for(who.profile)
    guard, parameters = guard_for(who, table)
    for action in Action:
        due = {i for i, (key, held) in world.items() if table.decide(key, held & possible(who), action).allowed}
        assert await kept(module_graph, guard, parameters, action) == due, action


async def test_the_filter_decides_every_case_as_the_table_of_cases_says(module_graph: Graph, world: World) -> None:
    ids = {pair: i for i, pair in world.items()}
    for role in Role:
        guard, parameters = guard_for(subject(role), POLICY.table_for(Profile(frozenset({role}))))
        for action in Action:
            found = await kept(module_graph, guard, parameters, action)
            for case in read_cases():
                if role in case.roles and action is case.action:
                    assert (ids[case.key, case.relations] in found) is case.allowed, (case, role)
