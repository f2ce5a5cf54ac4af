"""行政机关、公共服务单位: whoever holds public data."""

from typing import TYPE_CHECKING, Annotated, Optional

import strawberry

from gateway.plan.mapping import Connection as Pages
from gateway.plan.mapping import Direction, Entity, Kind, Many, One, Order, Step
from gateway.schema.arguments import After, Before, First, Last, Ordered, Where
from gateway.schema.connection import FacetedConnection
from gateway.schema.declare import column, mapped, planned
from gateway.schema.enums import AgencyKind, Origin
from gateway.schema.filters import AGENCY_FILTERS, DATASET_FILTERS, DATASET_ORDERS
from gateway.schema.jurisdiction import Jurisdiction
from gateway.schema.node import Node

if TYPE_CHECKING:
    from gateway.schema.dataset import Dataset

ENTITY = Entity("Agency", Kind.PUBLIC, "ag_")
KEYS = ("id", "code")
PAGES = Pages("Agency", {"CODE": Order("code")}, "CODE", filters=AGENCY_FILTERS)

_DATASETS = Pages("Dataset", DATASET_ORDERS, "ID", keyed="agency", filters=DATASET_FILTERS)


@strawberry.federation.type(
    keys=list(KEYS), description="行政机关 / 公共服务单位. An agency that provides and uses public data (article 2)."
)
class Agency(Node):
    """An agency (R2.1); a provider and a consumer at once."""

    code: str = column("code", "Short code, unique in the gateway.")
    name: str = column("name", "名称.")
    name_en: str | None = column("nameEn", "English name.")
    kind: AgencyKind = column("kind", "The kind of agency.")
    origin: Origin = column("origin", "Whether it is registered here or comes with an imported catalogue.")
    duty: str | None = column("duty", "职责. Its duty, in short.")
    jurisdiction: Jurisdiction = mapped(
        One(Step("IN", Direction.OUT, "Jurisdiction")), "行政区划. The jurisdiction that it belongs to."
    )
    parent: Optional["Agency"] = mapped(One(Step("PART_OF", Direction.OUT, "Agency")), "The agency that it is part of.")
    children: list["Agency"] = mapped(
        Many(Step("PART_OF", Direction.IN, "Agency"), "code"), "The agencies that are part of it."
    )

    @mapped(_DATASETS, "The datasets that it provides.")
    def datasets(
        self,
        filter: Where = None,
        order_by: Ordered = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> FacetedConnection[Annotated["Dataset", strawberry.lazy("gateway.schema.dataset")]]:
        """The datasets of this agency, as far as the caller may know of them."""
        planned()
