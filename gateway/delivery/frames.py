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
LARGEST: Final = 1 << 30
"""Bytes of a frame that the gateway takes."""


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
        sent = stream.sendmsg(views)
        while views and sent >= views[0].nbytes:
            sent -= views.pop(0).nbytes
        if sent:
            views[0] = views[0][sent:]


class FrameReader:
    """The gateway's side: reads a frame when it is asked for one, and not before."""

    def __init__(self, stream: socket.socket) -> None:
        self._stream = stream
        self._loop = asyncio.get_running_loop()
        self._left = b""

    async def next(self) -> Frame:
        """The next frame.

        Raises:
            WorkerDied: the worker hung up before the end.
            DeliveryError: the worker's error, of its kind.
        """
        kind, rows, length = _HEAD.unpack(await self._take(_HEAD.size))
        if length > LARGEST:
            raise WorkerDied("the reading process sent something that is no answer")
        body = bytes(await self._take(length))
        if kind == Kind.ERROR:
            told = orjson.loads(body)
            raise ERRORS[told["code"]](told["message"], told["field"], told["row"])
        return Frame(kind, rows, body)

    async def drain(self) -> None:
        """Throw away what still comes, until the worker hangs up."""
        scratch = bytearray(_CHUNK)
        try:
            while await self._loop.sock_recv_into(self._stream, scratch):
                pass
        except OSError:
            pass

    async def _take(self, length: int) -> bytes | bytearray:
        if len(self._left) >= length:
            taken, self._left = self._left[:length], self._left[length:]
            return taken
        data = bytearray(length)
        have = len(self._left)
        data[:have] = self._left
        self._left = b""
        view = memoryview(data)
        while have < length:
            missing = length - have
            try:
                if missing >= _CHUNK:
                    count = await self._loop.sock_recv_into(self._stream, view[have:])
                else:
                    # Small frames come together: reading them one by one would wake up for each.
                    chunk = await self._loop.sock_recv(self._stream, _CHUNK)
                    count = len(chunk)
                    view[have : have + min(count, missing)] = chunk[:missing]
                    self._left = chunk[missing:]
            except OSError:
                count = 0
            if not count:
                raise WorkerDied("the process that reads the rows ended; ask again")
            have += count
        return data
