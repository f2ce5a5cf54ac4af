"""Reading a source once, to see what is there: before it is connected, and whenever it is checked."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from gateway.audit.ledger import Denied
from gateway.delivery import BadValue, ColumnType, DeliveryError, Engine, SourceGone, SourceSlow, open_file
from gateway.sources.comparison import UNREADABLE, Comparison, compare
from gateway.sources.entries import Entry, unconnected
from gateway.sources.places import Sources
from gateway.sources.stated import Delivered, Stated

_OF_THE_SOURCE: Final = (SourceGone, SourceSlow, BadValue, ColumnType)
"""What is the matter with a source, and not with the gateway."""


@dataclass(frozen=True, slots=True)
class Trying:
    """Reads sources for a comparison. Not within a transaction, which may run more than once."""

    engine: Engine
    sources: Sources

    async def stated(self, entry: Entry, stated: Stated) -> Comparison | Denied:
        """How what is stated of a source differs from its entry, or why it cannot be one."""
        for code, text, path in stated.faults(entry.code):
            return Denied(code, text, path=path, target=entry.identifier, about=entry.about)
        try:
            compared = await compare(self.engine, self.sources.of(stated.properties), entry.fields)
            await self._look_at(stated.documents if isinstance(stated, Delivered) else ())
        except DeliveryError as problem:
            return _unread(entry, problem)
        return compared

    async def connected(self, entry: Entry) -> Comparison | Denied:
        """How what is connected differs from its entry by now: that it cannot be read is a difference too.

        Returns:
            Or why it cannot be told: it is not connected, or the gateway cannot read now.
        """
        if entry.source is None:
            return unconnected(entry)
        try:
            compared = await compare(self.engine, self.sources.of(entry.source), entry.fields)
            await self._look_at(entry.source.get("documents") or ())
        except _OF_THE_SOURCE:
            return UNREADABLE
        except DeliveryError as problem:
            return _unread(entry, problem)
        return compared

    async def _look_at(self, documents: Sequence[str]) -> None:
        """Whether whole files are there.

        Raises:
            SourceGone: one is not, or leads elsewhere.
        """
        for path in documents:
            (await asyncio.to_thread(open_file, self.sources.deliveries, path)).close()


def _unread(entry: Entry, problem: DeliveryError) -> Denied:
    text = f"the source cannot be read: {problem}"
    return Denied(problem.code, text, path="source", target=entry.identifier, about=entry.about)
