"""The Host header must name this gateway: a page of a stranger's that rebinds its name to our address gets nothing."""

from collections.abc import Iterable
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.app.replies import Code, refuse

LOOPBACK: Final = ("localhost", "127.0.0.1", "[::1]")
PROBES: Final = frozenset({"/healthz", "/readyz"})
"""Asked by address, by whoever keeps the gateway running; they say nothing worth protecting."""


class HostCheck:
    """Lets through what is addressed to one of `allowed`: exact names, `*.` and a parent, or `*` for any."""

    def __init__(self, app: ASGIApp, allowed: Iterable[str]) -> None:
        names = {name.lower() for name in allowed}
        self._app = app
        self._any = "*" in names
        self._exact = {name.encode() for name in names}
        self._suffixes = tuple(name[1:].encode() for name in names if name.startswith("*."))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "lifespan" or self._any or scope["path"] in PROBES:
            await self._app(scope, receive, send)
            return
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        if len(hosts) != 1:
            await refuse(send, 400, Code.BAD_REQUEST, "exactly one Host header is needed")
        elif not self._fits(hosts[0].lower()):
            message = "this gateway does not serve that host; GATEWAY_ALLOWED_HOSTS lists those that it does"
            await refuse(send, 421, Code.MISDIRECTED, message)
        else:
            await self._app(scope, receive, send)

    def _fits(self, host: bytes) -> bool:
        name, colon, port = host.rpartition(b":")
        if not colon or not port.isdigit():
            name = host
        return name in self._exact or bool(self._suffixes and name.endswith(self._suffixes))
