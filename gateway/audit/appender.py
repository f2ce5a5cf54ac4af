"""Group commit: many callers, one write and one fsync for all who came while the last one was under way."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Final, TypeVar

from gateway.audit.errors import LogDamaged, LogUnavailable
from gateway.audit.log import Log, Sealed

_log: Final = logging.getLogger(__name__)

LARGEST_BATCH: Final = 1_000
SETTLE_EVERY: Final = 4_096
"""Entries between two settlings: what the next start reads again after a crash, at most twice over."""
REPAIR_SECONDS: Final = 1.0
_REMEMBERED: Final = 20_000
T = TypeVar("T")


class Appender:
    """Appends to a log that this process writes. Belongs to one event loop; the log itself to threads of its own."""

    def __init__(self, log: Log, find: Callable[[str], int | None] = lambda _: None) -> None:
        self._log = log
        self._find = find
        self._writing = ThreadPoolExecutor(1, "log-writing")
        self._settling = ThreadPoolExecutor(1, "log-settling")
        self._queue: list[Sealed] = []
        self._waiting: dict[str, asyncio.Future[int]] = {}
        self._known: OrderedDict[str, int] = OrderedDict()
        self._wake = asyncio.Event()
        self._stopping = False
        self._task: asyncio.Task[None] | None = None
        self._settled: asyncio.Future[None] | None = None
        self.problem: str | None = None
        """Why the log cannot be written at the moment; None when it can."""

    async def start(self) -> None:
        """Begin to take events. The log is open."""
        self._task = asyncio.create_task(self._run(), name="log-appender")

    async def stop(self) -> None:
        """Append what is waiting, settle, and close the log."""
        self._stopping = True
        self._wake.set()
        if self._task is not None:
            await self._task
        self._fail("the gateway is stopping")
        if self._settled is not None:
            await asyncio.gather(self._settled, return_exceptions=True)
        if self.problem is None:
            await self._threaded(self._settle)
        await self._threaded(self._log.close)
        self._writing.shutdown()
        self._settling.shutdown()

    async def append(self, events: Sequence[Sealed], *, again: bool = False) -> list[int]:
        """Append events in their order, each once however often it is given; their indices when all are durable.

        Args:
            events: what to append.
            again: whether they may have been appended by somebody before, so that the whole log has to be asked.

        Raises:
            LogUnavailable: the log cannot be written now. Some of the events may be in it.
        """
        self.check()
        if self._stopping:
            raise LogUnavailable("the log cannot be written: the gateway is stopping")
        found: list[int | asyncio.Future[int]] = []
        for event in events:
            place: int | asyncio.Future[int] | None = self._known.get(event.id, self._waiting.get(event.id))
            if place is None and again:
                place = await asyncio.to_thread(self._find, event.id)
            if place is None:
                place = self._waiting[event.id] = asyncio.get_running_loop().create_future()
                self._queue.append(event)
            found.append(place)
        self._wake.set()
        return [place if isinstance(place, int) else await asyncio.shield(place) for place in found]

    def check(self) -> None:
        """Whether the log can be written, as far as is known without trying.

        Raises:
            LogUnavailable: it cannot.
        """
        if self.problem is not None:
            raise LogUnavailable(f"the log cannot be written: {self.problem}")

    async def _run(self) -> None:
        while not self._stopping:
            await self._wake.wait()
            self._wake.clear()
            while self._queue and self.problem is None:
                await self._commit()
            if self.problem is not None:
                await self._repair()

    async def _commit(self) -> None:
        batch = self._queue[:LARGEST_BATCH]
        try:
            first = await self._threaded(lambda: self._log.record(batch))
        except OSError as problem:
            self._break(problem)
            return
        del self._queue[: len(batch)]
        for index, event in enumerate(batch, first):
            self._known[event.id] = index
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
            waiting = self._waiting.pop(event.id)
            if not waiting.done():
                waiting.set_result(index)
        try:
            await self._threaded(self._log.publish)
        except OSError as problem:
            self._break(problem)
            return
        if self._log.unsettled >= SETTLE_EVERY and (self._settled is None or self._settled.done()):
            loop = asyncio.get_running_loop()
            self._settled = loop.run_in_executor(self._settling, self._settle)

    def _settle(self) -> None:
        try:
            self._log.settle()
        except OSError as problem:
            _log.warning("full tiles could not be made durable now: %s", problem.strerror)

    def _break(self, problem: OSError) -> None:
        self.problem = problem.strerror or type(problem).__name__
        _log.error("the log cannot be written (%s); changes are refused until it can", self.problem)
        self._fail(self.problem)

    def _fail(self, reason: str) -> None:
        self._queue.clear()
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(LogUnavailable(f"the log cannot be written: {reason}"))
                waiting.exception()  # looked at: the caller may have hung up
        self._waiting.clear()

    async def _repair(self) -> None:
        while self.problem is not None and not self._stopping:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), REPAIR_SECONDS)  # only stopping wakes it now
            if self._settled is not None:
                await asyncio.gather(self._settled, return_exceptions=True)
            try:
                await self._threaded(self._log.repair)
            except (OSError, LogDamaged) as problem:
                self.problem = str(problem)
                continue
            self.problem = None
            _log.warning("the log can be written again")

    def _threaded(self, work: Callable[[], T]) -> asyncio.Future[T]:
        return asyncio.get_running_loop().run_in_executor(self._writing, work)
