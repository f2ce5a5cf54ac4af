"""How a room that changes the graph in its own transactions has its events written along."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from neo4j import AsyncManagedTransaction

from gateway.audit.event import Cause, Event
from gateway.audit.outbox import Outbox, Parcel

Consequence = Callable[[AsyncManagedTransaction, Cause, Sequence[str]], Awaitable[Mapping[str, Sequence[Event]]]]
"""What else has to change in the transaction that changes some entries, given their ids. Its events, by case."""


@dataclass(frozen=True, slots=True)
class Recording:
    """The outbox, and what the events of one command have in common."""

    outbox: Outbox
    cause: Cause
    consequences: Sequence[Consequence] = ()
    """Of a room above, which knows what depends on entries."""

    async def put(self, tx: AsyncManagedTransaction, events: Mapping[str, Sequence[Event]]) -> list[Parcel]:
        """See `Outbox.put`."""
        return await self.outbox.put(tx, events) if events else []

    async def deliver(self, parcels: Sequence[Parcel]) -> None:
        """See `Outbox.deliver`."""
        if parcels:
            await self.outbox.deliver(parcels)
