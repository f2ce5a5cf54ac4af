"""Refused sign-ins, in the log as counts: one event for the first, then at most one a minute."""

import asyncio
import logging
from collections import Counter
from datetime import datetime
from types import TracebackType
from typing import Final, Self

from gateway.audit.errors import LogUnavailable
from gateway.audit.event import GATEWAY, Cause, now
from gateway.audit.kinds import TokensRefused
from gateway.audit.recorder import Recorder
from gateway.graph.times import instant
from gateway.policy.store import PolicyStore

_log: Final = logging.getLogger(__name__)

INTERVAL: Final = 60.0
"""Seconds between two events. What is counted when a gateway is killed is lost with it."""


class SignIns:
    """Counts for as long as the application runs."""

    def __init__(self, recorder: Recorder, policy: PolicyStore) -> None:
        self._recorder = recorder
        self._policy = policy
        self._reasons: Counter[str] = Counter()
        self._since: datetime | None = None
        self._first = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def refused(self, reason: str) -> None:
        """Count a token that was no good; `reason` is what its bearer was told."""
        self._since = self._since or now()
        self._reasons[reason] += 1
        self._first.set()

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name="sign-ins")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._record()

    async def _run(self) -> None:
        while True:
            await self._first.wait()
            await self._record()
            await asyncio.sleep(INTERVAL)

    async def _record(self) -> None:
        if self._since is None:
            return
        reasons, since = self._reasons, self._since
        self._reasons, self._since = Counter(), None
        self._first.clear()
        event = TokensRefused(
            cause=Cause(GATEWAY, self._policy.current.digest),
            count=reasons.total(),
            since=instant(since),
            reasons=dict(reasons),
        )
        try:
            await self._recorder.record(event)
        except LogUnavailable as problem:
            self._reasons.update(reasons)
            self._since = since
            _log.warning("refused sign-ins are counted on: %s", problem)
