"""Errors that nobody expected leave as an id, not as a trace; a graph that is away leaves as 503, to be tried again."""

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.app.replies import RETRY_AFTER, Code, refuse
from gateway.graph import GraphTimeout, GraphUnavailable
from gateway.identity import KeysUnavailable

_log = structlog.get_logger("gateway.error")


class Masking:
    """Turns exceptions into answers, as long as no answer has begun."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except (GraphUnavailable, KeysUnavailable) as error:
            self._log(scope, error)
            if begun:
                raise
            message = "a service that the gateway needs is away; try again in some seconds"
            await refuse(send, 503, Code.UNAVAILABLE, message, [RETRY_AFTER])
        except GraphTimeout as error:
            self._log(scope, error)
            if begun:
                raise
            await refuse(send, 504, Code.TIMEOUT, str(error))
        except Exception as error:  # the last layer before the server: whatever it is, mask it
            self._log(scope, error)
            if begun:
                raise
            request_id = scope["state"]["request_id"]
            message = f"something went wrong here; the operator finds it as {request_id}"
            await refuse(send, 500, Code.INTERNAL, message, id=request_id)

    def _log(self, scope: Scope, error: Exception) -> None:
        _log.error("failed", request_id=scope["state"]["request_id"], exc_info=error)
