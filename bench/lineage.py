"""Walks along lineage beside the best statement that a person would write, on a small catalogue and on a huge one."""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from bench.options import Options
from bench.processes import Unusable
from bench.report import Report
from bench.worlds import Served, World, served
from gateway.graph import Graph, open_graph
from gateway.graph.ids import make_id
from gateway.graph.times import now
from gateway.identity import Profile, Subject
from gateway.lineage import LineageDirection, Walk, Walker, Wanted
from gateway.plan import Asker, Budget, Planner
from gateway.policy.store import PolicyStore
from gateway.schema import ENTITIES
from gateway.vocabulary import AgencyKind, Role

BESIDE_HAND_WRITTEN: Final = 1.3
GROWN: Final = 1.2
AS_OF: Final = 1.5
_HOPS: Final = 10
_PAGE: Final = 100
_STARTS: Final = 40
_WARM: Final = 30
_ROUNDS: Final = 9
_THEN: Final = "2025-06-01T00:00:00.000Z"

_HELD: Final = "r.validFrom <= $at AND r.validTo > $at AND r.recordedFrom <= $at AND r.recordedTo > $at"
HAND_WRITTEN: Final = f"""
MATCH (s:Dataset {{id: $of}}) WHERE s.accessClass IN $discover
MATCH p = (s)-[:DERIVED_FROM*1..{_HOPS + 1}]->(t)
  WHERE all(x IN nodes(p) WHERE x.accessClass IN $inspect) AND all(r IN relationships(p) WHERE {_HELD})
WITH s, t, min(length(p)) AS distance ORDER BY distance, t.id
WITH s, collect(t) AS far, collect(distance) AS distances
WITH s, [i IN range(0, size(far) - 1) WHERE distances[i] <= {_HOPS} | far[i]] AS near, far, distances
WITH s, near, far[0..{_PAGE}] AS page, distances, [s] + near AS all
RETURN [size(near), last(distances) > {_HOPS}, [i IN range(0, size(page) - 1) | [page[i].id, distances[i]]], COLLECT {{
  UNWIND page AS t
  MATCH (x)-[r:DERIVED_FROM]->(t) WHERE x IN all AND {_HELD}
  RETURN [startNode(r).id, endNode(r).id, properties(r)]
}}]
"""
"""For who may inspect everything: what is hidden need not be looked for."""


def lineage(options: Options, report: Report) -> None:
    """Ten hops up, as the center: in a world of 10^4 datasets and in one of 10^6."""
    with (
        served(options.work, World(options.small, fields=1)) as small,
        served(options.work, World(options.huge, fields=1)) as huge,
    ):
        asyncio.run(_measured(options, small, huge, report))


async def _measured(options: Options, small: Served, huge: Served, report: Report) -> None:
    async with open_graph(small.settings) as few, open_graph(huge.settings) as many:
        walks = await _Trial.of(many, huge, options.huge)
        before = await _Trial.of(few, small, options.small)
        ours, theirs, then, fewer = await _interleaved(
            (walks.walked, walks.hand_written, walks.as_of, before.walked), options
        )
        size, less = await walks.size(), await before.size()
        name = f"{_HOPS} hops of {options.huge:,} datasets, {size:,.0f} found"
        report.show(f"{name}, ms p50", f"{statistics.median(ours) * 1000:.1f}")
        report.at_most(f"{name}, beside hand-written Cypher", _ratio(ours, theirs), BESIDE_HAND_WRITTEN)
        report.at_most(f"{name}, as of an instant, beside now", _ratio(then, ours), AS_OF)
        # Of the same shape, but not of the same number of nodes: what one of them costs is what must not grow.
        grown = _ratio(ours, fewer) * less / size
        report.at_most(f"{_HOPS} hops: {options.small:,} → {options.huge:,} datasets, for each found", grown, GROWN)


def _ratio(one: Sequence[float], other: Sequence[float]) -> float:
    """The median of the ratios of each round."""
    return statistics.median(a / b for a, b in zip(one, other, strict=True))


async def _interleaved(works: Sequence[Callable[[int], Awaitable[Any]]], options: Options) -> list[list[float]]:
    """What each takes for all starts, one after another, in every round."""
    del options
    for i in range(_WARM):
        for work in works:
            await work(i % _STARTS)
    took: list[list[float]] = [[] for _ in works]
    for _ in range(_ROUNDS):
        for times, work in zip(took, works, strict=True):
            began = time.perf_counter()
            for start in range(_STARTS):
                await work(start)
            times.append((time.perf_counter() - began) / _STARTS)
    return took


class _Trial:
    """The center, walking in one world."""

    def __init__(self, graph: Graph, settings: Any, starts: Sequence[str], classes: Mapping[str, list[str]]) -> None:
        self.graph, self.starts, self.classes = graph, starts, classes
        profile = Profile(frozenset({Role.CENTER}), AgencyKind.ADMINISTRATIVE)
        subject = Subject("pe_bench", "bench", "ag_bench", "ap_bench", profile=profile)
        self.asker = Asker(subject, "bench")
        store = PolicyStore(settings.policy_dir)
        self.walker = Walker(graph, Planner(graph, store.table_for, ENTITIES, new_statements=Budget(10**6)))
        self.wanted = Wanted("", LineageDirection.UPSTREAM, depth=_HOPS, first=_PAGE)

    @classmethod
    async def of(cls, graph: Graph, world: Served, n: int) -> "_Trial":
        """Starts that are spread over the last half of a world, where all have enough before them."""
        ids = [make_id("ds_", f"scaled/{n // 2 + i * (n // 2 // _STARTS):07}") for i in range(_STARTS)]
        known: list[str] = await graph.read(
            "MATCH (d:Dataset) WHERE d.id IN $ids AND d.accessClass IN $inspect RETURN collect(d.id)",
            {"ids": ids, **world.callers["center"]},
        )
        made = cls(graph, world.settings, [known[i % len(known)] for i in range(_STARTS)], world.callers["center"])
        await made.same()
        return made

    async def walked(self, start: int, **how: Any) -> Walk:
        """Our walk."""
        found = await self.walker.walk(self.asker, replace(self.wanted, of=self.starts[start], **how))
        if found is None:
            raise Unusable("a walk begins at what the center does not know")
        return found

    async def as_of(self, start: int) -> Walk:
        """The same, as of an instant."""
        return await self.walked(start, as_of=_THEN, known_at=_THEN)

    async def hand_written(self, start: int) -> Any:
        """What a person would write."""
        return await self.graph.read(HAND_WRITTEN, {"of": self.starts[start], "at": now(), **self.classes})

    async def same(self) -> None:
        """Whether both find the same.

        Raises:
            Unusable: they do not.
        """
        for start in range(5):
            ours, (total, deeper, page, edges) = await self.walked(start), await self.hand_written(start)
            nodes = [[node.id, node.place.distance] for node in ours.nodes]
            linked = {edge.id for edge in ours.edges}
            if (ours.total, bool(ours.truncated), nodes) != (total, bool(deeper), page[:_PAGE]):
                raise Unusable("a walk and the hand-written one do not find the same")
            if not {said["id"] for *_, said in edges} <= linked:
                raise Unusable("a walk has not the derivations of the hand-written one")

    async def size(self) -> float:
        """How many nodes a walk finds, in the middle."""
        return statistics.median([(await self.walked(start)).total for start in range(_STARTS)])
