"""What a write of entries tells the log: one event for each entry that it changed (R8.3)."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from neo4j import AsyncManagedTransaction

from gateway.audit.event import About, Event
from gateway.audit.kinds import Change, EntryChanged
from gateway.audit.outbox import Parcel
from gateway.audit.recording import Recording
from gateway.catalog.batches import value

_ABOVE: Final = """
UNWIND $ids AS id
MATCH (:Jurisdiction {id: id})-[:PART_OF*0..16]->(j:Jurisdiction)
WITH id, j ORDER BY j.id
WITH id, collect(DISTINCT j.id) AS above
RETURN collect([id, above])
"""

Changed = tuple[Mapping[str, Any], Change]
"""An entry's properties as they are since (id, identifier, agency, jurisdiction, version, digest), and the change."""


async def put_changes(
    tx: AsyncManagedTransaction, recording: Recording | None, changes: Sequence[Changed]
) -> list[Parcel]:
    """Write the events of some changed entries into the transaction that changes them, and what follows from them."""
    if recording is None or not changes:
        return []
    homes = sorted({str(entry["jurisdiction"]) for entry, _ in changes})
    above = dict(await value(tx, _ABOVE, ids=homes))
    events: dict[str, Sequence[Event]] = {
        entry["id"]: [
            EntryChanged(
                cause=recording.cause,
                about=About((entry["agency"],), tuple(above.get(entry["jurisdiction"], ())), (entry["id"],)),
                identifier=entry["identifier"],
                change=change,
                n=int(entry["version"]),
                digest=entry["recordDigest"],
            )
        ]
        for entry, change in changes
    }
    for consequence in recording.consequences:
        events |= await consequence(tx, recording.cause, list(events))
    return await recording.put(tx, events)
