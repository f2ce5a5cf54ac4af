"""Writes a city into an empty graph, in batches, and as if it had never been begun when it was interrupted."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final, TypeVar

from gateway.catalog.marks import EVERYTHING
from gateway.catalog.statements import TALLY
from gateway.catalog.tallies import count, tally_rows
from gateway.graph import Graph
from graph_seed import city, deliveries, scaled
from graph_seed.rows import DatasetRow, Row

T = TypeVar("T")
Progress = Callable[[str, int, int], None]
"""Told what is being written, how much is done and how much there is."""

BATCH: Final = 2_000

_BEGIN: Final = "MERGE (s:Seed {name: 'city'}) ON CREATE SET s.done = false RETURN s.done"
_DONE: Final = "MATCH (s:Seed {name: 'city'}) SET s.done = true"
_EMPTY: Final = """
RETURN NOT EXISTS { (:Dataset) }
  OR (EXISTS { (:Seed {done: false}) } AND NOT EXISTS { (d:Dataset) WHERE d.origin <> 'NATIVE' })
"""
"""An interrupted seed is done again, but never at the cost of what was imported since."""
_CLEAR: Final = (
    "MATCH (n) WHERE NOT n:Migration AND NOT n:Seed CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 5000 ROWS"
)
_JURISDICTIONS: Final = """
UNWIND $rows AS r CREATE (j:Jurisdiction) SET j = r.p
WITH j, r WHERE r.parent IS NOT NULL
MATCH (p:Jurisdiction {id: r.parent}) CREATE (j)-[:PART_OF]->(p)
"""
_AGENCIES: Final = """
UNWIND $rows AS r MATCH (j:Jurisdiction {id: r.jurisdiction}) CREATE (a:Agency)-[:IN]->(j) SET a = r
"""
_PEOPLE: Final = """
UNWIND $rows AS r
CREATE (p:Person)-[:KNOWN_AS]->(:Identity {iss: r.iss, sub: r.sub}) SET p = r.p
WITH p, r
UNWIND r.offices AS o
MATCH (g:Agency {id: o.agency})
CREATE (p)-[:HOLDS]->(a:Appointment)-[:AT]->(g) SET a = o.a
"""
_DATASETS: Final = """
UNWIND $rows AS r
MATCH (g:Agency {id: r.p.agency})
CREATE (d:Dataset)-[:PROVIDED_BY]->(g) SET d = r.p SET d:$(r.label)
CREATE (d)-[:HAS_VERSION]->(v:DatasetVersion) SET v = r.v
FOREACH (f IN r.f | CREATE (d)-[:HAS_FIELD]->(x:Field)<-[:LISTS]-(v) SET x = f)
"""
_DERIVED: Final = """
UNWIND $rows AS r MATCH (a:{label} {{id: r.target}}) MATCH (b:{label} {{id: r.source}})
CREATE (a)-[e:DERIVED_FROM]->(b) SET e = r.p
"""


_SOURCES: Final = """
UNWIND $rows AS r MATCH (d:Dataset {id: r.dataset}) CREATE (s:Source)-[:OF]->(d) SET s = r.p
"""


@dataclass(frozen=True, slots=True)
class Delivering:
    """Where to put what the city's agencies deliver, and how many rows a file has at most; 0 delivers nothing."""

    folder: Path
    most_rows: int


class SeedRefused(Exception):
    """The graph already holds something; the message says what to do."""


async def is_needed(graph: Graph) -> bool:
    """Whether the graph has no entries, or only part of a city whose loading was interrupted."""
    return bool(await graph.read(_EMPTY))


async def load_city(graph: Graph, progress: Progress | None = None, delivering: Delivering | None = None) -> int:
    """Write the demonstration city into an empty graph; what an interrupted attempt left is removed first.

    Args:
        graph: migrated.
        progress: told after every batch.
        delivering: what its agencies deliver is made too, and its datasets are connected to it; None for none.

    Returns:
        The number of entries.

    Raises:
        SeedRefused: the graph holds other entries.
        OSError: deliveries cannot be written.
    """
    await _prepare(graph)
    await _ground(graph, progress)
    entries = city.entries(datetime.now(UTC).replace(microsecond=0))
    await _entries(graph, entries, len(entries), progress)
    for label, rows in zip(("Dataset", "Field"), city.derivations(), strict=True):
        await _write(graph, "lineage", _DERIVED.format(label=label), rows, len(rows), progress)
    await graph.run(EVERYTHING)
    if delivering is not None and delivering.most_rows:
        await _deliver(graph, delivering, progress)
    await _finish(graph)
    return len(entries)


async def load_scaled(
    graph: Graph,
    n: int,
    *,
    seed: int = city.SEED,
    public_share: float | None = None,
    fields: int = 10,
    progress: Progress | None = None,
) -> int:
    """Write a world of the city's shape with `n` entries of `fields` fields each, for benchmarks.

    Args:
        graph: an empty graph.
        n: entries, up to 10^6.
        seed: the same seed gives the same world.
        public_share: share of entries that the public may know of; None keeps the city's mixture.
        fields: fields per entry.
        progress: told after every batch.

    Returns:
        The number of nodes written.

    Raises:
        SeedRefused: the graph holds other entries.
    """
    await _prepare(graph)
    await _ground(graph, progress)
    world = scaled.World(n, seed, public_share, fields)
    await _entries(graph, world.entries(), n, progress)
    await _write(graph, "lineage", _DERIVED.format(label="Dataset"), world.derivations(), n * 3, progress)
    await _finish(graph)
    return n * (fields + 2)


async def _prepare(graph: Graph) -> None:
    if not await is_needed(graph):
        raise SeedRefused(
            "the graph already holds entries. Use another GATEWAY_STATE for a fresh one, or --reset to remove all."
        )
    await graph.run(_BEGIN)
    await graph.run("MATCH (s:Seed {name: 'city'}) SET s.done = false")
    await graph.run(_CLEAR)


async def clear(graph: Graph) -> None:
    """Remove everything but the record of the migrations."""
    await graph.run("MERGE (s:Seed {name: 'city'}) SET s.done = false")
    await graph.run(_CLEAR)


async def _finish(graph: Graph) -> None:
    await graph.run("CALL db.awaitIndexes(600)", timeout=600)
    await graph.run("CALL db.resampleOutdatedIndexes()")
    await graph.run(_DONE)


async def _ground(graph: Graph, progress: Progress | None) -> None:
    for what, statement, rows in (
        ("jurisdictions", _JURISDICTIONS, city.jurisdiction_rows()),
        ("agencies", _AGENCIES, city.agency_rows()),
        ("people", _PEOPLE, city.people_rows()),
    ):
        await _write(graph, what, statement, rows, len(rows), progress)


async def _deliver(graph: Graph, delivering: Delivering, progress: Progress | None) -> None:
    todo = list(deliveries.deliveries(delivering.most_rows))
    made = deliveries.database()
    try:
        for done, one in enumerate(todo, 1):
            # One at a time: who interrupts waits for no more than this.
            await asyncio.to_thread(deliveries.deliver, made, delivering.folder, one)
            if progress:
                progress("deliveries", done, len(todo))
    finally:
        made.close()
    await graph.run(_SOURCES, {"rows": [one.source for one in todo]})


async def _entries(graph: Graph, entries: Iterable[DatasetRow], total: int, progress: Progress | None) -> None:
    done = 0
    for batch in _batches(entries, BATCH):
        rows = [entry.as_parameter() for entry in batch]
        counted = tally_rows(count(entry.properties for entry in batch), _homes(batch))

        async def work(tx: Any, rows: list[Row] = rows, counted: list[Row] = counted) -> None:
            await (await tx.run(_DATASETS, rows=rows)).consume()
            await (await tx.run(TALLY, rows=counted)).consume()

        await graph.write(work, timeout=600)
        done += len(rows)
        if progress:
            progress("datasets", done, total)


def _homes(batch: Iterable[DatasetRow]) -> dict[str, str]:
    return {entry.properties["agency"]: entry.properties["jurisdiction"] for entry in batch}


async def _write(
    graph: Graph, what: str, statement: str, rows: Iterable[Row], total: int, progress: Progress | None
) -> None:
    done = 0
    for batch in _batches(rows, BATCH * 5):
        await graph.run(statement, {"rows": batch}, timeout=600)
        done += len(batch)
        if progress:
            progress(what, done, total)


def _batches(rows: Iterable[T], size: int) -> Iterator[list[T]]:
    given = iter(rows)
    while batch := list(islice(given, size)):
        yield batch
