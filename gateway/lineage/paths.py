"""The ways by which one thing came into another: simple paths, the shortest first.

The statement gives no paths: there can be more of them than atoms. It gives what lies between both ends, found by two
breadth-first walks, and the ways through that are followed here.
"""

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import pairwise
from typing import Final

from gateway.lineage.walking import Edge

MOST_STEPS: Final = 20_000
"""Beginnings of paths that are looked at for one answer."""


@dataclass(frozen=True, slots=True)
class Paths:
    """Some paths, each the derivations in their order from what was made to what it was made from."""

    found: Sequence[Sequence[Edge]]
    ended: bool
    """Whether these are all."""


def simple_paths(edges: Sequence[Edge], target: str, source: str, most: int) -> Paths:
    """The shortest `most` paths along which `target` was made from `source`, none of which passes anything twice.

    Of derivations between the same two things the first by id stands for all. Paths of one length are in the order of
    what they pass.
    """
    between: dict[str, dict[str, Edge]] = defaultdict(dict)
    for edge in sorted(edges, key=lambda edge: edge.id):
        if edge.source != edge.target:
            between[edge.target].setdefault(edge.source, edge)
    found: list[Sequence[Edge]] = []
    for nodes in _best_first(between, _distances(between, source), target, source):
        if nodes is None or len(found) == most:
            return Paths(found, ended=False)
        found.append([between[a][b] for a, b in pairwise(nodes)])
    return Paths(found, ended=True)


def _distances(between: Mapping[str, Mapping[str, Edge]], source: str) -> Mapping[str, int]:
    """How far each is from `source`, against the derivations."""
    back: dict[str, list[str]] = defaultdict(list)
    for one, others in between.items():
        for other in others:
            back[other].append(one)
    far, waiting = {source: 0}, deque([source])
    while waiting:
        other = waiting.popleft()
        for one in back[other]:
            if one not in far:
                far[one] = far[other] + 1
                waiting.append(one)
    return far


def _best_first(
    between: Mapping[str, Mapping[str, Edge]], far: Mapping[str, int], target: str, source: str
) -> Iterator[tuple[str, ...] | None]:
    """Paths by length; None when more would have to be looked at than may be."""
    queue: list[tuple[int, tuple[str, ...]]] = [(far[target], (target,))] if target in far else []
    for _ in range(MOST_STEPS):
        if not queue:
            return
        _, nodes = heappop(queue)
        if nodes[-1] == source and len(nodes) > 1:
            yield nodes
            continue
        for other in between[nodes[-1]]:
            if other in far and other not in nodes:
                heappush(queue, (len(nodes) + far[other], (*nodes, other)))
    if queue:
        yield None
