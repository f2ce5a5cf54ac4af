"""While the graph is paused nobody changes it, readers go on, and a holder that dies holds up nobody for long."""

import asyncio
from dataclasses import replace

import pytest
from neo4j import AsyncManagedTransaction

from gateway.graph import Graph, GraphError, open_graph
from gateway.graph import pause as module
from gateway.graph.errors import GraphPaused, PauseLost
from gateway.graph.pause import paused
from tests.support.database import DatabaseSettings

COUNT = "MATCH (n:Dataset) RETURN count(n)"


async def create(tx: AsyncManagedTransaction) -> None:
    await (await tx.run("CREATE (:Dataset {id: randomUUID()})")).consume()


async def test_changes_wait_and_readers_do_not(graph: Graph) -> None:
    async with paused(graph):
        change = asyncio.create_task(graph.write(create))
        await asyncio.sleep(0.5)
        assert not change.done()
        assert await graph.read(COUNT) == 0
    await asyncio.wait_for(change, 30)
    assert await graph.read(COUNT) == 1


async def test_a_pause_begins_when_the_changes_under_way_have_ended(graph: Graph) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow(tx: AsyncManagedTransaction) -> None:
        begun.set()
        await go_on.wait()
        await create(tx)

    change = asyncio.create_task(graph.write(slow))
    await begun.wait()

    async def count() -> int:
        async with paused(graph):
            return int(await graph.read(COUNT))

    counted = asyncio.create_task(count())
    await asyncio.sleep(0.5)
    assert not counted.done()
    go_on.set()
    assert await asyncio.wait_for(counted, 30) == 1
    await change


async def test_a_change_that_waits_too_long_is_told_why(graph: Graph, database: DatabaseSettings) -> None:
    async with open_graph(replace(database, query_timeout=1.0)) as hasty, paused(graph):
        with pytest.raises(GraphPaused, match="nothing was changed"):
            await hasty.write(create)
    assert await graph.read(COUNT) == 0


async def test_there_is_one_pause_at_a_time_and_an_error_ends_it(graph: Graph) -> None:
    async def second() -> None:
        async with paused(graph):
            pass

    async def first() -> None:
        async with paused(graph):
            with pytest.raises(GraphError, match="another backup"):
                await second()
            raise LookupError

    with pytest.raises(LookupError):
        await first()
    await asyncio.wait_for(graph.write(create), 30)


async def test_a_pause_is_renewed_as_long_as_it_is_held(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LEASE_SECONDS", 1.5)
    async with paused(graph):
        change = asyncio.create_task(graph.write(create))
        await asyncio.sleep(2.0)
        assert not change.done()
    await asyncio.wait_for(change, 30)


async def test_a_pause_that_was_lost_is_noticed(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after a long stop of the process that held it: its lease has ended and changes went on."""
    monkeypatch.setattr(module, "LEASE_SECONDS", 0.3)
    monkeypatch.setattr(module, "_RENEW", "RETURN false")

    async def held() -> None:
        async with paused(graph):
            await asyncio.wait_for(graph.write(create), 30)

    with pytest.raises(PauseLost):
        await held()
