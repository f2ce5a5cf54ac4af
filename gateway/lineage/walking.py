"""What something was made from, or what was made from it: a whole walk as one authorised statement.

Neo4j plans the form that is used here as a breadth-first walk with the tests inside: each node is visited once, so
diamonds and cycles cost their size and not their number of paths, and nothing is reached through what the caller may
not inspect (design section 8; `tests/lineage/test_walk_plans.py`).
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from gateway.classes import ClassKey
from gateway.graph import GraphTimeout
from gateway.graph.times import now as clock
from gateway.lineage.words import LineageDirection, LineageLevel, Truncation
from gateway.plan import Asker, BadInput, Planner
from gateway.plan.cache import Bounded
from gateway.plan.callers import Caller
from gateway.plan.guard import Guard, Site, relations_of
from gateway.policy.table import Decision
from gateway.vocabulary import Action, Theme

DEEPEST: Final = 50
USUAL_DEPTH: Final = 10
MOST_EDGES: Final = 10_000
"""Derivations of one page."""
_MOST_VALUES: Final = 100
"""Of one filter."""
_LEVELS: Final = (2, 3, 6, USUAL_DEPTH + 1, 2 * USUAL_DEPTH + 1, DEEPEST + 1)
"""How far statements look: few, because a new text costs Neo4j more to plan than a walk costs to make."""

_WAYS: Final = {
    LineageDirection.UPSTREAM: (False,),
    LineageDirection.DOWNSTREAM: (True,),
    LineageDirection.BOTH: (False, True),
}
"""Whether each goes downstream."""
_LAST: Final = "\uffff"
"""Behind every id."""
_DATASET: Final = "ds_"
_FIELD: Final = "fd_"
_LEVEL: Final = {_DATASET: LineageLevel.DATASET, _FIELD: LineageLevel.FIELD}

HELD: Final = "r.validFrom <= $asOf AND r.validTo > $asOf AND r.recordedFrom <= $knownAt AND r.recordedTo > $knownAt"
"""Whether a derivation held at an instant, as far as it was known at another."""


class Reader(Protocol):
    """What a walk needs of the graph."""

    async def read(
        self, statement: str, parameters: Mapping[str, Any] | None = None, *, seconds: float | None = None
    ) -> Any:
        """The first value of the record, or None when there is no record."""


@dataclass(frozen=True, slots=True, order=True)
class WalkPlace:
    """Where a node stands in the order of a walk: upstream first, then by distance, then by id."""

    downstream: bool
    distance: int
    id: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of a walk."""

    of: str
    """Id of a dataset or a field."""
    direction: LineageDirection
    level: LineageLevel | None = None
    """Without it, between what `of` is."""
    depth: int = USUAL_DEPTH
    first: int = 100
    after: WalkPlace | None = None
    as_of: str | None = None
    """The instant at which derivations held; now without it."""
    known_at: str | None = None
    """As far as was recorded then; now without it."""
    agencies: tuple[str, ...] | None = None
    """Only nodes of these providers are shown; the walk goes through all."""
    themes: tuple[Theme, ...] | None = None
    observed: bool | None = None
    """Only along derivations that a run showed, or that somebody declared."""

    def check(self) -> None:
        """Whether it can be asked.

        Raises:
            BadInput: `INVALID_DEPTH`, `INVALID_FILTER`.
        """
        if not 1 <= self.depth <= DEEPEST:
            raise BadInput("INVALID_DEPTH", f"lineage.depth: from 1 to {DEEPEST}, this is {self.depth}.")
        for name, values in (("agency", self.agencies), ("theme", self.themes)):
            if values is not None and len(values) > _MOST_VALUES:
                raise BadInput("INVALID_FILTER", f"lineage.filter.{name}: at most {_MOST_VALUES} values.")


@dataclass(frozen=True, slots=True)
class Node:
    """Something on a walk, and how few derivations lead to it."""

    place: WalkPlace
    external: Mapping[str, str | None] | None
    """`namespace`, `name` and `field` of what is known by name only."""

    @property
    def id(self) -> str:
        """Of a dataset, a field, or a name."""
        return self.place.id


@dataclass(frozen=True, slots=True)
class Edge:
    """A derivation: `target` was made from `source`. `said` are its properties as the graph has them."""

    source: str
    target: str
    said: Mapping[str, Any]

    @property
    def id(self) -> str:
        """Of the derivation."""
        return str(self.said["id"])


@dataclass(frozen=True, slots=True)
class Walk:
    """A page of a walk, and what is true of all of it."""

    nodes: Sequence[Node]
    edges: Sequence[Edge]
    """Those by which the page's nodes are reached from nodes of the walk, on whatever page these are."""
    total: int
    """Nodes of all pages."""
    more: bool
    truncated: frozenset[Truncation]
    hidden: Decision | None
    """Why something that exists is not shown."""


@dataclass(frozen=True, slots=True)
class Between:
    """What lies on the ways from one thing to another."""

    edges: Sequence[Edge]
    truncated: frozenset[Truncation]


@dataclass(slots=True)
class Walker:
    """Walks for callers. Holds texts of statements only."""

    reader: Reader
    planner: Planner
    most_nodes: int = 20_000
    """Of one walk, on all its pages."""
    seconds: float = 8.0
    """How long the walk that was asked for may take; a shallower one is then tried for half as long, and so on."""
    _texts: Bounded[Any, str] = field(default_factory=lambda: Bounded(2_000_000, len))

    async def walk(self, asker: Asker, wanted: Wanted) -> Walk | None:
        """The walk, or None where the caller may not know of what it begins at.

        Raises:
            BadInput: see `Wanted.check`; `TOO_MANY_NEW_QUERIES`.
            GraphTimeout: not even the nearest could be found in time.
        """
        wanted.check()
        if wanted.of[:3] not in (_DATASET, _FIELD):
            return None
        caller = self.planner.caller(asker)
        depth, seconds = wanted.depth, self.seconds
        while True:
            try:
                found = await self._asked(asker, caller, wanted, depth, seconds)
                break
            except GraphTimeout:
                if depth == 1:
                    raise
                depth, seconds = depth // 2, seconds / 2
        return _read(found, caller, wanted, depth, self.most_nodes) if found else None

    async def between(
        self, asker: Asker, target: str, source: str, as_of: str | None = None, known_at: str | None = None
    ) -> Between | None:
        """The derivations on the ways by which `target` was made from `source`, both datasets or both fields.

        None where the caller may not inspect one of the two.

        Raises:
            BadInput: `ENDS_DIFFER`; `TOO_MANY_NEW_QUERIES`.
            GraphTimeout: it could not be found in time.
        """
        level, other = _LEVEL.get(target[:3]), _LEVEL.get(source[:3])
        if level is None or other is None:
            return None
        if level is not other:
            raise BadInput("ENDS_DIFFER", "paths: from and to must be two datasets or two fields.")
        caller = self.planner.caller(asker)
        text = self._text(asker, (caller.number, level), lambda: between(caller.guard, level))
        given = {"of": target, "source": source, "most": self.most_nodes + 1}
        found = await self.reader.read(
            text, {**_parameters(caller, as_of, known_at), **given}, seconds=2 * self.seconds
        )
        if found is None:
            return None
        cut, rows = found
        truncated = {Truncation.NODES} if cut else set[Truncation]()
        truncated |= {Truncation.EDGES} if len(rows) > MOST_EDGES else set()
        return Between([Edge(source, target, said) for source, target, said in rows], frozenset(truncated))

    def _text(self, asker: Asker, key: Any, write: Callable[[], str]) -> str:
        text = self._texts.get(key)
        if text is None:
            self.planner.new_statements.take(asker.source)
            text = self._texts[key] = write()
        return text

    async def _asked(
        self, asker: Asker, caller: Caller, wanted: Wanted, depth: int, seconds: float
    ) -> list[tuple[bool, Any]]:
        """What each direction gives, in the order of `WalkPlace`; nothing where the start may not be known of."""
        ways = _WAYS[wanted.direction]
        found = await asyncio.gather(*(self._one_way(asker, caller, wanted, depth, seconds, down) for down in ways))
        return [(down, one) for down, one in zip(ways, found, strict=True) if one is not None]

    async def _one_way(
        self, asker: Asker, caller: Caller, wanted: Wanted, depth: int, seconds: float, downstream: bool
    ) -> Any:
        level = wanted.level or _LEVEL[wanted.of[:3]]
        levels = next(n for n in _LEVELS if n > depth)
        shape = _Shape(
            level, downstream, levels, wanted.of[:3], wanted.agencies is not None, wanted.themes is not None,
            wanted.observed is not None,
        )  # fmt: skip
        text = self._text(asker, (caller.number, shape), lambda: statement(caller.guard, shape))
        parameters = {
            **_parameters(caller, wanted.as_of, wanted.known_at),
            "of": wanted.of,
            "depth": depth,
            "most": self.most_nodes + 1,
            "first": wanted.first + 1,
            "agencies": wanted.agencies,
            "themes": wanted.themes,
            "observed": wanted.observed,
            **_beyond(wanted.after, downstream=downstream),
        }
        return await self.reader.read(text, parameters, seconds=seconds)


def _parameters(caller: Caller, as_of: str | None, known_at: str | None) -> dict[str, Any]:
    moment = clock()
    times = {"now": moment, "asOf": as_of or moment, "knownAt": known_at or moment}
    return {**caller.parameters, **times, "mostEdges": MOST_EDGES + 1}


def between(guard: Guard, level: LineageLevel) -> str:
    """One statement: `[derivations, whether there are more]` between `$of` and `$source`, both of which are inspected.

    What is reached from both sides lies on a way, though perhaps not on a simple one.
    """
    shape = _Shape(level, False, DEEPEST, _FIELD if level is LineageLevel.FIELD else _DATASET, False, False, False)
    label = "Field" if level is LineageLevel.FIELD else "Dataset"
    held = f"all(x IN nodes(p) WHERE {_node(guard, shape, 'x')}) AND all(r IN relationships(p) WHERE {HELD})"
    ends = " ".join(
        f"MATCH ({name}:{label} {{id: ${parameter}}}) USING INDEX SEEK {name}:{label}(id)"
        f" WHERE {_node(guard, shape, name)}"
        for name, parameter in (("a", "of"), ("b", "source"))
    )
    reached = " ".join(
        f"CALL (a, b) {{ MATCH p = ({start}){arrow}(t) WHERE {held} WITH DISTINCT t LIMIT $most"
        f" RETURN collect(t) AS {name} }}"
        for name, start, arrow in (
            ("up", "a", f"-[:DERIVED_FROM*0..{DEEPEST}]->"),
            ("down", "b", f"<-[:DERIVED_FROM*0..{DEEPEST}]-"),
        )
    )
    return (
        f"{ends} {reached} WITH size(up) = $most OR size(down) = $most AS cut, [t IN up WHERE t IN down] AS all"
        " RETURN [cut, COLLECT { UNWIND all AS t MATCH (t)-[r:DERIVED_FROM]->(x)"
        f" WHERE x IN all AND {HELD} RETURN [x.id, t.id, properties(r)] LIMIT $mostEdges }}]"
    )


def _beyond(after: WalkPlace | None, *, downstream: bool) -> Mapping[str, Any]:
    """After which place of one direction a page begins. The start is at distance 0, and in no page."""
    if after is None or after.downstream < downstream:
        return {"afterDistance": 0, "afterId": _LAST, "begins": after is None}
    if after.downstream > downstream:
        return {"afterDistance": DEEPEST, "afterId": _LAST, "begins": False}
    return {"afterDistance": after.distance, "afterId": after.id, "begins": False}


@dataclass(frozen=True, slots=True)
class _Shape:
    """What of a question shows in the statement's text."""

    level: LineageLevel
    downstream: bool
    levels: int
    """One more than asked for at least, which tells whether there is more."""
    start: str
    agencies: bool
    themes: bool
    observed: bool

    @property
    def held(self) -> str:
        return f"{HELD} AND coalesce(r.observed, false) = $observed" if self.observed else HELD

    def arrow(self, middle: str) -> str:
        """The relationship as it is followed."""
        return f"<-[{middle}]-" if self.downstream else f"-[{middle}]->"


def statement(guard: Guard, shape: _Shape) -> str:
    """One statement: `[[class, relations] of the start, whether it may be inspected, …]`, then what `_rest` gives."""
    return f"{_start(guard, shape)} {_walk(guard, shape)} {_rest(guard, shape)}"


def _start(guard: Guard, shape: _Shape) -> str:
    """Where the walk begins: `ss`, empty where the caller may know of the start and not inspect it."""
    if shape.start == _DATASET:
        match = "MATCH (d:Dataset {id: $of}) USING INDEX SEEK d:Dataset(id) WHERE " + guard.test(
            Site.LINEAGE_START, Action.DISCOVER, "d", "d"
        )
        start, open_ = f"[d.accessClass, {guard.mask('d')}]", _inspectable(guard, "d")
    else:
        tests = (
            guard.test(Site.LINEAGE_START, Action.DISCOVER, "f", "d"),
            guard.test(Site.LINEAGE_START_DATASET, Action.INSPECT, "d", "d"),
        )
        match = (
            "MATCH (f:Field {id: $of}) USING INDEX SEEK f:Field(id) MATCH (f)<-[:HAS_FIELD]-(d:Dataset) WHERE "
            f"{' AND '.join(tests)}"
        )
        start, open_ = f"[f.accessClass, {guard.mask('d', 'f')}]", _inspectable(guard, "f", "d")
    # Whether it may be inspected is tested with all other nodes of the walk.
    if shape.level is LineageLevel.DATASET:
        begin = "[d]"
    elif shape.start == _FIELD:
        begin = "[f]"
    else:
        begin = "COLLECT { MATCH (d)-[:HAS_FIELD]->(x:Field) RETURN x }"
    return f"{match} WITH {start} AS start, coalesce({open_}, false) AS open, {begin} AS begin"


def _inspectable(guard: Guard, classed: str, row: str | None = None) -> str:
    return guard.test(Site.LINEAGE_NODE, Action.INSPECT, classed, row or classed)


def _node(guard: Guard, shape: _Shape, x: str) -> str:
    """Whether a walk may pass. What is known by name only has its owner, and belongs to no dataset."""
    own = _inspectable(guard, x)
    if shape.level is LineageLevel.DATASET:
        return own
    d = f"{x}d"
    datasets = guard.test(Site.LINEAGE_NODE, Action.INSPECT, d, d)
    field_ = f"EXISTS {{ ({x})<-[:HAS_FIELD]-({d}:Dataset) WHERE {datasets} AND {_inspectable(guard, x, d)} }}"
    return f"CASE WHEN {x}:External THEN {own} ELSE {field_} END"


def _walk(guard: Guard, shape: _Shape) -> str:
    """`found` is the list of `[node, distance, shown]` in order: the start at 0, and beyond the depth asked for too."""
    arrow = shape.arrow(f":DERIVED_FROM*0..{shape.levels}")
    return (
        f"CALL (begin) {{ UNWIND begin AS s MATCH p = (s){arrow}(t)"
        f" WHERE all(x IN nodes(p) WHERE {_node(guard, shape, 'x')})"
        f" AND all(r IN relationships(p) WHERE {shape.held})"
        " WITH t, min(length(p)) AS distance ORDER BY distance, t.id LIMIT $most"
        f" RETURN collect([t, distance, {_shown(shape)}]) AS found }}"
        " WITH start, open, found, [q IN found WHERE q[1] <= $depth] AS known"
    )


def _shown(shape: _Shape) -> str:
    """Whether a node passes the filter, by the dataset that it is or belongs to."""
    tests = ["d.agency IN $agencies"] * shape.agencies + ["d.theme IN $themes"] * shape.themes
    if not tests:
        return "true"
    where = " AND ".join(tests)
    if shape.level is LineageLevel.DATASET:
        return f"coalesce({where.replace('d.', 't.')}, false)"
    return f"EXISTS {{ (t)<-[:HAS_FIELD]-(d:Dataset) WHERE {where} }}"


def _rest(guard: Guard, shape: _Shape) -> str:
    """`…, nodes, of them shown, deeper, unmatched, page, edges, hidden]`."""
    external = "CASE WHEN q[0]:External THEN {namespace: q[0].namespace, name: q[0].name, field: q[0].field} END"
    # A cycle leads back to where the walk began, which is on no page: that goes with the first.
    edges = (
        "COLLECT { UNWIND [q IN page | q[0]] + CASE WHEN $begins THEN [q IN known WHERE q[1] = 0 | q[0]] ELSE [] END"
        f" AS t MATCH (x){shape.arrow('r:DERIVED_FROM')}(t) WHERE x IN all AND {shape.held}"
        " RETURN [t.id, startNode(r).id, endNode(r).id, properties(r)] LIMIT $mostEdges }"
    )
    return (
        "WITH start, open, found, known, [q IN known | q[0]] AS all, [q IN known WHERE q[1] > 0 AND q[2]] AS shown"
        " WITH *, [q IN shown WHERE q[1] > $afterDistance OR q[1] = $afterDistance AND q[0].id > $afterId][0..$first]"
        " AS page"
        " RETURN [start, open, size(known), size(shown), size(found) > size(known),"
        f" any(q IN known WHERE q[0]:External), [q IN page | [q[0].id, q[1], {external}]],"
        f" {edges}, {_hidden(guard, shape)}]"
    )


def _hidden(guard: Guard, shape: _Shape) -> str:
    """`[class, relations]` of what the caller may know to exist beside the walk, and may not inspect.

    Of a field in a dataset that may not be inspected, not even that it exists may be known; of that dataset it may.
    """
    if guard.same:
        return "[]"
    arrow = shape.arrow("r:DERIVED_FROM")
    known = guard.test(Site.LINEAGE_HIDDEN, Action.DISCOVER, "u", "u")
    closed = f"{known} AND NOT coalesce({guard.test(Site.LINEAGE_NODE, Action.INSPECT, 'u', 'u')}, false)"
    near = "[q IN known WHERE q[1] < $depth | q[0]]"
    datasets = f"WHERE {shape.held} AND {closed} RETURN DISTINCT [u.accessClass, {guard.mask('u')}] AS kept"
    if shape.level is LineageLevel.DATASET:
        return f"COLLECT {{ UNWIND {near} AS t MATCH (t){arrow}(u:Dataset) {datasets} }}"
    field_known = guard.test(Site.LINEAGE_HIDDEN, Action.DISCOVER, "u", "ud")
    field_open = guard.test(Site.LINEAGE_NODE, Action.INSPECT, "u", "ud")
    their = guard.test(Site.LINEAGE_NODE, Action.INSPECT, "ud", "ud")
    return (
        f"COLLECT {{ UNWIND {near} AS t MATCH (t)<-[:HAS_FIELD]-(c:Dataset) WITH DISTINCT c"
        f" MATCH (c){arrow}(u:Dataset) {datasets}"
        f" UNION UNWIND {near} AS t MATCH (t){arrow}(u:Field)<-[:HAS_FIELD]-(ud:Dataset)"
        f" WHERE {shape.held} AND {their} AND {field_known} AND NOT coalesce({field_open}, false)"
        f" RETURN DISTINCT [u.accessClass, {guard.mask('ud', 'u')}] AS kept }}"
    )


def _read(found: Sequence[tuple[bool, Any]], caller: Caller, wanted: Wanted, depth: int, most: int) -> Walk:
    """What the statements gave, by whether each went downstream."""
    nodes, edges, truncated = list[Node](), dict[str, tuple[str, Edge]](), set[Truncation]()
    total, closed = 0, list[Any]()
    for downstream, (start, open_, size, shown, deeper, unmatched, rows, linked, hidden) in found:
        total += shown
        closed += hidden if open_ else [start]
        nodes += [Node(WalkPlace(downstream, distance, id_), external) for id_, distance, external in rows]
        edges.update((said["id"], (near, Edge(source, target, said))) for near, target, source, said in linked)
        truncated |= {Truncation.NODES} if size > most else set()
        truncated |= {Truncation.EDGES} if len(linked) > MOST_EDGES else set()
        truncated |= {Truncation.UNMATCHED} if unmatched else set()
        truncated |= {Truncation.DEPTH if depth == wanted.depth else Truncation.TIME} if deeper else set()
    truncated |= {Truncation.HIDDEN} if closed else set()
    nodes.sort(key=lambda node: node.place)
    # What each direction gave beyond the page goes, with the derivations that lead to it.
    beyond = {node.id for node in nodes[wanted.first :]} - {node.id for node in nodes[: wanted.first]}
    kept = [edge for near, edge in edges.values() if near not in beyond]
    why = [caller.table.decide(ClassKey(c), relations_of(mask), Action.INSPECT) for c, mask in closed]
    return Walk(
        nodes[: wanted.first],
        sorted(kept, key=lambda edge: edge.id)[:MOST_EDGES],
        total,
        len(nodes) > wanted.first,
        frozenset(truncated),
        min(why, key=lambda decision: decision.rule, default=None),
    )
