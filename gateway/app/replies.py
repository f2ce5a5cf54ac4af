"""The short answers that the application gives by itself, in the shape that GraphQL clients read."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, Final

import orjson
from starlette.types import Send

RETRY_AFTER: Final = (b"retry-after", b"5")
"""Goes with every 503: seconds after which asking again makes sense."""
CLOSE: Final = (b"connection", b"close")

Header = tuple[bytes, bytes]


class Code(StrEnum):
    """Stable codes of refusals outside GraphQL, as `extensions.code`."""

    BAD_REQUEST = "BAD_REQUEST"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    NOT_FOUND = "NOT_FOUND"
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
    NOT_ACCEPTABLE = "NOT_ACCEPTABLE"
    TOO_MANY = "TOO_MANY"
    MISDIRECTED = "MISDIRECTED"
    FOREIGN_ORIGIN = "FOREIGN_ORIGIN"
    LIMIT_SOCKETS = "LIMIT_SOCKETS"
    BODY_TOO_LARGE = "BODY_TOO_LARGE"
    BODY_TOO_SLOW = "BODY_TOO_SLOW"
    INTERNAL = "INTERNAL"
    UNAVAILABLE = "UNAVAILABLE"
    LOG_UNAVAILABLE = "LOG_UNAVAILABLE"
    TIMEOUT = "TIMEOUT"


async def reply(send: Send, status: int, body: Any, headers: Iterable[Header] = ()) -> None:
    """Send `body` as JSON."""
    content = orjson.dumps(body)
    sent = [(b"content-type", b"application/json; charset=utf-8"), (b"content-length", b"%d" % len(content)), *headers]
    await send({"type": "http.response.start", "status": status, "headers": sent})
    await send({"type": "http.response.body", "body": content})


async def refuse(send: Send, status: int, code: str, message: str, headers: Iterable[Header] = (), **more: Any) -> None:
    """Send a GraphQL error: what was wrong, its code, and `more` of what the reader needs to act."""
    error = {"message": message, "extensions": {"code": code, **more}}
    await reply(send, status, {"errors": [error]}, headers)
