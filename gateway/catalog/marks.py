"""What may have another effective tier since a change, written into the transaction that makes the change (R17.2).

Nothing is worked out here: whoever changed something, or who finds what they left, does that afterwards
(`gateway.lineage.tiering`). A mark is one node with a list of ids, so that a change of many costs next to nothing.
"""

import secrets
from collections.abc import Iterable, Sequence
from typing import Any, Final

from neo4j import AsyncManagedTransaction

from gateway.catalog.batches import pieces, value
from gateway.graph.times import now as clock

NOW: Final = "m0_"
"""What the ids of marks begin with that are to be looked at at once."""
DUE: Final = "m1_"
"""And of those that are to be looked at when an instant comes; it follows."""

_MARK: Final = """
UNWIND $rows AS row
CREATE (m:Retier) SET m = row
RETURN count(*)
"""


async def mark(
    tx: AsyncManagedTransaction, ids: Sequence[str], *, changed: Sequence[str] = (), due: str | None = None
) -> None:
    """Mark fields and datasets.

    Args:
        tx: the transaction of the change.
        ids: what is derived from other things, or under other conditions, than before.
        changed: what has itself become something else, so that all that was made from it has to be looked at.
        due: the instant from which that is so; now without it.
    """
    if rows := [*_rows(ids, "ids", due), *_rows(changed, "changed", due)]:
        await value(tx, _MARK, rows=rows)


EVERYTHING: Final = f"MERGE (m:Retier {{id: '{NOW}'}}) SET m.after = 'ds_' RETURN count(*)"
"""Marks all that there is, for who has written without looking at what it changes."""


def _rows(ids: Sequence[str], kind: str, due: str | None) -> Iterable[dict[str, Any]]:
    begin = f"{NOW}{clock()}" if due is None else f"{DUE}{due}"
    for piece in pieces(sorted({*ids})):
        yield {"id": f"{begin}_{secrets.token_hex(8)}", kind: list(piece)}
