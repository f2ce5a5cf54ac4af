"""Where the other rooms hand in events, whichever process writes the log."""

import asyncio
import logging
import sqlite3
import threading
import time
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from gateway.audit.appender import PATIENCE, Appender
from gateway.audit.bodies import Bodies
from gateway.audit.errors import LogDamaged, LogInUse, LogUnavailable
from gateway.audit.event import GATEWAY, Cause, Event
from gateway.audit.handover import Receiver, Sender, WriterGone, socket_path
from gateway.audit.index import Index
from gateway.audit.kinds import LogKeyMade
from gateway.audit.log import Log, LogFolder, Sealed
from gateway.audit.published import KEY

_log: Final = logging.getLogger(__name__)

_RETRY: Final = 0.05
_NO_POLICY: Final = "none"
_INDEXED: Final = 100
_REST: Final = 9
"""How many times as long as indexing took nothing is indexed while the log grows."""
_WATCH: Final = 0.5


def sealed(event: Event) -> Sealed:
    """An event as it goes into the log."""
    return Sealed(event.id, event.body)


class Recorder:
    """One per process and event loop.

    Of all that use one state directory, the first becomes the log's writer; when it ends, another does.
    """

    def __init__(self, state: Path, origin: str) -> None:
        self.folder = LogFolder(state)
        self.log = Log(state, origin)
        self._socket = socket_path(self.folder.path)
        self._index = Index(self.folder.index)
        self._appender: Appender | None = None
        self._receiver: Receiver | None = None
        self._sender: Sender | None = None
        self._joined = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._damage: str | None = None
        self._projecting = threading.Lock()

    async def start(self) -> None:
        """Become the writer, or find it.

        Raises:
            LogDamaged: the log's files do not fit together; the message says what to do.
            OSError: the log's folder cannot be read or written.
            LogUnavailable: there is a writer, and it does not answer.
        """
        try:
            async with asyncio.timeout(PATIENCE):
                await self._join()
        except TimeoutError:
            raise LogUnavailable(f"the log in {self.folder.path} has a writer that does not answer") from None
        self._tasks.append(asyncio.create_task(self._stay(), name="log-recorder"))

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def stop(self) -> None:
        """Append what is under way, and let another process be the writer."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._sender is not None:
            await self._sender.close()
        if self._receiver is not None:
            await self._receiver.stop()
        if self._appender is not None:
            await self._appender.stop()
            await asyncio.to_thread(self._project)

    @property
    def writes(self) -> bool:
        """Whether this process is the writer."""
        return self._appender is not None

    @cached_property
    def instance(self) -> str:
        """The name of this gateway among those that share a graph: its log's key. Read once, every change needs it."""
        return (self.folder.public / KEY).read_text("utf-8").strip()

    @property
    def problem(self) -> str | None:
        """Why the log cannot be written at the moment; None when it can, as far as is known."""
        if self._appender is not None:
            return self._appender.problem
        if self._sender is not None:
            return self._sender.problem
        return self._damage or "there is no writer at the moment"

    def check(self) -> None:
        """Whether a change may begin.

        Raises:
            LogUnavailable: the log cannot be written.
        """
        # Between two writers nothing is known: who has something to record waits for the next.
        if (self._joined.is_set() or self._damage) and (problem := self.problem) is not None:
            raise LogUnavailable(f"the log cannot be written: {problem}")

    async def record(self, *events: Event) -> list[int]:
        """Append events that nobody has appended before; see `append`."""
        return await self.append([sealed(event) for event in events])

    async def append(self, events: Sequence[Sealed], *, again: bool = False) -> list[int]:
        """Append events in their order, each once; their indices when all of them are durable.

        Raises:
            LogUnavailable: the log cannot be written now. Some of the events may be in it.
        """
        if (appender := self._appender) is not None:  # which keeps its own time
            return await appender.append(events, again=again)
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    await self._joined.wait()
                    if self._appender is not None:
                        return await self._appender.append(events, again=again)
                    sender = self._sender
                    assert sender is not None
                    try:
                        return await sender.append(events, again=again)
                    except WriterGone:
                        if self._sender is sender:
                            self._joined.clear()  # until `_stay` has found the next
                        again = True
        except TimeoutError:
            raise LogUnavailable("the log has no writer that answers") from None

    async def _join(self) -> None:
        while not (await self._write() or await self._connect()):  # noqa: ASYNC110  # other processes announce nothing
            await asyncio.sleep(_RETRY)
        self._joined.set()

    async def _write(self) -> bool:
        try:
            await asyncio.to_thread(self.log.open)
        except LogInUse:
            return False
        await asyncio.to_thread(self._project)
        appender = Appender(self.log, self._index.find)
        await appender.start()
        if self.log.is_new:
            await appender.append([sealed(LogKeyMade(cause=Cause(GATEWAY, _NO_POLICY), vkey=self.log.vkey))])
        self._receiver = Receiver(self._socket, lambda events, again: appender.append(events, again=again))
        await self._receiver.start()
        self._appender = appender
        self._tasks.append(asyncio.create_task(self._tend(appender, self._receiver), name="log-index"))
        return True

    async def _connect(self) -> bool:
        try:
            self._sender = await Sender.connect(self._socket)
        except OSError:
            return False
        return True

    async def _stay(self) -> None:
        """When the writer is gone, become it or find the next."""
        while self._sender is not None:
            await asyncio.wait([self._sender.gone])
            self._joined.clear()
            self._sender = None
            try:
                await self._join()
            except (LogDamaged, OSError) as problem:
                self._damage = str(problem)
                _log.critical("the log cannot be opened: %s", problem)
                self._joined.clear()
                return

    async def _tend(self, appender: Appender, receiver: Receiver) -> None:
        """Keep the index up to the log, and the other processes informed."""
        indexed = told = None
        while True:
            await asyncio.sleep(_WATCH)
            if appender.problem != told:
                told = appender.problem
                await receiver.tell(told)
            if self.log.size != indexed:
                size = self.log.size
                await asyncio.to_thread(self._project)
                indexed = size

    def _project(self) -> None:
        """Bring the index up to the bodies. While events keep coming it takes its time, so that they need not wait."""
        bodies = Bodies(self.folder.bodies)
        try:
            with self._projecting:
                at, size = self._index.next(), self.log.size
                while at < size:
                    began, stop = time.monotonic(), min(at + _INDEXED, size)
                    self._index.add((i, body.data) for i, body in bodies.scan(at, stop) if body is not None)
                    at = stop
                    if self.log.size > size:
                        time.sleep(_REST * (time.monotonic() - began))
        except (sqlite3.Error, OSError, LogDamaged) as problem:
            _log.error("the index of the log cannot be kept: %s; 'gateway log reindex' makes it again", problem)
