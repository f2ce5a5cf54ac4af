"""Exactly one head of an agency at any instant, whoever appoints whom, and whenever (R5.2)."""

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from gateway.audit.ledger import Denied
from gateway.catalog.fsck import check_graph
from gateway.catalog.fsck_rules import Difference
from gateway.graph import make_id
from gateway.sharing.heads import Heads
from gateway.vocabulary import FOREVER, Role
from tests.sharing.city import City

_PERIODS = """
MATCH (:Agency {code: $agency})<-[:AT]-(h:Appointment {role: 'HEAD', recordedTo: $forever})<-[:HOLDS]-(p)
WITH h, p ORDER BY h.validFrom
RETURN collect([p.id, h.validFrom, h.validTo])
"""


@pytest.fixture
async def people(city: City) -> dict[str, str]:
    """A city whose water company has one head."""
    await city.graph.run(
        "MATCH (p:Person) WHERE p.name STARTS WITH 'h-' OPTIONAL MATCH (p)-[:HOLDS]->(h) DETACH DELETE p, h"
    )
    await city.graph.run("MATCH (h:Appointment {role: 'HEAD'}) WHERE h.id STARTS WITH 'ap_' DETACH DELETE h")
    await city.hire("h-first", "water", Role.HEAD)
    for name in ("h-second", "h-third"):
        await city.hire(name, "power", Role.STAFF)
    return {name: make_id("pe_", name) for name in ("h-first", "h-second", "h-third")}


async def appoint(city: City, person: str, since: datetime, agency: str = "water") -> Any:
    return await Heads(city.ledger).appoint(
        city.cause(city.officers["center"].subject), agency, person, since, city.key()
    )


async def periods(city: City) -> list[list[str]]:
    found: list[list[str]] = await city.graph.read(_PERIODS, {"agency": "water", "forever": FOREVER})
    assert all(end == start for (_, _, end), (_, start, _) in pairwise(found)), "no gap and no overlap"
    assert found[-1][2] == FOREVER
    return found


async def test_who_was_head_is_it_until_the_next_one_is(city: City, people: dict[str, str]) -> None:
    await appoint(city, people["h-second"], datetime.now(UTC))
    await appoint(city, people["h-third"], datetime.now(UTC) + timedelta(days=30))
    assert [person for person, _, _ in await periods(city)] == list(people.values())
    (first, second) = city.events("agency.head-appointed")
    assert (first["data"]["former"], second["data"]["former"]) == (people["h-first"], people["h-second"])
    on_record = await city.graph.read("MATCH (h:Appointment {role: 'HEAD'}) RETURN count(h)")
    assert on_record == 5, "what was recorded before stays on record, with the end of its being so"


@pytest.mark.parametrize(
    ("person", "days", "agency", "code"),
    [
        ("h-first", 1, "water", "ALREADY_HEAD"),
        ("h-second", -1, "water", "IN_PAST"),
        ("h-second", 1, "nowhere", "NOT_FOUND"),
        ("pe_nobody", 1, "water", "NOT_FOUND"),
    ],
)
async def test_what_cannot_be_is_refused(
    city: City, people: dict[str, str], person: str, days: int, agency: str, code: str
) -> None:
    with pytest.raises(Denied) as denied:
        await appoint(city, people.get(person, person), datetime.now(UTC) + timedelta(days=days), agency)
    assert denied.value.code == code
    assert [person for person, _, _ in await periods(city)] == [people["h-first"]]


async def test_of_two_who_appoint_at_once_one_is_told(city: City, people: dict[str, str]) -> None:
    since = datetime.now(UTC) + timedelta(days=1)
    made = await asyncio.gather(
        *(appoint(city, people[name], since) for name in ("h-second", "h-third")), return_exceptions=True
    )
    assert [one.code for one in made if isinstance(one, Denied)] == ["ALREADY_SET"]
    assert len(await periods(city)) == 2


async def test_fsck_finds_two_heads_and_none(city: City, people: dict[str, str]) -> None:
    async def found() -> list[tuple[str, str]]:
        differences: list[Difference] = []
        await check_graph(city.graph, differences.append)
        return [(one.id, one.check) for one in differences]

    await appoint(city, people["h-second"], datetime.now(UTC))
    assert (make_id("ag_", "water"), "head") not in await found()
    await city.graph.run(
        "MATCH (:Person {id: $id})-[:HOLDS]->(h {role: 'HEAD', recordedTo: $forever}) SET h.validFrom = '2020-01-01'",
        {"id": people["h-second"], "forever": FOREVER},
    )
    assert (make_id("ag_", "water"), "head") in await found()
