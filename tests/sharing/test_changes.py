"""Who follows is told of what was committed, once, whoever did it and whatever their clock says."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from gateway.graph import Graph
from gateway.graph.times import instant
from gateway.identity import PUBLIC, Profile, Subject
from gateway.sharing.changes import _MOVED, CLOCKS, MOST_WAITING, Change, Changes, Feed, TooSlow
from gateway.vocabulary import Role
from tests.plan.plans import explain

LONGEST: Final = timedelta(seconds=30)
WATER: Final = Subject("pe_w", "w", "ag_water", profile=Profile(frozenset({Role.STAFF})))
POWER: Final = Subject("pe_p", "p", "ag_power", profile=Profile(frozenset({Role.STAFF})))
OTHER: Final = Subject("pe_o", "o", "ag_other", profile=Profile(frozenset({Role.STAFF})))
AUDITOR: Final = Subject("pe_a", "a", "ag_audit", jurisdictions=("ju_city",))
_CASE: Final = """
MERGE (c:Case {id: $id}) SET c.version = $version, c.movedAt = $at, c.consumer = $consumer, c.provider = 'ag_power',
  c.consumerJurisdiction = 'ju_city', c.providerJurisdiction = 'ju_city'
"""
_GRANT: Final = "MERGE (g:Grant {id: $id}) SET g.version = $version, g.movedAt = $at, g.case = $case"
SHORT: Final = 0.01
LONG: Final = 10.0


class World:
    """Cases that move, in a graph that may be any gateway's."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.changes = Changes(graph, LONGEST)

    async def case(
        self, version: int = 1, identifier: str = "cs_1", *, ago: timedelta = timedelta(0), consumer: str = "ag_water"
    ) -> None:
        at = instant(datetime.now(UTC) - ago)
        await self.graph.run(_CASE, {"id": identifier, "version": version, "at": at, "consumer": consumer})

    async def grant(self, version: int) -> None:
        given = {"id": "gr_1", "version": version, "at": instant(datetime.now(UTC)), "case": "cs_1"}
        await self.graph.run(_GRANT, given)

    async def look(self) -> None:
        """Ask now, as is done again and again."""
        async with self.changes._asking:
            await self.changes._ask()


@pytest.fixture
async def world(graph: Graph) -> AsyncIterator[World]:
    found = World(graph)
    yield found
    for feed in tuple(found.changes._feeds):
        found.changes.leave(feed)


async def _all(feed: Feed) -> list[Change]:
    found = []
    while (change := await feed.next(SHORT)) is not None:
        found.append(change)
    return found


async def test_a_change_is_told_without_being_asked_for_and_nothing_that_was_before(world: World) -> None:
    await world.case(1)
    feed = await world.changes.join(WATER)
    await world.case(2)
    assert await feed.next(LONG) == Change("cs_1")
    await world.look()
    assert await _all(feed) == []


async def test_who_joins_later_is_not_told_what_the_others_still_have_to_be(world: World) -> None:
    early = await world.changes.join(WATER)
    await world.case(1)
    late = await world.changes.join(WATER)
    assert await _all(early) == [Change("cs_1")]
    assert await _all(late) == []


@pytest.mark.parametrize("ago", [timedelta(seconds=-40), timedelta(seconds=40), LONGEST + CLOCKS / 2])
async def test_the_clock_of_who_changes_may_be_wrong_and_the_change_may_take_long(world: World, ago: timedelta) -> None:
    feed = await world.changes.join(WATER)
    await world.case(5, ago=ago)
    await world.look()
    await world.look()
    assert await _all(feed) == [Change("cs_1")]
    await world.case(6, ago=ago)
    await world.look()
    assert await _all(feed) == [Change("cs_1")]


async def test_a_graph_that_was_away_for_long_is_caught_up_with(world: World) -> None:
    now = datetime.now(UTC)
    world.changes._clock = lambda: now
    feed = await world.changes.join(WATER)
    now += 10 * (LONGEST + CLOCKS)
    await world.case(1)
    await world.look()
    assert await _all(feed) == [Change("cs_1")]


async def test_a_clock_that_is_set_back_tells_nothing_twice(world: World) -> None:
    now = datetime.now(UTC)
    world.changes._clock = lambda: now
    feed = await world.changes.join(WATER)
    await world.case(1, ago=LONGEST)
    await world.look()
    assert await _all(feed) == [Change("cs_1")]
    now += CLOCKS * 2
    await world.look()
    await world.look()
    now -= CLOCKS * 2
    await world.look()
    await world.look()
    assert await _all(feed) == []


async def test_several_changes_that_wait_are_told_as_one_with_the_grant(world: World) -> None:
    feed = await world.changes.join(WATER)
    for version in (1, 2):
        await world.case(version)
        await world.grant(version)
        await world.look()
    await world.case(3)
    await world.look()
    assert await _all(feed) == [Change("cs_1", "gr_1")]
    await world.case(4)
    await world.look()
    assert await _all(feed) == [Change("cs_1")]


async def test_a_grant_that_moves_alone_is_told(world: World) -> None:
    await world.case(1)
    feed = await world.changes.join(WATER)
    await world.grant(1)
    await world.look()
    assert await _all(feed) == [Change("cs_1", "gr_1")]


async def test_each_is_told_of_what_they_may_see_and_of_what_they_follow(world: World) -> None:
    people = (WATER, POWER, AUDITOR, OTHER, PUBLIC)
    feeds = [await world.changes.join(one) for one in people]
    alone = await world.changes.join(POWER, "cs_2")
    unseen = await world.changes.join(OTHER, "cs_2")
    await world.case(1, "cs_1")
    await world.case(1, "cs_2", consumer="ag_gas")
    await world.look()
    told = [{change.case for change in await _all(feed)} for feed in feeds]
    assert told == [{"cs_1"}, {"cs_1", "cs_2"}, {"cs_1", "cs_2"}, set(), set()]
    assert await _all(alone) == [Change("cs_2")]
    assert await _all(unseen) == []


async def test_who_takes_nothing_keeps_a_bounded_number_and_is_told_so_and_others_are_not_held_up(
    world: World,
) -> None:
    slow, other = await world.changes.join(WATER), await world.changes.join(OTHER)
    row: dict[str, Any] = {"consumer": "ag_water", "provider": "ag_power"}
    row |= {"consumerJurisdiction": "ju_city", "providerJurisdiction": "ju_city"}
    for number in range(MOST_WAITING):
        slow.offer(Change(f"cs_{number}"), row)
        other.offer(Change(f"cs_{number}"), row)
    slow.offer(Change("cs_0", "gr_0"), row)
    assert await slow.next(SHORT) == Change("cs_0", "gr_0")
    slow.offer(Change("cs_0"), row)
    slow.offer(Change("cs_last"), row)
    assert len(slow._waiting) <= MOST_WAITING
    with pytest.raises(TooSlow):
        await slow.next(SHORT)
    assert other._waiting == {}, "what somebody may not see does not fill what waits for them"
    await world.case(1, consumer="ag_other")
    assert await other.next(LONG) == Change("cs_1")


async def test_the_graph_is_asked_only_while_somebody_follows(world: World) -> None:
    first = await world.changes.join(WATER)
    second = await world.changes.join(POWER)
    task = world.changes._task
    assert task is not None
    world.changes.leave(first)
    assert world.changes._task is task
    world.changes.leave(second)
    world.changes.leave(second)
    async with asyncio.timeout(LONG):
        await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled()
    await world.case(1)
    feed = await world.changes.join(WATER)
    await world.case(2)
    assert await feed.next(LONG) == Change("cs_1")
    assert await _all(feed) == []


async def test_one_question_is_asked_for_all_along_indexes(world: World) -> None:
    for subject in (WATER, POWER, AUDITOR, OTHER):
        await world.changes.join(subject)
    before = world.graph.requests
    await world.look()
    assert world.graph.requests == before + 1
    await world.case(1)
    await world.look()
    assert world.graph.requests == before + 4, "the change itself, the question again, and one for the cases"
    plan = await explain(world.graph, _MOVED, {"since": "2026"})
    assert plan.names & {"NodeByLabelScan", "AllNodesScan"} == set()
    assert sum(operator.name.startswith("NodeIndexSeek") for operator in plan.all()) == 2, plan.names
