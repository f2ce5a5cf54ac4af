"""What the graph holds, for tests to compare."""

from typing import Any

from gateway.graph import Graph


async def dataset(graph: Graph, identifier: str) -> dict[str, Any]:
    """Properties of an entry, with its labels."""
    found: dict[str, Any] = await graph.read(
        "MATCH (d:Dataset {identifier: $i}) RETURN d {.*, labels: [l IN labels(d) WHERE l <> 'Dataset'],"
        " provider: [(d)-[:PROVIDED_BY]->(a) | a.code]}",
        {"i": identifier},
    )
    return found


async def versions(graph: Graph, identifier: str) -> list[dict[str, Any]]:
    """The versions of an entry in order."""
    found: list[dict[str, Any]] = await graph.read(
        "MATCH (:Dataset {identifier: $i})-[:HAS_VERSION]->(v) WITH v ORDER BY v.n RETURN collect(v {.*})",
        {"i": identifier},
    )
    return found


async def fields(graph: Graph, identifier: str) -> list[dict[str, Any]]:
    """The current fields of an entry in order."""
    found: list[dict[str, Any]] = await graph.read(
        "MATCH (:Dataset {identifier: $i})-[:HAS_FIELD]->(f) WITH f ORDER BY f.position RETURN collect(f {.*})",
        {"i": identifier},
    )
    return found


async def everything(graph: Graph) -> list[Any]:
    """Every node with labels and properties and every relationship, in a fixed order."""
    nodes = await graph.read(
        "MATCH (n) WHERE NOT n:Migration WITH n, labels(n) AS l, properties(n) AS p ORDER BY coalesce(n.id, n.key)"
        " RETURN collect([l, p])"
    )
    links = await graph.read(
        "MATCH (a)-[r]->(b) WITH a.id AS x, type(r) AS t, b.id AS y, properties(r) AS p ORDER BY x, t, y"
        " RETURN collect([x, t, y, p])"
    )
    return [nodes, links]
