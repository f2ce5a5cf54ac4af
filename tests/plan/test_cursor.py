"""A cursor belongs to one list; any other is refused, and none leads outside what the caller may know."""

import random
from typing import Any, Final

import pytest

from gateway.graph import Graph, make_id
from gateway.plan import cursor
from gateway.plan.errors import BadInput
from tests.plan.asking import CALLERS, Gateway
from tests.support.loading import load
from tests.support.world import World, build_world

ID: Final = make_id("ds_", "621000/003")
TAG: Final = cursor.prefix("datasets", "TITLE False", [{}, None])

PAGE: Final = """
query($a: String, $b: String, $o: DatasetOrder, $f: DatasetFilter) {
  datasets(first: 3, after: $a, before: $b, orderBy: $o, filter: $f) { edges { cursor node { id } } }
}
"""


def test_a_cursor_names_the_place_it_was_made_for() -> None:
    assert cursor.read("x", f"{TAG}{ID}.供水", TAG, numeric=False) == cursor.Position("供水", ID)
    assert cursor.read("x", f"{TAG}{ID}.1.2.3", TAG, numeric=False) == cursor.Position("1.2.3", ID)
    assert cursor.read("x", f"{TAG}{ID}.-7", TAG, numeric=True) == cursor.Position(-7, ID)


@pytest.mark.parametrize(
    "forged",
    [
        "",
        "x",
        TAG,
        TAG[:-1],
        f"{TAG}nonsense.1",
        f"{TAG}{ID[:-1]}.1",
        f"{TAG}{ID}x.1",
        f"{TAG}{ID.upper()}.1",
        f"{TAG}{ID}.",
        f"{TAG}{ID}.1.5",
        f"{TAG}{ID}.1e9",
        f"{TAG}{ID}.{'9' * 40}",
        f"{TAG}{ID}.\u0661",
        f"{TAG}{ID}\n.1",
        f"{TAG}{ID}.1" + " " * 4000,
        "A" * 10**6,
        "\x00",
    ],
)
def test_a_forged_cursor_is_refused(forged: str) -> None:
    with pytest.raises(BadInput) as refused:
        cursor.read("datasets.after", forged, TAG, numeric=True)
    assert refused.value.extensions == {"code": "INVALID_CURSOR"}
    assert refused.value.message.startswith("datasets.after:")


def test_lists_differ_by_field_order_and_filter() -> None:
    lists: list[tuple[str, str, Any]] = [
        ("datasets", "TITLE False", [{}, None]),
        ("datasets", "TITLE True", [{}, None]),
        ("datasets", "ID False", [{}, None]),
        ("datasets", "TITLE False", [{"stale": True}, None]),
        ("datasets", "TITLE False", [{}, "水"]),
        ("fields", "TITLE False", [{}, None]),
    ]
    tags = {cursor.prefix(field, order, filters) for field, order, filters in lists}
    assert len(tags) == 6


@pytest.fixture(scope="module")
async def filled(module_graph: Graph) -> tuple[Graph, World]:
    world = build_world(random.Random(6), datasets=14)
    await load(module_graph, world)
    return module_graph, world


async def test_a_cursor_of_another_list_is_refused_in_every_place(filled: tuple[Graph, World]) -> None:
    graph, _ = filled
    gateway, before = Gateway(graph), graph.requests
    first = await gateway.data(PAGE, {"o": {"field": "TITLE"}}, CALLERS["center"])
    given = first["datasets"]["edges"][0]["cursor"]
    others: list[dict[str, Any]] = [
        {"o": {"field": "ID"}},
        {"o": {"field": "TITLE", "direction": "DESC"}},
        {"o": {"field": "TITLE"}, "f": {"stale": True}},
        {},
    ]
    for other in others:
        for argument in ("a", "b"):
            result = await gateway.ask(PAGE, {**other, argument: given}, CALLERS["center"])
            assert [(e.extensions or {})["code"] for e in result.errors or ()] == ["INVALID_CURSOR"]
            assert result.data is None
    result = await gateway.ask("query($a: String) { agencies(after: $a) { totalCount } }", {"a": given})
    assert result.errors
    assert graph.requests - before == 1


async def test_a_forged_place_gives_only_what_the_caller_may_know(filled: tuple[Graph, World]) -> None:
    graph, world = filled
    gateway = Gateway(graph)
    everything = "query($a: String) { datasets(first: 100, after: $a) { edges { cursor node { id } } } }"
    known = await gateway.data(everything, {})
    tag = known["datasets"]["edges"][0]["cursor"].partition(".")[0]
    ids = [e["node"]["id"] for e in known["datasets"]["edges"]]
    assert ids == sorted(ids)
    assert len(ids) < len(world.datasets)
    for row in world.datasets:
        data = await gateway.data(everything, {"a": f"{tag}.{row['id']}"})
        assert [e["node"]["id"] for e in data["datasets"]["edges"]] == [i for i in ids if i > row["id"]]


async def test_an_empty_filter_field_is_an_absent_one(filled: tuple[Graph, World]) -> None:
    graph, _ = filled
    gateway = Gateway(graph)
    first = await gateway.data(PAGE, {"f": {"stale": None}}, CALLERS["center"])
    after = first["datasets"]["edges"][0]["cursor"]
    assert await gateway.data(PAGE, {"a": after}, CALLERS["center"]) == await gateway.data(
        PAGE, {"a": after, "f": None, "b": None}, CALLERS["center"]
    )
