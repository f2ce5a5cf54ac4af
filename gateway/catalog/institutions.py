"""Writes jurisdictions and agencies. Parents may stand anywhere in the batch, or in the graph already."""

from collections.abc import Sequence
from typing import Any, Final

from neo4j import AsyncManagedTransaction

from gateway.catalog import statements
from gateway.catalog.batches import LARGEST, Report, pieces, run_rows, unknown, value
from gateway.catalog.model import LEVELS, AgencySpec, JurisdictionSpec
from gateway.catalog.problems import Code, Problem, Rejected
from gateway.graph.driver import Graph
from gateway.graph.ids import make_id

_HELD: Final = {
    "Jurisdiction": """
        UNWIND $codes AS code MATCH (n:Jurisdiction {code: code})
        RETURN collect([n.code, {name: n.name, level: n.level, parent: [(n)-[:PART_OF]->(p) | p.code]}])
    """,
    "Agency": """
        UNWIND $codes AS code MATCH (n:Agency {code: code})
        RETURN collect([n.code, {name: n.name, nameEn: n.nameEn, kind: n.kind, origin: n.origin, duty: n.duty,
          jurisdiction: n.jurisdiction, parent: [(n)-[:PART_OF]->(p) | p.code]}])
    """,
}


async def write_jurisdictions(graph: Graph, batch: Sequence[JurisdictionSpec]) -> Report:
    """Create or update jurisdictions; those that are as stated already are left alone.

    Raises:
        Rejected: an unknown level or parent. Nothing of that piece of the batch was written.
    """
    faults = [
        Problem(spec.code, Code.UNKNOWN_REFERENCE, "level", f"{spec.level!r} is none of {', '.join(sorted(LEVELS))}")
        for spec in batch
        if spec.level not in LEVELS
    ]
    if faults:
        raise Rejected(faults)
    rows = [
        {
            "id": make_id("ju_", spec.code),
            "code": spec.code,
            "parent": spec.parent,
            "p": {"name": spec.name, "level": spec.level},
            "name": spec.name,
            "level": spec.level,
        }
        for spec in batch
    ]
    made = statements.JURISDICTIONS, statements.JURISDICTION_PARENTS
    return await _write(graph, "Jurisdiction", rows, made)


async def write_agencies(graph: Graph, batch: Sequence[AgencySpec]) -> Report:
    """Create or update agencies. One that moves takes its datasets and its tallies with it.

    Raises:
        Rejected: an unknown jurisdiction or parent. Nothing of that piece of the batch was written.
    """
    rows = [
        {
            "code": spec.code,
            "parent": spec.parent,
            "p": {
                "id": make_id("ag_", spec.code),
                "code": spec.code,
                "name": spec.name,
                "nameEn": spec.name_en,
                "kind": spec.kind.value,
                "origin": spec.origin.value,
                "jurisdiction": make_id("ju_", spec.jurisdiction),
                "duty": spec.duty,
            },
        }
        for spec in batch
    ]
    return await _write(graph, "Agency", rows, (statements.AGENCIES, statements.AGENCY_PARENTS))


async def _write(graph: Graph, label: str, rows: list[dict[str, Any]], made: tuple[str, str]) -> Report:
    # Nodes first, links second: a parent may stand later in the batch than its child.
    report = Report()
    for piece in pieces(rows, LARGEST):
        given = list(piece)

        async def work(tx: AsyncManagedTransaction, given: list[dict[str, Any]] = given) -> Report:
            return await _piece(tx, label, given, made)

        report += await graph.write(work)
    return report


async def _piece(tx: AsyncManagedTransaction, label: str, rows: list[dict[str, Any]], made: tuple[str, str]) -> Report:
    held = dict(await value(tx, _HELD[label], codes=[row["code"] for row in rows]))
    changed = [row for row in rows if not _same(held.get(row["code"]), row)]
    if changed and await run_rows(tx, made[0], changed) != len(changed):
        raise unknown(str(changed[0]["code"]), "jurisdiction", "jurisdiction of an agency in this batch")
    linked = [row for row in changed if row["parent"] is not None]
    if linked and await run_rows(tx, made[1], linked) != len(linked):
        named = ", ".join(sorted({str(row["parent"]) for row in linked}))
        raise unknown(str(linked[0]["code"]), "parent", named)
    codes = [str(row["code"]) for row in changed]
    return Report(
        tuple(code for code in codes if code not in held),
        tuple(code for code in codes if code in held),
        tuple(str(row["code"]) for row in rows if row["code"] not in set(codes)),
    )


def _same(held: dict[str, Any] | None, row: dict[str, Any]) -> bool:
    if held is None:
        return False
    parent = [row["parent"]] if row["parent"] is not None else []
    return held["parent"] == parent and all(held[k] == v for k, v in row["p"].items() if k in held)
