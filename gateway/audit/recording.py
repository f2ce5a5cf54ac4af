"""How a room that changes the graph in its own transactions has its events written along."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from neo4j import AsyncManagedTransaction

from gateway.audit.event import Cause, Event
from gateway.audit.log import Sealed
from gateway.audit.outbox import Outbox


@dataclass(frozen=True, slots=True)
class Recording:
    """The outbox, and what the events of one command have in common."""

    outbox: Outbox
    cause: Cause

    async def put(self, tx: AsyncManagedTransaction, events: Mapping[str, Sequence[Event]]) -> list[Sealed]:
        """See `Outbox.put`."""
        return await self.outbox.put(tx, events) if events else []

    async def deliver(self, events: Sequence[Sealed]) -> None:
        """See `Outbox.deliver`."""
        if events:
            await self.outbox.deliver(events)
