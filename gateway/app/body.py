"""The limit of a request's body. The body is complete before anything reads it, so nothing behind can see more."""

import asyncio
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.app.replies import CLOSE, Code, refuse

DRAINED: Final = 32_000_000
"""Bytes of a body too large that are still read and dropped, so that the caller is there to read the refusal."""
_PATIENCE: Final = 5.0


class BodyLimit:
    """Refuses bodies over `limit` bytes with 413, whether their length is announced or not; too slow ones with 408."""

    patience = 30.0
    """Seconds that the whole body may take."""

    def __init__(self, app: ASGIApp, limit: int, setting: str = "GATEWAY_MAX_BODY_BYTES") -> None:
        self._app = app
        self._limit = limit
        self._setting = setting

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced, chunked = _announcement(scope)
        if announced == 0 and not chunked:
            await self._app(scope, receive, send)
            return
        body, more = bytearray(), True
        try:
            async with asyncio.timeout(self.patience):
                while more and max(announced, len(body)) <= self._limit:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return
                    body += message.get("body", b"")
                    more = message.get("more_body", False)
        except TimeoutError:
            await refuse(send, 408, Code.BODY_TOO_SLOW, f"the body did not come within {self.patience:g} s", [CLOSE])
            return
        if max(announced, len(body)) > self._limit:
            if more and announced <= DRAINED:
                await _drain(receive)
            text = f"the body is larger than {self._limit} bytes ({self._setting})"
            await refuse(send, 413, Code.BODY_TOO_LARGE, text, [CLOSE], limit=self._limit)
            return
        await self._app(scope, _replay(bytes(body), receive), send)


def _announcement(scope: Scope) -> tuple[int, bool]:
    """The announced length (0 without one), and whether the body comes in chunks. The server checked both."""
    length, chunked = 0, False
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            length = int(value[:19])
        elif name == b"transfer-encoding":
            chunked = True
    return length, chunked


def _replay(body: bytes, receive: Receive) -> Receive:
    """A channel that gives the whole body at once, and afterwards what the server says (that the caller left)."""
    given = False

    async def replaying() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replaying


async def _drain(receive: Receive) -> None:
    dropped = 0
    try:
        async with asyncio.timeout(_PATIENCE):
            while dropped < DRAINED:
                message = await receive()
                dropped += len(message.get("body", b""))
                if message["type"] == "http.disconnect" or not message.get("more_body", False):
                    return
    except TimeoutError:
        return
