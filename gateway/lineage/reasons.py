"""Why a field is as strict as it is: the fields that make it so, and the ways from them, for somebody (R17.2).

That it is so strict may be known by whoever may know of the field. By what, they learn as far as a walk upstream would
tell them: what is hidden from them takes no part, and is not counted.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gateway.classes import TIERS, ClassKey
from gateway.graph.times import now as clock
from gateway.lineage.tiers import tier_key
from gateway.lineage.walking import DEEPEST, Edge, Walker, Wanted
from gateway.lineage.words import LineageDirection, LineageLevel, Truncation
from gateway.plan import Asker
from gateway.vocabulary import FOREVER

_MOST: Final = 2_000
"""Fields that are looked at for one answer, the nearest first."""

_KNOWN: Final = """
UNWIND $ids AS id
MATCH (f:Field {id: id})<-[:HAS_FIELD]-(d:Dataset)
RETURN collect([f.id, f.shareType, f.openType, f.sensitivity, d.agency])
"""
_LIFTED: Final = """
UNWIND $pairs AS pair
MATCH (x:Declassification) USING INDEX x:Declassification(target, source)
WHERE x.target = pair[0] AND x.source = pair[1] AND x.recordedTo = $forever AND x.validFrom <= $now AND x.validTo > $now
MATCH (:Field {id: x.source})<-[:HAS_FIELD]-(o:Dataset) WHERE o.agency = x.agency
RETURN collect(DISTINCT pair)
"""
"""Both of what was authorised already."""
_NAMES: Final = """
UNWIND $ids AS id
MATCH (f:Field {id: id})<-[:HAS_FIELD]-(d:Dataset)
RETURN collect([f.id, d.identifier + '.' + f.name])
"""
"""And this."""


@dataclass(frozen=True, slots=True)
class Reasons:
    """Ways from what makes a field so strict, the shortest first, each as derivations from the field on."""

    paths: Sequence[Sequence[Edge]]
    truncated: frozenset[Truncation]


async def reasons(walker: Walker, asker: Asker, field: str, own: ClassKey, effective: ClassKey, most: int) -> Reasons:
    """The reasons why a field is stricter than by itself, as far as the asker may know.

    Raises:
        BadInput, GraphTimeout: see `Walker.walk`.
    """
    if effective == own:
        return Reasons([], frozenset())
    wanted = Wanted(field, LineageDirection.UPSTREAM, LineageLevel.FIELD, DEEPEST, _MOST)
    walk = await walker.walk(asker, wanted)
    if walk is None:
        return Reasons([], frozenset())
    # What is known by name only has no tier, and takes no part.
    truncated = {*walk.truncated} - {Truncation.UNMATCHED} | ({Truncation.NODES} if walk.more else set())
    ids = [field, *(node.id for node in walk.nodes)]
    known = {id_: (tier_key(*tier), agency) for id_, *tier, agency in await walker.reader.read(_KNOWN, {"ids": ids})}
    counted = await _counted(walker, walk.edges, {id_: agency for id_, (_, agency) in known.items()})
    paths = list[Sequence[Edge]]()
    for id_, path in _nearest(counted, field):
        if id_ in known and _makes(known[id_][0], own, effective):
            if len(paths) == most:
                truncated.add(Truncation.PATHS)
                break
            paths.append(path)
    return Reasons(paths, frozenset(truncated))


async def named_way(walker: Walker, asker: Asker, field: str, own: ClassKey, effective: ClassKey) -> str:
    """The shortest way to what makes a field stricter, by names, as far as the asker may know.

    Raises:
        BadInput, GraphTimeout: see `Walker.walk`.
    """
    found = await reasons(walker, asker, field, own, effective, 1)
    if not found.paths:
        return "a source that you may not see"
    (path,) = found.paths
    ids = [path[0].target, *(edge.source for edge in path)]
    names: dict[str, Any] = dict(await walker.reader.read(_NAMES, {"ids": ids}))
    return " <- ".join(names.get(id_, "?") for id_ in ids)


async def _counted(walker: Walker, edges: Sequence[Edge], agencies: Mapping[str, str]) -> list[Edge]:
    """The derivations that tighten: said by whose output it is, not lifted by a mask that the source's owner signed."""
    now = clock()
    said = [edge for edge in edges if edge.target in agencies and edge.said.get("asserter") == agencies[edge.target]]
    pairs = sorted({(edge.target, edge.source) for edge in said if edge.said.get("masking")})
    given: dict[str, Any] = {"pairs": [[*pair] for pair in pairs], "now": now, "forever": FOREVER}
    lifted = {(target, source) for target, source in await walker.reader.read(_LIFTED, given)} if pairs else set()
    return [edge for edge in said if not edge.said.get("masking") or (edge.target, edge.source) not in lifted]


def _nearest(edges: Sequence[Edge], start: str) -> Iterator[tuple[str, Sequence[Edge]]]:
    """Everything upstream, the nearest first and then by id, with the first of the shortest ways to it."""
    up: dict[str, dict[str, Edge]] = defaultdict(dict)
    for edge in sorted(edges, key=lambda edge: edge.id):
        up[edge.target].setdefault(edge.source, edge)
    ways: dict[str, Sequence[Edge]] = {start: ()}
    level = [start]
    while level:
        found = dict[str, Sequence[Edge]]()
        for one in level:
            for source, edge in up[one].items():
                if source not in ways:
                    found.setdefault(source, (*ways[one], edge))
        ways |= found
        level = sorted(found)
        yield from ((one, found[one]) for one in level)


def _makes(source: ClassKey, own: ClassKey, effective: ClassKey) -> bool:
    """Whether a source is as strict as the field is through lineage, on some axis or in some ground that it adds."""
    one, mine, all_ = TIERS[source], TIERS[own], TIERS[effective]
    return (
        (one.share is all_.share and mine.share is not all_.share)
        or (one.open is all_.open and mine.open is not all_.open)
        or not one.sensitivity.isdisjoint(all_.sensitivity - mine.sensitivity)
    )
