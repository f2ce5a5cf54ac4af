"""Settling goes by indexes, on an empty graph and on a filled one: what it costs follows from what is marked."""

import random
from collections.abc import AsyncIterator
from typing import Any, Final

import pytest

from gateway.graph import Graph, make_id
from gateway.lineage import tier_statements
from gateway.vocabulary import FOREVER
from tests.plan.plans import explain
from tests.support.database import empty
from tests.support.loading import load
from tests.support.world import build_world

SCANS: Final = {"AllNodesScan", "NodeByLabelScan", "CartesianProduct", "DirectedRelationshipTypeScan"}
ALL: Final = {name: text for name, text in vars(tier_statements).items() if name.isupper() and not name.startswith("_")}
STATEMENTS: Final = {name: text for name, text in ALL.items() if "RETURN" in text and name != "COUNTS"}
GIVEN: Final[dict[str, Any]] = {
    "ids": [make_id("fd_", "621000/003", "f0_id")],
    "rows": [{"id": "fd_a", "dataset": "ds_a", "tier": None, "agency": "ag_a", "owners": None, "fields": None}],
    "now": "2026-01-01T00:00:00.000Z",
    "since": "2025-01-01T00:00:00.000Z",
    "forever": FOREVER,
    "due": "m1_",
    "most": 10,
    "page": 10,
    "id": "m0_",
    "after": "fd_",
    "unpublished": "DRAFT",
}


@pytest.fixture(scope="module", params=["empty", "filled"])
async def filled(request: pytest.FixtureRequest, shared_graph: Graph) -> AsyncIterator[Graph]:
    """The planner decides by statistics, and must not need them."""
    await empty(shared_graph)
    if request.param == "filled":
        await load(shared_graph, build_world(random.Random(3), datasets=14))
        await shared_graph.run("CALL db.resampleOutdatedIndexes()")
    await shared_graph.run("CALL db.clearQueryCaches()")
    yield shared_graph
    await empty(shared_graph)


async def test_nothing_is_found_by_looking_at_everything(filled: Graph) -> None:
    assert len(STATEMENTS) >= 15
    for name, statement in STATEMENTS.items():
        plan = await explain(filled, statement, GIVEN)
        assert not SCANS & plan.names, name
        seeks = {one.name for one in plan.all() if "Seek" in one.name or one.name.startswith("NodeUniqueIndexSeek")}
        assert seeks or name == "TAKE", name


async def test_pages_of_everything_are_in_the_order_of_an_index(filled: Graph) -> None:
    for name in ("EVERY_FIELD", "EVERY_DATASET", "TAKE"):
        assert "Sort" not in (await explain(filled, STATEMENTS[name], GIVEN)).names, name
