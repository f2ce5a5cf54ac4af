"""Group commit: many callers, one write and one fsync for all who came while the last one was under way."""

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import count
from typing import Final, TypeVar

from gateway.audit.errors import LogDamaged, LogUnavailable
from gateway.audit.log import Log, Sealed

_log: Final = logging.getLogger(__name__)

LARGEST_BATCH: Final = 1_000
SETTLE_EVERY: Final = 32_768
"""Entries between two settlings: what the next start reads again after a crash, at most twice over."""
PUBLISH_SECONDS: Final = 0.1
"""Between two checkpoints while events keep coming: to sign each commit would cost more than to commit."""
PATIENCE: Final = 10.0
"""Seconds that an event waits to be written."""
REPAIR_SECONDS: Final = 1.0
_REMEMBERED: Final = 20_000
T = TypeVar("T")


class _Call:
    """One call of `append`: the indices found so far, and a future for all of them."""

    __slots__ = ("_indices", "_left", "done")

    def __init__(self, number: int) -> None:
        self._indices = [-1] * number
        self._left = number
        self.done: asyncio.Future[list[int]] = asyncio.get_running_loop().create_future()
        if not number:
            self.done.set_result([])

    def found(self, place: int, index: int) -> None:
        self._indices[place] = index
        self._left -= 1
        if not self._left and not self.done.done():
            self.done.set_result(self._indices)

    def fail(self, problem: LogUnavailable) -> None:
        if not self.done.done():
            self.done.set_exception(problem)
            self.done.exception()  # looked at: the caller may have hung up


class Appender:
    """Appends to a log that this process writes. Belongs to one event loop; the log itself to two threads.

    One makes events durable, the other publishes what is: who appends waits for the first alone.
    """

    def __init__(self, log: Log, find: Callable[[str], int | None] = lambda _: None) -> None:
        self._log = log
        self._find = find
        self._writing = ThreadPoolExecutor(1, "log-writing")
        self._publishing = ThreadPoolExecutor(1, "log-publishing")
        self._queue: list[Sealed] = []
        self._waiting: dict[str, list[tuple[_Call, int]]] = {}
        """Who waits for an event, and at which place of what they gave."""
        self._known: dict[str, int] = {}
        self._before: dict[str, int] = {}
        """Where the last events are, in two ages: the older is let go when the younger is full."""
        self._wake = asyncio.Event()
        self._recorded = asyncio.Event()
        self._whole = asyncio.Lock()
        """Held by who publishes or repairs."""
        self._stopping = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self.problem: str | None = None
        """Why the log cannot be written at the moment; None when it can."""

    async def start(self) -> None:
        """Begin to take events. The log is open."""
        self._tasks = [
            asyncio.create_task(self._commit_all(), name="log-commits"),
            asyncio.create_task(self._publish_all(), name="log-checkpoints"),
        ]

    async def stop(self) -> None:
        """Append what is waiting, publish and settle it, and close the log."""
        self._stopping.set()
        self._wake.set()
        self._recorded.set()
        await asyncio.gather(*self._tasks)
        self._fail()
        await self._publish()
        if self.problem is None:
            await self._threaded(self._publishing, self._settle)
        await self._threaded(self._publishing, self._log.close)
        self._writing.shutdown()
        self._publishing.shutdown()

    async def append(self, events: Sequence[Sealed], *, again: bool = False) -> list[int]:
        """Append events in their order, each once however often it is given; their indices when all are durable.

        Args:
            events: what to append.
            again: whether they may have been appended by somebody before, so that the whole log has to be asked.

        Raises:
            LogUnavailable: the log cannot be written now. Some of the events may be in it.
        """
        self.check()
        older = await asyncio.to_thread(self._older, events) if again else {}
        # From here on nothing is waited for: what is known now is known when it is queued.
        self.check()
        call = _Call(len(events))
        for place, event in enumerate(events):
            known = self._known.get(event.id, self._before.get(event.id, older.get(event.id)))
            if known is not None:
                call.found(place, known)
                continue
            waiting = self._waiting.get(event.id)
            if waiting is None:
                waiting = self._waiting[event.id] = []
                self._queue.append(event)
            waiting.append((call, place))
        self._wake.set()
        return await call.done

    def check(self) -> None:
        """Whether the log can be written, as far as is known without trying.

        Raises:
            LogUnavailable: it cannot.
        """
        if self.problem is not None or self._stopping.is_set():
            raise self._unavailable()

    def _unavailable(self) -> LogUnavailable:
        return LogUnavailable(f"the log cannot be written: {self.problem or 'the gateway is stopping'}")

    def _older(self, events: Sequence[Sealed]) -> dict[str, int]:
        """The places of those events that were appended long ago.

        Raises:
            LogUnavailable: the index cannot be read, as where a disk is full: whether they were is not known.
        """
        try:
            found = [(event.id, self._find(event.id)) for event in events]
        except sqlite3.Error as problem:
            raise LogUnavailable(f"the index of the log cannot be read: {problem}") from None
        return {identifier: index for identifier, index in found if index is not None}

    async def _commit_all(self) -> None:
        while not self._stopping.is_set():
            await self._wake.wait()
            self._wake.clear()
            while self._queue and self.problem is None:
                await self._commit()
            if self.problem is not None:
                await self._repair()

    async def _commit(self) -> None:
        batch = self._queue[:LARGEST_BATCH]
        recording = self._threaded(self._writing, lambda: self._log.record(batch))
        self._log.grow()  # with what is durable already: this thread has nothing better to do while the disk works
        await asyncio.wait([recording], timeout=PATIENCE)
        if not recording.done():
            self._break("the disk does not answer")
            self._fail()
        try:
            first = await recording
        except OSError as problem:
            self._break(problem.strerror or type(problem).__name__)
            return
        del self._queue[: len(batch)]
        self._known.update(zip((event.id for event in batch), count(first)))
        if len(self._known) > _REMEMBERED:
            self._before, self._known = self._known, {}
        for index, event in enumerate(batch, first):
            for call, place in self._waiting.pop(event.id, ()):
                call.found(place, index)
        self._recorded.set()

    async def _publish_all(self) -> None:
        while not self._stopping.is_set():
            await self._recorded.wait()
            self._recorded.clear()
            await self._publish()
            await self._rest(PUBLISH_SECONDS)

    async def _publish(self) -> None:
        async with self._whole:
            if self.problem is not None:
                return
            try:
                self._log.grow()
                edition = self._log.take()
                await self._threaded(self._publishing, lambda: self._log.write(edition))
            except OSError as problem:
                self._break(problem.strerror or type(problem).__name__)
                return
            if self._log.unsettled >= SETTLE_EVERY:
                await self._threaded(self._publishing, self._settle)

    def _settle(self) -> None:
        try:
            self._log.settle()
        except OSError as problem:
            _log.warning("full tiles could not be made durable now: %s", problem.strerror)

    def _break(self, problem: str) -> None:
        self.problem = problem
        _log.error("the log cannot be written (%s); changes are refused until it can", self.problem)
        self._wake.set()

    def _fail(self) -> None:
        self._queue.clear()
        for waiting in self._waiting.values():
            for call, _ in waiting:
                call.fail(self._unavailable())
        self._waiting.clear()

    async def _repair(self) -> None:
        async with self._whole:
            while self.problem is not None and not self._stopping.is_set():
                self._fail()
                await self._rest(REPAIR_SECONDS)
                try:
                    await self._threaded(self._publishing, self._log.repair)
                except (OSError, LogDamaged) as problem:
                    self.problem = str(problem)
                    continue
                self.problem = None
                _log.warning("the log can be written again")

    async def _rest(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    @staticmethod
    def _threaded(thread: ThreadPoolExecutor, work: Callable[[], T]) -> asyncio.Future[T]:
        return asyncio.get_running_loop().run_in_executor(thread, work)
