"""The fast path for seeds: creates entries in a graph that does not hold them, without reading it."""

from collections.abc import Sequence
from typing import Any, Final

from neo4j import AsyncManagedTransaction
from neo4j.exceptions import ConstraintError

from gateway.catalog import statements
from gateway.catalog.batches import LARGEST, pieces, run_rows, unknown, value
from gateway.catalog.model import Entry
from gateway.catalog.problems import Code, Problem, Rejected
from gateway.catalog.rows import StoredEntry, to_rows
from gateway.catalog.tallies import count, tally_rows
from gateway.catalog.validate import validate_all
from gateway.catalog.versions import field_row, version_row
from gateway.classes import ClassKey, class_label
from gateway.graph.driver import Graph
from gateway.graph.times import now as clock

_TIMEOUT: Final = 600.0


async def create_entries(graph: Graph, batch: Sequence[Entry]) -> int:
    """Create entries with everything that `write_entries` gives them: label, version, fields, tallies.

    Args:
        graph: a migrated graph that holds the agencies and none of these entries.
        batch: any number; every 2,000 are one transaction.

    Returns:
        The number of nodes created, tallies not counted.

    Raises:
        Rejected: an entry is not valid, is there already, or names an unknown agency.
    """
    if problems := validate_all(batch):
        raise Rejected(problems)
    nodes = 0
    for piece in pieces(batch, LARGEST):
        stored = [to_rows(entry) for entry in piece]

        async def work(tx: AsyncManagedTransaction, stored: list[StoredEntry] = stored) -> None:
            await _create(tx, stored)

        try:
            await graph.write(work, timeout=_TIMEOUT)
        except ConstraintError as taken:
            message = f"an entry of this batch is there already; use write_entries ({taken.message})"
            raise Rejected([Problem(stored[0].identifier, Code.DUPLICATE, "identifier", message)]) from taken
        nodes += sum(2 + len(entry.fields) + len(entry.distributions) for entry in stored)
    return nodes


async def _create(tx: AsyncManagedTransaction, stored: list[StoredEntry]) -> None:
    moment = clock()
    rows = [_row(entry, moment) for entry in stored]
    if await run_rows(tx, statements.CREATE, rows) != len(rows):
        raise unknown(stored[0].identifier, "agency", "agency of an entry in this batch")
    homes = dict(await value(tx, statements.HOMES, ids=sorted({entry.agency for entry in stored})))
    await run_rows(tx, statements.TALLY, tally_rows(count(row["p"] for row in rows), homes))


def _row(entry: StoredEntry, moment: str) -> dict[str, Any]:
    properties = {"modified": moment, **entry.properties, "version": 1}
    return {
        "p": properties,
        "label": class_label(ClassKey(properties["accessClass"])),
        "v": version_row(entry, 1, moment),
        "f": [field_row(field) for field in entry.fields],
        "x": list(entry.distributions),
    }
