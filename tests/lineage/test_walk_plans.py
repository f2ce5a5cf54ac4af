"""A walk is planned as a breadth-first one with its tests inside, on an empty graph, a sparse one and a filled one.

What enumerates paths instead would give the same answers and take for ever where there are diamonds.
"""

import random
from collections.abc import AsyncIterator
from typing import Any, Final

import pytest

from gateway.graph import Graph, make_id
from tests.lineage.test_walks import WALK, lineage_world
from tests.plan.asking import CALLERS, Gateway
from tests.plan.plans import explain
from tests.support.database import empty
from tests.support.loading import load

pytestmark = pytest.mark.long
BREADTH_FIRST: Final = "VarLengthExpand(Pruning,BFS,All)"
LADDER: Final = """
UNWIND range(0, 59) AS level UNWIND [0, 1, 2] AS side
CREATE (d:Dataset {id: 'ds_' + right('aaaaaaaaaaaaaaaaaaaaaaaaaa' + toString(level) + 'x' + toString(side), 26),
  identifier: level + '/' + side, title: 'x', accessClass: 'UO', agency: 'ag_a', jurisdiction: 'ju_a', level: level})
WITH collect(d) AS all
UNWIND all AS a UNWIND all AS b
WITH a, b WHERE b.level = (a.level + 1) % 60
CREATE (a)-[:DERIVED_FROM {id: a.identifier + b.identifier, validFrom: '2020', validTo: '9999', recordedFrom: '2020',
  recordedTo: '9999'}]->(b)
"""
"""A ring of 60 levels, each of three all of which derive from all of the next: 3^50 paths from one to 50 further on."""


@pytest.fixture(scope="module", params=["empty", "sparse", "filled"])
async def filled(request: pytest.FixtureRequest, shared_graph: Graph) -> AsyncIterator[Graph]:
    """The planner decides by statistics, and must not need them."""
    await empty(shared_graph)
    if request.param != "empty":
        await load(shared_graph, lineage_world(random.Random(3), datasets=14))
    if request.param == "filled":
        await shared_graph.run(LADDER)
        await shared_graph.run("CALL db.resampleOutdatedIndexes()")
    await shared_graph.run("CALL db.clearQueryCaches()")
    yield shared_graph
    await empty(shared_graph)


class _Recorder:
    """Keeps what a walk would have asked."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, Any]] = []

    async def read(self, statement: str, parameters: Any = None, *, seconds: float | None = None) -> None:
        del seconds
        self.seen.append((statement, parameters))


@pytest.mark.parametrize("who", ["public", "staff", "auditor"])
async def test_every_walk_is_breadth_first(filled: Graph, who: str) -> None:
    dataset, field = make_id("ds_", "621000/003"), make_id("fd_", "621000/003", "f0_id")
    for of, level in ((dataset, "DATASET"), (dataset, "FIELD"), (field, "FIELD")):
        gateway = Gateway(filled)
        recorder = gateway.walker.reader = _Recorder()
        await gateway.ask(WALK, {"of": of, "level": level, "direction": "BOTH"}, CALLERS[who])
        assert len(recorder.seen) == 2
        for statement, parameters in recorder.seen:
            plan = await explain(filled, statement, parameters)
            (walk,) = [o for o in plan.all() if o.name.startswith("VarLengthExpand")]
            assert walk.name == BREADTH_FIRST
            assert "accessClass" in walk.details
            assert "recordedTo" in walk.details
            assert "NodeUniqueIndexSeek" in plan.names
            assert not {"AllNodesScan", "NodeByLabelScan", "CartesianProduct"} & plan.names


async def test_diamonds_and_cycles_cost_their_size(graph: Graph) -> None:
    await graph.run(LADDER)
    of = "ds_aaaaaaaaaaaaaaaaaaaaaaa0x0"
    await graph.run("MATCH (d:Dataset) WHERE d.identifier = '0/0' SET d.id = $of", {"of": of})
    await graph.run("MATCH (d:Dataset {id: $of}) CREATE (d)-[:DERIVED_FROM {id: 'self', validFrom: '2020',"
                    " validTo: '9999', recordedFrom: '2020', recordedTo: '9999'}]->(d)", {"of": of})  # fmt: skip
    for direction in ("UPSTREAM", "DOWNSTREAM"):
        asked = {"of": of, "direction": direction, "depth": 50, "first": 100}
        first = (await Gateway(graph).data(WALK, asked, CALLERS["center"]))["lineage"]
        assert first["totalCount"] == 3 * 50
        assert first["truncatedBecause"] == ["DEPTH"]
        assert [n["distance"] for n in first["nodes"]] == [1 + i // 3 for i in range(100)]
        assert [e["id"] for e in first["edges"] if e["source"] == e["target"]] == ["self"]
