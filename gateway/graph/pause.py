"""A while in which nobody changes the graph, so that it can be read as a whole.

Neo4j Community has no online backup, and a long read there is no snapshot. So changes wait: every transaction of
`Graph.write` looks for a `Pause` first. Time is Neo4j's own everywhere, so that clocks need not agree. A pause is a
lease: when whoever holds it dies, changes go on by themselves.
"""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from gateway.graph.driver import Graph
from gateway.graph.errors import GraphError, PauseLost

LEASE_SECONDS: Final = 30.0
DRAIN_SECONDS: Final = 900.0
"""Longer than any change is given."""
_POLL: Final = 0.1

# Only what is read after the node was written is read under its lock.
_TAKE: Final = """
MERGE (p:Pause {name: 'changes'})
SET p.locked = true REMOVE p.locked
WITH p WHERE coalesce(p.until, 0) <= timestamp()
SET p.holder = $holder, p.until = timestamp() + $lease
RETURN true
"""
_RENEW: Final = """
MATCH (p:Pause {name: 'changes', holder: $holder})
SET p.locked = true REMOVE p.locked
WITH p WHERE p.until > timestamp()
SET p.until = timestamp() + $lease
RETURN true
"""
_END: Final = """
MATCH (p:Pause {name: 'changes', holder: $holder})
SET p.locked = true REMOVE p.locked
WITH p, p.until > timestamp() AS held
DELETE p
RETURN held
"""
_RUNNING: Final = "SHOW TRANSACTIONS YIELD transactionId RETURN collect(transactionId)"


@asynccontextmanager
async def paused(graph: Graph) -> AsyncIterator[None]:
    """Let every change wait until the end of the block. At its beginning, those that were under way have ended.

    Raises:
        GraphError: somebody else's pause is under way, or a change does not end.
        PauseLost: at the end of the block: changes may have been made within it.
    """
    holder = {"holder": secrets.token_hex(8), "lease": int(LEASE_SECONDS * 1000)}
    if not await graph.run(_TAKE, holder):
        raise GraphError("another backup of this graph is being made; try again when it has ended")
    renewing = asyncio.create_task(_renew(graph, holder))
    try:
        await _drain(graph)
        yield
    except BaseException:
        with suppress(GraphError):
            await graph.run(_END, holder)
        raise
    finally:
        renewing.cancel()
        await asyncio.gather(renewing, return_exceptions=True)
    if not await graph.run(_END, holder):
        raise PauseLost("changes were let through before the graph was read to its end; try again")


async def _drain(graph: Graph) -> None:
    """Wait for the transactions that may have begun before the pause could be seen."""
    end = time.monotonic() + DRAIN_SECONDS
    before = set(await graph.run(_RUNNING))
    while before:
        if time.monotonic() > end:
            raise GraphError(f"a change has not ended in {DRAIN_SECONDS:.0f} s (transaction {min(before)})")
        await asyncio.sleep(_POLL)
        before &= set(await graph.run(_RUNNING))


async def _renew(graph: Graph, holder: dict[str, object]) -> None:
    while True:
        await asyncio.sleep(LEASE_SECONDS / 3)
        with suppress(GraphError):  # tried again; and when it lasts too long, the end of the block notices
            await graph.run(_RENEW, holder)
