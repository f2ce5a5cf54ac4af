"""Who has to answer is told in time, exactly once each time, whoever watches and whenever they were up."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Final

import pytest

from gateway.audit.errors import LogUnavailable
from gateway.graph import make_id
from gateway.rules import Calendar, load_calendar
from gateway.rules.calendar import Year
from gateway.sharing import escalation as module
from gateway.sharing.clocks import deadline, keep_deadlines
from gateway.sharing.escalation import Escalations
from gateway.sharing.words import Act
from tests.sharing.city import City, answer


@pytest.fixture
def watch(city: City) -> Escalations:
    cause = city.cause(city.officers["center"].subject)
    return Escalations(city.graph, city.outbox, city.filing.rules, lambda: cause, lambda: city.now)


def at(day: str, hour: int = 8) -> datetime:
    return datetime.fromisoformat(f"{day}T{hour:02}:00:00+08:00").astimezone(UTC)


def told(city: City) -> list[str]:
    return [one["data"]["escalation"] for one in city.events("deadline.escalated")]


async def test_each_escalation_comes_on_its_day_and_once(city: City, watch: Escalations) -> None:  # R16.2b
    case = await city.applied()  # counted: 02-11 to 14 and 24 to 26; the day after is 02-27
    for day, expected in (
        ("2026-02-14", []),
        ("2026-02-23", []),
        ("2026-02-24", ["SOON"]),
        ("2026-02-25", ["SOON"]),
        ("2026-02-26", ["SOON", "TODAY"]),
        ("2026-02-27", ["SOON", "TODAY", "OVERDUE"]),
        ("2026-03-27", ["SOON", "TODAY", "OVERDUE"]),
    ):
        city.now = at(day)
        await watch.sweep()
        await watch.sweep()
        assert told(city) == expected, day
    event = city.events("deadline.escalated")[0]
    assert event["about"]["case"] == case
    assert {make_id("ag_", "water"), make_id("ag_", "bdc")} <= {*event["about"]["agencies"]}
    assert event["data"]["due"] == "2026-02-26T15:59:59.999Z"


async def test_a_gateway_that_was_down_tells_of_all_of_them_in_order(city: City, watch: Escalations) -> None:
    await city.applied()
    city.now = at("2026-03-27")
    assert await watch.sweep() == 3
    assert told(city) == ["SOON", "TODAY", "OVERDUE"]


async def test_of_several_who_watch_one_tells(city: City, watch: Escalations) -> None:
    await city.applied()
    city.now = at("2026-03-27")
    others = [replace(watch) for _ in range(4)]
    assert sum(await asyncio.gather(*(one.sweep() for one in others))) == 3
    assert sorted(told(city)) == ["OVERDUE", "SOON", "TODAY"]


async def test_what_is_answered_or_taken_back_is_told_of_no_more(city: City, watch: Escalations) -> None:
    case = await city.applied()
    city.now = at("2026-02-24")
    await watch.sweep()
    await city.act("provider", answer(case, Act.APPROVE))
    city.now = at("2026-03-27")
    assert await watch.sweep() == 0
    assert told(city) == ["SOON"]


async def test_another_calendar_counts_open_cases_again_and_keeps_both_values(
    city: City, watch: Escalations, tmp_path_factory: pytest.TempPathFactory
) -> None:
    case = await city.applied()
    path = tmp_path_factory.mktemp("calendar") / "calendar.yaml"
    days = [f"2026-02-{day}" for day in range(12, 24)]
    path.write_text(f"2026: {{source: 延长假期, holidays: [{', '.join(days)}]}}", "utf-8")
    other = replace(watch, rules=replace(watch.rules, calendar=load_calendar(path)))
    assert await other.recount() == 1
    assert await other.recount() == 0
    held = (await city.case(case))["deadline"]
    # 02-11, then 02-24 to 27, then 03-02 and 03-03
    assert held["dueAt"] == "2026-03-03T15:59:59.999Z"
    assert [one["dueAt"] for one in json.loads(held["formerly"])] == ["2026-02-26T15:59:59.999Z"]
    (event,) = city.events("deadline.recounted")
    assert (event["data"]["before"], event["data"]["due"]) == ("2026-02-26T15:59:59.999Z", held["dueAt"])
    city.now = at("2026-02-27")
    await other.sweep()
    assert told(city) == ["SOON"]


async def test_a_year_without_a_calendar_is_waited_for(city: City, watch: Escalations) -> None:
    city.now = at("2026-12-22", 10)
    first = city.now.date()
    asked = city.scope("mixed", "asked", since=first, until=first + timedelta(days=30))
    await city.act("consumer", asked)  # due on 12-31
    city.now = at("2027-01-20")
    assert await watch.sweep() == 2
    assert told(city) == ["SOON", "TODAY"]
    next_year = Calendar({2027: Year("国办发明电", frozenset(), frozenset())})
    known = replace(watch, rules=replace(watch.rules, calendar=next_year))
    assert await known.sweep() == 1
    assert told(city) == ["SOON", "TODAY", "OVERDUE"]


LONGER: Final = Calendar({2026: Year("延长假期", frozenset(date(2026, 2, day) for day in range(12, 24)), frozenset())})
_COPY: Final = """
MATCH (t:Task {about: $id})-[:FOR]->(c:Case)-[:TO]->(a)
UNWIND range(1, $n) AS i
CREATE (a)<-[:TO]-(d:Case)<-[:FOR]-(:Task {about: $id + i, owner: c.provider, dueAt: t.dueAt})
SET d = c {.*, id: $id + i}
RETURN collect(d.id)
"""


async def several(city: City, number: int) -> list[str]:
    """Open cases that were filed on the same day."""
    one = await city.applied()
    return [one, *await city.graph.run(_COPY, {"id": one, "n": number - 1})]


async def began(city: City, cases: Sequence[str], day: str) -> None:
    """Let the duty of some cases have begun on another day, whatever they were counted by."""
    kept = (await city.case(cases[0]))["deadline"]
    other = deadline({**kept, "startedOn": day})
    await city.graph.write(lambda tx: keep_deadlines(tx, other))
    await city.graph.run("MATCH (c:Case) WHERE c.id IN $ids SET c.deadline = $to", {"ids": cases, "to": other["id"]})


async def due(city: City) -> set[str]:
    """Until when answers are due, as queues and cases have it."""
    pairs = await city.graph.read(
        "MATCH (c:Case)<-[:FOR]-(t:Task), (d:Deadline {id: c.deadline}) RETURN collect([d.dueAt, t.dueAt])"
    )
    return {moment for pair in pairs for moment in pair}


async def test_of_several_who_count_again_each_case_is_counted_by_one(
    city: City, watch: Escalations, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_BATCH", 3)
    cases = await several(city, 10)
    others = [replace(watch, rules=replace(watch.rules, calendar=LONGER)) for _ in range(3)]
    assert sum(await asyncio.gather(*(one.recount() for one in others))) == 10
    assert sorted(one["about"]["case"] for one in city.events("deadline.recounted")) == sorted(cases)
    assert await due(city) == {"2026-03-03T15:59:59.999Z"}


async def test_a_case_that_cannot_be_counted_stops_no_other(
    city: City, watch: Escalations, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_BATCH", 2)
    cases = await several(city, 6)
    lost = sorted(cases)[:3]
    await began(city, lost, "1990-01-02")
    other = replace(watch, rules=replace(watch.rules, calendar=LONGER))
    assert await other.recount() == 3
    assert {one["about"]["case"] for one in city.events("deadline.recounted")} == {*cases} - {*lost}
    assert {(await city.case(case))["deadline"]["dueAt"] for case in lost} == {"2026-02-26T15:59:59.999Z"}


async def test_a_crash_between_the_graph_and_the_log_loses_and_doubles_nothing(
    city: City, watch: Escalations, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_BATCH", 2)
    cases = await several(city, 6)
    other = replace(watch, rules=replace(watch.rules, calendar=LONGER))

    async def away(*_: object, **__: object) -> None:
        raise LogUnavailable("the log cannot be written")

    with monkeypatch.context() as broken:
        broken.setattr(city.outbox, "deliver", away)
        with pytest.raises(LogUnavailable):
            await other.recount()
    await asyncio.sleep(0)
    await other.recount()
    await city.outbox.sweep(timedelta())
    assert sorted(one["about"]["case"] for one in city.events("deadline.recounted")) == sorted(cases)


async def test_many_are_told_of_in_their_order_and_once(
    city: City, watch: Escalations, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_BATCH", 2)
    cases = await several(city, 5)
    city.now = at("2026-03-27")
    assert await watch.sweep() == 15
    for case in cases:
        events = [one for one in city.events("deadline.escalated") if one["about"]["case"] == case]
        assert [one["data"]["escalation"] for one in events] == ["SOON", "TODAY", "OVERDUE"]
    assert await watch.sweep() == 0
