"""`/log/`: the public files of the log, after c2sp.org/tlog-tiles, and the verifier key beside them."""

import asyncio
from typing import Final

from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.audit.published import CHECKPOINT, KEY, Published
from gateway.audit.tlog import BadFormat
from gateway.audit.tlog.tiles import Tile

_FOR_GOOD: Final = "public, max-age=31536000, immutable"
_ALWAYS_ASK: Final = "no-cache"
_TEXT: Final = "text/plain; charset=utf-8"
_BYTES: Final = "application/octet-stream"


def log_files(published: Published) -> ASGIApp:
    """The files as an application; larger ones are compressed for whoever takes it."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        response = await _answer(published, request.method, request.path_params["path"])
        await response(scope, receive, send)

    return GZipMiddleware(app, minimum_size=1_000)


async def _answer(published: Published, method: str, path: str) -> Response:
    if method not in ("GET", "HEAD"):
        return Response(status_code=405, headers={"allow": "GET, HEAD"})
    try:
        if path in (CHECKPOINT, KEY):
            data = await asyncio.to_thread((published.folder / path).read_bytes)
            return Response(data, media_type=_TEXT, headers={"cache-control": _ALWAYS_ASK})
        data = await asyncio.to_thread(published.read, Tile.parse(path))
        return Response(data, media_type=_BYTES, headers={"cache-control": _FOR_GOOD})
    except (BadFormat, FileNotFoundError):
        return Response("there is no such file in the log\n", 404, media_type=_TEXT)
