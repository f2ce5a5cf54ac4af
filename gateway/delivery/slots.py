"""Places for streams: so many at once, and a fair queue before them that has an end."""

import asyncio
from contextlib import suppress
from typing import Final

from gateway.delivery.errors import Busy

_FULL: Final = "too many fetches are under way; try again in a few seconds"


class Slots:
    """Places that are taken in the order in which they were asked for."""

    def __init__(self, places: int, waiting: int, seconds: float) -> None:
        self._free = asyncio.Semaphore(places)
        self._most, self._seconds = waiting, seconds
        self.waiting = 0

    async def take(self) -> None:
        """Take a place, when there is one.

        Raises:
            Busy: too many wait already, or none came free in time.
        """
        if self._free.locked() and self.waiting >= self._most:
            raise Busy(_FULL)
        self.waiting += 1
        try:
            # Not `wait_for`: before Python 3.12 it can lose a place that comes free as the caller is cancelled.
            async with asyncio.timeout(self._seconds):
                await self._free.acquire()
        except TimeoutError:
            raise Busy(_FULL) from None
        finally:
            self.waiting -= 1

    def release(self) -> None:
        """Give a place back."""
        self._free.release()


class Places:
    """Of files, and of PostgreSQL in all and per server: a dead server takes places from nobody but its own callers."""

    def __init__(self, files: int, servers: int, waiting: int, seconds: float) -> None:
        self._files = Slots(files, waiting, seconds)
        self._servers = Slots(servers, waiting, seconds)
        self._each: dict[str, tuple[Slots, int]] = {}
        self._per_server, self._waiting, self._seconds = max(1, servers // 2), waiting, seconds

    async def take(self, server: str | None) -> None:
        """A place for a stream from files (None) or from a server.

        Raises:
            Busy: there is none.
        """
        if server is None:
            await self._files.take()
            return
        slots, users = self._each.get(server) or (Slots(self._per_server, self._waiting, self._seconds), 0)
        self._each[server] = slots, users + 1
        taken = False
        try:
            await slots.take()
            taken = True
            await self._servers.take()
        except BaseException:
            if taken:
                slots.release()
            self._leave(server)
            raise

    def release(self, server: str | None) -> None:
        """Give back what `take` took."""
        if server is None:
            self._files.release()
            return
        self._servers.release()
        self._each[server][0].release()
        self._leave(server)

    def _leave(self, server: str) -> None:
        with suppress(KeyError):
            slots, users = self._each.pop(server)
            if users > 1:
                self._each[server] = slots, users - 1
