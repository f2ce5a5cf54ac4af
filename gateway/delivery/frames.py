"""How rows come from the worker to the gateway: one pair of sockets for each fetch, and frames on it.

The gateway sends one request: four bytes of length and a pickle. The worker answers with frames: a byte of kind, rows
and length as four bytes each, and the content. Whoever hangs up ends the fetch; there are no other messages. What the
kernel holds in between is the only buffer, so a consumer that stops reading stops the query.
"""

import asyncio
import pickle
import socket
import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final, NamedTuple

import orjson

from gateway.delivery.errors import ERRORS, DeliveryError, WorkerDied
from gateway.delivery.fetch import Fetch, Source

_HEAD: Final = struct.Struct("!BII")
_LENGTH: Final = struct.Struct("!I")
_CHUNK: Final = 1 << 16
_AT_ONCE: Final = 512
"""Buffers of one sending; systems take a thousand."""
_PART: Final = 1 << 20
"""Bytes that are received at once, at most."""


class Kind(IntEnum):
    """What a frame holds."""

    HEAD = 1
    """JSON: the version, or what was asked to be described. Comes when the first rows are there."""
    DATA = 2
    END = 3
    ERROR = 4
    """JSON: code, message, field and row."""


@dataclass(frozen=True, slots=True)
class Request:
    """What the worker is asked: rows, or the columns of a source."""

    wanted: Fetch | Source
    seconds: float
    """How long a source may take for one step."""

    def packed(self) -> bytes:
        """As it is sent."""
        body = pickle.dumps(self)
        return _LENGTH.pack(len(body)) + body


class Frame(NamedTuple):
    """One frame."""

    kind: int
    rows: int
    body: bytes


def receive_request(stream: socket.socket) -> Request:
    """The worker's side.

    Raises:
        OSError: the gateway hung up.
    """
    (length,) = _LENGTH.unpack(_exactly(stream, _LENGTH.size))
    # Only the gateway, which started this process, has the other end.
    request = pickle.loads(_exactly(stream, length))  # noqa: S301
    assert isinstance(request, Request)
    return request


def _exactly(stream: socket.socket, length: int) -> bytes:
    data = bytearray(length)
    view, have = memoryview(data), 0
    while have < length:
        count = stream.recv_into(view[have:])
        if not count:
            raise ConnectionResetError("the gateway hung up")
        have += count
    return bytes(data)


def framed(kind: Kind, body: Any = b"", rows: int = 0) -> list[Any]:
    """A frame as buffers: `body` is whatever has bytes, and is not copied."""
    return [_HEAD.pack(kind, rows, memoryview(body).nbytes), body]


def framed_json(kind: Kind, content: Any) -> list[Any]:
    """A frame of JSON."""
    return framed(kind, orjson.dumps(content))


def framed_error(problem: DeliveryError) -> list[Any]:
    """A frame that tells what went wrong."""
    told = {"code": problem.code, "message": str(problem), "field": problem.field, "row": problem.row}
    return framed_json(Kind.ERROR, told)


def send(stream: socket.socket, buffers: list[Any]) -> None:
    """Send buffers, however long the gateway takes.

    Raises:
        OSError: the gateway hung up.
    """
    views = [memoryview(buffer).cast("B") for buffer in buffers if memoryview(buffer).nbytes]
    while views:
        sent = stream.sendmsg(views[:_AT_ONCE])
        while views and sent >= views[0].nbytes:
            sent -= views.pop(0).nbytes
        if sent:
            views[0] = views[0][sent:]


class FrameReader:
    """The gateway's side: reads when it is asked, and not before. What comes is handed on as it comes, not gathered."""

    def __init__(self, stream: socket.socket) -> None:
        self._stream = stream
        self._loop = asyncio.get_running_loop()
        self._left = b""
        self._missing, self._rows = 0, 0

    async def next(self) -> Frame:
        """The next frame, or of one with data the next part; the last part has the frame's rows.

        Raises:
            WorkerDied: the worker hung up before the end.
            DeliveryError: the worker's error, of its kind.
        """
        if self._missing:
            return await self._part()
        kind, rows, length = _HEAD.unpack(await self._take(_HEAD.size))
        if kind == Kind.DATA and length:
            self._missing, self._rows = length, rows
            return await self._part()
        body = await self._take(length)
        if kind == Kind.ERROR:
            told = orjson.loads(body)
            raise ERRORS[told["code"]](told["message"], told["field"], told["row"])
        return Frame(kind, rows, body)

    async def _part(self) -> Frame:
        part, self._left = self._left[: self._missing], self._left[self._missing :]
        part = part or await self._receive(min(self._missing, _PART))
        self._missing -= len(part)
        return Frame(Kind.DATA, 0 if self._missing else self._rows, part)

    async def drain(self) -> None:
        """Throw away what still comes, until the worker hangs up."""
        scratch = bytearray(_CHUNK)
        try:
            while await self._loop.sock_recv_into(self._stream, scratch):
                pass
        except OSError:
            pass

    async def _take(self, length: int) -> bytes:
        """Exactly so many bytes. Small frames come together: reading each by itself would wake up for each."""
        while len(self._left) < length:
            self._left += await self._receive(_CHUNK)
        taken, self._left = self._left[:length], self._left[length:]
        return taken

    async def _receive(self, most: int) -> bytes:
        try:
            received = await self._loop.sock_recv(self._stream, most)
        except OSError:
            received = b""
        if not received:
            raise WorkerDied("the process that reads the rows ended; ask again")
        return received
