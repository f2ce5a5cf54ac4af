"""Where one request's time goes, and how often the policy is asked. Runs the gateway's application in this process.

Run as a child on a world's state directory: `python -m bench.stages URL_FREE_INPUT.json`; prints one line of JSON.
Requests come one after another, without a socket, so that each clock belongs to one request.
"""

import asyncio
import json
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import casbin
from neo4j._codec.packstream.v1 import Unpacker
from starlette.types import ASGIApp

from gateway.app.worker import gateway_app
from gateway.graph import Graph
from gateway.identity import Authenticator
from gateway.plan.finish import Finish
from gateway.schema.http import View
from gateway.schema.limits import Bounds

WARM: Final = 50
MEASURED: Final = 300
STAGES: Final = ("token", "parse", "neo4j", "unpack", "shape", "write")
_spent: dict[str, float] = dict.fromkeys(STAGES, 0.0)
_asked = 0


def _timed(stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def measured(*args: Any, **kwargs: Any) -> Any:
        began = time.perf_counter()
        try:
            return function(*args, **kwargs)
        finally:
            _spent[stage] += time.perf_counter() - began

    return measured


def _awaited(stage: str, function: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def measured(*args: Any, **kwargs: Any) -> Any:
        began = time.perf_counter()
        try:
            return await function(*args, **kwargs)
        finally:
            _spent[stage] += time.perf_counter() - began

    return measured


def _counted(function: Callable[..., Any]) -> Callable[..., Any]:
    def counting(*args: Any, **kwargs: Any) -> Any:
        global _asked
        _asked += 1
        return function(*args, **kwargs)

    return counting


def _instrument() -> None:
    for owner, name, stage in (
        (Bounds, "known", "parse"),
        (Bounds, "nodes", "parse"),
        (Unpacker, "unpack", "unpack"),
        (Finish, "one", "shape"),
        (View, "encode_json", "write"),
    ):
        if name != "known":
            setattr(owner, name, _timed(stage, getattr(owner, name)))
    setattr(Graph, "read", _awaited("neo4j", Graph.read))
    setattr(Authenticator, "subject", _awaited("token", Authenticator.subject))
    casbin.Enforcer.enforce_ex = _counted(casbin.Enforcer.enforce_ex)
