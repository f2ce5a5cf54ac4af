"""The outermost layer: a request id, security headers, one log line and one count per request. Some 20 µs.

A WebSocket is one request too: its line is written when it ends. One that is not opened is answered like any request.
"""

import re
import secrets
import time
from hashlib import sha256
from typing import Any, Final

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.app.metrics import observe, sockets_open
from gateway.app.replies import Header

_log = structlog.get_logger("gateway.request")

WELL_FORMED: Final = re.compile(rb"[A-Za-z0-9._-]{8,64}")
"""Request ids that are taken over from the caller; others are replaced."""
CLIENT_GONE: Final = 499
"""The status that is logged when the caller hung up before an answer began."""
OPENED: Final = 101
"""The status of a WebSocket that was opened."""
SECURITY: Final[tuple[Header, ...]] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"content-security-policy", b"frame-ancestors 'none'; base-uri 'none'; object-src 'none'"),
)
_NO_STORE: Final = (b"cache-control", b"no-store")
_MAX_PATH: Final = 200


class Edge:
    """Wraps the whole application. Puts `request_id` into the request's state."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope["headers"])
        scope.setdefault("state", {})["request_id"] = request_id.decode()
        serve = self._request if scope["type"] == "http" else self._socket
        await serve(scope, receive, send, request_id)

    async def _request(self, scope: Scope, receive: Receive, send: Send, request_id: bytes) -> None:
        began, state, status = time.perf_counter(), scope["state"], CLIENT_GONE

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = _completed(message.get("headers", ()), request_id)
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            seconds = time.perf_counter() - began
            observe(scope["method"], scope["path"], status, seconds)
            _log.info(
                "request",
                request_id=state["request_id"],
                method=scope["method"],
                path=scope["path"][:_MAX_PATH],
                status=status,
                ms=round(seconds * 1000, 3),
                subject=_pseudonym(state),
            )

    async def _socket(self, scope: Scope, receive: Receive, send: Send, request_id: bytes) -> None:
        """One WebSocket. Whoever refuses it says so as to any request; the server wants that said in other words."""
        began, state, status, code = time.perf_counter(), scope["state"], CLIENT_GONE, None

        async def receiving() -> Message:
            nonlocal code
            message = await receive()
            if message["type"] == "websocket.disconnect":
                code = code or message.get("code")
            return message

        async def sending(message: Message) -> None:
            nonlocal status, code
            match message["type"]:
                case "websocket.accept":
                    status = OPENED
                    sockets_open.inc()
                    message["headers"] = [*message.get("headers", ()), (b"x-request-id", request_id)]
                case "websocket.close":
                    code = message["code"]
                case "http.response.start":
                    status = message["status"]
                    message["headers"] = _completed(message.get("headers", ()), request_id)
            kind = message["type"]
            await send({**message, "type": f"websocket.{kind}" if kind.startswith("http.") else kind})

        try:
            await self._app(scope, receiving, sending)
        finally:
            seconds = time.perf_counter() - began
            if status == OPENED:
                sockets_open.dec()
            else:
                observe("GET", scope["path"], status, seconds)
            _log.info(
                "socket",
                request_id=state["request_id"],
                path=scope["path"][:_MAX_PATH],
                status=status,
                code=code,
                ms=round(seconds * 1000, 3),
                subject=_pseudonym(state),
            )


def _request_id(headers: list[Header]) -> bytes:
    for name, value in headers:
        if name == b"x-request-id" and WELL_FORMED.fullmatch(value):
            return value
    return secrets.token_hex(16).encode()


def _completed(headers: Any, request_id: bytes) -> list[Header]:
    completed = [*headers, (b"x-request-id", request_id), *SECURITY]
    if not any(name == b"cache-control" for name, _ in headers):
        completed.append(_NO_STORE)
    return completed


def _pseudonym(state: dict[str, Any]) -> str | None:
    """Tells one caller's lines from another's without naming anybody."""
    subject = state.get("subject")
    return sha256(subject.id.encode()).hexdigest()[:12] if subject is not None and subject.id else None
