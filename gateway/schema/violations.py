"""Published fields that are less strict than what they were made from (R17.2)."""

from typing import Any, Final

import strawberry
from strawberry import Info

from gateway.classes import TIERS, ClassKey
from gateway.lineage import ViolationPlace, reasons, violations
from gateway.plan import cursor
from gateway.schema.arguments import First
from gateway.schema.cases import AccessGrant, grant_of
from gateway.schema.connection import PageInfo
from gateway.schema.context import Context, object_of
from gateway.schema.dataset import Dataset
from gateway.schema.enums import OpenType, Sensitivity, ShareType
from gateway.schema.field import Field
from gateway.schema.paging import page_info, page_size
from gateway.schema.scalars import DateTime
from gateway.schema.tiers import TierReasons, told

_PATH: Final = "tierViolations"
Asked = Info[Context, Any]


@strawberry.type(description="类型. A sharing and an opening tier, with the grounds for them.")
class StatedTier:
    """A tier."""

    share_type: ShareType = strawberry.field(description="共享类型.")
    open_type: OpenType = strawberry.field(description="开放类型.")
    sensitivity: list[Sensitivity] = strawberry.field(description="The grounds for restricting it.")


@strawberry.type(
    description="违规. A published field that is stated less strictly than what it was made from (article 17)."
)
class TierViolation:
    """A violation: it lasts until its owner states a stricter tier, or the source's owner signs a mask."""

    field_id: strawberry.Private[str]
    dataset_id: strawberry.Private[str]
    own: strawberry.Private[ClassKey]
    all_: strawberry.Private[ClassKey]
    declared: StatedTier = strawberry.field(description="As its provider states it.")
    effective: StatedTier = strawberry.field(description="As it is by what it was made from.")
    since: DateTime = strawberry.field(description="Since when it is stricter by that than it is stated.")

    @strawberry.field(description="信息项. The field.")
    async def field(self, info: Asked) -> Field | None:
        """As far as the caller may know it."""
        found: Field | None = await object_of(info, "Field", self.field_id)
        return found

    @strawberry.field(description="公共数据资源. The dataset that it belongs to.")
    async def dataset(self, info: Asked) -> Dataset | None:
        """As far as the caller may know it."""
        found: Dataset | None = await object_of(info, "Dataset", self.dataset_id)
        return found

    @strawberry.field(description="血缘. The ways from the fields that make it stricter, the shortest first.")
    async def because_of(self, info: Asked, first: First = None) -> TierReasons:
        """As far as the caller may know."""
        context = info.context
        most = page_size(context, "becauseOf", first)
        found = await reasons(context.walker, context.asker, self.field_id, self.own, self.all_, most)
        return told(found)

    @strawberry.field(description="授权. Grants of it that are not over, as far as the caller may see them.")
    async def grants(self, info: Asked) -> list[AccessGrant]:
        """At most a thousand."""
        context = info.context
        found, _ = await context.cases.open_grants(context.asker.subject, [self.dataset_id], [self.field_id])
        return [grant_of(context, context.cases.stands(grant)) for grant in found]


@strawberry.type(description="A violation with its cursor.")
class TierViolationEdge:
    """Relay's edge."""

    node: TierViolation = strawberry.field(description="The violation.")
    cursor: str = strawberry.field(description="Opaque; bound to this list.")


@strawberry.type(description="A page of violations, by agency and field.")
class TierViolationConnection:
    """There is no total: to count would cost more than to read a page."""

    edges: list[TierViolationEdge] = strawberry.field(description="The violations with their cursors.")
    page_info: PageInfo = strawberry.field(description="Where this page stands.")

    @strawberry.field(description="The violations without cursors.")
    def nodes(self) -> list[TierViolation]:
        """The same as in the edges."""
        return [edge.node for edge in self.edges]


async def page_of_violations(context: Context, first: int | None, after: str | None) -> TierViolationConnection:
    """A page of the violations that the caller has to mend or oversees.

    Raises:
        BadInput: `INVALID_PAGE`, `INVALID_CURSOR`.
    """
    count, tag = page_size(context, _PATH, first), cursor.prefix(_PATH, "", {})
    start = None
    if after is not None:
        read = cursor.read(f"{_PATH}.after", after, tag, numeric=False)
        start = ViolationPlace(str(read.value), read.id)
    rows = await violations(context.cases.graph, context.asker.subject, count + 1, start)
    edges = [
        TierViolationEdge(
            node=TierViolation(
                field_id=row["id"],
                dataset_id=row["dataset"],
                own=row["declared"],
                all_=row["effective"],
                declared=_tier(row["declared"]),
                effective=_tier(row["effective"]),
                since=row["since"],
            ),
            cursor=f"{tag}{row['id']}.{row['agency']}",
        )
        for row in rows[:count]
    ]
    return TierViolationConnection(
        edges=edges, page_info=page_info(edges, more=len(rows) > count, begun=start is not None)
    )


def _tier(key: ClassKey) -> StatedTier:
    tier = TIERS[key]
    return StatedTier(
        share_type=ShareType(tier.share),
        open_type=OpenType(tier.open),
        sensitivity=sorted(Sensitivity(one) for one in tier.sensitivity),
    )
