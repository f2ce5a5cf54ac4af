"""Where one request's time goes, and how often the policy is asked: the gateway's application, run in this process.

A child of the bench: `python -m bench.stages` reads requests from standard input and prints one line of JSON. They come
one after another and without a socket, so that every clock belongs to one request.
"""

import asyncio
import json
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import casbin
from neo4j._codec.packstream.v1 import Unpacker
from starlette.types import ASGIApp, Message, Scope

from gateway.app.worker import gateway_app
from gateway.graph import Graph
from gateway.identity import Authenticator
from gateway.plan import Planner
from gateway.plan.finish import Finish
from gateway.schema.answers import Answers
from gateway.schema.limits import Bounds

WARM: Final = 100
_SETTLED: Final = 1.0
_spent: dict[str, float] = {}
_open: set[str] = set()
_asked: Final = [0]


def _timed(stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def measured(*args: Any, **kwargs: Any) -> Any:
        if stage in _open:
            return function(*args, **kwargs)
        _open.add(stage)
        began = time.perf_counter()
        try:
            return function(*args, **kwargs)
        finally:
            _open.discard(stage)
            _spent[stage] = _spent.get(stage, 0.0) + time.perf_counter() - began

    return measured


def _awaited(stage: str, function: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def measured(*args: Any, **kwargs: Any) -> Any:
        began = time.perf_counter()
        try:
            return await function(*args, **kwargs)
        finally:
            _spent[stage] = _spent.get(stage, 0.0) + time.perf_counter() - began

    return measured


def _counted(function: Callable[..., Any]) -> Callable[..., Any]:
    def counting(*args: Any, **kwargs: Any) -> Any:
        _asked[0] += 1
        return function(*args, **kwargs)

    return counting


def _instrument() -> None:
    """Put clocks around the steps that design section 3 names. Nothing of this is in a gateway that serves."""
    for owner, name, stage, wrapped in (
        (Authenticator, "subject", "token", _awaited),
        (Planner, "_one", "planner", _awaited),
        (Graph, "read", "read", _awaited),
        (Unpacker, "unpack", "unpack", _timed),
        (Finish, "one", "shape", _timed),
        (Answers, "encoded", "write", _timed),
        (Bounds, "known", "parse", _timed),
        (Bounds, "nodes", "parse", _timed),
    ):
        setattr(owner, name, wrapped(stage, getattr(owner, name)))
    casbin.Enforcer.enforce_ex = _counted(casbin.Enforcer.enforce_ex)


class _Client:
    """Speaks ASGI to the application, within its lifespan."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._state: dict[str, Any] = {}
        self._events: asyncio.Queue[Message] = asyncio.Queue()
        self._told: asyncio.Queue[Message] = asyncio.Queue()

    async def start(self) -> None:
        scope: Scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": self._state}
        self._task = asyncio.ensure_future(self._app(scope, self._events.get, self._told.put))
        await self._events.put({"type": "lifespan.startup"})
        answer = await self._told.get()
        if answer["type"] != "lifespan.startup.complete":
            raise RuntimeError(str(answer))

    async def stop(self) -> None:
        await self._events.put({"type": "lifespan.shutdown"})
        await self._task

    async def post(self, body: bytes, headers: Mapping[str, str]) -> bytes:
        given = {"host": "127.0.0.1", "content-type": "application/json", "content-length": str(len(body)), **headers}
        scope: Scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": "/graphql",
            "raw_path": b"/graphql",
            "query_string": b"",
            "root_path": "",
            "headers": [(k.encode(), v.encode()) for k, v in given.items()],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 1),
            "state": dict(self._state),
        }
        parts: list[bytes] = []
        incoming: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> Message:
            if incoming:
                return incoming.pop()
            await asyncio.Event().wait()
            raise AssertionError("an event that nobody sets")

        async def send(message: Message) -> None:
            parts.append(message.get("body", b""))

        await self._app(scope, receive, send)
        return b"".join(parts)


def _stages(total: float) -> dict[str, float]:
    got = _spent.get
    found = {
        "token": got("token", 0.0),
        "parse": got("parse", 0.0),
        "plan": got("planner", 0.0) - got("read", 0.0) - got("shape", 0.0),
        "wait for Neo4j": got("read", 0.0) - got("unpack", 0.0),
        "unpack": got("unpack", 0.0),
        "shape": got("shape", 0.0),
        "write": got("write", 0.0),
    }
    return {**found, "the rest": total - sum(found.values()), "all": total}


async def _run(given: dict[str, Any]) -> dict[str, Any]:
    client = _Client(gateway_app())
    await client.start()
    found: dict[str, dict[str, float]] = {}
    for op, request in given.items():
        headers, bodies = request["headers"], [b.encode() for b in request["bodies"]]
        rows: list[dict[str, float]] = []
        for i in range(WARM + request["measured"]):
            _spent.clear()
            began = time.perf_counter()
            answer = await client.post(bodies[i % len(bodies)], headers)
            total = time.perf_counter() - began
            if b'"errors"' in answer:
                raise RuntimeError(answer[:500].decode())
            if i >= WARM:
                rows.append(_stages(total))
        found[op] = {stage: statistics.median(row[stage] for row in rows) * 1000 for stage in rows[0]}
    before = -1
    while before != _asked[0]:
        before = _asked[0]
        await asyncio.sleep(_SETTLED)
    await client.stop()
    return {"stages": found, "decisions": _asked[0]}


if __name__ == "__main__":
    _instrument()
    print(json.dumps(asyncio.run(_run(json.load(sys.stdin)))))
