"""Rows and files on their way to the client, counted as they leave.

A stream that breaks ends without its end (RFC 9112, section 8), so that nobody takes a part for the whole.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from contextlib import aclosing
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl, quote, urlencode

import structlog
from starlette.requests import Request
from starlette.types import Send

from gateway.app import metrics
from gateway.app.ranges import Span, Unsatisfiable, span_of
from gateway.app.replies import Code, Header
from gateway.delivery import DeliveryError, OpenFile, SourceChanged
from gateway.fetching import Desk, Handout, Wanted
from gateway.graph import GraphUnavailable

_log = structlog.get_logger("gateway.data")

GONE: Final = "CLIENT_GONE"
"""Why a fetch ended whose caller hung up."""
NOT_MODIFIED: Final = "NOT_MODIFIED"
"""Why nothing left: the caller has it already."""
_CHUNK: Final = 256 * 1024

T = TypeVar("T")
Unread = Callable[[DeliveryError], Awaitable[None]]
"""Answers that there is nothing to read, as long as no answer has begun."""


class _Gone(Exception):
    """The client has hung up."""


async def hand_out(
    desk: Desk, request: Request, wanted: Wanted, handout: Handout, send: Send, unread: Unread
) -> str | None:
    """Let it leave. Why not all of it has; None where it has."""
    if _has_it(request, handout):
        await _start(send, 304, handout)
        await send({"type": "http.response.body"})
        return NOT_MODIFIED
    gone = asyncio.create_task(_hung_up(request), name="data-hung-up")
    sending = _Sending(handout, send, gone)
    try:
        if handout.file is not None:
            await _file(desk, request, handout.file, sending)
        elif wanted.limit is not None:
            await _page(desk, request, wanted, sending)
        else:
            await _stream(desk, sending)
    except _Gone:
        return GONE
    except GraphUnavailable:
        if not sending.begun:
            raise
        return Code.UNAVAILABLE
    except DeliveryError as problem:
        if sending.begun:
            metrics.streams_broken.inc()
            _log.warning("a stream broke", fetch=handout.event.id, code=problem.code)
        else:
            await unread(problem)
        return problem.code
    else:
        return None
    finally:
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)


class _Sending:
    """An answer that leaves, as long as somebody is there to take it."""

    def __init__(self, handout: Handout, send: Send, gone: "asyncio.Task[None]") -> None:
        self.handout = handout
        self.begun = False
        self._send = send
        self._gone = gone

    async def start(self, status: int, more: Iterable[Header] = ()) -> None:
        self.begun = True
        await _start(self._send, status, self.handout, more)

    async def body(self, data: bytes, *, more: bool = True) -> None:
        await self.unless_gone(_sent(self._send, data, more=more))

    async def unless_gone(self, work: Coroutine[Any, Any, T]) -> T:
        """The outcome of some work, which ends when the client hangs up.

        Raises:
            _Gone: they have.
        """
        task = asyncio.ensure_future(work)
        try:
            await asyncio.wait({task, self._gone}, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
        finally:
            if not task.done():
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        raise _Gone


async def _stream(desk: Desk, sending: _Sending) -> None:
    async with aclosing(desk.pieces(sending.handout)) as pieces:
        while (piece := await sending.unless_gone(_next_of(pieces))) is not None:
            if not sending.begun:
                await sending.start(200)
            await sending.body(piece)
    if not sending.begun:
        await sending.start(200)
    await sending.body(b"", more=False)


async def _page(desk: Desk, request: Request, wanted: Wanted, sending: _Sending) -> None:
    """All of a page at once, with where the next one is."""
    data, handout = bytearray(), sending.handout
    async with aclosing(desk.pieces(handout)) as pieces:
        while (piece := await sending.unless_gone(_next_of(pieces))) is not None:
            data += piece
    more: list[Header] = [(b"content-length", b"%d" % len(data)), (b"row-count", b"%d" % handout.sent)]
    if handout.sent == wanted.limit:
        after = handout.following(handout.sent)
        more.append((b"cursor", after.encode("ascii")))
        if request.method == "GET":
            more.append((b"link", f'<{_address(request, after)}>; rel="next"'.encode("ascii")))
    await sending.start(200, more)
    await sending.body(bytes(data), more=False)


async def _file(desk: Desk, request: Request, file: OpenFile, sending: _Sending) -> None:
    header = request.headers.get("range")
    condition = request.headers.get("if-range")
    try:
        span = span_of(header, file.size) if condition in (None, sending.handout.etag) else None
    except Unsatisfiable:
        await sending.start(416, [(b"content-range", b"bytes */%d" % file.size), (b"content-length", b"0")])
        await sending.body(b"", more=False)
        return
    part = span or Span(0, file.size)
    more: list[Header] = [(b"content-length", b"%d" % part.length), (b"accept-ranges", b"bytes")]
    if span is not None:
        more.append((b"content-range", b"bytes %d-%d/%d" % (part.start, part.stop - 1, file.size)))
    at = part.start
    while at < part.stop:
        data = await asyncio.to_thread(os.pread, file.descriptor, min(_CHUNK, part.stop - at), at)
        file.check()
        await desk.check(sending.handout)
        if not data:
            raise SourceChanged("the file was cut while it was read; ask again")
        if not sending.begun:
            await sending.start(200 if span is None else 206, more)
        at += len(data)
        await sending.body(data, more=at < part.stop)
        sending.handout.size += len(data)
    if not sending.begun:
        await sending.start(200, more)
        await sending.body(b"", more=False)


def _headers(handout: Handout) -> list[Header]:
    found = [
        (b"content-type", handout.content_type.encode("ascii")),
        (b"cache-control", b"private, no-cache"),
        (b"vary", b"accept, authorization"),
        (b"dataset-version", b"%d" % handout.admitted.version),
    ]
    if handout.etag:
        found.append((b"etag", handout.etag.encode("ascii")))
    if handout.order:
        found.append((b"row-order", quote(handout.order, safe=",() -._~").encode("ascii")))
    return found


async def _start(send: Send, status: int, handout: Handout, more: Iterable[Header] = ()) -> None:
    await send({"type": "http.response.start", "status": status, "headers": [*_headers(handout), *more]})


async def _sent(send: Send, data: bytes, *, more: bool) -> None:
    await send({"type": "http.response.body", "body": data, "more_body": more})


async def _next_of(pieces: Any) -> bytes | None:
    found: bytes | None = await anext(pieces, None)
    return found


async def _hung_up(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _has_it(request: Request, handout: Handout) -> bool:
    """Whether the caller has what would leave (RFC 9110, section 13.1.2)."""
    known = request.headers.get("if-none-match", "")
    return bool(handout.etag) and handout.etag in [one.strip().removeprefix("W/") for one in known.split(",")]


def _address(request: Request, after: str) -> str:
    """The address of the next page, below the gateway's own."""
    kept = [pair for pair in parse_qsl(request.url.query, keep_blank_values=True) if pair[0] != "after"]
    return f"{quote(request.scope['path'])}?{urlencode([*kept, ('after', after)])}"
