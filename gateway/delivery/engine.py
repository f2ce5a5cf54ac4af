"""The engine: rows of delivered files and of agencies' databases, read in a process of its own.

It knows nothing of who may have what. Its caller gives a `Fetch` that says which columns, under which masks, and which
rows; the engine delivers those or says why it cannot.
"""

import asyncio
import socket
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import orjson

from gateway.delivery.confinement import Confinement
from gateway.delivery.errors import SourceSlow, WorkerDied
from gateway.delivery.fetch import Fetch, Postgres, Source
from gateway.delivery.frames import Frame, FrameReader, Request
from gateway.delivery.process import Worker
from gateway.delivery.rows import Rows
from gateway.delivery.slots import Places
from gateway.delivery.spill import Spill
from gateway.settings import Settings
from gateway.vocabulary import DataType

TIMEOUT: Final = 30.0
"""Seconds that a source may take for the first rows, and for the next ones whenever they are asked for."""
_SPILL_MOST: Final = "8g"


@dataclass(frozen=True, slots=True)
class Limits:
    """How much the engine takes on."""

    memory: str = "512m"
    threads: int = 2
    streams: int = 32
    """From files at once; from PostgreSQL half as many."""
    waiting: int = 1_000
    """Fetches that wait for a place."""
    wait: float = 30.0
    """Seconds that a fetch waits for a place."""
    stall: float = 60.0
    """Seconds after which a stream that nobody reads loses its place."""


class Engine:
    """Reads rows. Use it as an asynchronous context manager; streams that are open at its end break."""

    def __init__(self, deliveries: Path, spill: Path, limits: Limits | None = None) -> None:
        self._deliveries, self._spill = deliveries, spill
        self.limits = limits or Limits()
        self._lines: dict[socket.socket, str | None] = {}
        self._ending: set[asyncio.Task[None]] = set()

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """As the settings say."""
        limits = Limits(
            settings.delivery_memory, settings.delivery_threads, settings.delivery_streams,
            stall=settings.delivery_stall,
        )  # fmt: skip
        return cls(settings.deliveries_folder, settings.state / "spill", limits)

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self._deliveries.mkdir, parents=True, exist_ok=True)
        self._folder = await asyncio.to_thread(Spill, self._spill)
        most, servers = self.limits.streams, max(1, self.limits.streams // 2)
        self._places = Places(most, servers, self.limits.waiting, self.limits.wait)
        confinement = Confinement.of(
            self._deliveries, self._folder.path, memory=self.limits.memory, spill_most=_SPILL_MOST,
            threads=self.limits.threads, streams=most + servers,
        )  # fmt: skip
        self._worker = Worker(confinement)
        await self._worker.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._worker.stop()
        for line in [*self._lines]:
            self._end(line)
        await asyncio.gather(*self._ending, return_exceptions=True)
        await asyncio.to_thread(self._folder.remove)

    @property
    def worker(self) -> int | None:
        """The process id of the worker, if it runs."""
        return self._worker.pid

    async def open(self, fetch: Fetch, timeout: float = TIMEOUT) -> Rows:
        """Begin to read; returns when the first rows are there, or when it is known that there are none.

        Args:
            fetch: what to read.
            timeout: seconds that the source may take for the first rows, and then for the next ones each time.

        Raises:
            BadFetch: it asks for what cannot be.
            SourceGone, SourceSlow, SourceChanged: the source.
            ColumnMissing, ColumnType, BadValue: the source is not as the catalogue says.
            Busy: too many at once.
            WorkerDied: twice in a row.
        """
        fetch.check()
        reader, line, head = await self._asked(fetch, fetch.source, timeout)
        version = orjson.loads(head.body)["version"]
        return Rows(reader, version, fetch.form, seconds=timeout, stall=self.limits.stall, end=lambda: self._end(line))

    async def describe(self, source: Source, timeout: float = TIMEOUT) -> list[tuple[str, DataType]]:
        """The columns that a source has, in its order, with the nearest of our types. In CSV everything is STRING.

        Raises:
            SourceGone, SourceSlow, BadValue, ColumnType, Busy, WorkerDied: see `open`.
        """
        _, line, head = await self._asked(source, source, timeout)
        self._end(line)
        return [(name, DataType(of)) for name, of in orjson.loads(head.body)["columns"]]

    async def _asked(
        self, wanted: Fetch | Source, source: Source, timeout: float
    ) -> tuple[FrameReader, socket.socket, Frame]:
        """Ask, and ask once more when the worker dies before it has answered: nothing has left yet."""
        try:
            return await self._asked_once(wanted, source, timeout)
        except WorkerDied:
            return await self._asked_once(wanted, source, timeout)

    async def _asked_once(
        self, wanted: Fetch | Source, source: Source, timeout: float
    ) -> tuple[FrameReader, socket.socket, Frame]:
        server = source.dsn if isinstance(source, Postgres) else None
        await self._places.take(server)
        try:
            line, rest = await self._worker.stream(Request(wanted, timeout).packed())
        except BaseException:
            self._places.release(server)
            raise
        self._lines[line] = server
        try:
            async with asyncio.timeout(timeout):
                if rest:
                    await asyncio.get_running_loop().sock_sendall(line, rest)
                reader = FrameReader(line)
                return reader, line, await reader.next()
        except TimeoutError:
            self._end(line)
            raise SourceSlow("the source did not answer in time") from None
        except OSError:
            self._end(line)
            raise WorkerDied("the process that reads the rows ended; ask again") from None
        except BaseException:
            self._end(line)
            raise

    def _end(self, line: socket.socket) -> None:
        """Hang up. The place is free when the worker's thread is: it may take a moment to leave a query."""
        if line in self._lines:
            server = self._lines.pop(line)
            task = asyncio.get_running_loop().create_task(self._released(line, server))
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)

    async def _released(self, line: socket.socket, server: str | None) -> None:
        try:
            line.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        else:
            await FrameReader(line).drain()
        finally:
            line.close()
            self._places.release(server)
