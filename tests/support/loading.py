"""Writes a `World` into a graph."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from gateway.classes import class_label
from gateway.graph import Graph
from tests.support.world import Derivation, Row, World

_NODES: Final = "UNWIND $rows AS r CREATE (n) SET n = r.p SET n:$(r.labels)"
_LINKS: Final = (
    "UNWIND $rows AS r MATCH (a:$(r.a) {{id: r.x}}), (b:$(r.b) {{id: r.y}}) CREATE (a)-[e:{}]->(b) SET e = r.p"
)


async def load(graph: Graph, world: World) -> None:
    """Write the world into an empty, migrated graph, tallies included, and wait until it can be searched."""
    nodes = [
        *_labelled("Jurisdiction", world.jurisdictions),
        *_labelled("Agency", world.agencies),
        *_labelled("Person", world.people),
        *_labelled("Appointment", world.appointments),
        *(_node(("Dataset", class_label(d["accessClass"])), d) for d in world.datasets),
        *_labelled("Field", world.fields),
        *_labelled("DatasetVersion", world.versions),
        *_labelled("Distribution", world.distributions),
        *_labelled("Grant", world.grants),
        *_labelled("Tally", world.tallies()),
    ]
    await graph.run(_NODES, {"rows": nodes})
    for kind, rows in links(world).items():
        if rows:
            await graph.run(_LINKS.format(kind), {"rows": rows})
    await graph.run("CALL db.awaitIndexes(60)")


def edge_id(edge: Derivation) -> str:
    """Of a derivation: of its ends and its times."""
    times = (edge.valid_from, edge.valid_to, edge.recorded_from, edge.recorded_to)
    return f"de_{edge.source}{edge.target}{''.join(times)}"


def _labelled(label: str, rows: Iterable[Row]) -> Iterable[Row]:
    return (_node((label,), row) for row in rows)


def _node(labels: tuple[str, ...], row: Mapping[str, Any]) -> Row:
    return {"labels": list(labels), "p": {k: v for k, v in row.items() if not k.startswith("_")}}


def links(world: World) -> dict[str, list[Row]]:
    """The relationships by type: label and id of both ends, and properties."""
    found: dict[str, list[Row]] = {}

    def add(kind: str, start: tuple[str, str], end: tuple[str, str], properties: Row | None = None) -> None:
        link = {"a": start[0], "x": start[1], "b": end[0], "y": end[1], "p": properties or {}}
        found.setdefault(kind, []).append(link)

    for label, rows in (("Jurisdiction", world.jurisdictions), ("Agency", world.agencies)):
        for row in rows:
            if row["_parent"] is not None:
                add("PART_OF", (label, row["id"]), (label, row["_parent"]))
    for row in world.agencies:
        add("IN", ("Agency", row["id"]), ("Jurisdiction", row["jurisdiction"]))
    for row in world.appointments:
        add("HOLDS", ("Person", row["_person"]), ("Appointment", row["id"]))
        add("AT", ("Appointment", row["id"]), ("Agency", row["_agency"]))
    for row in world.datasets:
        add("PROVIDED_BY", ("Dataset", row["id"]), ("Agency", row["agency"]))
    for kind, label, parts in (
        ("HAS_FIELD", "Field", world.fields),
        ("HAS_VERSION", "DatasetVersion", world.versions),
        ("HAS_DISTRIBUTION", "Distribution", world.distributions),
    ):
        for row in parts:
            add(kind, ("Dataset", row["_dataset"]), (label, row["id"]))
    for row in world.grants:
        add("ON", ("Grant", row["id"]), ("Dataset", row["_dataset"]))
        add("TO", ("Grant", row["id"]), ("Person" if row["_to"].startswith("pe_") else "Agency", row["_to"]))
    for edge in world.derivations:
        properties = {
            "id": edge_id(edge),
            "validFrom": edge.valid_from,
            "validTo": edge.valid_to,
            "recordedFrom": edge.recorded_from,
            "recordedTo": edge.recorded_to,
            "observed": edge.observed,
            "asserter": edge.asserter,
        }
        add("DERIVED_FROM", (edge.label, edge.source), (edge.label, edge.target), properties)
    return found
