"""What a process keeps fresh between requests."""

import asyncio
import logging
import time
from typing import Final

from gateway.audit.errors import LogUnavailable
from gateway.audit.event import GATEWAY, Cause
from gateway.audit.kinds import PolicyLoaded, PolicyRefused
from gateway.audit.recorder import Recorder
from gateway.classes import CLASSES, class_label
from gateway.graph import Graph, GraphUnavailable
from gateway.identity import Profile
from gateway.plan import Planner
from gateway.policy.store import PolicyStore
from gateway.vocabulary import Role

_log: Final = logging.getLogger(__name__)

UPKEEP_SECONDS: Final = 2.0
"""How often a changed policy file is looked for, at most."""


class Upkeep:
    """The policy, and the rough size of each access class."""

    def __init__(self, graph: Graph, policy: PolicyStore, planner: Planner, recorder: Recorder) -> None:
        self._graph, self._policy, self._planner, self._recorder = graph, policy, planner, recorder
        self._due = 0.0
        self._task: asyncio.Task[None] | None = None
        counts = ", ".join(f"{key}: COUNT {{ (:{class_label(key)}) }}" for key in CLASSES)
        self._count = f"RETURN {{{counts}}} AS r"

    def warm(self) -> None:
        """Makes the tables of the usual profiles in the background, so that nobody's first request waits for them."""
        self._task = asyncio.get_running_loop().create_task(self._first())

    async def _first(self) -> None:
        for role in Role:
            await asyncio.to_thread(self._policy.table_for, Profile(frozenset({role})))
        await self._round()

    def nudge(self) -> None:
        """Starts a round in the background when one is due."""
        if time.monotonic() < self._due or (self._task is not None and not self._task.done()):
            return
        self._due = time.monotonic() + UPKEEP_SECONDS
        self._task = asyncio.get_running_loop().create_task(self._round())

    async def _round(self) -> None:
        try:
            await self._refresh()
            self._planner.class_counts = await self._graph.read(self._count, {})
        except GraphUnavailable:
            # The last counts only choose between two ways to the same answer.
            return

    async def _refresh(self) -> None:
        """Looks for a changed policy. Of several processes, the one that writes the log says so in it."""
        before = self._policy.current.digest
        if not await asyncio.to_thread(self._policy.refresh) or not self._recorder.writes:
            return
        cause = Cause(GATEWAY, self._policy.current.digest)
        try:
            if self._policy.problems:
                await self._recorder.record(PolicyRefused(cause=cause, faults=len(self._policy.problems)))
            elif cause.policy != before:
                await self._recorder.record(PolicyLoaded(cause=cause, before=before))
        except LogUnavailable as problem:
            _log.error("a policy was reloaded without a record of it: %s", problem)
