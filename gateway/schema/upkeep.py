"""What a process keeps fresh between requests."""

import asyncio
import time
from typing import Final

from gateway.classes import CLASSES, class_label
from gateway.graph import Graph, GraphUnavailable
from gateway.identity import Profile
from gateway.plan import Planner
from gateway.policy.store import PolicyStore
from gateway.vocabulary import Role

UPKEEP_SECONDS: Final = 2.0
"""How often a changed policy file is looked for, at most."""


class Upkeep:
    """The policy, and the rough size of each access class."""

    def __init__(self, graph: Graph, policy: PolicyStore, planner: Planner) -> None:
        self._graph, self._policy, self._planner = graph, policy, planner
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
            await asyncio.to_thread(self._policy.refresh)
            self._planner.class_counts = await self._graph.read(self._count, {})
        except GraphUnavailable:
            # The last counts only choose between two ways to the same answer.
            return
