"""Events in the graph: written in the transaction of the change that they tell of, until they are in the log.

Order is kept per case: a sequence node, which a transaction holds to its end, numbers a case's events, and whoever
delivers one delivers those before it that are still here.

Where agencies that an event concerns have a webhook, a notice for each is written in the same transaction. It may go
out when it says where in the log its event is: that is written when the event leaves the outbox (`gateway.notices`).
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import MappingProxyType, TracebackType
from typing import Any, Final, Self

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
_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})

# Finding a node does not lock it: only what is read after it was written is read under the lock.
_PUT: Final = """
UNWIND $rows AS row
MERGE (s:Sequence {caseId: row.case}) ON CREATE SET s.n = 0
SET s.locked = true REMOVE s.locked
WITH s, row, s.n AS before
SET s.n = before + size(row.events)
WITH row, before
UNWIND range(0, size(row.events) - 1) AS i
WITH row.case AS case, row.events[i] AS event, before + i + 1 AS seq
CREATE (:Outbox {eventId: event.id, body: event.body, caseId: case, seq: seq, instance: $instance, at: $now})
WITH case, event, seq
CALL (case, event, seq) {
  UNWIND event.told AS agency
  MATCH (w:Webhook)-[:OF]->(:Agency {id: agency})
  CREATE (:Notice {webhook: w.id, eventId: event.id, kind: event.kind, time: event.time, caseId: case, seq: seq,
    at: $now, dueAt: $now, attempts: 0})
}
WITH DISTINCT case
"""
_ALL_OF: Final = """
MATCH (o:Outbox {caseId: case})
WITH o ORDER BY o.caseId, o.seq
RETURN collect([o.eventId, o.body])
"""
PENDING: Final = f"UNWIND $cases AS case {_ALL_OF}"
_LATE: Final = f"""
MATCH (o:Outbox) WHERE o.at < $late AND (o.instance = $instance OR o.at < $dead)
WITH DISTINCT o.caseId AS case LIMIT $most {_ALL_OF}
"""
_REMOVE: Final = """
UNWIND $done AS done
OPTIONAL MATCH (n:Notice {eventId: done[0]})
SET n.log = $log, n.index = done[1]
WITH DISTINCT done
MATCH (o:Outbox {eventId: done[0]})
DELETE o
"""


_BEGUN: Final = """
UNWIND $begun AS begun
MATCH (g:Grant {activation: begun[0]})
SET g.log = $log, g.logIndex = begun[1]
"""
"""Tokens name the place of a grant's beginning in the log."""
_GRANT: Final = f'"kind":"{GrantMoved.kind}"'.encode()


class Outbox:
    """The outbox of one gateway process."""

    def __init__(self, graph: Graph, recorder: Recorder) -> None:
        self._graph = graph
        self._recorder = recorder
        self._done: list[tuple[str, int]] = []
        """Events that are in the log, and where."""
        self._begun: list[tuple[str, int]] = []
        """Those of them with which a grant may have begun."""
        self._some = asyncio.Event()
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
    ) -> list[Sealed]:
        """Write events into the transaction of their change, by the case that gives them their order.

        Args:
            tx: the transaction.
            events: the events by case.
            before: a statement's beginning, up to a `WITH`, that goes to Neo4j in the same round trip.
            parameters: what it needs.

        Returns:
            What is to be delivered when it has committed: these, and those of the same cases that are not yet.
        """
        rows = [
            {"case": case, "events": [_row(event) for event in some]} for case, some in sorted(events.items()) if some
        ]
        given = {**parameters, "rows": rows, "instance": self._recorder.instance, "now": clock()}
        return sealed_of((await (await tx.run(f"{before} {_PUT} {_ALL_OF}", given)).single(strict=True))[0])

    async def deliver(self, events: Sequence[Sealed], *, again: bool = False) -> list[int]:
        """Append committed events to the log; their indices, when all are durable.

        Raises:
            LogUnavailable: the log cannot be written now. They stay in the graph, and are delivered when it can.
        """
        places = await self._recorder.append(events, again=again)
        self._done += zip((event.id for event in events), places, strict=True)
        self._begun += [(event.id, place) for event, place in zip(events, places, strict=True) if _GRANT in event.body]
        self._some.set()
        return places

    async def sweep(self, late: timedelta = LATE) -> int:
        """Deliver what was left behind. Returns how many events that were."""
        moment = datetime.now(UTC)
        parameters = {
            "late": instant(moment - late),
            "dead": instant(moment - LEASE),
            "instance": self._recorder.instance,
            "most": _BATCH,
        }
        swept = 0
        while events := sealed_of(await self._graph.read(_LATE, parameters)):
            await self.deliver(events, again=True)
            await self._remove()
            swept += len(events)
        return swept

    async def _clean(self) -> None:
        while True:
            await self._some.wait()
            self._some.clear()
            try:
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
                if swept := await self.sweep():
                    _log.warning("delivered %s events that were left behind", swept)
            except (GraphError, LogUnavailable):
                continue

    async def _remove(self) -> None:
        log = self._recorder.instance.partition("+")[0]
        if begun := self._begun[:]:

            async def begin(tx: AsyncManagedTransaction) -> None:
                await (await tx.run(_BEGUN, {"begun": [[*one] for one in begun], "log": log})).consume()

            await self._graph.write(begin)
            del self._begun[: len(begun)]
        while self._done:
            done = self._done[:_BATCH]
            given = {"done": [[*one] for one in done], "log": log}

            async def work(tx: AsyncManagedTransaction, given: dict[str, Any] = given) -> None:
                await (await tx.run(_REMOVE, given)).consume()

            await self._graph.write(work)
            del self._done[: len(done)]


def _row(event: Event) -> dict[str, Any]:
    told = event.about.agencies if event.told else ()
    moment = instant(event.moment)
    return {"id": event.id, "body": event.body.decode(), "kind": event.kind, "time": moment, "told": [*told]}


def sealed_of(rows: Any) -> list[Sealed]:
    """Events as the graph gives them. One without a body was removed while it was read: it has been delivered."""
    return [Sealed(identifier, body.encode()) for identifier, body in rows or () if body is not None]
