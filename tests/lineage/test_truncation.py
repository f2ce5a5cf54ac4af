"""A walk that is not everything says so and why, to whoever may know that there is more, and to nobody else."""

from collections.abc import Mapping
from typing import Any, Final

import pytest

from gateway.graph import Graph, GraphTimeout
from gateway.identity import PUBLIC, Subject
from gateway.lineage import walking
from tests.lineage.test_walks import WALK
from tests.plan.asking import CALLERS, Gateway

WATER: Final = CALLERS["water"]
OF: Final = "ds_aaaaaaaaaaaaaaaaaaaaaaaaaa"
_DATASET: Final = (
    "(:Dataset {{id: {id}, identifier: {id}, title: 'x', accessClass: {of}, agency: $agency, jurisdiction: 'ju_a'}})"
)
_HELD: Final = (
    "SET r += {validFrom: '2020', validTo: '9999', recordedFrom: '2020', recordedTo: '9999',"
    " id: 'de_' + startNode(r).id + endNode(r).id}"
)
CHAIN: Final = f"""
CREATE {_DATASET.format(id="$of", of="'UO'")}
WITH 1 AS one UNWIND range(1, 6) AS i
CREATE {_DATASET.format(id="'ds_' + right('aaaaaaaaaaaaaaaaaaaaaaaaaa' + toString(i), 26)", of="'UO'")}
WITH count(*) AS n
MATCH (d:Dataset) WITH d ORDER BY d.id <> $of, d.id WITH collect(d) AS all
UNWIND range(0, 5) AS i
WITH all[i] AS a, all[i + 1] AS b CREATE (a)-[r:DERIVED_FROM]->(b) {_HELD}
"""
"""Seven datasets, each made from the next."""


async def walk(gateway: Gateway, subject: Subject = WATER, **asked: Any) -> dict[str, Any]:
    """A walk from the beginning of the chain."""
    found: dict[str, Any] = (await gateway.data(WALK, {"of": OF, "direction": "UPSTREAM", **asked}, subject))["lineage"]
    return found


@pytest.fixture
async def chain(graph: Graph) -> Graph:
    """The chain, of an agency that provides it."""
    await graph.run(CHAIN, {"of": OF, "agency": WATER.agency})
    return graph


async def test_beyond_the_depth_there_is_more_or_there_is_not(chain: Graph) -> None:
    for depth, total, why in ((5, 5, ["DEPTH"]), (6, 6, []), (7, 6, []), (50, 6, [])):
        found = await walk(Gateway(chain), depth=depth)
        assert (found["totalCount"], found["truncatedBecause"]) == (total, why)
        assert found["isComplete"] is (not why)


async def test_more_nodes_than_one_walk_may_have_are_not_silently_less(chain: Graph) -> None:
    gateway = Gateway(chain)
    for most, total, why in ((7, 6, []), (6, 6, ["NODES"]), (3, 3, ["NODES"])):
        gateway.walker.most_nodes = most
        found = await walk(gateway)
        assert (found["totalCount"], found["truncatedBecause"]) == (total, why)
        assert [n["distance"] for n in found["nodes"]] == [*range(1, total + 1)]


async def test_more_derivations_than_a_page_may_have_are_not_silently_less(
    chain: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walking, "MOST_EDGES", 4)
    found = await walk(Gateway(chain))
    assert len(found["edges"]) == 4
    assert found["truncatedBecause"] == ["EDGES"]


class _Slow:
    """A graph in which what looks further than `levels` takes too long."""

    def __init__(self, graph: Graph, levels: int) -> None:
        self.graph, self.levels = graph, levels
        self.given: list[float | None] = []

    async def read(
        self, statement: str, parameters: Mapping[str, Any] | None = None, *, seconds: float | None = None
    ) -> Any:
        self.given.append(seconds)
        if parameters is not None and parameters["depth"] > self.levels:
            raise GraphTimeout("it took too long")
        return await self.graph.read(statement, parameters)


async def test_a_walk_that_takes_too_long_is_answered_as_far_as_there_was_time(chain: Graph) -> None:
    gateway = Gateway(chain)
    slow = gateway.walker.reader = _Slow(chain, levels=3)
    gateway.walker.seconds = 8
    found = await walk(gateway, depth=10)
    assert (found["totalCount"], found["truncatedBecause"]) == (2, ["TIME"])
    assert slow.given == [8, 4, 2]
    slow.levels = 0
    failed = await gateway.ask(WALK, {"of": OF, "direction": "UPSTREAM"}, WATER)
    assert failed.errors


@pytest.mark.parametrize("levels", [6, 7])
async def test_a_shallower_walk_that_found_the_end_is_complete(chain: Graph, levels: int) -> None:
    gateway = Gateway(chain)
    gateway.walker.reader = _Slow(chain, levels)
    found = await walk(gateway, depth=12)
    assert (found["totalCount"], found["truncatedBecause"]) == (6, [])


async def test_a_name_without_an_entry_is_told_to_its_owner_alone(chain: Graph) -> None:
    await chain.run(
        f"MATCH (d:Dataset {{id: $of}}) CREATE (d)-[r:DERIVED_FROM]->(:External {{id: $name, namespace: 'pg://a',"
        f" name: 'public.b', agency: $agency, accessClass: 'DRAFT'}}) {_HELD}",
        {"of": OF, "name": "xn_aaaaaaaaaaaaaaaaaaaaaaaaaa", "agency": WATER.agency},
    )
    text = WALK.replace("field { id } }", "field { id } name { namespace name field } }", 1)
    asked = {"of": OF, "direction": "UPSTREAM", "depth": 1}
    mine = (await Gateway(chain).data(text, asked, WATER))["lineage"]
    (named,) = [node for node in mine["nodes"] if node["name"]]
    assert named["name"] == {"namespace": "pg://a", "name": "public.b", "field": None}
    assert named["dataset"] is None
    assert mine["truncatedBecause"] == ["DEPTH", "UNMATCHED"]
    for subject in (PUBLIC, CALLERS["staff"], CALLERS["center"]):
        theirs = (await Gateway(chain).data(text, asked, subject))["lineage"]
        assert len(theirs["nodes"]) == len(theirs["edges"]) == theirs["totalCount"] == 1
        assert theirs["truncatedBecause"] == ["DEPTH"]


async def test_something_non_shared_is_said_to_be_hidden_to_agencies_and_to_nobody_else(chain: Graph) -> None:
    """A bare stub: why, and neither which one, nor how many, nor where."""
    secret = _DATASET.format(id="'x' + d.id", of="$class")
    await chain.run(
        f"MATCH (d:Dataset) WHERE d.id <> $of CREATE (d)-[r:DERIVED_FROM]->{secret} {_HELD}",
        {"of": OF, "class": "NN_L", "agency": "ag_other"},
    )
    found = await walk(Gateway(chain))
    assert found["truncatedBecause"] == ["HIDDEN"]
    assert found["hidden"]["requirement"] == "R16.3b"
    assert found["hidden"]["next"] == "NEGOTIATE"
    assert found["totalCount"] == len(found["nodes"]) == len(found["edges"]) == 6
    near = await walk(Gateway(chain), depth=1)
    assert (near["truncatedBecause"], near["hidden"]) == (["DEPTH"], None)
    everybody = await walk(Gateway(chain), PUBLIC)
    assert (everybody["truncatedBecause"], everybody["hidden"], everybody["totalCount"]) == ([], None, 6)
    assert (await walk(Gateway(chain), CALLERS["center"]))["totalCount"] == 12
