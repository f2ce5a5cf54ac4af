"""公共数据资源: an entry of the catalogue."""

from typing import TYPE_CHECKING, Annotated

import strawberry

from gateway.plan.mapping import Connection as Pages
from gateway.plan.mapping import (
    Decisions,
    Direction,
    Either,
    Elsewhere,
    Entity,
    Kind,
    Many,
    One,
    Order,
    Pairs,
    Passed,
    Step,
)
from gateway.schema.access import Access
from gateway.schema.agency import Agency
from gateway.schema.arguments import After, Before, First, Last
from gateway.schema.connection import Connection, FacetedConnection
from gateway.schema.declare import column, inspected, mapped, planned
from gateway.schema.enums import Element, Format, Mode, OpenType, Origin, Period, Sensitivity, ShareType, Status, Theme
from gateway.schema.filters import DATASET_FILTERS, DATASET_ORDERS
from gateway.schema.node import Node
from gateway.schema.scalars import DateTime
from gateway.schema.sources import SOURCES, DataSource
from gateway.schema.usage import USAGE, InDays, Use
from gateway.schema.version import DatasetVersion, Distribution
from gateway.vocabulary import Action

if TYPE_CHECKING:
    from gateway.schema.field import Field

ENTITY = Entity(
    "Dataset",
    Kind.DATASET,
    "ds_",
    frozenset(
        {
            ("id",),
            ("title", "id"),
            ("modified", "id"),
            ("accessClass", "id"),
            ("accessClass", "title", "id"),
            ("accessClass", "modified", "id"),
            ("agency", "id"),
            ("agency", "title", "id"),
            ("agency", "modified", "id"),
            ("jurisdiction", "id"),
            ("jurisdiction", "title", "id"),
            ("jurisdiction", "modified", "id"),
        }
    ),
)
KEYS = ("id", "identifier")
PAGES = Pages("Dataset", DATASET_ORDERS, "ID", filters=DATASET_FILTERS)

_FIELDS = Pages(
    "Field",
    {"POSITION": Order("position", numeric=True, unique=True)},
    "POSITION",
    step=Step("HAS_FIELD", Direction.OUT, "Field"),
    needs=Action.INSPECT,
)


def _lineage(direction: Direction) -> Pages:
    step = Step("DERIVED_FROM", direction, "Dataset", timed=True)
    return Pages("Dataset", {"ID": Order("id")}, "ID", step=step, needs=Action.INSPECT)


@strawberry.type(description="依据. Where in which rule something is laid down.")
class Citation:
    """A cited basis (R1)."""

    title: str = strawberry.field(description="The law, regulation or document.")
    citation: str = strawberry.field(description="The article or clause.")


@strawberry.federation.type(
    keys=list(KEYS), description="公共数据资源. An entry of the unified catalogue (article 7, article 8)."
)
class Dataset(Node):
    """A catalogue entry. What follows `legalBasis` is null or empty unless the caller may INSPECT it."""

    identifier: str = column("identifier", "资源代码. Its code in the catalogue.")
    title: str = column("title", "名称.")
    title_en: str | None = column("titleEn", "English title.")
    provider: Agency = mapped(
        One(Step("PROVIDED_BY", Direction.OUT, "Agency")), "提供单位. The agency responsible for it."
    )
    theme: Theme = column("theme", "分类.")
    category: str | None = column("category", "分类. The finer category, as the provider names it.")
    share_type: ShareType = column("shareType", "共享类型. Its tier between agencies.")
    open_type: OpenType = column("openType", "开放类型. Its tier towards the public.")
    sensitivity: list[Sensitivity] = column("sensitivity", "The grounds for restricting it (article 22).")
    legal_basis: list[Citation] = mapped(
        Pairs("legalBasis", ("title", "citation")), "依据. The basis of its tiers and of the duty."
    )
    status: Status = column("status", "Its state.")
    origin: Origin = column("origin", "Whether it was compiled here or imported.")

    description: str | None = inspected("description", "摘要.")
    keywords: list[str] | None = inspected("keywords", "关键词.")
    formats: list[Format] | None = inspected("formats", "格式. The formats it is available in.")
    accrual_periodicity: Period | None = inspected("accrualPeriodicity", "更新时限.")
    share_mode: list[Mode] | None = inspected("shareMode", "共享方式.")
    share_conditions: str | None = inspected("shareConditions", "共享条件.")
    open_mode: list[Mode] | None = inspected("openMode", "开放方式.")
    open_conditions: str | None = inspected("openConditions", "开放条件.")
    usage_policy: str | None = inspected("usagePolicy", "使用要求.")
    duty_basis: str | None = inspected(
        "dutyBasis", "履职依据. The duty in which it is collected or produced (article 2)."
    )
    attributes: str | None = inspected("attributes", "属性. What it records, in words.")
    landing_page: str | None = inspected("landingPage", "A page about it.")
    license: str | None = inspected("license", "The licence of an imported entry.")
    rights: str | None = inspected("rights", "The rights statement of an imported entry.")
    access_level: str | None = inspected("accessLevel", "The access level that the imported record states.")
    import_rule: str | None = inspected("importRule", "The rule by which an imported entry got its sharing tier.")
    missing_elements: list[Element] | None = inspected(
        "missingElements", "Which of the ten basic elements it lacks (article 8)."
    )
    modified: DateTime | None = inspected("modified", "When the entry last changed.")
    issued: DateTime | None = inspected("issued", "When it was first published.")
    refreshed_at: DateTime | None = inspected("refreshedAt", "When its data was last refreshed.")
    stale: bool | None = mapped(
        Passed("staleAt", Action.INSPECT), "Whether it was not refreshed within its update limit (article 10)."
    )
    version: DatasetVersion | None = mapped(
        One(Step("HAS_VERSION", Direction.OUT, "DatasetVersion", current=True), Action.INSPECT),
        "Its current version. Published versions never change.",
    )
    no_redistribution: bool | None = mapped(
        Either(("noRedistribution", "inheritedNoRedistribution"), Action.INSPECT),
        "不得提供给第三方. Whether its data may be given to no third party, by its provider's word or because it was"
        " made from such data (article 17).",
    )
    distributions: list[Distribution] = mapped(
        Many(Step("HAS_DISTRIBUTION", Direction.OUT, "Distribution"), "position", Action.INSPECT),
        "Where an imported entry can be had.",
    )

    @mapped(
        Elsewhere(USAGE, ("id", "agency", "jurisdiction")),
        "使用情况. How often its data was handed out, the most frequent first: all of it to its provider and to who "
        "oversees that, to others their own.",
    )
    def usage(self, period: InDays = None) -> list[Use] | None:
        """By agency and purpose."""
        planned()

    source: DataSource | None = mapped(
        Elsewhere(SOURCES, ("id", "agency", "jurisdiction")),
        "汇聚. Where its rows are, and how that differs from the catalogue (article 12): for its provider, the center, "
        "and who supervises the provider; null for everybody else, and where it is not connected.",
    )
    access: Access = mapped(Decisions(), "What the caller may do with it, and why.")

    @mapped(_FIELDS, "信息项. Its fields, in their order.")
    def fields(
        self, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> Connection[Annotated["Field", strawberry.lazy("gateway.schema.field")]]:
        """The fields that the caller may know of."""
        planned()

    @mapped(
        _lineage(Direction.OUT),
        "血缘. The datasets that it is derived from, one level, as far as both may be inspected: `lineage` says whether"
        " something is hidden.",
    )
    def derived_from(
        self, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> FacetedConnection[Annotated["Dataset", strawberry.lazy("gateway.schema.dataset")]]:
        """One level up."""
        planned()

    @mapped(
        _lineage(Direction.IN),
        "血缘. The datasets that are derived from it, one level, as far as both may be inspected.",
    )
    def derivatives(
        self, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> FacetedConnection[Annotated["Dataset", strawberry.lazy("gateway.schema.dataset")]]:
        """One level down."""
        planned()
