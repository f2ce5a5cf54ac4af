"""What changes of cases and grants, for those who follow them, whichever gateway changed it.

The graph is the source, because it is what every process of every gateway shares: one question for all who follow,
twice a second and only while somebody does, along the index of when cases and grants were last moved. A change is dated
by the clock of the gateway that makes it, before it is committed. So each question looks back over as long as a change
may take and clocks may differ, and what was found before is known by its version. Nothing has to be written for it, and
a gateway that is killed leaves nothing behind.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from gateway.graph import Graph, GraphError
from gateway.graph.times import instant
from gateway.identity import Subject
from gateway.sharing.cases import sees

_log: Final = logging.getLogger(__name__)

POLL_SECONDS: Final = 0.5
CLOCKS: Final = timedelta(seconds=60)
"""By how much the clocks of two gateways may differ."""
MOST_WAITING: Final = 1_000
"""Changed cases that wait for one who does not take them."""

_MOVED: Final = """
CALL () {
  MATCH (c:Case) WHERE c.movedAt >= $since RETURN c.id AS case, null AS grant, c.version AS version
  UNION ALL
  MATCH (g:Grant) WHERE g.movedAt >= $since RETURN g.case AS case, g.id AS grant, g.version AS version
}
RETURN collect([case, grant, version])
"""
_CASES: Final = "MATCH (c:Case) WHERE c.id IN $ids RETURN collect(c {.*})"


class TooSlow(Exception):
    """Somebody has not taken what they were told, so that some of it was let go."""


@dataclass(frozen=True, slots=True)
class Change:
    """A case that has changed, by its id, and the grant of it that did, if one did."""

    case: str
    grant: str | None = None


@dataclass(eq=False, slots=True)
class Feed:
    """What one follower has not taken yet: of each case that the subject may see, that it has changed."""

    subject: Subject
    """As they were last known. Whoever takes a change looks again."""
    case: str | None = None
    """The one that is followed; all without it."""
    _waiting: dict[str, Change] = field(default_factory=dict)
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _lost: bool = False

    def offer(self, change: Change, row: Any) -> None:
        """Put a change of a case, which now is `row`, to those that wait."""
        if self.case not in (None, change.case) or not sees(self.subject, row):
            return
        before = self._waiting.get(change.case)
        if before is None and len(self._waiting) >= MOST_WAITING:
            self._lost = True
            self._waiting.clear()
        else:
            self._waiting[change.case] = Change(change.case, change.grant or (before.grant if before else None))
        self._news.set()

    async def next(self, seconds: float) -> Change | None:
        """The next change; None when there is none for so long.

        Raises:
            TooSlow: changes were let go because too many waited.
        """
        try:
            async with asyncio.timeout(max(seconds, 0)):
                await self._news.wait()
        except TimeoutError:
            return None
        if self._lost:
            raise TooSlow
        change = self._waiting.pop(next(iter(self._waiting)))
        if not self._waiting:
            self._news.clear()
        return change


class Changes:
    """Watches a graph for as long as somebody follows. One per process; `longest` is how long a change may take."""

    def __init__(
        self, graph: Graph, longest: timedelta, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._graph = graph
        self._window = longest + CLOCKS
        self._clock = clock
        self._feeds: set[Feed] = set()
        self._seen: dict[str, int] = {}
        self._read: datetime | None = None
        """When the graph was last asked with success."""
        self._asking = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    async def join(self, subject: Subject, case: str | None = None) -> Feed:
        """Follow from now on. What was committed before is not told; all that is committed after this has returned is.

        Raises:
            GraphError: the graph cannot be asked.
        """
        async with self._asking:
            await self._ask()
            feed = Feed(subject, case)
            self._feeds.add(feed)
        if self._task is None:
            self._task = asyncio.create_task(self._watch(), name="changes")
        return feed

    def leave(self, feed: Feed) -> None:
        """Follow no longer. With the last one the watching ends."""
        self._feeds.discard(feed)
        if not self._feeds and self._task is not None:
            self._task.cancel()
            self._task, self._read, self._seen = None, None, {}

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(POLL_SECONDS)
            try:
                async with self._asking:
                    await self._ask()
            except GraphError as problem:
                _log.warning("changes of cases are looked for later: %s", problem)
            except Exception:  # noqa: BLE001 - who follows must not wait for one that has silently stopped
                _log.exception("changes of cases are looked for later")

    async def _ask(self) -> None:
        """Tell everybody who follows of what was not there when the graph was last asked."""
        began = self._clock()
        since = instant((self._read or began) - self._window)
        moved: list[tuple[str, str | None, int]] = await self._graph.read(_MOVED, {"since": since})
        new = [Change(case, grant) for case, grant, version in moved if self._seen.get(grant or case) != version]
        if new and self._feeds:
            ids = list({change.case for change in new})
            rows = {row["id"]: row for row in await self._graph.read(_CASES, {"ids": ids})}
            for change in new:
                for feed in self._feeds if change.case in rows else ():
                    feed.offer(change, rows[change.case])
        self._seen = {grant or case: version for case, grant, version in moved}
        self._read = max(began, self._read or began)
