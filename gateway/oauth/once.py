"""What counts once: ids of assertions and of proofs of possession, and tokens that were given back.

Kept in the graph until they would count no more by themselves, so that it is the same for every process and machine.
"""

from datetime import UTC, datetime
from hashlib import sha256
from secrets import token_hex
from typing import Final

from neo4j import AsyncManagedTransaction

from gateway.graph import Graph
from gateway.graph.times import instant

_USE: Final = """
CALL () { MATCH (o:Once) WHERE o.until < $now WITH o LIMIT 20 DELETE o }
MERGE (o:Once {id: $id}) ON CREATE SET o.until = $until, o.use = $use
RETURN o.use = $use
"""
"""A transaction that is run again after a lost connection finds its own use."""
_GIVE_BACK: Final = """
CALL () { MATCH (b:GivenBack) WHERE b.until < $now WITH b LIMIT 20 DELETE b }
MERGE (b:GivenBack {token: $token}) SET b.until = $until
"""


async def use_once(graph: Graph, kind: str, whose: str, identifier: str, *, now: float, until: float) -> bool:
    """Use up an id. False when it was used before.

    Args:
        graph: where it is kept.
        kind: what it is an id of.
        whose: among whose ids it is one.
        identifier: the id.
        now: the time, in seconds since the epoch.
        until: from when on nobody takes it any more.

    Raises:
        GraphUnavailable: Neo4j is away.
    """
    key = sha256(f"{kind}\x1f{whose}\x1f{identifier}".encode()).hexdigest()
    given = {"id": key, "until": _moment(until), "use": token_hex(), "now": _moment(now)}

    async def work(tx: AsyncManagedTransaction) -> bool:
        return bool((await (await tx.run(_USE, given)).single(strict=True))[0])

    return await graph.write(work)


async def give_back(graph: Graph, token: str, *, now: float, until: float) -> None:
    """Let a token, by its id, count no more at this gateway.

    Raises:
        GraphUnavailable: Neo4j is away.
    """
    given = {"token": token, "until": _moment(until), "now": _moment(now)}

    async def work(tx: AsyncManagedTransaction) -> None:
        await (await tx.run(_GIVE_BACK, given)).consume()

    await graph.write(work)


def _moment(seconds: float) -> str:
    return instant(datetime.fromtimestamp(seconds, UTC))
