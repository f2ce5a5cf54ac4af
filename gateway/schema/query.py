"""The root fields. Each hands itself to `plan`, which answers it with one statement.

They are called as graphql-core calls a resolver (`build.py`): what arguments there are is declared here, but pages and
filters are read by `plan` from the document, so that nothing is made of them first.
"""

from collections.abc import Awaitable
from typing import TYPE_CHECKING, Annotated, Any, Union

import strawberry
from graphql import GraphQLResolveInfo
from strawberry import Info

from gateway.plan import Shaped
from gateway.plan.mapping import KEY, Connection, Order
from gateway.schema import agency as agencies_
from gateway.schema import dataset as datasets_
from gateway.schema.access import AccessDecision
from gateway.schema.access_then import AccessAsOf, At, access_then
from gateway.schema.access_then import KnownAt as OnRecordAt
from gateway.schema.access_then import Of as Whose
from gateway.schema.agency import Agency
from gateway.schema.arguments import After, AgenciesWhere, Before, First, Last, Ordered, Where
from gateway.schema.audit import AuditEvent, AuditEventConnection, Way, Which, one_event, page_of_events
from gateway.schema.cases import (
    AccessGrant,
    AccessRequest,
    AccessRequestConnection,
    AccessWay,
    Side,
    Standing,
    one_grant,
    one_request,
    page_of_requests,
    ways_to,
)
from gateway.schema.connection import Connection as Page
from gateway.schema.connection import FacetedConnection, Facets, PageInfo
from gateway.schema.context import Context
from gateway.schema.dataset import Dataset
from gateway.schema.enums import Action, Role
from gateway.schema.field import Field
from gateway.schema.filters import DATASET_FILTERS
from gateway.schema.in_role import logged
from gateway.schema.jurisdiction import Jurisdiction
from gateway.schema.lineage import (
    AsOf,
    Depth,
    Direction,
    From,
    Impact,
    KnownAt,
    Level,
    Lineage,
    LineagePaths,
    Of,
    To,
    impact_of,
    paths_between,
    walk_of,
)
from gateway.schema.lineage import Which as WhichLineage
from gateway.schema.me import Me
from gateway.schema.naming import LineageNameConnection, NamesOf, page_of_names
from gateway.schema.naming import Standing as WhichNames
from gateway.schema.node import Node
from gateway.schema.violations import TierViolationConnection, page_of_violations

SearchResult = Annotated[
    Union[Dataset, Field],  # noqa: UP007  # Strawberry names a union only in this form
    strawberry.union("SearchResult", description="What a search finds."),
]


@strawberry.type(description="One hit of a search.")
class SearchEdge:
    """A hit with its score."""

    node: SearchResult = strawberry.field(description="The dataset or field.")
    cursor: str = strawberry.field(description="Opaque; bound to this search.")
    score: int = strawberry.field(description="How well it matches: each word counts for the place where it stands.")


@strawberry.type(description="A page of search hits, the best first.")
class SearchConnection:
    """Hits of a search."""

    edges: list[SearchEdge] = strawberry.field(description="The hits with score and cursor.")
    nodes: list[SearchResult] = strawberry.field(description="The hits alone.")
    page_info: PageInfo = strawberry.field(description="Where this page stands.")
    total_count: int = strawberry.field(description="How many hits there are. Computed only when asked for.")
    facets: Facets = strawberry.field(
        description="Counts over all hits, a field counting with its dataset's theme and agency."
    )


_HITS = Connection(
    "Dataset", {"SCORE": Order("score", numeric=True, descending=True)}, "SCORE", filters=DATASET_FILTERS
)

if TYPE_CHECKING:
    Asked = GraphQLResolveInfo[Context]
else:
    Asked = Info  # Strawberry knows by this type that the parameter is no argument


async def _answer(planned: Awaitable[Shaped | None]) -> Any:
    """What `plan` found; its shape is the field's type by construction, which no type checker can follow."""
    return await planned


@strawberry.type(description="What can be asked.")
class Query:
    """The root fields of design section 2."""

    @strawberry.field(description="The caller, as the gateway knows them.")
    async def me(self, info: Asked) -> Me:
        """Who is asking."""
        return await _answer(info.context.planner.me(info, info.context.asker))

    @strawberry.field(description="An object by its global id; null when there is none that the caller may know of.")
    async def node(
        self, info: Asked, id: Annotated[strawberry.ID, strawberry.argument(description="The global id.")]
    ) -> Node | None:
        """Relay's refetch."""
        return await _answer(info.context.planner.node(info, info.context.asker, id))

    @strawberry.field(description="Objects by their global ids, in the order asked for; null where there is none.")
    async def nodes(
        self, info: Asked, ids: Annotated[list[strawberry.ID], strawberry.argument(description="The global ids.")]
    ) -> list[Node | None]:
        """Relay's plural refetch."""
        return await _answer(info.context.planner.nodes(info, info.context.asker, ids))

    @strawberry.field(description="An agency, by exactly one of its keys.")
    async def agency(
        self,
        info: Asked,
        id: Annotated[strawberry.ID | None, strawberry.argument(description="Its global id.")] = None,
        code: Annotated[str | None, strawberry.argument(description="Its short code.")] = None,
    ) -> Agency | None:
        """One agency."""
        keys = {"id": id, "code": code}
        return await _answer(info.context.planner.by_key(info, info.context.asker, "Agency", keys))

    @strawberry.field(description="The agencies, by code.", metadata={KEY: agencies_.PAGES})
    async def agencies(
        self,
        info: Asked,
        filter: AgenciesWhere = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Page[Agency]:
        """A page of agencies."""
        return await _answer(info.context.planner.page(info, info.context.asker))

    @strawberry.field(description="公共数据资源. A dataset, by exactly one of its keys.")
    async def dataset(
        self,
        info: Asked,
        id: Annotated[strawberry.ID | None, strawberry.argument(description="Its global id.")] = None,
        identifier: Annotated[
            str | None, strawberry.argument(description="资源代码. Its code in the catalogue.")
        ] = None,
    ) -> Dataset | None:
        """One dataset."""
        keys = {"id": id, "identifier": identifier}
        return await _answer(info.context.planner.by_key(info, info.context.asker, "Dataset", keys))

    @strawberry.field(description="目录. The datasets that the caller may know of.", metadata={KEY: datasets_.PAGES})
    async def datasets(
        self,
        info: Asked,
        filter: Where = None,
        order_by: Ordered = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> FacetedConnection[Dataset]:
        """A page of the catalogue."""
        return await _answer(info.context.planner.page(info, info.context.asker))

    @strawberry.field(
        description="Full text in Chinese and English over datasets and fields: all the words have to be found.",
        metadata={KEY: _HITS},
    )
    async def search(
        self,
        info: Asked,
        query: Annotated[
            str, strawberry.argument(description="Words; each has to be found. Nothing in it is an operator.")
        ],
        filter: Where = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> SearchConnection:
        """A page of hits."""
        return await _answer(info.context.planner.search(info, info.context.asker))

    @strawberry.field(description="行政区划. All jurisdictions, by code.")
    async def jurisdictions(self, info: Asked) -> list[Jurisdiction]:
        """The jurisdiction tree as a list."""
        planner = info.context.planner
        return await _answer(planner.everything(info, info.context.asker, "Jurisdiction", "code"))

    @strawberry.field(
        description="血缘. Everything that a dataset or field was made from, or that was made from it, with the"
        " derivations between. Null where the caller may not know of what is asked about."
    )
    async def lineage(
        self,
        info: Asked,
        of: Of,
        direction: Direction,
        level: Level = None,
        depth: Depth = None,
        first: First = None,
        after: After = None,
        filter: WhichLineage = None,
        as_of: AsOf = None,
        known_at: KnownAt = None,
    ) -> Lineage | None:
        """A page of a walk."""
        asked = {"of": of, "direction": direction, "level": level, "depth": depth, "first": first, "after": after}
        return await walk_of(info, {**asked, "filter": filter, "asOf": as_of, "knownAt": known_at})

    @strawberry.field(
        description="影响. Everything that was made from a dataset or field, by agency, with open grants and with who"
        " was handed out any of it since when. Null where the caller may not know of what is asked about."
    )
    async def impact(
        self,
        info: Asked,
        of: Of,
        level: Level = None,
        depth: Depth = None,
        as_of: AsOf = None,
        known_at: KnownAt = None,
    ) -> Impact | None:
        """What depends on something."""
        return await impact_of(
            info.context, {"of": of, "level": level, "depth": depth, "asOf": as_of, "knownAt": known_at}
        )

    @strawberry.field(
        description="血缘. The ways by which one dataset or field came into another, the shortest first. Null where the"
        " caller may not inspect one of the two."
    )
    async def paths(
        self, info: Asked, from_: From, to: To, first: First = None, as_of: AsOf = None, known_at: KnownAt = None
    ) -> LineagePaths | None:
        """Simple paths, when they are asked for."""
        return await paths_between(info.context, from_, to, first, as_of, known_at)

    @strawberry.field(description="事件. An event in the log, when the caller may read it.")
    async def audit_event(
        self, info: Asked, id: Annotated[strawberry.ID, strawberry.argument(description="The id of the event.")]
    ) -> AuditEvent | None:
        """One event."""
        return await one_event(info.context, id)

    @strawberry.field(
        description="事件. The events that concern the caller: an agency's own data and actions, an overseer's subtree."
    )
    async def audit_events(
        self,
        info: Asked,
        filter: Which = None,
        order_by: Way = None,
        first: First = None,
        after: After = None,
    ) -> AuditEventConnection:
        """A page of events."""
        given: Any = filter
        return await page_of_events(info.context, given, order_by, first, after)

    @strawberry.field(description="申请. A case, when the caller may see it.")
    async def access_request(
        self, info: Asked, id: Annotated[strawberry.ID, strawberry.argument(description="The id of the case.")]
    ) -> AccessRequest | None:
        """One case."""
        return await one_request(info.context, id)

    @strawberry.field(
        description="申请. The cases of the caller's agency, or of the subtree that they oversee, the youngest first."
    )
    async def access_requests(
        self, info: Asked, side: Side = None, state: Standing = None, first: First = None, after: After = None
    ) -> AccessRequestConnection:
        """A page of cases."""
        return await page_of_requests(info.context, side, state, first, after)

    @strawberry.field(
        description="途径. Which fields of a dataset the caller would have at once, which need an answer, and which a"
        " negotiation, before anything is asked for. Null for a dataset that the caller may not know of; nothing for"
        " what needs no application."
    )
    async def access_ways(
        self, info: Asked, dataset: Annotated[strawberry.ID, strawberry.argument(description="The dataset's id.")]
    ) -> list[AccessWay] | None:
        """The ways, from the shortest to the longest."""
        return await ways_to(info.context, dataset)

    @strawberry.field(
        description="血缘. The names that an agency's systems use in what they report: of the caller's own agency, or"
        " of one that the caller oversees."
    )
    async def lineage_names(
        self, info: Asked, state: WhichNames, agency: NamesOf = None, first: First = None, after: After = None
    ) -> LineageNameConnection:
        """A page of names."""
        return await page_of_names(info.context, agency, state, first, after)

    @strawberry.field(
        description="违规. Published fields that are stated less strictly than what they were made from: of the"
        " caller's own agency, of those that the caller oversees, or all for the center (article 17)."
    )
    async def tier_violations(self, info: Asked, first: First = None, after: After = None) -> TierViolationConnection:
        """A page of violations."""
        return await page_of_violations(info.context, first, after)

    @strawberry.field(description="授权. A grant, when the caller may see it.")
    async def access_grant(
        self, info: Asked, id: Annotated[strawberry.ID, strawberry.argument(description="The id of the grant.")]
    ) -> AccessGrant | None:
        """One grant."""
        return await one_grant(info.context, id)

    @strawberry.field(
        description="Who could have seen a dataset or field at an instant, and why, for auditors and supervisors of its"
        " provider. Null where there was none, or none that they oversee."
    )
    async def access_as_of(self, info: Asked, of: Whose, at: At, known_at: OnRecordAt = None) -> AccessAsOf | None:
        """R16, R20."""
        return await access_then(info.context, of, at, known_at)

    @strawberry.field(
        description="Whether an action on a dataset or field is allowed to the caller, or in another role, and why."
    )
    async def explain_access(
        self,
        info: Asked,
        target: Annotated[strawberry.ID, strawberry.argument(description="The global id of a dataset or field.")],
        action: Annotated[Action, strawberry.argument(description="The action.")],
        as_role: Annotated[
            Role | None,
            strawberry.argument(
                description="As whom; without it as the caller. Owners, overseers and the center may ask for others."
            ),
        ] = None,
    ) -> AccessDecision:
        """The decision, with the rule and the requirement behind it."""
        planner = info.context.planner
        with logged(info.context, target, as_role):
            return await _answer(planner.explain(info, info.context.asker, target, action, as_role))
