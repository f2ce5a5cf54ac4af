"""Whether the process lives, and whether it can answer queries."""

import asyncio
import time
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.app.replies import RETRY_AFTER
from gateway.graph import Graph

_PATIENCE: Final = 2.0
_REMEMBERED: Final = 0.5
"""Seconds that one answer of Neo4j is good for: probes must not become load."""


class Health:
    """The two probes. `graph` is set when the application starts."""

    def __init__(self) -> None:
        self.graph: Graph | None = None
        self._asked = float("-inf")
        self._ready = False

    async def alive(self, _request: Request) -> Response:
        """`/healthz`: 200 as long as the process serves. Restart it when not."""
        return JSONResponse({"alive": True})

    async def ready(self, _request: Request) -> Response:
        """`/readyz`: 200 when Neo4j answers, else 503. Send no queries while not."""
        if time.monotonic() - self._asked > _REMEMBERED:
            self._ready = await self._graph_answers()
            self._asked = time.monotonic()
        if self._ready:
            return JSONResponse({"ready": True})
        name, value = RETRY_AFTER
        return JSONResponse(
            {"ready": False, "reason": "Neo4j does not answer"}, 503, headers={name.decode(): value.decode()}
        )

    async def _graph_answers(self) -> bool:
        if self.graph is None:
            return False
        try:
            async with asyncio.timeout(_PATIENCE):
                return await self.graph.available()
        except TimeoutError:
            return False
