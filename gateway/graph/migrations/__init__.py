"""Numbered changes to the graph's shape. Each can run twice and from two gateways at once.

To add one: a module `mNNNN_name.py` with `NAME` and `statements()`, and its line in `_ALL`. A migration that has
been released is never edited.
"""

import asyncio
from datetime import UTC, datetime
from typing import Final

from neo4j.exceptions import ClientError

from gateway.graph.driver import Graph
from gateway.graph.errors import GraphUnavailable, MigrationFailed
from gateway.graph.migrations import (
    m0001_catalogue,
    m0002_ledger,
    m0003_pause,
    m0004_procedures,
    m0005_tasks,
    m0006_notices,
    m0007_changes,
    m0008_evidence,
    m0009_parcels,
    m0010_tokens,
    m0011_sources,
    m0012_deadlines,
    m0013_lineage_names,
    m0014_tiers,
    m0015_declared,
    m0016_policy_periods,
)

_ALL: Final = (
    (1, m0001_catalogue.NAME, m0001_catalogue.statements),
    (2, m0002_ledger.NAME, m0002_ledger.statements),
    (3, m0003_pause.NAME, m0003_pause.statements),
    (4, m0004_procedures.NAME, m0004_procedures.statements),
    (5, m0005_tasks.NAME, m0005_tasks.statements),
    (6, m0006_notices.NAME, m0006_notices.statements),
    (7, m0007_changes.NAME, m0007_changes.statements),
    (8, m0008_evidence.NAME, m0008_evidence.statements),
    (9, m0009_parcels.NAME, m0009_parcels.statements),
    (10, m0010_tokens.NAME, m0010_tokens.statements),
    (11, m0011_sources.NAME, m0011_sources.statements),
    (12, m0012_deadlines.NAME, m0012_deadlines.statements),
    (13, m0013_lineage_names.NAME, m0013_lineage_names.statements),
    (14, m0014_tiers.NAME, m0014_tiers.statements),
    (15, m0015_declared.NAME, m0015_declared.statements),
    (16, m0016_policy_periods.NAME, m0016_policy_periods.statements),
)

_ATTEMPTS: Final = 5
_INDEX_SECONDS: Final = 600.0

# The one object that has to be there before a migration can be recorded.
_LEDGER: Final = "CREATE CONSTRAINT migration_number_unique IF NOT EXISTS FOR (m:Migration) REQUIRE m.number IS UNIQUE"
_APPLIED: Final = "MATCH (m:Migration) RETURN collect(m.number)"
_RECORD: Final = "MERGE (m:Migration {number: $number}) ON CREATE SET m.name = $name, m.appliedAt = $now"
_AWAIT_INDEXES: Final = "CALL db.awaitIndexes($seconds)"


async def migrate(graph: Graph) -> list[int]:
    """Bring the graph to this gateway's shape, and wait until every index can be used.

    Returns:
        The numbers of the migrations that were missing, in order; another gateway may be applying them too.

    Raises:
        MigrationFailed: the graph was changed by a newer gateway; nothing is touched.
        GraphUnavailable: Neo4j went away; running it again carries on.
    """
    await _change(graph, _LEDGER)
    applied = set(await graph.run(_APPLIED) or ())
    if unknown := sorted(applied - {number for number, _, _ in _ALL}):
        raise MigrationFailed(
            f"this graph has migration {unknown[-1]}, which this gateway does not know. "
            "It was made by a newer gateway: use that version, or another database."
        )
    missing = [migration for migration in _ALL if migration[0] not in applied]
    for number, name, statements in missing:
        for statement in statements():
            await _change(graph, statement)
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        await graph.run(_RECORD, {"number": number, "name": name, "now": now})
    await graph.run(_AWAIT_INDEXES, {"seconds": int(_INDEX_SECONDS)}, timeout=_INDEX_SECONDS)
    return [number for number, _, _ in missing]


async def _change(graph: Graph, statement: str) -> None:
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            await graph.run(statement)
        except ClientError as problem:
            # IF NOT EXISTS looks before it locks: a second gateway can create the same object in between.
            if problem.code != "Neo.ClientError.Schema.EquivalentSchemaRuleAlreadyExists":
                raise
        except GraphUnavailable:
            # Schema changes of two gateways can deadlock; Neo4j then ends one of them.
            if attempt == _ATTEMPTS:
                raise
            await asyncio.sleep(0.2 * attempt)
            continue
        return
