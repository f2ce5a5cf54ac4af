"""A picture of 200 nodes can be read: no box lies upon another, columns are distances, and few derivations cross."""

import random
from itertools import combinations, pairwise

import pytest

from gateway.lineage.export.layout import columns, crossings
from gateway.lineage.export.svg import BOX, boxes
from gateway.lineage.export.texts import fitted, width
from tests.lineage.export.pictures import EVERY, edge, large, node, picture


@pytest.mark.parametrize("name", EVERY)
def test_no_box_lies_upon_another(name: str) -> None:
    found = boxes(EVERY[name]())
    for one, other in combinations(found.values(), 2):
        assert abs(one.x - other.x) >= BOX[0] + 40 or abs(one.y - other.y) >= BOX[1] + 10


def test_all_two_hundred_are_there_in_columns_by_distance() -> None:
    whole = large()
    assert len(whole.nodes) == 200
    placed = boxes(whole)
    for one in whole.nodes:
        for other in whole.nodes:
            assert (one.rank < other.rank) == (placed[one.id].x < placed[other.id].x)


def test_sweeping_leaves_fewer_crossings() -> None:
    whole = large()
    near: dict[str, list[str]] = {}
    for one in whole.edges:
        near.setdefault(one.source, []).append(one.target)
        near.setdefault(one.target, []).append(one.source)
    rnd = random.Random(1)
    shuffled = [rnd.sample(list(column), len(column)) for column in columns(whole)]
    assert crossings(columns(whole), near) < crossings(shuffled, near) / 4


def test_crossings_are_counted() -> None:
    rnd = random.Random(2)
    left, right = [f"l{i}" for i in range(8)], [f"r{i}" for i in range(8)]
    pairs = sorted({(rnd.choice(left), rnd.choice(right)) for _ in range(20)})
    near: dict[str, list[str]] = {}
    for a, b in pairs:
        near.setdefault(a, []).append(b)
    naive = sum((a < c and b > d) or (a > c and b < d) for (a, b), (c, d) in combinations(pairs, 2))
    assert crossings([left, right], near) == naive


def test_what_can_be_drawn_without_crossings_is() -> None:
    nodes = [node("s"), *(node(f"a{i}", -1) for i in range(6)), *(node(f"b{i}", -2) for i in range(6))]
    edges = [*(edge("ds_s", f"ds_a{i}") for i in range(6)), *(edge(f"ds_a{i}", f"ds_b{5 - i}") for i in range(6))]
    placed = boxes(picture(nodes, edges))
    inner = sorted(range(6), key=lambda i: placed[f"ds_a{i}"].y)
    assert all(placed[f"ds_b{5 - i}"].y < placed[f"ds_b{5 - j}"].y for i, j in pairwise(inner))


@pytest.mark.parametrize("text", ["供水管网压力逐时数据", "Monthly statistics of WATER", "a", "中a文b字"])
def test_a_text_is_cut_to_its_room(text: str) -> None:
    for room in (3.0, 5.5, 100.0):
        found = fitted(text, room)
        assert sum(map(width, found)) <= room
        assert found == text or (found.endswith("…") and text.startswith(found[:-1].rstrip()))
