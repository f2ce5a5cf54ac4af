"""Writes what was made from what."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from neo4j import AsyncManagedTransaction

from gateway.catalog import statements
from gateway.catalog.batches import pieces, run_rows, unknown
from gateway.catalog.marks import mark
from gateway.catalog.model import Derivation
from gateway.catalog.problems import Code, Problem, Rejected
from gateway.graph.driver import Graph
from gateway.graph.ids import make_id
from gateway.graph.times import now as clock
from gateway.vocabulary import FOREVER


async def write_derivations(graph: Graph, batch: Sequence[Derivation]) -> int:
    """Write derivations; one that is there already (same ends, asserter, run and beginning) stays as it is.

    Returns:
        How many the batch had.

    Raises:
        Rejected: a field with a dataset at the other end, or an end that is not there. Nothing of that piece of the
            batch was written.
    """
    mixed = [d for d in batch if (d.source_field is None) != (d.target_field is None)]
    if mixed:
        message = "a field derives from a field, a dataset from a dataset"
        raise Rejected(Problem(d.target, Code.UNKNOWN_REFERENCE, "derivedFrom", message) for d in mixed)
    for piece in pieces(batch):

        async def work(tx: AsyncManagedTransaction, piece: Sequence[Derivation] = piece) -> None:
            moment = clock()
            for label in ("Dataset", "Field"):
                rows = [_row(d, moment) for d in piece if (d.source_field is not None) == (label == "Field")]
                if rows and await run_rows(tx, statements.DERIVATIONS.format(label=label), rows) != len(rows):
                    raise unknown(piece[0].target, "derivedFrom", f"{label} at an end of a derivation in this batch")
            await _mark(tx, [_row(d, moment) for d in piece], moment)

        await graph.write(work)
    return len(batch)


async def _mark(tx: AsyncManagedTransaction, rows: Sequence[dict[str, Any]], moment: str) -> None:
    """Mark what is derived: now, and again when a derivation begins or ends later (R17.2)."""
    await mark(tx, [row["target"] for row in rows])
    later: dict[str, list[str]] = {}
    for row in rows:
        for name in ("validFrom", "validTo"):
            if moment < row["p"][name] < FOREVER:
                later.setdefault(row["p"][name], []).append(row["target"])
    for instant, some in later.items():
        await mark(tx, some, due=instant)


def _row(derivation: Derivation, moment: str) -> dict[str, Any]:
    source, target = _end(derivation.source, derivation.source_field), _end(derivation.target, derivation.target_field)
    key = (source, target, derivation.asserter, derivation.run_id or "", derivation.valid_from or "")
    properties = {
        "id": "de_" + sha256("\x1f".join(key).encode()).hexdigest()[:32],
        "validFrom": derivation.valid_from or moment,
        "validTo": derivation.valid_to,
        "recordedFrom": moment,
        "recordedTo": FOREVER,
        "asserter": derivation.asserter,
        "observed": derivation.observed,
        "runId": derivation.run_id,
    }
    return {"source": source, "target": target, "p": properties}


def _end(identifier: str, field: str | None) -> str:
    return make_id("ds_", identifier) if field is None else make_id("fd_", identifier, field)
