"""Cases that are alike share a deadline, and each of them is told of once when it comes under another one."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Final

import pytest

from gateway.audit.event import About
from gateway.audit.outbox import Parcel
from gateway.graph import make_id
from gateway.rules import Calendar, Duty, parse_rules
from gateway.rules.calendar import Year
from gateway.sharing import escalation as module
from gateway.sharing.clocks import Rules, deadline, keep_deadlines
from gateway.sharing.escalation import Escalations
from gateway.sharing.words import Act, Purpose
from tests.plan.plans import explain
from tests.sharing.city import NOW, City, answer
from tests.sharing.test_escalation import LONGER, at, began, due, several, told, watch

__all__ = ["watch"]

FIRST: Final = "2026-02-26T15:59:59.999Z"
LATER: Final = "2026-03-03T15:59:59.999Z"
OWN: Final = """
  overrides:
  - {agency: water, duty: ANSWER_ACCESS_REQUEST, working_days: 3, basis: 专项规定}
"""
"""Behind the rule sets: a rule for one agency."""


def recounted(city: City) -> list[str]:
    return sorted(one["about"]["case"] for one in city.events("deadline.recounted"))


async def asked(city: City, purpose: Purpose, **changes: Any) -> str:
    """The case of an application for another purpose."""
    return str((await city.act("consumer", city.scope("mixed", "asked", purpose=purpose, **changes)))["case"])


async def kept(city: City) -> int:
    """How many deadlines there are."""
    return int(await city.graph.read("MATCH (d:Deadline) RETURN count(d)"))


async def test_what_begins_on_the_same_day_shares_a_deadline(city: City) -> None:
    first = await city.case(await city.applied("asked"))
    city.now += timedelta(hours=3)
    second = await city.case(await asked(city, Purpose.STATISTICS))
    assert first["deadline"] == second["deadline"]
    assert await kept(city) == 1


async def test_what_begins_on_another_day_or_for_another_duty_does_not(city: City) -> None:
    cases = [await city.applied("asked")]
    cases.append((await city.apply("citizen", "mixed", "also"))["case"])
    city.now += timedelta(days=1)
    cases.append(await asked(city, Purpose.STATISTICS, since=city.now.date()))
    ids = {(await city.case(case))["deadline"]["id"] for case in cases}
    assert len(ids) == await kept(city) == 3


def test_whom_a_rule_is_for_shares_with_nobody_else(city: City) -> None:  # R36
    rules = Rules(parse_rules((city.filing.rules.book.text + OWN).encode(), "rules"), Calendar())
    water, power, bdc = (
        rules.deadline(Duty.ANSWER_ACCESS_REQUEST, agency, NOW, About())["id"] for agency in ("water", "power", "bdc")
    )
    assert power == bdc != water


async def test_each_agency_is_counted_again_by_its_own_rules(city: City, watch: Escalations) -> None:  # R36
    water, power = await several(city, 2)
    await city.graph.run("MATCH (c:Case {id: $id}) SET c.provider = $to", {"id": power, "to": make_id("ag_", "power")})
    other = replace(watch, rules=Rules(parse_rules((city.filing.rules.book.text + OWN).encode(), "rules"), LONGER))
    assert await other.recount() == 2
    found = [(await city.case(case))["deadline"]["dueAt"] for case in (water, power)]
    assert found == ["2026-02-25T15:59:59.999Z", LATER]


def test_everything_that_a_deadline_says_makes_it_another_one() -> None:
    said: dict[str, Any] = {
        "calendar": "c" * 64,
        "duty": "A",
        "escalated": [],
        "escalatesOn": "2026-02-24",
        "formerly": None,
    }
    changed: list[dict[str, Any]] = [
        {"calendar": "c" * 63 + "d"},
        {"duty": "B"},
        {"escalated": ["SOON"]},
        {"escalatesOn": None},
        {"formerly": "[]"},
    ]
    assert len({deadline(said | one)["id"] for one in ({}, *changed)}) == 6
    assert deadline(deadline(said)) == deadline(said)


async def test_cases_of_another_history_are_counted_again_apart(city: City, watch: Escalations) -> None:
    early, late = await several(city, 2)
    city.now = at("2026-02-24")
    await city.graph.run("MATCH (c:Case {id: $id}) SET c.state = 'AWAY'", {"id": late})
    assert await watch.sweep() == 1
    await city.graph.run("MATCH (c:Case {id: $id}) SET c.state = 'SUBMITTED'", {"id": late})
    other = replace(watch, rules=replace(watch.rules, calendar=LONGER))
    assert await other.recount() == 2
    one, another = [(await city.case(case))["deadline"] for case in (early, late)]
    assert one["dueAt"] == another["dueAt"] == LATER
    assert one["formerly"] == another["formerly"]
    assert (one["escalated"], another["escalated"]) == (["SOON"], [])
    city.now = at("2026-03-27")
    assert await other.sweep() == 5
    assert sorted(told(city)) == ["OVERDUE", "OVERDUE", "SOON", "SOON", "TODAY", "TODAY"]


async def test_a_recount_that_ended_in_the_middle_is_carried_on(
    city: City, watch: Escalations, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_BATCH", 2)
    monkeypatch.setattr(module, "_AT_ONCE", 1)
    cases = await several(city, 6)
    other = replace(watch, rules=replace(watch.rules, calendar=LONGER))
    put, times = city.outbox.put, iter(range(3))

    async def killed(*given: Any) -> list[Parcel]:
        if next(times) == 2:
            raise RuntimeError("killed")
        return await put(*given)

    with monkeypatch.context() as broken:
        broken.setattr(city.outbox, "put", killed)
        with pytest.raises(RuntimeError, match="killed"):
            await other.recount()
    assert await due(city) == {FIRST, LATER}
    assert recounted(city) == sorted(cases)[:4]
    assert await other.recount() == 2
    assert await due(city) == {LATER}
    assert recounted(city) == sorted(cases)
    assert await other.recount() == 0


async def test_what_is_answered_before_its_turn_keeps_its_deadline(
    city: City, watch: Escalations, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *rest = await several(city, 3)
    keep = keep_deadlines

    async def answered(*given: Any) -> None:
        await keep(*given)
        await city.act("provider", answer(first, Act.APPROVE))

    monkeypatch.setattr(module, "keep_deadlines", answered)
    other = replace(watch, rules=replace(watch.rules, calendar=LONGER))
    assert await other.recount() == 2
    assert recounted(city) == sorted(rest)
    assert (await city.case(first))["deadline"]["dueAt"] == FIRST


async def test_an_answer_beside_a_recount_leaves_the_deadline_that_the_log_states(
    city: City, watch: Escalations, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_BATCH", 1)
    first, *_ = cases = await several(city, 8)
    others = [replace(watch, rules=replace(watch.rules, calendar=LONGER)) for _ in range(2)]
    prepared = await city.prepare("provider", answer(first, Act.APPROVE))
    signature = city.sign("provider", prepared["document"])
    numbers = asyncio.gather(*(one.recount() for one in others))
    await city.file("provider", prepared["signing"], signature)
    found = recounted(city) if sum(await numbers) == 7 else []
    for case in cases:
        stated = [one["data"] for one in city.events() if one["about"]["case"] == case]
        last = [one["due"] for one in stated if one.get("due")]
        assert (last or [FIRST])[-1] == (await city.case(case))["deadline"]["dueAt"]
    assert first not in found
    assert len(recounted(city)) == len({*recounted(city)})


def calendars() -> Iterator[Calendar]:
    """A calendar with a digest below the usual one, and one with a digest above it."""
    usual = Calendar().digest
    some = [Calendar({2031: Year("", frozenset({date(2031, 1, day)}), frozenset())}) for day in range(1, 31)]
    yield next(one for one in some if one.digest < usual)
    yield next(one for one in some if one.digest > usual)


@pytest.mark.parametrize("calendar", [*calendars()], ids=["below", "above"])
async def test_what_cannot_be_counted_again_is_told_of_all_the_same(
    city: City, watch: Escalations, calendar: Calendar
) -> None:
    cases = await several(city, 2)
    await began(city, cases[:1], "1990-01-02")
    other = replace(watch, rules=replace(watch.rules, calendar=calendar))
    assert await other.recount() == 1
    city.now = at("2026-02-23")
    assert await other.sweep() == 0
    city.now = at("2026-02-25")
    assert await other.sweep() == 2
    city.now = at("2026-02-27")
    assert await other.sweep() == 4
    assert await other.sweep() == 0


async def test_nothing_is_written_where_nothing_is_to_be_done(city: City, watch: Escalations) -> None:
    await several(city, 3)
    city.now = at("2026-02-25")
    await watch.look()
    before = city.graph.requests
    await watch.look()
    assert city.graph.requests - before == 2


@pytest.mark.parametrize("statement", [module._DUE, module._OTHERWISE], ids=["told", "counted"])
async def test_what_is_to_be_done_is_found_along_one_index(city: City, statement: str) -> None:
    given = {"submitted": "SUBMITTED", "first": "", "last": "", "until": "", "rest": "", "own": []}
    operators = [*(await explain(city.graph, statement, given)).all()]
    assert not [one for one in operators if "Scan" in one.name]
    walks = [one.details for one in operators if one.name == "NodeIndexSeek"]
    assert walks
    assert all("Case(state, deadline)" in one for one in walks)
