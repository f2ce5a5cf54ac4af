"""Connecting datasets to what their agencies deliver: by these and by the operator; each change is logged (R12)."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from neo4j import AsyncManagedTransaction

from gateway.audit.event import Cause, canonical
from gateway.audit.kinds import SourceChecked, SourceRegistered, SourceRemoved
from gateway.audit.ledger import Denied, Key, Ledger, Made
from gateway.graph import Graph
from gateway.graph.times import now
from gateway.identity import Subject
from gateway.sources.comparison import Comparison
from gateway.sources.entries import Entry, entry_for, unconnected, unknown
from gateway.sources.stated import Stated
from gateway.sources.trying import Trying

_T = TypeVar("_T")
REGISTER: Final = "registerSource"
CHECK: Final = "checkSource"
REMOVE: Final = "removeSource"

_REGISTER: Final = """
MATCH (d:Dataset {id: $dataset})-[:PROVIDED_BY]->(:Agency {id: $agency})
MERGE (s:Source {id: $properties.id}) SET s = $properties
MERGE (s)-[:OF]->(d)
RETURN count(*)
"""
_CHECK: Final = """
MATCH (s:Source {id: $id}) WHERE s.connectedAt = $connected
SET s += $properties
RETURN count(*)
"""
_REMOVE: Final = "MATCH (s:Source {id: $id}) DETACH DELETE s RETURN count(*)"
_KNOWN: Final = """
MATCH (s:Source)-[:OF]->(d:Dataset)-[:PROVIDED_BY]->(a:Agency) WHERE $code IS NULL OR a.code = $code
WITH s, d, a ORDER BY d.identifier
RETURN collect(s {.id, .kind, .unknown, .faults, .connectedAt, .checkedAt, identifier: d.identifier, agency: a.code})
"""


@dataclass(frozen=True, slots=True)
class Connected:
    """A source, for the lists that an operator reads."""

    id: str
    identifier: str
    """The code of its dataset."""
    agency: str
    kind: str
    connected_at: str
    checked_at: str
    unknown: int
    faults: str
    """See `comparison.read_differences`."""


async def connected(graph: Graph, code: str | None = None) -> Sequence[Connected]:
    """Every source, or those of one agency.

    Raises:
        GraphError: Neo4j is away.
    """
    rows: list[dict[str, Any]] = await graph.read(_KNOWN, {"code": code})
    return [Connected(connected_at=one.pop("connectedAt"), checked_at=one.pop("checkedAt"), **one) for one in rows]


@dataclass(frozen=True, slots=True)
class Registry:
    """The sources of a graph. `by` is who asks, of the provider's officers and heads; None for the operator."""

    graph: Graph
    ledger: Ledger
    trying: Trying

    async def register(
        self, cause: Cause, identifier: str, stated: Stated, key: str, *, by: Subject | None = None
    ) -> Mapping[str, Any]:
        """Connect a dataset, or connect it to something else. A difference does not stand against it; it is told.

        Args:
            cause: why.
            identifier: the code of the dataset.
            stated: where its provider has its rows.
            key: the idempotency key.
            by: who asks.

        Returns:
            `{source, unknown, differences}`: its id, and what `Comparison` says, the differences as pairs.

        Raises:
            Denied: see `entry_for`; `BAD_PATH`, `BAD_CONNECTION`, `BAD_TABLE`: see `stated`; the code of a
                `DeliveryError`: nothing can be read there.
            LogError: see `Ledger.change`.
        """
        entry = await entry_for(self.graph, identifier, by)
        compared = entry if isinstance(entry, Denied) else await self.trying.stated(entry, stated)

        async def work(tx: AsyncManagedTransaction) -> Made:
            held, found = _made(entry), _made(compared)
            moment = now()
            times = {"connectedAt": moment, "checkedAt": moment}
            properties = {"id": held.source_id, **stated.properties, **times, **found.properties}
            given = {"dataset": held.id, "agency": held.agency, "properties": properties}
            if not await _done(tx, _REGISTER, given):
                raise unknown(identifier, held.about)
            event = SourceRegistered(
                cause=cause,
                about=held.about,
                source=held.source_id,
                held=stated.properties["kind"],
                digest=hashlib.sha256(canonical(stated.properties)).hexdigest(),
                unknown=found.unknown,
                differences=found.said,
            )
            return Made(_result(held, found), {held.id: [event]})

        given = {"identifier": identifier, **stated.properties}
        return await self.ledger.change(Key(_person(by), REGISTER, key, given), cause, work)

    async def check(self, cause: Cause, identifier: str, key: str, *, by: Subject | None = None) -> Mapping[str, Any]:
        """Compare what is delivered with the catalogue again. What cannot be read is a difference too.

        Returns:
            As `register`.

        Raises:
            Denied: see `entry_for`; `NOT_FOUND`: it is not connected; `BUSY`, `WORKER_DIED`: it cannot be read now.
            LogError: see `Ledger.change`.
        """
        entry = await entry_for(self.graph, identifier, by)
        compared = entry if isinstance(entry, Denied) else await self.trying.connected(entry)

        async def work(tx: AsyncManagedTransaction) -> Made:
            held, found = _made(entry), _made(compared)
            assert held.source is not None
            since, properties = held.source["connectedAt"], {"checkedAt": now(), **found.properties}
            if not await _done(tx, _CHECK, {"id": held.source_id, "connected": since, "properties": properties}):
                raise unconnected(held)
            event = SourceChecked(
                cause=cause,
                about=held.about,
                source=held.source_id,
                unknown=found.unknown,
                differences=found.said,
            )
            return Made(_result(held, found), {held.id: [event]})

        return await self.ledger.change(Key(_person(by), CHECK, key, {"identifier": identifier}), cause, work)

    async def remove(self, cause: Cause, identifier: str, key: str, *, by: Subject | None = None) -> Mapping[str, Any]:
        """Disconnect a dataset: nothing of it is handed out any more. Its files stay where they are.

        Returns:
            `{source}`: the id that it had.

        Raises:
            Denied: see `entry_for`; `NOT_FOUND`: it is not connected.
            LogError: see `Ledger.change`.
        """
        entry = await entry_for(self.graph, identifier, by)

        async def work(tx: AsyncManagedTransaction) -> Made:
            held = _made(entry)
            if not await _done(tx, _REMOVE, {"id": held.source_id}):
                raise unconnected(held)
            event = SourceRemoved(cause=cause, about=held.about, source=held.source_id)
            return Made({"source": held.source_id}, {held.id: [event]})

        return await self.ledger.change(Key(_person(by), REMOVE, key, {"identifier": identifier}), cause, work)


async def _done(tx: AsyncManagedTransaction, statement: str, parameters: dict[str, Any]) -> bool:
    return bool((await (await tx.run(statement, parameters)).single(strict=True))[0])


def _made(outcome: _T | Denied) -> _T:
    """What was found before the transaction, in which a refusal is raised, so that it is logged.

    Raises:
        Denied: that is what was found.
    """
    if isinstance(outcome, Denied):
        raise outcome
    return outcome


def _result(entry: Entry, compared: Comparison) -> dict[str, Any]:
    differences = [[one.kind.value, one.column] for one in compared.differences]
    return {"source": entry.source_id, "unknown": compared.unknown, "differences": differences}


def _person(by: Subject | None) -> str:
    return "" if by is None else str(by.id)
