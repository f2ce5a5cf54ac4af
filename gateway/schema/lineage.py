"""血缘. What something was made from and what was made from it, as far as the caller may know."""

import asyncio
from collections.abc import Collection, Mapping
from datetime import date, timedelta
from typing import Annotated, Any, Final

import strawberry
from graphql import GraphQLResolveInfo
from strawberry import Info

from gateway.audit.index import EPOCH
from gateway.audit.kinds import DataFetched
from gateway.lineage import (
    DEEPEST,
    MOST_AFFECTED,
    USUAL_DEPTH,
    DatasetUse,
    Edge,
    Impacts,
    Node,
    Walk,
    WalkPlace,
    Wanted,
    simple_paths,
)
from gateway.plan import cursor
from gateway.schema.access import AccessDecision, access_decision
from gateway.schema.agency import Agency
from gateway.schema.arguments import After, First
from gateway.schema.audit import AuditEvent, AuditEventConnection, event_of, page_of_events
from gateway.schema.cases import AccessGrant, grant_of
from gateway.schema.connection import PageInfo
from gateway.schema.context import Context, object_of
from gateway.schema.dataset import Dataset
from gateway.schema.enums import LineageDirection, LineageLevel, Theme, Truncation
from gateway.schema.field import Field
from gateway.schema.paging import page_info, page_size
from gateway.schema.scalars import DateTime
from gateway.schema.trail import LineageStatement, MaskApproval, approvals_of, statement_of
from gateway.vocabulary import FOREVER

_PATH: Final = "lineage"
_PREFIXES: Final = {"Dataset": "ds_", "Field": "fd_"}
Asked = Info[Context, Any]


@strawberry.type(description="A name in a system of an agency's that no entry of the catalogue has.")
class UnmatchedName:
    """What is known by name only, to the agency whose system named it."""

    namespace: str = strawberry.field(description="Where it is, as OpenLineage names it.")
    name: str = strawberry.field(description="Its name there.")
    field: str | None = strawberry.field(description="Of which field, if of one.")


@strawberry.type(description="Something on a walk: a dataset, a field, or a name.")
class LineageNode:
    """A node, with how far it is from where the walk began."""

    id: strawberry.ID = strawberry.field(description="The id of the dataset or field; of a name, one that stays.")
    direction: LineageDirection = strawberry.field(description="On which side of the beginning.")
    distance: int = strawberry.field(description="How many derivations it is away, by the shortest way.")
    cursor: str = strawberry.field(description="Opaque; bound to the same walk.")
    name: UnmatchedName | None = strawberry.field(description="Where it is known by name only.")

    @strawberry.field(description="The dataset, if it is one.")
    async def dataset(self, info: Asked) -> Dataset | None:
        """As far as the caller may know of it."""
        return await _object(info, "Dataset", self.id)

    @strawberry.field(description="The field, if it is one.")
    async def field(self, info: Asked) -> Field | None:
        """As far as the caller may know of it."""
        return await _object(info, "Field", self.id)


@strawberry.type(description="How values were made into others, as OpenLineage names it.")
class Transformation:
    """Type and subtype."""

    type: str = strawberry.field(
        description="DIRECT where values come from values, INDIRECT where they decide on some."
    )
    subtype: str | None = strawberry.field(description="Such as IDENTITY, AGGREGATION, JOIN or FILTER.")


@strawberry.type(description="A derivation: `target` was made from `source`.")
class LineageEdge:
    """A derivation, with who says so, since when, and since when that is known."""

    id: strawberry.ID = strawberry.field(description="Its id: of this statement, which never changes.")
    source: strawberry.ID = strawberry.field(description="The id of what it was made from.")
    target: strawberry.ID = strawberry.field(description="The id of what was made.")
    observed: bool = strawberry.field(description="Whether a run showed it, rather than somebody declaring it.")
    asserter: strawberry.ID | None = strawberry.field(description="The agency that says so, by its global id.")
    run: str | None = strawberry.field(description="The run that first showed it.")
    job: str | None = strawberry.field(description="The job of that run: its namespace and name.")
    transformations: list[Transformation] = strawberry.field(description="How; empty where that is not known.")
    masking: bool = strawberry.field(description="Whether all of it passes through a mask.")
    valid_from: DateTime = strawberry.field(description="Since when it held.")
    valid_to: DateTime | None = strawberry.field(description="Until when; null where it still holds.")
    recorded_from: DateTime = strawberry.field(description="Since when it was known.")
    recorded_to: DateTime | None = strawberry.field(
        description="When it was ended or corrected; null where it still counts. Nothing is deleted."
    )
    said: strawberry.Private[Mapping[str, Any]]

    @strawberry.field(
        description="The signed document that says so, of a declared derivation: for the agency that declared it and"
        " who oversees that; null for everybody else, and for what a run showed, of which the event tells."
    )
    async def statement(self, info: Asked) -> LineageStatement | None:
        """R19: the document with its signature."""
        return await statement_of(info.context, self.said.get("document"))

    @strawberry.field(
        description="事件. The event in the log by which it was recorded, with its proof: for the agencies that it"
        " concerns and who oversees them."
    )
    async def event(self, info: Asked) -> AuditEvent | None:
        """Of a derivation that a run showed, the event of the report."""
        return await event_of(info.context, self.said.get("event"))

    @strawberry.field(
        description="认可脱敏. Every approval there was of a mask between the source and the target, the last to be"
        " recorded first: for both their agencies and who oversees one of them, as far as they may read it."
    )
    async def mask_approvals(self, info: Asked) -> list[MaskApproval]:
        """R17.2: under whose signature it counts as masked."""
        return await approvals_of(info.context, str(self.source), str(self.target))


@strawberry.type(
    description="血缘. A page of a walk along derivations. It is complete, or says that it is not and why; what the"
    " caller may not know of takes no part in it."
)
class Lineage:
    """A walk."""

    nodes: list[LineageNode] = strawberry.field(
        description="What was found, by direction, distance and id; not what the walk began at."
    )
    edges: list[LineageEdge] = strawberry.field(
        description="The derivations by which the nodes of this page are reached, from nodes of any page."
    )
    page_info: PageInfo = strawberry.field(description="Where this page stands.")
    total_count: int = strawberry.field(description="How many nodes all pages have.")
    is_complete: bool = strawberry.field(
        description="Whether all pages together are everything that the caller may know."
    )
    truncated_because: list[Truncation] = strawberry.field(description="Why they are not; empty when they are.")
    hidden: AccessDecision | None = strawberry.field(
        description="Why something is hidden of which the caller may know that it exists; null where nothing is."
    )


@strawberry.type(description="One way by which something came into something else.")
class LineagePath:
    """A path that passes nothing twice."""

    length: int = strawberry.field(description="How many derivations it has.")
    edges: list[LineageEdge] = strawberry.field(
        description="The derivations, from the one that made the end of the path to the one that took its beginning."
    )


@strawberry.type(description="Ways by which something came into something else, the shortest first.")
class LineagePaths:
    """Paths."""

    paths: list[LineagePath] = strawberry.field(description="The paths; none of them passes anything twice.")
    is_complete: bool = strawberry.field(description="Whether these are all that the caller may know.")
    truncated_because: list[Truncation] = strawberry.field(description="Why they are not; empty when they are.")


@strawberry.type(
    description="使用情况. That data of a dataset was handed out to an agency for a purpose, and since when."
)
class ImpactUse:
    """A use."""

    dataset_id: strawberry.ID = strawberry.field(description="Of which dataset, by its global id.")
    agency_id: strawberry.ID | None = strawberry.field(
        description="To which agency, by its global id; null where nobody acted for one."
    )
    purpose: str = strawberry.field(description="For which purpose, as the requests stated it.")
    fetches: int = strawberry.field(description="How often.")
    since: date = strawberry.field(description="The day of the first time, in the city.")
    until: date = strawberry.field(description="The day of the last time.")

    @strawberry.field(
        description="事件. What the log says of data of the dataset that was handed out to the agency, for whatever"
        " purpose, in order; as far as the caller may read it. Null where nobody acted for an agency."
    )
    async def events(self, info: Asked, first: First = None, after: After = None) -> AuditEventConnection | None:
        """R20: each with its proof."""
        if self.agency_id is None:
            return None
        which = {"dataset": [self.dataset_id], "agency": [self.agency_id], "kind": [DataFetched.kind]}
        return await page_of_events(info.context, which, "ASC", first, after)


@strawberry.type(description="What an agency provides that depends on something.")
class ImpactedAgency:
    """An agency's part."""

    agency_id: strawberry.Private[str]
    nodes: list[LineageNode] = strawberry.field(
        description="Its datasets or fields, the nearest first; distance 0 is what was asked about."
    )
    grants: list[AccessGrant] = strawberry.field(
        description="授权. Grants on them that are not over, as far as the caller may see them."
    )
    uses: list[ImpactUse] = strawberry.field(
        description="Who was handed out their data and since when, as far as the caller may know: all of it to its"
        " provider and to who oversees that, to others their own."
    )

    @strawberry.field(description="提供单位. The agency.")
    async def agency(self, info: Asked) -> Agency | None:
        """The provider."""
        found: Agency | None = await object_of(info, "Agency", self.agency_id)
        return found


@strawberry.type(
    description="影响. Everything that was made from something, by agency, with those who hold or had any of it"
    " (article 18, article 20)."
)
class Impact:
    """What depends on something."""

    agencies: list[ImpactedAgency] = strawberry.field(description="By provider, the nearest first.")
    is_complete: bool = strawberry.field(description="Whether this is everything that the caller may know.")
    truncated_because: list[Truncation] = strawberry.field(description="Why it is not; empty when it is.")
    hidden: AccessDecision | None = strawberry.field(
        description="Why something is hidden of which the caller may know that it exists; null where nothing is."
    )


@strawberry.input(description="Which nodes of a walk are shown, and along which derivations it goes.")
class LineageFilter:
    """The filter. Of a list, any; of several fields, all."""

    agency: list[strawberry.ID] | None = strawberry.field(
        default=None, description="Only what these agencies provide; the walk goes through all the same."
    )
    theme: list[Theme] | None = strawberry.field(
        default=None, description="Only datasets of these themes, or their fields; the walk goes through all the same."
    )
    observed: bool | None = strawberry.field(
        default=None, description="Only along derivations that a run showed, or only along declared ones."
    )


Of = Annotated[strawberry.ID, strawberry.argument(description="The global id of a dataset or field.")]
Direction = Annotated[LineageDirection, strawberry.argument(description="Which way to go.")]
Level = Annotated[
    LineageLevel | None,
    strawberry.argument(description="Between datasets or between fields; without it between what `of` is."),
]
Depth = Annotated[
    int | None, strawberry.argument(description=f"How far, in derivations: to {DEEPEST}; {USUAL_DEPTH} without it.")
]
Which = Annotated[LineageFilter | None, strawberry.argument(description="What of it.")]
AsOf = Annotated[
    DateTime | None, strawberry.argument(description="Along derivations that held at this instant; now without it.")
]
KnownAt = Annotated[
    DateTime | None,
    strawberry.argument(description="As far as they were recorded at this instant; as they are now without it."),
]


From = Annotated[
    strawberry.ID, strawberry.argument(name="from", description="The id of the dataset or field that came in.")
]
To = Annotated[strawberry.ID, strawberry.argument(description="The id of the dataset or field that it came into.")]


async def paths_between(
    context: Context, source: str, target: str, first: int | None, as_of: str | None, known_at: str | None
) -> LineagePaths | None:
    """Paths.

    Raises:
        BadInput: `INVALID_PAGE`, and see `gateway.lineage.Walker.between`.
    """
    most = page_size(context, "paths", first)
    found = await context.walker.between(context.asker, target, source, as_of, known_at)
    if found is None:
        return None
    paths = await asyncio.to_thread(simple_paths, found.edges, target, source, most)
    truncated = {*found.truncated, *([] if paths.ended else [Truncation.PATHS])}
    return LineagePaths(
        paths=[LineagePath(length=len(path), edges=[_edge(edge) for edge in path]) for path in paths.found],
        is_complete=not truncated,
        truncated_because=_reasons(truncated),
    )


async def walk_of(info: GraphQLResolveInfo[Context], arguments: Mapping[str, Any]) -> Lineage | None:
    """A page of a walk.

    Args:
        info: of the request.
        arguments: those of the field, by their names in GraphQL.

    Raises:
        BadInput: `INVALID_PAGE`, `INVALID_CURSOR`, and see `gateway.lineage.Wanted.check`.
    """
    context = info.context
    given: dict[str, Any] = {name: value for name, value in arguments.items() if value is not None}
    after, first = given.pop("after", None), page_size(context, _PATH, given.pop("first", None))
    tag = cursor.prefix(_PATH, "", _plain(given))
    which = given.get("filter") or {}
    level = given.get("level")
    wanted = Wanted(
        of=given["of"],
        direction=LineageDirection(_plain(given["direction"])),
        level=None if level is None else LineageLevel(_plain(level)),
        depth=given.get("depth", USUAL_DEPTH),
        first=first,
        after=None if after is None else _place(after, tag),
        as_of=given.get("asOf"),
        known_at=given.get("knownAt"),
        agencies=_listed(which.get("agency")),
        themes=_listed(which.get("theme")),
        observed=which.get("observed"),
    )
    found = await context.walker.walk(context.asker, wanted)
    return None if found is None else _lineage(found, tag, begun=after is not None)


async def impact_of(context: Context, given: Mapping[str, Any]) -> Impact | None:
    """What depends on something.

    Args:
        context: of the request.
        given: `of`, `level`, `depth`, `asOf` and `knownAt`.

    Raises:
        BadInput: see `gateway.lineage.Wanted.check`.
    """
    level = given["level"]
    wanted = Wanted(
        of=given["of"],
        direction=LineageDirection.DOWNSTREAM,
        level=None if level is None else LineageLevel(_plain(level)),
        depth=given["depth"] or USUAL_DEPTH,
        first=MOST_AFFECTED,
        as_of=given["asOf"],
        known_at=given["knownAt"],
    )
    found = await Impacts(context.walker, context.cases, context.events).of(context.asker, wanted)
    if found is None:
        return None
    return Impact(
        agencies=[
            ImpactedAgency(
                agency_id=one.agency,
                nodes=[_node(node, "") for node in one.nodes],
                grants=[grant_of(context, context.cases.stands(grant)) for grant in one.grants],
                uses=[_use(use) for use in one.uses],
            )
            for one in found.agencies
        ],
        is_complete=not found.truncated,
        truncated_because=_reasons(found.truncated),
        hidden=None if found.hidden is None else access_decision(found.hidden),
    )


def _use(use: DatasetUse) -> ImpactUse:
    used = use.used
    return ImpactUse(
        dataset_id=strawberry.ID(use.dataset),
        agency_id=strawberry.ID(used.agency) if used.agency else None,
        purpose=used.purpose,
        fetches=used.count,
        since=EPOCH + timedelta(days=used.first),
        until=EPOCH + timedelta(days=used.last),
    )


def _lineage(found: Walk, tag: str, *, begun: bool) -> Lineage:
    nodes = [_node(node, tag) for node in found.nodes]
    return Lineage(
        nodes=nodes,
        edges=[_edge(edge) for edge in found.edges],
        page_info=page_info(nodes, more=found.more, begun=begun),
        total_count=found.total,
        is_complete=not found.truncated,
        truncated_because=_reasons(found.truncated),
        hidden=None if found.hidden is None else access_decision(found.hidden),
    )


def _node(node: Node, tag: str) -> LineageNode:
    place = node.place
    signed = place.distance if place.downstream else -place.distance
    return LineageNode(
        id=strawberry.ID(node.id),
        direction=LineageDirection.DOWNSTREAM if place.downstream else LineageDirection.UPSTREAM,
        distance=place.distance,
        cursor=f"{tag}{node.id}.{signed}",
        name=None if node.external is None else _name(node.external),
    )


def _name(external: Mapping[str, Any]) -> UnmatchedName:
    return UnmatchedName(namespace=external["namespace"], name=external["name"], field=external["field"])


def _place(after: str, tag: str) -> WalkPlace:
    at = cursor.read(f"{_PATH}.after", after, tag, numeric=True)
    signed = int(at.value)
    return WalkPlace(signed > 0, abs(signed), at.id)


def _edge(edge: Edge) -> LineageEdge:
    said = edge.said
    return LineageEdge(
        id=strawberry.ID(edge.id),
        source=strawberry.ID(edge.source),
        target=strawberry.ID(edge.target),
        observed=bool(said.get("observed")),
        asserter=said.get("asserter") or None,
        run=said.get("runId"),
        job=said.get("job"),
        transformations=[
            Transformation(type=type_, subtype=subtype or None)
            for type_, _, subtype in (one.partition("/") for one in said.get("transformations") or ())
        ],
        masking=bool(said.get("masking")),
        valid_from=said["validFrom"],
        valid_to=_ended(said["validTo"]),
        recorded_from=said["recordedFrom"],
        recorded_to=_ended(said["recordedTo"]),
        said=said,
    )


def _reasons(truncated: Collection[Truncation]) -> list[Truncation]:
    """In the order in which the words are listed."""
    return sorted(truncated, key=[*Truncation].index)


def _ended(stored: str) -> DateTime | None:
    return None if stored == FOREVER else DateTime(stored)


def _listed(values: Any) -> tuple[Any, ...] | None:
    return None if values is None else tuple(_plain(values))


def _plain(value: Any) -> Any:
    """Enums as the words that they are."""
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items() if one is not None}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return getattr(value, "value", value)


async def _object(info: Asked, entity: str, identifier: str) -> Any:
    """What a node is, if it is of that kind."""
    if not identifier.startswith(_PREFIXES[entity]):
        return None
    return await object_of(info, entity, identifier)
