"""The door of WebSockets: whose pages may open one, and how many there may be.

A browser lets any page open one to anywhere, and says only by the Origin header whose page it is. There is no header to
ask for leave first, as there is for requests with JSON.
"""

from collections.abc import Iterable
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.app.replies import RETRY_AFTER, Code, refuse

_SCHEMES: Final = (b"http", b"https")


class SocketDoor:
    """Lets through sockets of no page, of our own address, and of `origins` (`*`: of any); at most `most` at once."""

    def __init__(self, app: ASGIApp, origins: Iterable[str], most: int) -> None:
        self._app = app
        self._origins = {origin.lower().encode() for origin in origins}
        self._most = most
        self._open = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one socket."""
        if not self._fits(scope["headers"]):
            message = "pages of that origin may not open a WebSocket here; GATEWAY_SOCKET_ORIGINS lists those that may"
            await refuse(send, 403, Code.FOREIGN_ORIGIN, message)
            return
        if self._open >= self._most:
            message = f"{self._most} WebSockets are open, and there can be no more (GATEWAY_MAX_SOCKETS)"
            await refuse(send, 503, Code.LIMIT_SOCKETS, message, [RETRY_AFTER], most=self._most)
            return
        self._open += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._open -= 1

    def _fits(self, headers: list[tuple[bytes, bytes]]) -> bool:
        origins = [value.lower() for name, value in headers if name == b"origin"]
        if not origins or b"*" in self._origins:
            return True
        if len(origins) > 1:
            return False
        scheme, _, host = origins[0].partition(b"://")
        # The scheme is not compared: behind a proxy that ends TLS it is another one here.
        own = scheme in _SCHEMES and any(name == b"host" and value.lower() == host for name, value in headers)
        return own or origins[0] in self._origins
