"""Who delivers: of all processes of all gateways on a graph one at a time, until it stops or for a while after it dies.

Time is Neo4j's own, so that clocks need not agree. What this process believes of its lease ends before Neo4j's does.
"""

import asyncio
import secrets
import time
from dataclasses import dataclass, field
from typing import Final

from neo4j import AsyncManagedTransaction

from gateway.graph import Graph

NAME: Final = "notices"
SECONDS: Final = 30.0
_ENOUGH: Final = 20.0
"""What has to be left when an attempt begins: longer than one takes."""

# Only what is read after the node was written is read under its lock.
_TAKE: Final = """
MERGE (l:Lease {name: $name})
SET l.locked = true REMOVE l.locked
WITH l WHERE coalesce(l.until, 0) <= timestamp() OR l.holder = $holder
SET l.holder = $holder, l.until = timestamp() + $milliseconds
RETURN true
"""
_RELEASE: Final = "MATCH (l:Lease {name: $name, holder: $holder}) SET l.until = 0"


@dataclass
class Lease:
    """The lease as one process sees it."""

    graph: Graph
    holder: str = field(default_factory=lambda: secrets.token_hex(8))
    _until: float = float("-inf")
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def hold(self) -> bool:
        """Whether this process delivers, for at least as long as one attempt takes.

        Raises:
            GraphError: it cannot be asked for now.
        """
        async with self._asking:
            now = time.monotonic()
            if self._until - now > _ENOUGH:
                return True
            taken = await self._run(_TAKE, milliseconds=int(SECONDS * 1000))
            self._until = now + SECONDS if taken else float("-inf")
            return taken

    async def release(self) -> None:
        """Let another process deliver at once.

        Raises:
            GraphError: it cannot be said now; the lease ends by itself.
        """
        if self._until > time.monotonic():
            self._until = float("-inf")
            await self._run(_RELEASE)

    async def _run(self, statement: str, **more: object) -> bool:
        given = {"name": NAME, "holder": self.holder, **more}

        async def work(tx: AsyncManagedTransaction) -> bool:
            return await (await tx.run(statement, given)).single() is not None

        return await self.graph.write(work)
