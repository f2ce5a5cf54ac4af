"""Paths are simple; all of them when they are few, the shortest when they are many, and never more than can be read."""

import random
from collections.abc import Iterator
from itertools import pairwise, permutations
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.graph import Graph
from gateway.lineage import Edge, paths, simple_paths
from tests.lineage.test_walk_plans import LADDER
from tests.lineage.test_walks import INSTANTS, lineage_world
from tests.lineage.walked import Model, holds
from tests.plan.asking import CALLERS, POLICY, Gateway
from tests.support.database import empty
from tests.support.loading import load
from tests.support.world import Derivation

NODES: Final = "abcdef"
PATHS: Final = """
query P($from: ID!, $to: ID!, $first: Int, $at: DateTime) {
  paths(from: $from, to: $to, first: $first, asOf: $at, knownAt: $at) {
    paths { length edges { id source target } } isComplete truncatedBecause
  }
}"""


def every_path(pairs: set[tuple[str, str]], target: str, source: str) -> Iterator[tuple[str, ...]]:
    """By trying every order of everything."""
    rest = sorted({one for pair in pairs for one in pair} - {target, source})
    for size in range(len(rest) + 1):
        for inner in permutations(rest, size):
            nodes = (target, *inner, source)
            if all((a, b) in pairs for a, b in pairwise(nodes)):
                yield nodes


@given(
    st.sets(st.tuples(st.sampled_from(NODES), st.sampled_from(NODES)), max_size=18),
    st.integers(0, 8),
)
def test_simple_paths_are_those_that_trying_finds(pairs: set[tuple[str, str]], most: int) -> None:
    edges = [Edge(source, target, {"id": f"{target}{source}{n}"}) for target, source in pairs for n in (1, 0)]
    expected = [*every_path({(t, s) for t, s in pairs if t != s}, "a", "f")]
    found = simple_paths(edges, "a", "f", most)
    passed = [("a", *(edge.source for edge in path)) for path in found.found]
    assert passed == sorted(expected, key=lambda nodes: (len(nodes), nodes))[:most]
    assert found.ended is (len(expected) <= most)
    assert all(edge.id.endswith("0") for path in found.found for edge in path)


def test_an_answer_looks_at_a_bounded_number_of_beginnings(monkeypatch: pytest.MonkeyPatch) -> None:
    edges = [Edge(f"{i + 1}/{b}", f"{i}/{a}", {"id": f"{i}{a}{b}"}) for i in range(30) for a in "xyz" for b in "xyz"]
    assert len(simple_paths(edges, "0/x", "30/x", 20).found) == 20
    monkeypatch.setattr(paths, "MOST_STEPS", 10)
    found = simple_paths(edges, "0/x", "30/x", 20)
    assert (found.found, found.ended) == ([], False)


async def test_paths_are_those_of_a_model_for_every_caller(graph: Graph) -> None:
    said = compared = 0
    for seed, name in enumerate(("staff", "public", "auditor")):
        world, at = lineage_world(random.Random(f"paths {seed}"), datasets=9), INSTANTS[2]
        await empty(graph)
        await load(graph, world)
        subject, gateway = CALLERS[name], Gateway(graph)
        model = Model(world, subject, POLICY.table_for(subject.profile))

        def passes(edge: Derivation, label: str, model: Model = model, at: str = at) -> bool:
            ends = model.open(edge.source) and model.open(edge.target)
            return edge.label == label and holds(edge, at, at) and ends and edge.source != edge.target

        for label, rows in (("Dataset", world.datasets), ("Field", world.fields)):
            pairs = {(e.source, e.target) for e in world.derivations if passes(e, label)}
            near = {one for pair in pairs for one in pair}
            for source, target in [(a["id"], b["id"]) for a in rows[:8] for b in rows[:8] if a is not b][::2]:
                data = await gateway.data(PATHS, {"from": source, "to": target, "at": at, "first": 100}, subject)
                found: Any = data["paths"]
                compared += 1
                if not (model.open(source) and model.open(target)):
                    assert found is None
                    continue
                within = pairs if {source, target} <= near else set[tuple[str, str]]()
                expected = sorted(_walked(within, target, source), key=lambda nodes: (len(nodes), nodes))
                passed = [(target, *(e["source"] for e in p["edges"])) for p in found["paths"]]
                assert passed == expected[:100]
                assert all(p["length"] == len(p["edges"]) for p in found["paths"])
                assert found["isComplete"] is (len(expected) <= 100)
                said += bool(passed)
    assert said > compared // 20


def _walked(pairs: set[tuple[str, str]], target: str, source: str) -> list[tuple[str, ...]]:
    """By going every way."""
    found = list[tuple[str, ...]]()
    waiting: list[tuple[str, ...]] = [(target,)]
    while waiting:
        nodes = waiting.pop()
        if nodes[-1] == source:
            found.append(nodes)
        else:
            waiting += [(*nodes, b) for a, b in pairs if a == nodes[-1] and b not in nodes]
    return found


async def test_where_there_are_more_paths_than_atoms_some_are_given(graph: Graph) -> None:
    await graph.run(LADDER)
    await graph.run("MATCH (d:Dataset) SET d.id = 'ds_' + d.identifier")
    asked = {"from": "ds_40/1", "to": "ds_0/0", "first": 3}
    found = (
        await Gateway(graph).data(
            PATHS.replace(", asOf: $at, knownAt: $at", "").replace(", $at: DateTime", ""), asked, CALLERS["center"]
        )
    )["paths"]
    assert [p["length"] for p in found["paths"]] == [40, 40, 40]
    assert found["truncatedBecause"] == ["PATHS"]


async def test_ends_of_two_kinds_are_refused(graph: Graph) -> None:
    asked = {"from": "ds_aaaaaaaaaaaaaaaaaaaaaaaaaa", "to": "fd_aaaaaaaaaaaaaaaaaaaaaaaaaa"}
    found = await Gateway(graph).ask(PATHS, asked, CALLERS["center"])
    assert [e.extensions["code"] for e in found.errors or () if e.extensions] == ["ENDS_DIFFER"]
