"""The application on a real port, with a graph that says what the test wants."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Self, cast

import httpx
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.app import create_app
from gateway.graph import Graph
from gateway.settings import Settings


class ScriptedGraph:
    """Stands in for Neo4j: `answer` is what a read gives or raises, `people` what (iss, sub) resolves to."""

    def __init__(self, people: Mapping[tuple[str, str], Any] | None = None) -> None:
        self.people = dict(people or {})
        self.failure: Exception | None = None
        self.reads = 0

    async def read(self, statement: str, parameters: Mapping[str, Any]) -> Any:
        """One person, or the failure."""
        self.reads += 1
        if self.failure is not None:
            raise self.failure
        return self.people.get((parameters.get("iss"), parameters.get("sub")))

    async def available(self) -> bool:
        """Whether reads would work."""
        return self.failure is None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None


class Endpoint:
    """Stands in for GraphQL: answers with who asked and how much was sent, or raises `failure`."""

    def __init__(self) -> None:
        self.failure: Exception | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if self.failure is not None:
            raise self.failure
        message = await receive()
        subject = scope["state"]["subject"]
        body = f"{subject.id or 'public'} {','.join(sorted(subject.profile.roles))} {len(message['body'])}".encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
        await send({"type": "http.response.body", "body": body})


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the test runner's."""
        yield


@asynccontextmanager
async def serving(app: ASGIApp) -> AsyncIterator[httpx.AsyncClient]:
    """Serve `app` on a free port of loopback, for a client of its own."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        config = uvicorn.Config(
            app, log_config=None, access_log=False, ws="websockets-sansio", timeout_graceful_shutdown=2
        )
        server = _Server(config)
        task = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:
            assert not task.done(), task.exception()
            await asyncio.sleep(0.01)
        try:
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:
                yield client
        finally:
            server.should_exit = True
            await task


@asynccontextmanager
async def gateway(
    settings: Settings, graph: ScriptedGraph | None = None, endpoint: ASGIApp | None = None
) -> AsyncIterator[httpx.AsyncClient]:
    """The whole application around `endpoint`, as a client sees it."""
    known, answering = graph or ScriptedGraph(), endpoint or Endpoint()
    async with serving(create_app(settings, lambda *_: answering, connect=lambda _: cast(Graph, known))) as client:
        yield client
