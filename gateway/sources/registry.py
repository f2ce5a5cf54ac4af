"""Connecting datasets to what their agencies deliver: by these and by the operator; each change is logged (R12)."""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from neo4j import AsyncManagedTransaction

from gateway.audit.event import About, Cause, canonical
from gateway.audit.kinds import SourceChecked, SourceRegistered, SourceRemoved
from gateway.audit.ledger import Denied, Key, Ledger, Made
from gateway.delivery import BadValue, ColumnType, DeliveryError, Engine, SourceGone, SourceSlow, open_file
from gateway.graph import Graph, make_id
from gateway.graph.times import now
from gateway.identity import Subject
from gateway.sharing.procedure import SIGNERS
from gateway.sources.comparison import UNREADABLE, Comparison, Expected, compare
from gateway.sources.places import Sources
from gateway.sources.stated import Delivered, Stated
from gateway.vocabulary import DataType

REGISTER: Final = "registerSource"
CHECK: Final = "checkSource"
REMOVE: Final = "removeSource"

_ENTRY: Final = """
MATCH (d:Dataset {identifier: $identifier})-[:PROVIDED_BY]->(a:Agency)
RETURN {id: d.id, agency: a.id, code: a.code,
  jurisdictions: COLLECT { MATCH (a)-[:IN]->(:Jurisdiction)-[:PART_OF*0..16]->(j)
    RETURN DISTINCT j.id AS id ORDER BY id },
  source: head(COLLECT { MATCH (s:Source)-[:OF]->(d) RETURN s {.*} }),
  fields: COLLECT { MATCH (d)-[:HAS_FIELD]->(f:Field)
    RETURN f {.name, .dataType, .position} ORDER BY f.position, f.name }}
"""
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
_CANNOT: Final = (SourceGone, SourceSlow, BadValue, ColumnType)
"""What is the matter with a source, and not with the gateway."""


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
    """The sources of a graph."""

    graph: Graph
    ledger: Ledger
    engine: Engine
    sources: Sources

    async def register(
        self, cause: Cause, identifier: str, stated: Stated, key: str, *, by: Subject | None = None
    ) -> Mapping[str, Any]:
        """Connect a dataset, or connect it to something else. A difference does not stand against it; it is told.

        Args:
            cause: why.
            identifier: the code of the dataset.
            stated: where its provider has its rows.
            key: the idempotency key.
            by: who asks; None for the operator.

        Returns:
            `{source, unknown, differences}`: its id, and what `Comparison` says, the differences as pairs.

        Raises:
            Denied: `NOT_FOUND`: there is no such dataset of theirs; `NOT_ALLOWED`: they may not bind its provider;
                `BAD_PATH`, `BAD_CONNECTION`, `BAD_TABLE`: see `stated`; the code of a `DeliveryError`: nothing can be
                read there.
            LogError: see `Ledger.change`.
        """
        found = await self._entry(identifier)
        refused = _refused(found, identifier, by)
        compared = refused or await self._tried(found, stated, identifier)

        async def work(tx: AsyncManagedTransaction) -> Made:
            if isinstance(compared, Denied):
                raise compared
            assert found is not None
            source, moment = make_id("so_", identifier), now()
            times = {"connectedAt": moment, "checkedAt": moment}
            properties = {"id": source, **stated.properties, **times, **compared.properties}
            given = {"dataset": found["id"], "agency": found["agency"], "properties": properties}
            if not (await (await tx.run(_REGISTER, given)).single(strict=True))[0]:
                raise _unknown(identifier, _about(found))
            event = SourceRegistered(
                cause=cause,
                about=_about(found),
                source=source,
                held=stated.properties["kind"],
                digest=hashlib.sha256(canonical(stated.properties)).hexdigest(),
                unknown=compared.unknown,
                differences=compared.said,
            )
            return Made(_result(source, compared), {found["id"]: [event]})

        given = {"identifier": identifier, **stated.properties}
        return await self.ledger.change(Key(_person(by), REGISTER, key, given), cause, work)

    async def check(self, cause: Cause, identifier: str, key: str, *, by: Subject | None = None) -> Mapping[str, Any]:
        """Compare what is delivered with the catalogue again. What cannot be read is a difference too.

        Returns:
            As `register`.

        Raises:
            Denied: `NOT_FOUND`, `NOT_ALLOWED`: see `register`; `BUSY`, `WORKER_DIED`: it cannot be read now.
            LogError: see `Ledger.change`.
        """
        found = await self._entry(identifier)
        refused = _refused(found, identifier, by)
        source = None if found is None or refused is not None else found["source"]
        compared = Comparison() if source is None else await self._compared(found, source, identifier)

        async def work(tx: AsyncManagedTransaction) -> Made:
            if refused is not None:
                raise refused
            if isinstance(compared, Denied):
                raise compared
            assert found is not None
            id_, since = make_id("so_", identifier), source and source["connectedAt"]
            given = {"id": id_, "connected": since, "properties": {"checkedAt": now(), **compared.properties}}
            if not (await (await tx.run(_CHECK, given)).single(strict=True))[0]:
                raise _unconnected(identifier, found)
            event = SourceChecked(
                cause=cause,
                about=_about(found),
                source=id_,
                unknown=compared.unknown,
                differences=compared.said,
            )
            return Made(_result(id_, compared), {found["id"]: [event]})

        return await self.ledger.change(Key(_person(by), CHECK, key, {"identifier": identifier}), cause, work)

    async def remove(self, cause: Cause, identifier: str, key: str, *, by: Subject | None = None) -> Mapping[str, Any]:
        """Disconnect a dataset: nothing of it is handed out any more. Its files stay where they are.

        Returns:
            `{source}`: the id that it had.

        Raises:
            Denied: `NOT_FOUND`, `NOT_ALLOWED`: see `register`.
            LogError: see `Ledger.change`.
        """
        found = await self._entry(identifier)
        refused = _refused(found, identifier, by)

        async def work(tx: AsyncManagedTransaction) -> Made:
            if refused is not None:
                raise refused
            assert found is not None
            source = make_id("so_", identifier)
            if not (await (await tx.run(_REMOVE, {"id": source})).single(strict=True))[0]:
                raise _unconnected(identifier, found)
            return Made(
                {"source": source}, {found["id"]: [SourceRemoved(cause=cause, about=_about(found), source=source)]}
            )

        return await self.ledger.change(Key(_person(by), REMOVE, key, {"identifier": identifier}), cause, work)

    async def _entry(self, identifier: str) -> Mapping[str, Any] | None:
        found: Mapping[str, Any] | None = await self.graph.read(_ENTRY, {"identifier": identifier})
        return found

    async def _tried(self, found: Mapping[str, Any] | None, stated: Stated, identifier: str) -> Comparison | Denied:
        """What is there, read before the transaction, which may run more than once; or why it cannot be connected."""
        assert found is not None
        for code, text, path in stated.faults(found["code"]):
            return Denied(code, text, path=path, target=identifier, about=_about(found))
        try:
            compared = await compare(self.engine, self.sources.of(stated.properties), _expected(found))
            if isinstance(stated, Delivered):
                await self._look_at(stated.documents)
        except DeliveryError as problem:
            text = f"the source cannot be read: {problem}"
            return Denied(problem.code, text, path="source", target=identifier, about=_about(found))
        return compared

    async def _compared(
        self, found: Mapping[str, Any] | None, source: Mapping[str, Any], identifier: str
    ) -> Comparison | Denied:
        """The same for what is connected: that it cannot be read is what is found."""
        assert found is not None
        try:
            compared = await compare(self.engine, self.sources.of(source), _expected(found))
            await self._look_at(source.get("documents") or ())
        except _CANNOT:
            return UNREADABLE
        except DeliveryError as problem:
            return Denied(problem.code, str(problem), path="source", target=identifier, about=_about(found))
        return compared

    async def _look_at(self, documents: Sequence[str]) -> None:
        """Whether whole files are there.

        Raises:
            SourceGone: one is not, or leads elsewhere.
        """
        for path in documents:
            (await asyncio.to_thread(open_file, self.sources.deliveries, path)).close()


def _expected(found: Mapping[str, Any]) -> list[Expected]:
    # What states no type is delivered as text.
    return [Expected(one["name"], DataType(one.get("dataType") or DataType.STRING)) for one in found["fields"]]


def _result(source: str, compared: Comparison) -> dict[str, Any]:
    differences = [[one.kind.value, one.column] for one in compared.differences]
    return {"source": source, "unknown": compared.unknown, "differences": differences}


def _refused(found: Mapping[str, Any] | None, identifier: str, by: Subject | None) -> Denied | None:
    """Why somebody may not connect a dataset. Of others' nobody learns whether it is there."""
    if found is None or (by is not None and by.agency != found["agency"]):
        return _unknown(identifier, About() if found is None else replace(_about(found), hidden=True))
    if by is not None and not by.profile.roles & SIGNERS:
        text = "only officers and heads connect the datasets of their agency"
        return Denied("NOT_ALLOWED", text, path="dataset", target=identifier, about=_about(found))
    return None


def _person(by: Subject | None) -> str:
    return "" if by is None else str(by.id)


def _about(found: Mapping[str, Any]) -> About:
    return About((found["agency"],), tuple(found["jurisdictions"]), (found["id"],))


def _unknown(identifier: str, about: About) -> Denied:
    text = f"there is no dataset {identifier!r:.60} to connect"
    return Denied("NOT_FOUND", text, path="dataset", target=identifier, about=about)


def _unconnected(identifier: str, found: Mapping[str, Any]) -> Denied:
    text = f"{identifier} is not connected; see what is with: gateway source list"
    return Denied("NOT_FOUND", text, path="dataset", target=identifier, about=_about(found))
