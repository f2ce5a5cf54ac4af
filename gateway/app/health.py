"""Whether the process lives, and whether it can answer queries."""

import asyncio
import time
from contextlib import suppress
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.app import metrics
from gateway.app.replies import RETRY_AFTER
from gateway.audit.recorder import Recorder
from gateway.graph import Graph, GraphError
from gateway.notices import waiting_notices

_PATIENCE: Final = 2.0
_REMEMBERED: Final = 0.5
"""Seconds that one answer of Neo4j is good for: probes must not become load."""


class Health:
    """The two probes. `graph` and `recorder` are set when the application starts."""

    def __init__(self) -> None:
        self.graph: Graph | None = None
        self.recorder: Recorder | None = None
        self._asked = float("-inf")
        self._ready = False

    async def alive(self, _request: Request) -> Response:
        """`/healthz`: 200 as long as the process serves. Restart it when not."""
        return JSONResponse({"alive": True})

    async def ready(self, _request: Request) -> Response:
        """`/readyz`: 200 when Neo4j answers, else 503. Send no queries while not.

        `changes` says whether changes are taken too: they are not while the log cannot be written.
        """
        if time.monotonic() - self._asked > _REMEMBERED:
            self._ready = await self._graph_answers()
            self._asked = time.monotonic()
        if self._ready:
            problem = self._log_problem()
            if problem is None:
                return JSONResponse({"ready": True, "changes": True})
            return JSONResponse({"ready": True, "changes": False, "reason": f"the log cannot be written: {problem}"})
        name, value = RETRY_AFTER
        return JSONResponse(
            {"ready": False, "reason": "Neo4j does not answer"}, 503, headers={name.decode(): value.decode()}
        )

    async def figures(self, request: Request) -> Response:
        """`/metrics`, with whether the log can be written, and how many notices wait, as it is now."""
        metrics.log_writable.set(self._log_problem() is None)
        if self.graph is not None:
            with suppress(GraphError, TimeoutError):
                async with asyncio.timeout(_PATIENCE):
                    metrics.notices_waiting.set(await waiting_notices(self.graph))
        return await metrics.metrics(request)

    def _log_problem(self) -> str | None:
        return None if self.recorder is None else self.recorder.problem

    async def _graph_answers(self) -> bool:
        if self.graph is None:
            return False
        try:
            async with asyncio.timeout(_PATIENCE):
                return await self.graph.available()
        except TimeoutError:
            return False
