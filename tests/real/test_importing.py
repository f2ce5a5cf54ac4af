"""The real inventories in a real graph: all records, hierarchy, distributions, fields; and a second time nothing."""

import pytest

from gateway.federation.harvest import Source, harvest
from gateway.federation.inventory import read_inventory
from gateway.graph import Graph
from tests.federation.test_harvest import check_bookkeeping, world
from tests.real.samples import sample


@pytest.mark.parametrize(
    ("name", "datasets", "agencies", "distributions", "fields"),
    [
        ("dcatus_fed_dol.json", 465, 23, 116, 0),
        ("dcatus_fed_energy.json", 482, 59, 760, 0),
        ("dcatus_philadelphia_402.json", 402, 51, 2_841, 0),
        ("datajson_ar_justicia.json", 18, 15, 71, 37),
    ],
)
async def test_everything_arrives_once(
    graph: Graph, name: str, datasets: int, agencies: int, distributions: int, fields: int
) -> None:
    inventory = read_inventory(sample(name))
    report = await harvest(graph, inventory, Source(name))
    assert (report.total, report.loaded, report.rejected) == (datasets, datasets, 0)
    labels = ("Dataset", "Agency", "Distribution", "Field")
    counts = [await graph.read(f"MATCH (n:{label}) RETURN count(n)") for label in labels]
    assert counts == [datasets, agencies, distributions, fields]
    assert (
        await graph.read("MATCH (d:Dataset) WHERE d.importRule IS NULL OR d.origin <> 'IMPORTED' RETURN count(d)") == 0
    )
    assert await graph.read("MATCH (a:Agency) WHERE NOT (a)-[:IN]->(:Jurisdiction) RETURN count(a)") == 0
    await check_bookkeeping(graph)
    before = await world(graph)
    again = await harvest(graph, inventory, Source(name))
    assert (again.loaded, again.updated, again.unchanged, again.withdrawn) == (0, 0, datasets, 0)
    assert await world(graph) == before


async def test_the_department_stands_above_its_offices(graph: Graph) -> None:
    await harvest(graph, read_inventory(sample("dcatus_fed_energy.json")), Source("energy"))
    offices = "MATCH (:Agency {name: 'Department of Energy'})<-[:PART_OF]-(a) RETURN count(a)"
    assert await graph.read(offices) == 14
    parts = "MATCH (d:Dataset) WHERE d.attributes CONTAINS 'isPartOf: ' RETURN count(d)"
    assert await graph.read(parts) == 260
    assert await graph.read("MATCH (d:Dataset {openType: 'NOT_OPEN'}) WHERE d.sensitivity = [] RETURN count(d)") == 0
