"""A whole graph as two files of JSON lines, and back: nodes with their labels, relationships with their ends' numbers.

The numbers are Neo4j's own and mean something within one dump alone. Only what JSON can say exactly is taken: this
gateway stores texts, whole numbers, truths and lists of them.
"""

import gzip
import math
import zlib
from array import array
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

import orjson
from neo4j import AsyncManagedTransaction

from gateway.graph.driver import Graph
from gateway.graph.errors import GraphError

NODES: Final = "nodes.jsonl.gz"
RELATIONSHIPS: Final = "relationships.jsonl.gz"
Advance = Callable[[str, int, int], None]
"""Told what is being done, how many are done, of how many."""

_BATCH: Final = 1_000
_TIMEOUT: Final = 600.0
_COUNT_NODES: Final = "MATCH (n) WHERE NOT n:Pause RETURN count(n)"
_COUNT_RELATIONSHIPS: Final = "MATCH ()-[r]->() RETURN count(r)"
_NODES: Final = "MATCH (n) WHERE NOT n:Pause RETURN [elementId(n), labels(n), properties(n)]"
_RELATIONSHIPS: Final = (
    "MATCH (a)-[r]->(b) RETURN [elementId(a), elementId(b), type(r), properties(r)]"  # a pause has none
)
_FILLED: Final = "MATCH (n) WHERE NOT n:Migration RETURN true LIMIT 1"
_FORGET: Final = "MATCH (n:Migration) DELETE n"
_CREATE: Final = """
UNWIND range(0, size($rows) - 1) AS i
CREATE (n{labels}) SET n = $rows[i]
RETURN collect([i, elementId(n)])
"""
_CONNECT: Final = """
UNWIND $rows AS row
MATCH (a) WHERE elementId(a) = row[0]
MATCH (b) WHERE elementId(b) = row[1]
CREATE (a)-[r:`{type}`]->(b) SET r = row[2]
RETURN count(r)
"""


class DumpUnreadable(GraphError):
    """A dump is not one, or is not whole."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How much a graph holds."""

    nodes: int
    relationships: int


async def dump(graph: Graph, folder: Path, advance: Advance) -> Counts:
    """Write the graph's nodes and relationships into a folder. Nobody may change it meanwhile: see `paused`.

    Raises:
        GraphError: it holds a value that JSON cannot say.
    """
    nodes = await _write(
        folder / NODES,
        ([_number(one[0]), sorted(one[1]), one[2]] async for one in graph.stream(_NODES)),
        await graph.run(_COUNT_NODES),
        lambda done, total: advance("nodes", done, total),
    )
    relationships = await _write(
        folder / RELATIONSHIPS,
        ([_number(one[0]), _number(one[1]), one[2], one[3]] async for one in graph.stream(_RELATIONSHIPS)),
        await graph.run(_COUNT_RELATIONSHIPS),
        lambda done, total: advance("relationships", done, total),
    )
    return Counts(nodes, relationships)


async def is_empty(graph: Graph) -> bool:
    """Whether a dump can be loaded into it."""
    return await graph.run(_FILLED) is None


async def load(graph: Graph, folder: Path, expected: Counts, advance: Advance) -> None:
    """Create what a dump holds in a graph that is migrated and else empty.

    Raises:
        GraphError: the graph is not empty.
        DumpUnreadable: the dump is damaged, or does not hold as much as is expected. Part of it may be loaded.
    """
    if not await is_empty(graph):
        raise GraphError("this graph is not empty; a backup is restored into an empty one")
    await graph.run(_FORGET)  # the dump has its own
    places, prefix, done = array("q"), "", 0
    for rows in _batches(folder / NODES):
        by_labels: dict[tuple[str, ...], list[Any]] = defaultdict(list)
        for number, labels, properties in rows:
            by_labels[tuple(labels)].append((number, properties))
        for labels, some in by_labels.items():
            text = _CREATE.format(labels="".join(f":`{_plain(label)}`" for label in labels))
            for i, element in await _change(graph, text, [properties for _, properties in some]):
                prefix, _, place = element.rpartition(":")
                number = some[i][0]
                if number >= len(places):
                    places.extend([-1] * (number + 1 - len(places)))
                places[number] = int(place)
        done += len(rows)
        advance("nodes", done, expected.nodes)
    _agree("nodes", done, expected.nodes)
    done = 0
    for rows in _batches(folder / RELATIONSHIPS):
        by_type: dict[str, list[Any]] = defaultdict(list)
        for one, other, kind, properties in rows:
            by_type[kind].append([_placed(prefix, places, one), _placed(prefix, places, other), properties])
        for kind, ends in by_type.items():
            if await _change(graph, _CONNECT.format(type=_plain(kind)), ends) != len(ends):
                raise DumpUnreadable(f"{RELATIONSHIPS} names nodes that are not there")
        done += len(rows)
        advance("relationships", done, expected.relationships)
    _agree("relationships", done, expected.relationships)


async def _write(path: Path, rows: AsyncIterator[list[Any]], total: int, advance: Callable[[int, int], None]) -> int:
    done = 0
    with gzip.open(path, "wb", compresslevel=3) as file:
        async for row in rows:
            _check(row[-1])
            file.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_SORT_KEYS))
            done += 1
            if done % _BATCH == 0 or done == total:
                advance(done, total)
    if done != total:
        raise GraphError(f"{total} were counted and {done} read: the graph was changed meanwhile")
    return done


def _check(properties: dict[str, Any]) -> None:
    for name, value in properties.items():
        for one in value if isinstance(value, list) else (value,):
            if not isinstance(one, str | int | float) or (isinstance(one, float) and not math.isfinite(one)):
                raise GraphError(f"the property {name!r} holds a {type(one).__name__}, which a backup cannot hold")


def _number(element: str) -> int:
    return int(element.rpartition(":")[2])


def _placed(prefix: str, places: Sequence[int], number: int) -> str:
    if not 0 <= number < len(places) or places[number] < 0:
        raise DumpUnreadable(f"{RELATIONSHIPS} names a node that is not in {NODES}")
    return f"{prefix}:{places[number]}"


def _plain(name: str) -> str:
    if "`" in name:
        raise DumpUnreadable(f"{name!r} is no name that this gateway gives")
    return name


def _agree(what: str, found: int, expected: int) -> None:
    if found != expected:
        raise DumpUnreadable(f"the backup holds {found} {what}, its manifest says {expected}")


async def _change(graph: Graph, statement: str, rows: list[Any]) -> Any:
    async def work(tx: AsyncManagedTransaction) -> Any:
        return (await (await tx.run(statement, {"rows": rows})).single(strict=True))[0]

    return await graph.write(work, timeout=_TIMEOUT)


def _batches(path: Path) -> Iterator[list[Any]]:
    try:
        with gzip.open(path, "rb") as file:
            while batch := [orjson.loads(line) for line in islice(file, _BATCH)]:
                yield batch
    except (OSError, EOFError, zlib.error, orjson.JSONDecodeError) as problem:
        raise DumpUnreadable(f"{path.name} cannot be read: {problem}") from None
