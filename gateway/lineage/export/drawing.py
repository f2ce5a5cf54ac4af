"""From a whole walk to a picture of it: titles, providers and tiers of what the walk was allowed to reach."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from gateway.graph.times import now as clock
from gateway.lineage.export.picture import (
    AskedBy,
    HiddenPart,
    NodeKind,
    Party,
    Picture,
    PictureEdge,
    PictureNode,
    Question,
    Transformation,
)
from gateway.lineage.export.texts import plain
from gateway.lineage.walking import Edge, Node, Walk, Walker, Wanted
from gateway.lineage.words import LineageDirection, LineageLevel, Truncation
from gateway.plan import Asker
from gateway.plan.cache import Bounded
from gateway.plan.guard import Guard, Site
from gateway.policy.table import Decision
from gateway.vocabulary import FOREVER, Action, OpenType, Role, ShareType

MOST_NODES: Final = 1_000
"""Of one picture; beyond that nobody reads it, and it says that it was cut."""
MOST_EDGES: Final = 3_000
_FIELD: Final = "fd_"


@dataclass(slots=True)
class Drawer:
    """Makes pictures for callers."""

    walker: Walker
    most_nodes: int = MOST_NODES
    most_edges: int = MOST_EDGES
    _texts: Bounded[int, str] = field(default_factory=lambda: Bounded(100))

    async def draw(self, asker: Asker, wanted: Wanted) -> Picture | None:
        """The picture, or None where the caller may not know of what it begins at.

        Of `wanted`, what says which page is not looked at: all pages are drawn.

        Raises:
            BadInput, GraphTimeout: see `Walker.walk`.
        """
        moment = clock()
        wanted = replace(
            wanted,
            first=self.most_nodes,
            after=None,
            level=wanted.level or (LineageLevel.FIELD if wanted.of.startswith(_FIELD) else LineageLevel.DATASET),
            as_of=wanted.as_of or moment,
            known_at=wanted.known_at or moment,
        )
        walk = await self.walker.walk(asker, wanted)
        if walk is None:
            return None
        ids = {wanted.of, *(one.id for one in walk.nodes)}
        ids |= {end for edge in walk.edges for end in (edge.source, edge.target)}
        table = self.walker.planner.table_for(asker.subject.profile)
        rows, names = await self._titles(asker, wanted.of, sorted(ids), _agencies(asker, walk))
        parties = {id_: Party(id_, plain(name)) for id_, name in names}
        said = Question(
            wanted.of, wanted.direction, wanted.level or LineageLevel.DATASET, wanted.depth,
            wanted.as_of or moment, wanted.known_at or moment,
        )  # fmt: skip
        subject = asker.subject
        roles: Sequence[Role] = sorted(subject.profile.roles)
        by = AskedBy(tuple(roles), parties.get(subject.agency or ""))
        told = Told(moment, table.digest, by, {row["id"]: row for row in rows}, parties)
        return picture_of(walk, said, told, self.most_edges)

    async def _titles(self, asker: Asker, of: str, ids: Sequence[str], agencies: Sequence[str]) -> tuple[Any, Any]:
        caller = self.walker.planner.caller(asker)
        text = self._texts.get(caller.number)
        if text is None:
            self.walker.planner.new_statements.take(asker.source)
            text = self._texts[caller.number] = titles(caller.guard)
        given = {**caller.parameters, "now": clock(), "of": of, "ids": ids, "agencies": agencies}
        found = await self.walker.reader.read(text, given, seconds=self.walker.seconds)
        return tuple(found)


def titles(guard: Guard) -> str:
    """One statement: `[what `$ids` are called, the names of `$agencies`]`.

    The walk has authorised the ids; of a field that a walk between datasets begins at, its dataset is added. They are
    again here, because between two statements a tier can change.
    """
    tests = (
        guard.test(Site.LINEAGE_NODE, Action.DISCOVER, "f", "d"),
        guard.test(Site.LINEAGE_NODE, Action.DISCOVER, "d", "d"),
    )
    said = "dataset: d.id, title: d.title, code: d.identifier, agency: a.id, provider: a.name"
    return (
        "RETURN [COLLECT { UNWIND $ids +"
        " COLLECT { MATCH (:Field {id: $of})<-[:HAS_FIELD]-(h:Dataset) RETURN h.id } AS id WITH DISTINCT id"
        f" MATCH (d:Dataset {{id: id}})-[:PROVIDED_BY]->(a:Agency) WHERE {tests[1]}"
        f" RETURN {{id: id, {said}, field: null, share: d.shareType, open: d.openType}} AS row"
        " UNION ALL UNWIND $ids AS id"
        " MATCH (f:Field {id: id})<-[:HAS_FIELD]-(d:Dataset)-[:PROVIDED_BY]->(a:Agency)"
        f" WHERE {' AND '.join(tests)}"
        f" RETURN {{id: id, {said}, field: f.name, share: f.shareType, open: f.openType}} AS row }},"
        " COLLECT { UNWIND $agencies AS id MATCH (a:Agency {id: id}) RETURN [a.id, a.name] }]"
    )


def _agencies(asker: Asker, walk: Walk) -> list[str]:
    """Agencies that are named and provide nothing of it: who asserted, and who asks."""
    named = {edge.said.get("asserter") for edge in walk.edges} | {asker.subject.agency}
    return sorted(one for one in named if one)


@dataclass(frozen=True, slots=True)
class Told:
    """What is told about a walk besides it."""

    at: str
    policy: str
    asked_by: AskedBy
    rows: Mapping[str, Mapping[str, Any]]
    """What datasets and fields are called, by their ids."""
    parties: Mapping[str, Party]
    """Agencies that are named and provide nothing of it."""


def picture_of(walk: Walk, question: Question, told: Told, most_edges: int = MOST_EDGES) -> Picture:
    """The picture of a walk."""
    rows = told.rows
    nodes: dict[str, PictureNode] = {id_: _entry(rows[id_]) for id_ in _beginnings(question, walk, rows)}
    for one in sorted(walk.nodes, key=lambda node: (node.place.distance, node.place)):
        if one.id not in nodes and (drawn := _node(one, rows)) is not None:
            nodes[one.id] = drawn
    edges = [_edge(edge, told.parties) for edge in walk.edges if edge.source in nodes and edge.target in nodes]
    truncated = set(walk.truncated)
    truncated |= {Truncation.NODES} if walk.more else set()
    truncated |= {Truncation.EDGES} if len(edges) > most_edges else set()
    return Picture(
        question,
        told.asked_by,
        told.at,
        told.policy,
        sorted(nodes.values(), key=lambda node: (node.rank > 0, node.distance, node.id)),
        edges[:most_edges],
        None if walk.hidden is None else _hidden(walk.hidden),
        tuple(sorted(truncated, key=[*Truncation].index)),
    )


def _beginnings(question: Question, walk: Walk, rows: Mapping[str, Mapping[str, Any]]) -> Iterable[str]:
    """Where the walk began, which is on none of its pages: of a dataset's fields, those that a derivation leads to."""
    start = rows.get(question.of)
    if start is None:
        return []
    if question.level is LineageLevel.DATASET:
        return [start["dataset"]] if start["dataset"] in rows else []
    if start["field"] is not None:
        return [question.of]
    ends = {end for edge in walk.edges for end in (edge.source, edge.target)}
    found = [id_ for id_ in sorted(ends) if id_ in rows and rows[id_]["dataset"] == question.of]
    return found or [question.of]


def _entry(row: Mapping[str, Any], distance: int = 0, direction: LineageDirection | None = None) -> PictureNode:
    name = None if row["field"] is None else plain(row["field"])
    title = plain(row["title"])
    return PictureNode(
        row["id"],
        NodeKind.DATASET if name is None else NodeKind.FIELD,
        title if name is None else name,
        title,
        plain(row["code"]),
        row["dataset"],
        name,
        Party(row["agency"], plain(row["provider"])),
        ShareType(row["share"]),
        OpenType(row["open"]),
        distance,
        direction,
    )


def _node(node: Node, rows: Mapping[str, Mapping[str, Any]]) -> PictureNode | None:
    place, external = node.place, node.external
    direction = LineageDirection.DOWNSTREAM if place.downstream else LineageDirection.UPSTREAM
    if external is None:
        return _entry(rows[node.id], place.distance, direction) if node.id in rows else None
    name, inside = plain(external["name"] or ""), external["field"]
    return PictureNode(
        node.id,
        NodeKind.NAME,
        name if inside is None else plain(inside),
        plain(external["namespace"] or ""),
        name,
        None,
        None if inside is None else plain(inside),
        None,
        None,
        None,
        place.distance,
        direction,
    )


def _edge(edge: Edge, parties: Mapping[str, Party]) -> PictureEdge:
    said = edge.said
    return PictureEdge(
        edge.id,
        edge.source,
        edge.target,
        bool(said.get("observed")),
        parties.get(said.get("asserter") or ""),
        plain(said["runId"]) if said.get("runId") else None,
        plain(said["job"]) if said.get("job") else None,
        tuple(map(_transformation, said.get("transformations") or ())),
        bool(said.get("masking")),
        said["validFrom"],
        _ended(said["validTo"]),
        said["recordedFrom"],
        _ended(said["recordedTo"]),
    )


def _transformation(stored: str) -> Transformation:
    kind, _, subtype = stored.partition("/")
    return Transformation(plain(kind), plain(subtype) if subtype else None)


def _ended(stored: str) -> str | None:
    return None if stored == FOREVER else stored


def _hidden(decision: Decision) -> HiddenPart:
    return HiddenPart(
        plain(decision.rule), plain(decision.requirement), plain(decision.reason_zh), plain(decision.reason_en)
    )
