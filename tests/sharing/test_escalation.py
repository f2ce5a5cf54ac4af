"""Who has to answer is told in time, exactly once each time, whoever watches and whenever they were up."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gateway.graph import make_id
from gateway.rules import Calendar, load_calendar
from gateway.rules.calendar import Year
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
    held = await city.case(case)
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
