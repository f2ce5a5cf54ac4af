"""What the catalogue says beside cases: as much as the caller may know of it, and few statements for a whole page."""

import random
from typing import Any, Final

import pytest

from gateway.graph import Graph
from gateway.sharing.reading import Cases
from tests.plan.asking import CALLERS, Gateway
from tests.support.loading import load
from tests.support.world import World, build_world

_CASES: Final = """
UNWIND range(0, $n - 1) AS i
CREATE (:Case {id: 'cs_' + i, kind: 'APPLICATION', state: 'SUBMITTED', version: 1, purpose: 'SERVICE',
  dataset: $datasets[i % size($datasets)], consumer: $agencies[i % 3], provider: $agencies[i % size($agencies)],
  consumerJurisdiction: $jurisdiction, providerJurisdiction: $jurisdiction, jurisdictions: [],
  applicant: 'pe', filedAt: '2026-01-01T00:00:00.000Z', movedAt: '2026-01-01T00:00:00.000Z'})
"""
CASE: Final = """
id dataset { title description provider { name } access { inspect { allowed } } fields(first: 2) { nodes { name } } }
consumer { code } provider { name datasets(first: 1) { nodes { title } } }
"""
PAGE: Final = f"{{ accessRequests(first: 50) {{ nodes {{ {CASE} }} }} }}"
NUMBER: Final = 50


@pytest.fixture(scope="module")
def world() -> World:
    return build_world(random.Random(5), datasets=14)


@pytest.fixture(scope="module")
async def gateway(module_graph: Graph, world: World) -> Gateway:
    await load(module_graph, world)
    given = {
        "n": NUMBER,
        "datasets": [one["id"] for one in world.datasets],
        "agencies": [one["id"] for one in world.agencies],
        "jurisdiction": CALLERS["auditor"].jurisdictions[0],
    }
    await module_graph.run(_CASES, given)
    return Gateway(module_graph, cases=Cases(module_graph))


async def test_a_page_of_cases_with_all_beside_them_is_a_statement_for_each_field(gateway: Gateway) -> None:
    before = gateway.cases.graph.requests
    found = await gateway.data(PAGE, {}, CALLERS["auditor"])
    assert len(found["accessRequests"]["nodes"]) == NUMBER
    assert gateway.cases.graph.requests - before == 1 + 3


@pytest.mark.parametrize("who", ["auditor", "staff", "water"])
async def test_each_row_of_a_page_says_what_it_says_alone(gateway: Gateway, who: str) -> None:
    rows = (await gateway.data(PAGE, {}, CALLERS[who]))["accessRequests"]["nodes"]
    assert rows
    hidden = 0
    for row in rows:
        alone = await gateway.data(
            f"query($id: ID!) {{ accessRequest(id: $id) {{ {CASE} }} }}", {"id": row["id"]}, CALLERS[who]
        )
        assert alone["accessRequest"] == row
        (stored,) = await gateway.cases.graph.run("MATCH (c:Case {id: $id}) RETURN [c.dataset]", {"id": row["id"]})
        direct = await gateway.data(
            "query($id: ID!) { dataset(id: $id) { title description } }", {"id": stored}, CALLERS[who]
        )
        shown: Any = row["dataset"] and {name: row["dataset"][name] for name in ("title", "description")}
        assert direct["dataset"] == shown
        hidden += shown is None
    assert hidden or who != "water", "there is something that these may not know of"


async def test_a_broken_promise_is_told_at_its_place_and_no_other(gateway: Gateway) -> None:
    graph = gateway.cases.graph
    found = "MATCH (c:Case {id: 'cs_3'}), (d:Dataset {id: c.dataset}) RETURN [d.id, d.title]"
    dataset, title = await graph.run(found)
    await graph.run("MATCH (d:Dataset {id: $id}) REMOVE d.title", {"id": dataset})
    page = "{ accessRequests(first: 50) { nodes { id dataset { title } } } }"
    result = await gateway.ask(page, {}, CALLERS["auditor"])
    await graph.run("MATCH (d:Dataset {id: $id}) SET d.title = $title", {"id": dataset, "title": title})
    assert result.data is not None
    nodes = result.data["accessRequests"]["nodes"]
    places = [i for i, node in enumerate(nodes) if node["dataset"] is None]
    paths = [error.path for error in result.errors or ()]
    assert sorted(map(str, paths)) == sorted(
        str(["accessRequests", "nodes", place, "dataset", "title"]) for place in places
    )
    assert "cs_3" in {nodes[place]["id"] for place in places}
    assert len(places) < NUMBER / 2
