"""The operator at a running graph: what a command needs to make a change that is logged like any other."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from gateway.audit.event import OPERATOR, Cause
from gateway.audit.ledger import Denied, Ledger
from gateway.audit.outbox import Outbox
from gateway.audit.recorder import Recorder
from gateway.cli._console import fail, fetching
from gateway.graph import Graph, running_graph
from gateway.policy.store import PolicyStore
from gateway.settings import Settings


@dataclass(frozen=True, slots=True)
class Desk:
    """An open graph, its ledger, and why things happen: the operator wants them."""

    graph: Graph
    ledger: Ledger
    cause: Cause
    key: str = field(default_factory=secrets.token_hex)
    """The idempotency key of this command."""


def at_desk(settings: Settings, work: Callable[[Desk], Awaitable[Mapping[str, Any]]]) -> Mapping[str, Any]:
    """Do some work, and end the command with what was refused."""

    async def run() -> Mapping[str, Any]:
        async with _open(settings) as desk:
            return await work(desk)

    try:
        return asyncio.run(run())
    except Denied as denied:
        fail(f"{denied}.")


@asynccontextmanager
async def _open(settings: Settings) -> AsyncIterator[Desk]:
    with fetching() as jars:
        async with (
            running_graph(settings, jars) as graph,
            Recorder(settings.state, settings.log_origin) as recorder,
            Outbox(graph, recorder) as outbox,
        ):
            cause = Cause(OPERATOR, PolicyStore(settings.policy_dir).current.digest)
            yield Desk(graph, Ledger(graph, recorder, outbox), cause)
