"""What looks at the graph again and again, for as long as a gateway runs."""

import asyncio
import logging
from contextlib import suppress
from types import TracebackType
from typing import ClassVar, Final, Self

from gateway.audit.errors import LogUnavailable
from gateway.graph import GraphError

_log: Final = logging.getLogger(__name__)


class Watching:
    """Looks, and looks again. When graph or log are away, it looks later."""

    seconds: ClassVar[float]
    """How long it waits in between."""
    _task: asyncio.Task[None] | None = None

    async def look(self) -> None:
        """Do what is to be done now."""
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        """Begin to watch."""
        self._task = asyncio.create_task(self._watch(), name=type(self).__name__)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop watching."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _watch(self) -> None:
        while True:
            try:
                await self.look()
            except (GraphError, LogUnavailable) as problem:
                _log.warning("%s look again later: %s", type(self).__name__, problem)
            await asyncio.sleep(self.seconds)
