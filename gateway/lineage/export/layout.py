"""Where boxes stand: a column for each distance, and in each an order in which few derivations cross.

The same picture gives the same places: nothing is drawn by chance, and ties keep the order of the walk.
"""

from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final

from gateway.lineage.export.picture import Picture

_SWEEPS: Final = 12
"""Beyond these nothing gets better: measured on pictures of 200 nodes."""
Columns = list[list[str]]


def columns(picture: Picture) -> Sequence[Sequence[str]]:
    """The ids of nodes by column, from what lies furthest upstream, each from the top."""
    ranks: dict[int, list[str]] = defaultdict(list)
    for node in picture.nodes:
        ranks[node.rank].append(node.id)
    placed = [ranks[rank] for rank in sorted(ranks)]
    near: dict[str, list[str]] = defaultdict(list)
    for edge in picture.edges:
        if edge.source != edge.target:
            near[edge.source].append(edge.target)
            near[edge.target].append(edge.source)
    best, fewest = placed, crossings(placed, near)
    for sweep in range(_SWEEPS):
        if not fewest:
            break
        placed = _swept(placed, near, forward=sweep % 2 == 0)
        found = crossings(placed, near)
        if found < fewest:
            best, fewest = placed, found
    return best


def crossings(placed: Sequence[Sequence[str]], near: Mapping[str, Sequence[str]]) -> int:
    """How many pairs of derivations cross between neighbouring columns."""
    found = 0
    for left, right in pairwise(placed):
        heights = {node: i for i, node in enumerate(right)}
        passed: list[int] = []
        for node in left:
            ends = sorted(heights[other] for other in near.get(node, ()) if other in heights)
            for end in ends:
                found += len(passed) - bisect_right(passed, end)
            for end in ends:
                insort(passed, end)
    return found


def _swept(placed: Sequence[Sequence[str]], near: Mapping[str, Sequence[str]], *, forward: bool) -> Columns:
    """Each column, one after another, in the order of the middle of what its nodes lead to in the one before."""
    found: Columns = []
    fixed: Mapping[str, float] = {}
    for column in placed if forward else reversed(placed):
        now = {node: _share(i, len(column)) for i, node in enumerate(column)}
        middles = {}
        for node in column:
            ends = [fixed[other] for other in near.get(node, ()) if other in fixed]
            middles[node] = sum(ends) / len(ends) if ends else now[node]
        ordered = sorted(column, key=lambda node: (middles[node], now[node]))  # used at once
        found.append(ordered)
        fixed = {node: _share(i, len(ordered)) for i, node in enumerate(ordered)}
    return found if forward else found[::-1]


def _share(place: int, of: int) -> float:
    """How far down a place is, so that columns of different lengths can be compared: they are centred."""
    return place - (of - 1) / 2
