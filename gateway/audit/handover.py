"""How processes that do not write the log hand their events to the one that does: over a socket of this machine.

A message is four bytes of length and a JSON object. Requests carry a number, and their answers the same; several can be
under way. The writer also says, by itself, when the log cannot be written and when it can again.
"""

import asyncio
import os
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any, Final

import orjson

from gateway.audit.errors import LogUnavailable
from gateway.audit.log import Sealed

_LARGEST: Final = 64_000_000
_LONGEST_PATH: Final = 100
"""Bytes of a socket's path that every system takes."""

Append = Callable[[Sequence[Sealed], bool], Awaitable[list[int]]]


class WriterGone(Exception):
    """The connection to the writer ended. Nobody knows what of the events under way was appended."""


def socket_path(folder: Path) -> Path:
    """Where the writer of a log listens: in the log's folder, or by a name made of its path where that is too long."""
    path = folder / "writer.sock"
    if len(os.fsencode(path)) <= _LONGEST_PATH:
        return path
    return Path(tempfile.gettempdir()) / f"gateway-log-{sha256(os.fsencode(path)).hexdigest()[:24]}.sock"


class Receiver:
    """The writer's side."""

    def __init__(self, path: Path, append: Append) -> None:
        self._path = path
        self._append = append
        self._server: asyncio.Server | None = None
        self._clients: dict[asyncio.StreamWriter, set[asyncio.Task[None]]] = {}
        self.problem: str | None = None

    async def start(self) -> None:
        """Listen. Whatever lies at the path is a dead writer's: this process holds the log's lock."""
        self._path.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(self._serve, self._path)
        finally:
            os.umask(before)

    async def tell(self, problem: str | None) -> None:
        """Tell everybody whether the log can be written."""
        self.problem = problem
        for writer in list(self._clients):
            with suppress(OSError):
                await _send(writer, {"problem": problem})

    async def stop(self) -> None:
        """Hang up on everybody."""
        if self._server is not None:
            self._server.close()
        tasks = [task for running in self._clients.values() for task in running]
        await asyncio.gather(*tasks, return_exceptions=True)
        for writer in list(self._clients):
            writer.close()
        self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        running = self._clients[writer] = set()
        try:
            await _send(writer, {"problem": self.problem})
            while (message := await _receive(reader)) is not None:
                task = asyncio.create_task(self._answer(message, writer))
                running.add(task)
                task.add_done_callback(running.discard)
        except OSError:
            pass
        finally:
            del self._clients[writer]
            writer.close()

    async def _answer(self, message: Any, writer: asyncio.StreamWriter) -> None:
        events = [Sealed(identifier, body.encode()) for identifier, body in message["events"]]
        try:
            answer = {"n": message["n"], "indices": await self._append(events, message["again"])}
        except LogUnavailable as problem:
            answer = {"n": message["n"], "error": str(problem)}
        with suppress(OSError):
            await _send(writer, answer)


class Sender:
    """The other side: one connection to the writer, as long as it lasts."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._numbers = count()
        self._waiting: dict[int, asyncio.Future[list[int]]] = {}
        self.problem: str | None = None
        self.gone = asyncio.create_task(self._listen(), name="log-handover")
        """Ends with the connection."""

    @classmethod
    async def connect(cls, path: Path) -> "Sender":
        """Connect to the writer.

        Raises:
            OSError: nobody listens there, or somebody else than this user.
        """
        if (await asyncio.to_thread(path.stat)).st_uid != os.getuid():
            raise PermissionError(f"{path} is somebody else's")
        return cls(*await asyncio.open_unix_connection(path))

    async def append(self, events: Sequence[Sealed], *, again: bool = False) -> list[int]:
        """See `Appender.append`.

        Raises:
            LogUnavailable: the writer cannot write now.
            WriterGone: the writer is gone; try the next one, with `again`.
        """
        if self.gone.done():
            raise WriterGone
        number = next(self._numbers)
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        message = {"n": number, "again": again, "events": [[event.id, event.body.decode()] for event in events]}
        try:
            await _send(self._writer, message)
            indices: list[int] = await answer
            return indices
        except OSError:
            raise WriterGone from None
        finally:
            self._waiting.pop(number, None)

    async def close(self) -> None:
        """Hang up."""
        self.gone.cancel()
        await asyncio.gather(self.gone, return_exceptions=True)

    async def _listen(self) -> None:
        try:
            while (message := await _receive(self._reader)) is not None:
                if "problem" in message:
                    self.problem = message["problem"]
                    continue
                waiting = self._waiting.get(message["n"])
                if waiting is None or waiting.done():
                    continue
                if "error" in message:
                    waiting.set_exception(LogUnavailable(message["error"]))
                else:
                    waiting.set_result(message["indices"])
        except OSError:
            pass
        finally:
            for waiting in self._waiting.values():
                if not waiting.done():
                    waiting.set_exception(WriterGone())
            self._writer.close()


async def _send(writer: asyncio.StreamWriter, message: Any) -> None:
    data = orjson.dumps(message)
    writer.write(len(data).to_bytes(4, "big") + data)
    await writer.drain()


async def _receive(reader: asyncio.StreamReader) -> Any:
    """The next message; None at the end."""
    try:
        length = int.from_bytes(await reader.readexactly(4), "big")
        if length > _LARGEST:
            raise ConnectionResetError("a message larger than any")
        return orjson.loads(await reader.readexactly(length))
    except asyncio.IncompleteReadError:
        return None
