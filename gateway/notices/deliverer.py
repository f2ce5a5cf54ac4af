"""Notices go out: in order per case, until each is taken or 12 hours old, whoever is killed in between.

A notice is a node that is written in the transaction of its event (`gateway.audit.outbox`), rather than found in the
log afterwards: several gateways on one graph each have a log of their own, and only the graph knows in which order
the events of a case came, and what nobody has delivered yet. It goes out when its event is in a log. Of each case and
webhook the first that is left is tried, and those behind it wait. Each webhook is served by itself, so one that does
not answer holds up no other. A notice is removed after its receiver has taken it: a process that dies in between
leaves it to the next one, which sends it again under the same id.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import partial
from types import TracebackType
from typing import Any, Final, Self

from neo4j import AsyncManagedTransaction

from gateway.audit.errors import LogUnavailable
from gateway.audit.event import About, Cause
from gateway.audit.kinds import NoticeAbandoned
from gateway.audit.outbox import Outbox, Parcel
from gateway.graph import Graph, GraphError
from gateway.graph.times import instant
from gateway.notices.courier import Courier, Failure
from gateway.notices.key import NoticeKey
from gateway.notices.lease import NAME, Lease
from gateway.notices.message import Notice

_log: Final = logging.getLogger(__name__)

POLL_SECONDS: Final = 1.0
GIVEN_UP: Final = timedelta(hours=12)
"""After this a notice that fails is not tried again. Each is tried once, however long no gateway was up."""
FIRST: Final = timedelta(seconds=5)
LONGEST: Final = timedelta(hours=1)
"""What is waited after the first failure, and at most; doubled in between."""
_DOUBLINGS: Final = 20
_GRACE: Final = 3.0
_AT_ONCE: Final = 8
"""Cases of one webhook that are tried at the same time."""
_BATCH: Final = 64

_DUE: Final = """
MATCH (w:Webhook)-[:OF]->(a:Agency)
WHERE EXISTS { MATCH (n:Notice) WHERE n.webhook = w.id AND n.dueAt <= $now }
  AND NOT EXISTS { MATCH (l:Lease {name: $lease}) WHERE l.holder <> $holder AND l.until > timestamp() }
RETURN collect(w {.id, .url, agency: a.id, jurisdictions: COLLECT {
  MATCH (a)-[:IN]->(:Jurisdiction)-[:PART_OF*0..16]->(j) RETURN DISTINCT j.id AS id ORDER BY id
}})
"""
_FIRST: Final = """
MATCH (n:Notice) WHERE n.webhook = $webhook AND n.dueAt <= $now AND n.index IS NOT NULL
  AND NOT EXISTS { MATCH (e:Notice) WHERE e.webhook = $webhook AND e.caseId = n.caseId AND e.seq < n.seq }
WITH n ORDER BY n.dueAt, n.eventId LIMIT $most
RETURN collect(n {.*})
"""
_TAKEN: Final = "MATCH (n:Notice {eventId: $event, webhook: $webhook}) DELETE n RETURN true"
_WAITING: Final = "MATCH (n:Notice) RETURN count(n)"  # from the count store
# Those behind it too: what is due should be what can be sent.
_LATER: Final = """
MATCH (n:Notice) WHERE n.webhook = $webhook AND n.caseId = $case AND (n.eventId = $event OR n.dueAt < $at)
SET n.dueAt = $at, n.attempts = CASE WHEN n.eventId = $event THEN $attempts ELSE n.attempts END
"""


class Outcome(StrEnum):
    """What came of an attempt."""

    DELIVERED = "delivered"
    FAILED = "failed"
    ABANDONED = "abandoned"


async def waiting_notices(graph: Graph) -> int:
    """How many notices no webhook has taken yet.

    Raises:
        GraphError: Neo4j is away.
    """
    return await graph.read(_WAITING, {}) or 0


@dataclass
class Notices:
    """Delivers the notices of a graph. Every process may: the lease is one's alone."""

    graph: Graph
    outbox: Outbox
    courier: Courier
    key: NoticeKey
    cause: Callable[[], Cause]
    observe: Callable[[Outcome], None] = field(default=lambda _: None)
    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    chance: Callable[[], float] = field(default=random.random)
    _task: asyncio.Task[None] | None = None

    def __post_init__(self) -> None:
        self._lease = Lease(self.graph)
        self._serving: dict[str, asyncio.Task[None]] = {}
        self._stopping = False

    async def __aenter__(self) -> Self:
        """Begin to deliver."""
        self._task = asyncio.create_task(self._watch(), name="notices")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop delivering, and let another process go on. What is under way may end, so that it need not come again."""
        self._stopping = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if serving := [*self._serving.values()]:
            _, late = await asyncio.wait(serving, timeout=_GRACE)
            for task in late:
                task.cancel()
            await asyncio.gather(*serving, return_exceptions=True)
        with suppress(GraphError):
            await self._lease.release()

    async def sweep(self) -> None:
        """Try everything that is due now, and what becomes due by that."""
        await self._begin()
        await asyncio.gather(*self._serving.values())

    async def _watch(self) -> None:
        while True:
            try:
                await self._begin()
            except GraphError as problem:
                _log.warning("notices are delivered later: %s", problem)
            await asyncio.sleep(POLL_SECONDS)

    async def _begin(self) -> None:
        """Serve each webhook for which something is due."""
        asked = {"now": instant(self.clock()), "lease": NAME, "holder": self._lease.holder}
        for webhook in await self.graph.read(_DUE, asked) or ():
            identifier = webhook["id"]
            if identifier not in self._serving:
                task = asyncio.create_task(self._serve(webhook), name=f"notices-{identifier}")
                self._serving[identifier] = task
                task.add_done_callback(partial(self._served, identifier))

    async def _serve(self, webhook: Mapping[str, Any]) -> None:
        places = asyncio.Semaphore(_AT_ONCE)

        async def tried(notice: Notice) -> bool:
            async with places:
                return await self._tried(webhook, notice)

        try:
            going = True
            while going and (found := await self._first(webhook)):
                going = all(await asyncio.gather(*map(tried, found)))
        except GraphError as problem:
            _log.warning("notices for %s are delivered later: %s", webhook["id"], problem)

    def _served(self, webhook: str, _: asyncio.Task[None]) -> None:
        del self._serving[webhook]

    async def _first(self, webhook: Mapping[str, Any]) -> list[Notice]:
        asked = {"webhook": webhook["id"], "now": instant(self.clock()), "most": _BATCH}
        return [Notice.of(one) for one in await self.graph.read(_FIRST, asked)]

    async def _tried(self, webhook: Mapping[str, Any], notice: Notice) -> bool:
        """Whether it was tried, and what came of it is known to the graph."""
        try:
            if self._stopping or not await self._lease.hold():
                return False
            headers = notice.headers(self.key, self.clock())
            failure = await self.courier.deliver(webhook["url"], headers, notice.body)
            self.observe(await self._settle(webhook, notice, failure))
        except GraphError as problem:
            _log.warning("what came of notice %s is not kept, so it may come again: %s", notice.id, problem)
            return False
        return True

    async def _settle(self, webhook: Mapping[str, Any], notice: Notice, failure: Failure | None) -> Outcome:
        known = {"event": notice.event, "webhook": notice.webhook}
        if failure is None:
            await self._write(_TAKEN, known)
            return Outcome.DELIVERED
        attempts, now = notice.attempts + 1, self.clock()
        end = datetime.fromisoformat(notice.at) + GIVEN_UP
        if now >= end:
            await self._abandon(webhook, notice, attempts, failure)
            return Outcome.ABANDONED
        later = min(now + self._pause(attempts), end)
        await self._write(_LATER, {**known, "case": notice.case, "at": instant(later), "attempts": attempts})
        _log.info("notice %s for %s failed (%s), again at %s", notice.id, notice.webhook, failure, instant(later))
        return Outcome.FAILED

    def _pause(self, attempts: int) -> timedelta:
        """Twice as long each time, and of that between a half and all: who failed together need not come together."""
        whole: timedelta = min(FIRST * 2 ** min(attempts - 1, _DOUBLINGS), LONGEST)
        return whole * ((1 + self.chance()) / 2)

    async def _abandon(self, webhook: Mapping[str, Any], notice: Notice, attempts: int, failure: Failure) -> None:
        event = NoticeAbandoned(
            cause=self.cause(),
            about=About((webhook["agency"],), tuple(webhook["jurisdictions"])),
            webhook=notice.webhook,
            event=notice.event,
            case=notice.case,
            attempts=attempts,
            reason=failure,
        )

        async def work(tx: AsyncManagedTransaction) -> list[Parcel]:
            given = {"event": notice.event, "webhook": notice.webhook}
            if await (await tx.run(_TAKEN, given)).single() is None:  # the webhook was removed in between
                return []
            return await self.outbox.put(tx, {notice.webhook: [event]})

        if parcels := await self.graph.write(work):
            _log.warning("notice %s for %s is given up (%s)", notice.id, notice.webhook, failure)
            with suppress(LogUnavailable):  # the outbox keeps it
                await self.outbox.deliver(parcels)

    async def _write(self, statement: str, given: Mapping[str, Any]) -> None:
        async def work(tx: AsyncManagedTransaction) -> None:
            await (await tx.run(statement, dict(given))).consume()

        await self.graph.write(work)
