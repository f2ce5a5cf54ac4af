"""Who somebody is, as the graph says it: only offices that are on record and hold at this moment (R5.2)."""

import asyncio
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from neo4j import AsyncManagedTransaction

from gateway.graph import Graph
from gateway.graph.appointments import find_person
from gateway.graph.people import known_people
from gateway.identity import Appointment, Authenticator, Person
from gateway.identity.keys import FixedKeys
from gateway.identity.token import Issuer, Verifier
from gateway.settings import Algorithm, TokenType
from gateway.vocabulary import FOREVER, AgencyKind, Role
from tests.identity.tokens import AUDIENCE, ES256, ISSUER

MOMENT = datetime(2026, 6, 1, 12, 0, 0, tzinfo=UTC)
BEFORE, AT, AFTER = "2026-06-01T11:59:59.999Z", "2026-06-01T12:00:00.000Z", "2026-06-01T12:00:00.001Z"

WORLD = """
CREATE (city:Jurisdiction {id: 'ju_city'})
CREATE (county:Jurisdiction {id: 'ju_county'})-[:PART_OF]->(city)
CREATE (town:Jurisdiction {id: 'ju_town'})-[:PART_OF]->(county)
CREATE (:Jurisdiction {id: 'ju_elsewhere'})
CREATE (bureau:Agency {id: 'ag_bureau', kind: 'ADMINISTRATIVE', code: 'B', name: '城管局'})-[:IN]->(city)
CREATE (office:Agency {id: 'ag_office', kind: 'BY_REFERENCE', code: 'O'})-[:IN]->(county)
CREATE (p:Person {id: 'pe_wang', name: '王小明'})-[:KNOWN_AS]->(:Identity {iss: $iss, sub: 'wang'})
CREATE (p)-[:KNOWN_AS]->(:Identity {iss: 'https://other.example', sub: 'w-1'})
CREATE (:Person {id: 'pe_li', name: '李'})-[:KNOWN_AS]->(:Identity {iss: $iss, sub: 'li'})
"""


async def found(graph: Graph, *offices: dict[str, Any], sub: str = "wang", iss: str = ISSUER) -> Person | None:
    await put(graph, *offices)
    return await find_person(graph, iss, sub, now=MOMENT)


async def put(graph: Graph, *offices: dict[str, Any]) -> None:
    given = {"iss": ISSUER, "offices": list(offices)}

    async def work(tx: AsyncManagedTransaction) -> None:
        await tx.run(WORLD, given)
        await tx.run(
            "UNWIND $offices AS o MATCH (p:Person {id: 'pe_wang'}), (g:Agency {id: o.agency}) "
            "CREATE (p)-[:HOLDS]->(a:Appointment)-[:AT]->(g) SET a = o.appointment",
            given,
        )

    await graph.write(work)


def office(id_: str, role: Role = Role.OFFICER, agency: str = "ag_bureau", **times: str) -> dict[str, Any]:
    always = {"validFrom": BEFORE, "validTo": FOREVER, "recordedFrom": BEFORE, "recordedTo": FOREVER}
    return {"agency": agency, "appointment": {"id": id_, "role": role.value, **always, **times}}


async def test_a_current_office_is_found_with_its_agency(graph: Graph) -> None:
    office_held = Appointment("ap_1", Role.OFFICER, "ag_bureau", AgencyKind.ADMINISTRATIVE, home=("ju_city",))
    assert await found(graph, office("ap_1")) == Person("pe_wang", "王小明", (office_held,))


@pytest.mark.parametrize(
    ("times", "holds"),
    [
        ({"validFrom": AT}, True),
        ({"validFrom": AFTER}, False),
        ({"validTo": AFTER}, True),
        ({"validTo": AT}, False),
        ({"validTo": BEFORE}, False),
        ({"recordedFrom": AT}, True),
        ({"recordedFrom": AFTER}, False),
        ({"recordedTo": AT}, False),
        ({"recordedTo": AFTER}, True),
    ],
)
async def test_an_office_holds_from_its_start_until_before_its_end(
    graph: Graph, times: dict[str, str], holds: bool
) -> None:
    person = await found(graph, office("ap_1", Role.OFFICER, "ag_bureau", **times))
    assert person is not None
    assert bool(person.appointments) is holds


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.AUDITOR])
async def test_who_oversees_gets_the_subtree_of_the_agencys_jurisdiction(graph: Graph, role: Role) -> None:
    person = await found(graph, office("ap_1", role), office("ap_2", role, "ag_office"))
    assert person is not None
    city, county = person.appointments
    assert city.jurisdictions == ("ju_city", "ju_county", "ju_town")
    assert county.jurisdictions == ("ju_county", "ju_town")
    assert county.home == ("ju_city", "ju_county")
    assert county.agency_kind is AgencyKind.BY_REFERENCE


@pytest.mark.parametrize("role", [Role.STAFF, Role.OFFICER, Role.HEAD, Role.CENTER])
async def test_nobody_else_gets_one(graph: Graph, role: Role) -> None:
    person = await found(graph, office("ap_1", role))
    assert person is not None
    assert person.appointments[0].jurisdictions == ()


async def test_a_person_can_be_known_to_two_issuers(graph: Graph) -> None:
    person = await found(graph, office("ap_1"), sub="w-1", iss="https://other.example")
    assert person is not None
    assert person.id == "pe_wang"


@pytest.mark.parametrize(
    ("iss", "sub"), [(ISSUER, "w-1"), ("https://other.example", "wang"), (ISSUER, ""), ("", "wang")]
)
async def test_a_name_counts_only_with_its_issuer(graph: Graph, iss: str, sub: str) -> None:
    assert await found(graph, office("ap_1"), sub=sub, iss=iss) is None


@pytest.mark.parametrize("sub", ["' OR 1=1 //", "wang\x00", "\\u0027", "$iss", "wang'}) MATCH (p:Person"])
async def test_a_name_is_never_read_as_cypher(graph: Graph, sub: str) -> None:
    assert await found(graph, office("ap_1"), sub=sub) is None


async def test_it_is_one_statement(graph: Graph) -> None:
    await put(graph, office("ap_1"))
    before = graph.requests
    await find_person(graph, ISSUER, "wang")
    assert graph.requests == before + 1


async def test_an_operator_can_list_everybody_whom_an_issuer_knows(graph: Graph) -> None:
    await put(graph, office("ap_1"), office("ap_2", Role.HEAD), office("ap_3", validTo=BEFORE))
    li, wang = await known_people(graph, ISSUER)
    assert (li.sub, li.name, li.roles, li.agencies) == ("li", "李", (), ())
    assert (wang.sub, wang.roles, wang.agencies) == ("wang", ("OFFICER", "HEAD"), ("城管局", "城管局"))
    assert await known_people(graph, "https://nobody.example") == []


async def test_ending_an_appointment_in_the_graph_takes_effect_when_the_cache_runs_out(graph: Graph) -> None:
    await put(graph, office("ap_1"))
    issuer = Issuer(ISSUER, AUDIENCE, frozenset(Algorithm), frozenset(TokenType), FixedKeys((ES256.key,)))
    lookup = partial(find_person, graph)
    authenticator = Authenticator(Verifier({ISSUER: issuer}, skew=0), lookup, appointment_cache=0.3)
    header = f"Bearer {ES256.token(kid=None)}"
    assert (await authenticator.subject(header)).agency == "ag_bureau"
    await graph.run("MATCH (a:Appointment {id: 'ap_1'}) SET a.validTo = $now", {"now": BEFORE})
    await asyncio.sleep(0.3)
    assert (await authenticator.subject(header)).is_public
