"""The lists that say of grants whether they still count, for verifiers who do not ask us (Token Status List).

A grant has its place from its first token on: a random one in the list of that month, so that a place says nothing of
how many grants there are, or which are neighbours.
"""

import secrets
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from neo4j import AsyncManagedTransaction
from neo4j.exceptions import ConstraintError

from gateway.graph import Graph
from gateway.graph.times import instant
from gateway.oauth.keys import TokenKeys
from gateway.sharing.using import Use
from gateway.sharing.words import CaseState
from gateway.verify.jws import encode
from gateway.verify.status import BITS, BOUND, SIZE, TYPE, Status

REFRESH: Final = 60
"""Seconds after which a list is made anew."""
_ATTEMPTS: Final = 20
_PER_BYTE: Final = 8 // BITS
_MEANING: Final[Mapping[str, Status]] = {
    CaseState.SUSPENDED: Status.SUSPENDED,
    CaseState.REVOKED: Status.INVALID,
    CaseState.EXPIRED: Status.INVALID,
}

_ENTER: Final = """
MATCH (g:Grant {id: $grant})
OPTIONAL MATCH (s:System {id: $holder})
OPTIONAL MATCH (p:Person {id: $holder})
WITH g, coalesce(s, p) AS h
MERGE (h)-[u:USES]->(g) ON CREATE SET u.since = $now
SET g.statusIndex = CASE WHEN g.statusList IS NULL THEN $index ELSE g.statusIndex END,
  g.statusList = coalesce(g.statusList, $list)
RETURN [g.statusList, g.statusIndex]
"""
_NOT_VALID: Final = """
MATCH (g:Grant) WHERE g.statusList = $list AND g.status IN $states
RETURN collect([g.statusIndex, g.status])
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """The place of a grant."""

    name: str
    """Of the list."""
    index: int


async def enter(graph: Graph, use: Use, holder: str, now: float) -> Entry:
    """The place of a grant; from now on it is known that this holder has had a token for it.

    Raises:
        GraphUnavailable: Neo4j is away.
    """
    if use.held and use.grant.get("statusList") is not None:
        return Entry(use.grant["statusList"], use.grant["statusIndex"])
    moment = datetime.fromtimestamp(now, UTC)
    for attempt in range(_ATTEMPTS):
        given = {
            "grant": use.grant["id"],
            "holder": holder,
            "now": instant(moment),
            "list": f"{moment:%Y-%m}",
            "index": secrets.randbelow(SIZE),
        }

        async def work(tx: AsyncManagedTransaction, given: dict[str, Any] = given) -> Entry:
            return Entry(*(await (await tx.run(_ENTER, given)).single(strict=True))[0])

        try:
            return await graph.write(work)
        except ConstraintError:  # somebody else's place
            if attempt == _ATTEMPTS - 1:
                raise
    raise AssertionError


class Statuses:
    """The signed lists, each made anew after a minute."""

    def __init__(self, graph: Graph, keys: TokenKeys, issuer: str, *, clock: Callable[[], float] = time.time) -> None:
        self._graph = graph
        self._keys = keys
        self._issuer = issuer
        self._clock = clock
        self._made: dict[str, tuple[float, str]] = {}

    async def signed(self, name: str) -> str | None:
        """A list as a JWT; None where there can be none of that name.

        Raises:
            GraphUnavailable: Neo4j is away.
        """
        if not _is_month(name, self._clock()):
            return None
        now = self._clock()
        made = self._made.get(name)
        if made is not None and now < made[0] + REFRESH:
            return made[1]
        claims = {
            "sub": f"{self._issuer}/oauth/status/{name}",
            "iat": int(now),
            "exp": int(now) + BOUND,
            "ttl": REFRESH,
            "status_list": {"bits": BITS, "lst": encode(zlib.compress(await self._entries(name), 9))},
        }
        token = self._keys.sign(TYPE, claims)
        self._made[name] = (now, token)
        return token

    async def _entries(self, name: str) -> bytes:
        found: list[tuple[int, str]] = await self._graph.read(_NOT_VALID, {"list": name, "states": [*_MEANING]})
        entries = bytearray(SIZE // _PER_BYTE)
        for index, state in found:
            byte, place = divmod(index, _PER_BYTE)
            entries[byte] |= _MEANING[state] << (place * BITS)
        return bytes(entries)


def _is_month(name: str, now: float) -> bool:
    try:
        month = datetime.strptime(name, "%Y-%m").replace(tzinfo=UTC)
    except ValueError:
        return False
    return f"{month:%Y-%m}" == name and month.timestamp() <= now
