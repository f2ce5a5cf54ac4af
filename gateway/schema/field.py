"""信息项: a field of a dataset."""

from typing import Annotated

import strawberry

from gateway.plan.mapping import Connection as Pages
from gateway.plan.mapping import Decisions, Direction, Elsewhere, Entity, Kind, One, Order, Step
from gateway.schema.access import Access
from gateway.schema.arguments import After, Before, First, Last
from gateway.schema.connection import Connection
from gateway.schema.dataset import Dataset
from gateway.schema.declare import column, inspected, mapped, planned
from gateway.schema.enums import DataType, OpenType, Sensitivity, ShareType
from gateway.schema.masks import MASKS, FieldMask
from gateway.schema.node import Node
from gateway.schema.tiers import TIERS, EffectiveTier
from gateway.vocabulary import Action

ENTITY = Entity("Field", Kind.FIELD, "fd_")
KEYS = ("id",)


def _lineage(direction: Direction) -> Pages:
    step = Step("DERIVED_FROM", direction, "Field", timed=True)
    return Pages("Field", {"ID": Order("id")}, "ID", step=step, needs=Action.INSPECT)


@strawberry.federation.type(
    keys=list(KEYS), description="信息项. A field of a dataset, with tiers of its own (article 16)."
)
class Field(Node):
    """A field. Its tiers are the stricter of its own and its dataset's, axis by axis."""

    name: str = column("name", "Its name, unique in the dataset.")
    title: str | None = column("title", "中文名称.")
    position: int = column("position", "Its place in the dataset, from 0.")
    share_type: ShareType = column("shareType", "共享类型.")
    open_type: OpenType = column("openType", "开放类型.")
    sensitivity: list[Sensitivity] = column("sensitivity", "The grounds for restricting it.")
    dataset: Dataset = mapped(One(Step("HAS_FIELD", Direction.IN, "Dataset")), "The dataset that it belongs to.")
    data_type: DataType | None = inspected("dataType", "The type of its values.")
    description: str | None = inspected("description", "说明.")
    unit: str | None = inspected("unit", "The unit of its values.")
    format: str | None = inspected("format", "The pattern that its values follow.")
    masks: list[FieldMask] | None = mapped(
        Elsewhere(MASKS, ("masks",)),
        "脱敏规则. The rules by which its values leave changed, for whom (article 23). A grant keeps its answer's.",
    )
    effective_tier: EffectiveTier = mapped(
        Elsewhere(TIERS, ("id", "shareType", "openType", "sensitivity", "lineageTier"), Action.DISCOVER),
        "实际类型. Its tier with what it was made from: at least as strict as that, unless a mask that the owner of the"
        " source signed lies in between (article 17).",
    )
    access: Access = mapped(Decisions(), "What the caller may do with it, and why.")

    @mapped(
        _lineage(Direction.OUT),
        "血缘. The fields that it is derived from, one level, as far as both may be inspected: `lineage` says whether"
        " something is hidden.",
    )
    def derived_from(
        self, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> Connection[Annotated["Field", strawberry.lazy("gateway.schema.field")]]:
        """One level up."""
        planned()

    @mapped(
        _lineage(Direction.IN), "血缘. The fields that are derived from it, one level, as far as both may be inspected."
    )
    def derivatives(
        self, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> Connection[Annotated["Field", strawberry.lazy("gateway.schema.field")]]:
        """One level down."""
        planned()
