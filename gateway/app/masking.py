"""Errors that nobody expected leave as an id, not as a trace; a graph that is away leaves as 503, to be tried again."""

from contextlib import suppress
from typing import Final

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.app.replies import RETRY_AFTER, Code, refuse
from gateway.graph import GraphTimeout, GraphUnavailable
from gateway.identity import KeysUnavailable

INTERNAL: Final = 1011
"""How a socket is closed for a mistake of ours (RFC 6455)."""

_log = structlog.get_logger("gateway.error")


class Masking:
    """Turns exceptions into answers, as long as no answer has begun."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except Exception as error:  # the last layer before the server: whatever it is, mask it
            _log.error("failed", request_id=scope["state"]["request_id"], exc_info=error)
            if begun and scope["type"] == "http":
                raise
            if begun:
                with suppress(OSError, RuntimeError):  # the socket may be closed already
                    await send({"type": "websocket.close", "code": INTERNAL, "reason": "something went wrong here"})
            else:
                await _answer(send, scope["state"]["request_id"], error)


async def _answer(send: Send, request_id: str, error: Exception) -> None:
    match error:
        case GraphUnavailable() | KeysUnavailable():
            message = "a service that the gateway needs is away; try again in some seconds"
            await refuse(send, 503, Code.UNAVAILABLE, message, [RETRY_AFTER])
        case GraphTimeout():
            await refuse(send, 504, Code.TIMEOUT, str(error))
        case _:
            message = f"something went wrong here; the operator finds it as {request_id}"
            await refuse(send, 500, Code.INTERNAL, message, id=request_id)
