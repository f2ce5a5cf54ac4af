"""Events in the graph: written in the transaction of the change that they tell of, until they are in the log.

All events of a transaction are one node, a parcel. Order is kept per case: a sequence node, which a transaction holds
to its end, numbers a case's events and names the parcels with events of that case. Whoever delivers one delivers the
case's events in those before it that are still here.

Where agencies that an event concerns have a webhook, a notice for each is written in the same transaction. It may go
out when it says where in the log its event is: that is written when the event leaves the outbox (`gateway.notices`).
"""

import asyncio
import logging
import secrets
import zlib
from base64 import b64decode, b64encode
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from types import MappingProxyType, TracebackType
from typing import Any, Final, Self

import orjson
from neo4j import AsyncManagedTransaction

from gateway.audit.errors import LogUnavailable
from gateway.audit.event import Event
from gateway.audit.kinds import GrantMoved
from gateway.audit.log import Sealed
from gateway.audit.recorder import Recorder
from gateway.graph import Graph, GraphError
from gateway.graph.times import instant
from gateway.graph.times import now as clock

_log: Final = logging.getLogger(__name__)

SWEEP_SECONDS: Final = 2.0
LATE: Final = timedelta(seconds=5)
"""After this, an event of this gateway's is delivered by whoever sweeps: its request has died, or its log was away."""
LEASE: Final = timedelta(seconds=60)
"""After this, another gateway's event is taken over: that gateway is dead."""
_BATCH: Final = 1_000
"""Parcels that are removed at once."""
_SWEPT: Final = 100
"""Parcels that are read at once: one may hold a thousand events."""
_LONG: Final = 4_096
"""Bytes from which a parcel is compressed. Events of one transaction are alike: a tenth is left of them."""
_ID_BITS: Final = 62
_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})

_PARCELS: Final = "collect(o {.id, .n, .events, .told})"
# Finding a node does not lock it: only what is read after it was written is read under the lock. To write what is there
# already locks and changes nothing, which costs less than to write and remove.
# The number of a parcel is above those of all before it that have a case in common with it.
_PUT: Final = f"""
UNWIND $locked AS case
MERGE (s:Sequence {{caseId: case}}) ON CREATE SET s.n = 0, s.locked = true
SET s.locked = true
WITH collect(s) AS sequences, max(s.n) AS before
CALL (sequences) {{
  UNWIND sequences AS s
  UNWIND s.parcels AS id
  WITH DISTINCT id
  MATCH (o:Outbox {{id: id}})
  RETURN {_PARCELS} AS parcels
}}
WITH sequences, before, parcels, [parcel IN parcels | parcel.id] AS ids,
  COLLECT {{ MATCH (w:Webhook)-[:OF]->(a:Agency) WHERE a.id IN $agencies RETURN [a.id, w.id] }} AS webhooks
CREATE (:Outbox {{id: $id, n: before + 1, events: $events, told: size(webhooks) > 0, instance: $instance, at: $now}})
FOREACH (s IN sequences | SET s.n = before + $most, s.parcels = [id IN coalesce(s.parcels, []) WHERE id IN ids] + $id)
RETURN [before, parcels, webhooks]
"""
_TELL: Final = """
UNWIND $rows AS row
CREATE (n:Notice {at: $now, dueAt: $now, attempts: 0}) SET n += row
"""
_PENDING: Final = f"""
UNWIND $cases AS case
MATCH (s:Sequence {{caseId: case}})
UNWIND s.parcels AS id
WITH DISTINCT id
MATCH (o:Outbox {{id: id}})
RETURN {_PARCELS}
"""
_LATE: Final = f"""
MATCH (o:Outbox) WHERE o.at < $late AND (o.instance = $instance OR o.at < $dead)
WITH o LIMIT $most
RETURN {_PARCELS}
"""
_REMOVE: Final = """
CALL () {
  UNWIND $told AS told
  MATCH (n:Notice {eventId: told[0]})
  SET n.log = $log, n.index = told[1]
}
CALL () {
  UNWIND $begun AS begun
  MATCH (g:Grant {activation: begun[0]})
  SET g.log = $log, g.logIndex = begun[1]
}
UNWIND $parcels AS id
MATCH (o:Outbox {id: id})
DELETE o
"""


_GRANT: Final = f'"kind":"{GrantMoved.kind}"'.encode()
"""With such an event a grant may begin: tokens name its place in the log."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """Events that one transaction left in the outbox, in their order."""

    id: int
    events: Sequence[Sealed]
    whole: bool
    """Whether these are all; else those of some cases."""
    told: bool
    """Whether there may be notices of them."""


@dataclass(frozen=True, slots=True)
class _Delivered:
    """A parcel that is in the log."""

    id: int | None
    """None where some of its events are not."""
    told: Sequence[tuple[str, int]]
    """Events of which notices have to know where they are in the log, and where."""
    begun: Sequence[tuple[str, int]]
    """The same of events with which a grant may begin."""


class Outbox:
    """The outbox of one gateway process."""

    def __init__(self, graph: Graph, recorder: Recorder) -> None:
        self._graph = graph
        self._recorder = recorder
        self._done: list[_Delivered] = []
        self._some = asyncio.Event()
        self._busy = asyncio.Lock()
        """Held by a task while it works: what is cut off in the middle leaves a connection that nobody closes."""
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        """Deliver what earlier processes left, and begin to look after what requests leave."""
        try:
            if self._recorder.writes:
                await self.sweep(LATE * 0)
        except (GraphError, LogUnavailable) as problem:
            _log.warning("events that were left behind are delivered later: %s", problem)
        self._tasks = [
            asyncio.create_task(self._clean(), name="outbox-clean"),
            asyncio.create_task(self._watch(), name="outbox-sweep"),
        ]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove what was delivered."""
        async with self._busy:
            for task in self._tasks:
                task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        try:
            await self._remove()
        except GraphError as away:
            _log.warning("delivered events stay in the graph until the next start: %s", away)

    async def put(
        self,
        tx: AsyncManagedTransaction,
        events: Mapping[str, Sequence[Event]],
        before: str = "",
        parameters: Mapping[str, Any] = _NOTHING,
    ) -> list[Parcel]:
        """Write events into the transaction of their change, by the case that gives them their order.

        Args:
            tx: the transaction.
            events: the events by case.
            before: a statement's beginning, up to a `WITH`, that goes to Neo4j in the same round trip.
            parameters: what it needs.

        Returns:
            What is to be delivered when it has committed: these, and those of the same cases that are not yet.
        """
        ordered = {case: some for case, some in sorted(events.items()) if some}
        if not ordered:
            if before:
                await (await tx.run(f"{before} RETURN null", dict(parameters))).consume()
            return []
        identifier, now = secrets.randbits(_ID_BITS), clock()
        sealed = [(case, Sealed(event.id, event.body)) for case, some in ordered.items() for event in some]
        agencies = {one for some in ordered.values() for event in some if event.told for one in event.about.agencies}
        given = {
            **parameters,
            "id": identifier,
            "locked": [*ordered],
            "events": _packed(sealed),
            "most": max(map(len, ordered.values())),
            "agencies": [*agencies],
            "instance": self._recorder.instance,
            "now": now,
        }
        number, pending, webhooks = (await (await tx.run(f"{before} {_PUT}", given)).single(strict=True))[0]
        if rows := list(_notices(ordered, number, webhooks)):
            await (await tx.run(_TELL, {"rows": rows, "now": now})).consume()
        mine = Parcel(identifier, [event for _, event in sealed], whole=True, told=bool(webhooks))
        return [*_parcels(pending, ordered.keys()), mine]

    async def pending(self, tx: AsyncManagedTransaction, cases: Sequence[str]) -> list[Parcel]:
        """The events of some cases that are not delivered yet."""
        found = (await (await tx.run(_PENDING, {"cases": cases})).single(strict=True))[0]
        return _parcels(found, {*cases})

    async def deliver(self, parcels: Sequence[Parcel], *, again: bool = False) -> None:
        """Append committed events to the log, until all of them are durable.

        Raises:
            LogUnavailable: the log cannot be written now. They stay in the graph, and are delivered when it can.
        """
        events = [event for parcel in parcels for event in parcel.events]
        # What waited before ours may have been appended by somebody who then died.
        places = iter(await self._recorder.append(events, again=again or len(parcels) > 1))
        for parcel in parcels:
            known = [*zip(parcel.events, islice(places, len(parcel.events)), strict=True)]
            told = [(event.id, place) for event, place in known] if parcel.told else []
            begun = [(event.id, place) for event, place in known if _GRANT in event.body]
            self._done.append(_Delivered(parcel.id if parcel.whole else None, told, begun))
        self._some.set()

    async def sweep(self, late: timedelta = LATE) -> int:
        """Deliver what was left behind. Returns how many events that were."""
        moment = datetime.now(UTC)
        parameters = {
            "late": instant(moment - late),
            "dead": instant(moment - LEASE),
            "instance": self._recorder.instance,
            "most": _SWEPT,
        }
        swept = 0
        while found := await self._left(parameters):
            await self.deliver(found, again=True)
            await self._remove()
            swept += sum(len(parcel.events) for parcel in found)
        return swept

    async def _left(self, parameters: Mapping[str, Any]) -> list[Parcel]:
        """Parcels that are late, and before each what other parcels hold of its cases."""
        late = _there(await self._graph.read(_LATE, parameters))
        cases = {case for one in late for case, _, _ in _unpacked(one["events"])}
        others = await self._graph.read(_PENDING, {"cases": [*cases]}) if cases else []
        return _parcels({one["id"]: one for one in (*late, *others)}.values(), cases)

    async def _clean(self) -> None:
        while True:
            await self._some.wait()
            self._some.clear()
            try:
                async with self._busy:
                    await self._remove()
            except GraphError:
                await asyncio.sleep(SWEEP_SECONDS)
                self._some.set()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            if not self._recorder.writes:
                continue
            try:
                async with self._busy:
                    swept = await self.sweep()
                if swept:
                    _log.warning("delivered %s events that were left behind", swept)
            except (GraphError, LogUnavailable):
                continue

    async def _remove(self) -> None:
        while self._done:
            done = self._done[:_BATCH]
            given = {
                "parcels": [parcel.id for parcel in done if parcel.id is not None],
                "told": [[*one] for parcel in done for one in parcel.told],
                "begun": [[*one] for parcel in done for one in parcel.begun],
                "log": self._recorder.instance.partition("+")[0],
            }

            async def work(tx: AsyncManagedTransaction, given: dict[str, Any] = given) -> None:
                await (await tx.run(_REMOVE, given)).consume()

            await self._graph.write(work)
            del self._done[: len(done)]


def _notices(events: Mapping[str, Sequence[Event]], before: int, webhooks: Sequence[Any]) -> Iterable[dict[str, Any]]:
    """What each webhook is to be told, given those of each agency."""
    if not webhooks:
        return
    of: dict[str, list[str]] = defaultdict(list)
    for agency, webhook in webhooks:
        of[agency].append(webhook)
    for case, some in events.items():
        for number, event in enumerate(some, before + 1):
            said = {"eventId": event.id, "kind": event.kind, "time": instant(event.moment), "caseId": case}
            for agency in event.about.agencies if event.told else ():
                for webhook in of.get(agency, ()):
                    yield {**said, "seq": number, "webhook": webhook}


def _packed(events: Sequence[tuple[str, Sealed]]) -> str:
    """Events and their cases as a node keeps them: JSON, or base64 of that compressed."""
    text = orjson.dumps([(case, event.id, event.body.decode()) for case, event in events])
    return text.decode() if len(text) < _LONG else b64encode(zlib.compress(text, 1)).decode()


def _unpacked(text: str) -> list[tuple[str, str, str]]:
    rows: list[tuple[str, str, str]] = orjson.loads(text if text.startswith("[") else zlib.decompress(b64decode(text)))
    return rows


def _there(found: Any) -> list[Mapping[str, Any]]:
    """Parcels as the graph gives them. One without events was removed while it was read: it has been delivered."""
    return [one for one in found or () if one["events"] is not None]


def _parcels(found: Iterable[Mapping[str, Any]], cases: Collection[str]) -> list[Parcel]:
    """What parcels hold of some cases, in the order of their numbers."""
    parcels = []
    for one in sorted(_there(found), key=lambda one: one["n"]):
        rows = _unpacked(one["events"])
        events = [Sealed(identifier, body.encode()) for case, identifier, body in rows if case in cases]
        parcels.append(Parcel(one["id"], events, whole=len(events) == len(rows), told=one["told"]))
    return parcels
