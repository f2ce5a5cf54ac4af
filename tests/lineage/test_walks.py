"""Walks give what a model gives that follows derivations object by object, for every caller, instant and depth."""

import os
import random
from collections.abc import Callable
from typing import Any, Final

import pytest

from gateway.graph import Graph
from gateway.vocabulary import FOREVER
from tests.lineage.walked import Model
from tests.plan.asking import CALLERS, POLICY, Gateway
from tests.support.database import empty
from tests.support.loading import edge_id, load
from tests.support.world import Derivation, World, build_world

WORLDS: Final = int(os.environ.get("GATEWAY_TEST_WORLDS", "8")) // 2
QUESTIONS: Final = 40
"""Per world."""
WHO: Final = ("staff", "water", "head", "public", "auditor")
"""One after another, a world each asks one; agencies first, to whom something is said of what is hidden."""
INSTANTS: Final = tuple(f"202{year}-06-01T00:00:00.000Z" for year in range(3, 7))

WALK: Final = """
query W($of: ID!, $direction: LineageDirection!, $level: LineageLevel, $depth: Int, $first: Int, $after: String,
        $filter: LineageFilter, $asOf: DateTime, $knownAt: DateTime) {
  lineage(of: $of, direction: $direction, level: $level, depth: $depth, first: $first, after: $after,
          filter: $filter, asOf: $asOf, knownAt: $knownAt) {
    nodes { id direction distance dataset { id } field { id } }
    edges { id source target validFrom validTo recordedFrom recordedTo observed }
    pageInfo { hasNextPage hasPreviousPage endCursor }
    totalCount isComplete truncatedBecause hidden { rule requirement next }
  }
}"""


def lineage_world(rnd: random.Random, datasets: int = 10) -> World:
    """A small world whose derivations began, ended and were corrected at various instants."""
    world = build_world(rnd, datasets=datasets)
    world.derivations = []
    spans = [(a, b) for a in INSTANTS[:2] for b in (INSTANTS[3], FOREVER, FOREVER)]
    for label, rows in (("Dataset", world.datasets), ("Field", world.fields)):
        for _ in range(len(rows) * 3 // 2):
            source, target = rnd.choice(rows)["id"], rnd.choice(rows)["id"]
            valid, recorded = rnd.choice(spans), rnd.choice(spans)
            edge = Derivation(label, source, target, *valid, recorded[1], recorded[0], rnd.random() < 0.5)
            if edge_id(edge) not in map(edge_id, world.derivations):
                world.derivations.append(edge)
    return world


def question(rnd: random.Random, world: World, depth: int) -> dict[str, Any]:
    """What somebody may ask. Each new text costs Neo4j more than ten walks, so that what shows in it varies little."""
    rows = [*world.datasets, *world.datasets, *world.fields]
    asked: dict[str, Any] = {
        "of": rnd.choice(rows)["id"],
        "direction": rnd.choice(["UPSTREAM", "DOWNSTREAM", "BOTH"]),
        "level": rnd.choice(["DATASET", "FIELD"]),
        "depth": depth,
        "asOf": rnd.choice(INSTANTS[1:]),
        "knownAt": rnd.choice(INSTANTS[1:]),
    }
    if depth == 2 and asked["level"] == "DATASET":
        asked["filter"] = {"observed": rnd.random() < 0.5}
    return asked


async def test_a_walk_is_what_a_model_finds(graph: Graph, record_property: Callable[[str, int], None]) -> None:
    cases = found_some = hidden = 0
    for seed in range(WORLDS):
        rnd = random.Random(f"walks {seed}")
        world = lineage_world(rnd)
        await empty(graph)
        await load(graph, world)
        gateway, name = Gateway(graph), WHO[seed % len(WHO)]
        subject = CALLERS[name]
        for _ in range(QUESTIONS):
            asked = question(rnd, world, 2 if seed % 3 else 10)
            model = Model(world, subject, POLICY.table_for(subject.profile))
            observed = asked.get("filter", {}).get("observed")
            expected = model.walk(
                asked["of"], asked["direction"], asked["level"], asked["depth"],
                as_of=asked["asOf"], known_at=asked["knownAt"], observed=observed,
            )  # fmt: skip
            data = (await gateway.data(WALK, {**asked, "first": 100}, subject))["lineage"]
            cases += 1
            if expected is None:
                assert data is None, (seed, name, asked)
                continue
            said = [(n["direction"], n["distance"], n["id"]) for n in data["nodes"]]
            assert said == expected.nodes, (seed, name, asked)
            assert {e["id"] for e in data["edges"]} == expected.edges, (seed, name, asked)
            assert set(data["truncatedBecause"]) == expected.truncated, (seed, name, asked)
            assert data["isComplete"] is not expected.truncated or not expected.truncated
            assert data["totalCount"] == len(said)
            assert (data["hidden"] or {}).get("rule") == min(expected.hidden, default=None), (seed, name, asked)
            found_some += bool(said)
            hidden += bool(expected.hidden)
    record_property("walks", cases)
    record_property("of them that found something", found_some)
    record_property("with something hidden", hidden)
    assert found_some > cases // 5
    assert hidden > 5


async def test_pages_together_are_the_walk(graph: Graph) -> None:
    """For both directions at once, in pages of two, under a filter and without one."""
    world = lineage_world(random.Random("pages"), datasets=14)
    await load(graph, world)
    gateway, subject = Gateway(graph), CALLERS["center"]
    now = {"asOf": INSTANTS[2], "knownAt": INSTANTS[2], "direction": "BOTH"}
    seen = 0
    for of in [d["id"] for d in world.datasets]:
        for which in (None, {"agency": [world.agencies[0]["id"], world.agencies[1]["id"]]}):
            asked: dict[str, Any] = {"of": of, **now, "filter": which}
            whole = (await gateway.data(WALK, {**asked, "first": 100}, subject))["lineage"]
            if whole is None:
                continue
            nodes, edges, after = [], set[str](), None
            for _ in range(20):
                page = (await gateway.data(WALK, {**asked, "first": 2, "after": after}, subject))["lineage"]
                assert page["totalCount"] == whole["totalCount"]
                assert page["truncatedBecause"] == whole["truncatedBecause"]
                assert page["pageInfo"]["hasPreviousPage"] is (after is not None)
                nodes += page["nodes"]
                edges |= {e["id"] for e in page["edges"]}
                after = page["pageInfo"]["endCursor"]
                if not page["pageInfo"]["hasNextPage"]:
                    break
            assert nodes == whole["nodes"]
            assert edges == {e["id"] for e in whole["edges"]}
            seen += len(nodes)
            homes = {d["id"]: d["agency"] for d in world.datasets}
            assert which is None or {homes[n["id"]] for n in nodes} <= {*which["agency"]}
    assert seen > 30


async def test_a_cursor_of_another_walk_is_refused(graph: Graph) -> None:
    world = lineage_world(random.Random("cursors"))
    await load(graph, world)
    gateway, subject = Gateway(graph), CALLERS["center"]
    of = [d["id"] for d in world.datasets]
    walks = [{"of": one, "direction": "BOTH", "first": 1, "asOf": INSTANTS[2], "knownAt": INSTANTS[2]} for one in of]
    pages = [(await gateway.data(WALK, walk, subject))["lineage"]["pageInfo"]["endCursor"] for walk in walks]
    cursor, other = next((c, w) for c, w in zip(pages, walks[1:], strict=False) if c)
    for wrong in (cursor, f"{cursor}9", "x", ""):
        found = await gateway.ask(WALK, {**other, "after": wrong}, subject)
        assert [e.extensions["code"] for e in found.errors or () if e.extensions] == ["INVALID_CURSOR"]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [({"depth": 0}, "INVALID_DEPTH"), ({"depth": 51}, "INVALID_DEPTH"), ({"first": 101}, "INVALID_PAGE"),
     ({"filter": {"agency": ["ag_x"] * 101}}, "INVALID_FILTER")],
)  # fmt: skip
async def test_what_cannot_be_asked_says_so(graph: Graph, wrong: dict[str, Any], code: str) -> None:
    asked = {"of": "ds_aaaaaaaaaaaaaaaaaaaaaaaaaa", "direction": "BOTH", **wrong}
    found = await Gateway(graph).ask(WALK, asked, CALLERS["center"])
    assert [e.extensions["code"] for e in found.errors or () if e.extensions] == [code]


@pytest.mark.parametrize("of", ["ds_aaaaaaaaaaaaaaaaaaaaaaaaaa", "ag_x", "", "\x00", "fd_'}) MATCH (n"])
async def test_of_what_is_not_there_there_is_nothing(graph: Graph, of: str) -> None:
    for level in ("DATASET", "FIELD"):
        data = await Gateway(graph).data(WALK, {"of": of, "direction": "BOTH", "level": level}, CALLERS["center"])
        assert data == {"lineage": None}
