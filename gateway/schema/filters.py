"""Filters and orders of the catalogue's lists."""

from enum import Enum

import strawberry

from gateway.plan.mapping import Filter, Order, Test
from gateway.schema.enums import AgencyKind, Format, OpenType, OrderDirection, Origin, Period, ShareType, Status, Theme
from gateway.schema.scalars import DateTime
from gateway.vocabulary import Action


@strawberry.input(
    description="Which datasets. All given fields have to hold; a field that is null or absent does not restrict."
)
class DatasetFilter:
    """A filter over datasets. A value that the caller may not inspect matches nothing."""

    agency: strawberry.ID | None = strawberry.field(default=None, description="提供单位: the providing agency's id.")
    jurisdiction: strawberry.ID | None = strawberry.field(
        default=None, description="A jurisdiction's id: it and everything below it."
    )
    theme: list[Theme] | None = strawberry.field(default=None, description="分类: one of these.")
    share_type: list[ShareType] | None = strawberry.field(default=None, description="共享类型: one of these.")
    open_type: list[OpenType] | None = strawberry.field(default=None, description="开放类型: one of these.")
    origin: list[Origin] | None = strawberry.field(default=None, description="One of these origins.")
    status: list[Status] | None = strawberry.field(default=None, description="One of these states.")
    format: list[Format] | None = strawberry.field(default=None, description="格式: available in one of these.")
    accrual_periodicity: list[Period] | None = strawberry.field(default=None, description="更新时限: one of these.")
    updated_since: DateTime | None = strawberry.field(default=None, description="Changed at this instant or later.")
    stale: bool | None = strawberry.field(default=None, description="Whether the update limit has passed (article 10).")
    text: str | None = strawberry.field(default=None, description="All these words, in title, description or keywords.")


DATASET_FILTERS = {
    "agency": Filter(Test.IS, "agency", tallied=True),
    "jurisdiction": Filter(Test.SUBTREE, "jurisdiction", tallied=True),
    "theme": Filter(Test.IN, "theme", tallied=True),
    "shareType": Filter(Test.IN, "shareType", tallied=True),
    "openType": Filter(Test.IN, "openType", tallied=True),
    "origin": Filter(Test.IN, "origin"),
    "status": Filter(Test.IN, "status"),
    "format": Filter(Test.OVERLAPS, "formats", Action.INSPECT),
    "accrualPeriodicity": Filter(Test.IN, "accrualPeriodicity", Action.INSPECT),
    "updatedSince": Filter(Test.SINCE, "modified", Action.INSPECT),
    "stale": Filter(Test.PASSED, "staleAt", Action.INSPECT),
    "text": Filter(Test.TEXT),
}


@strawberry.enum(description="What datasets can be ordered by.")
class DatasetOrderField(Enum):
    """Orders of datasets; the id breaks ties."""

    ID = strawberry.enum_value("ID", description="The global id: stable and without meaning.")
    TITLE = strawberry.enum_value("TITLE", description="名称, by code point.")
    MODIFIED = strawberry.enum_value(
        "MODIFIED", description="When it changed. Lists only datasets that the caller may inspect."
    )


@strawberry.input(description="An order of datasets.")
class DatasetOrder:
    """By what, and which way."""

    field: DatasetOrderField = strawberry.field(description="By what.")
    direction: OrderDirection = strawberry.field(default=OrderDirection.ASC, description="Which way.")


DATASET_ORDERS = {"ID": Order("id"), "TITLE": Order("title"), "MODIFIED": Order("modified", Action.INSPECT)}


@strawberry.input(description="Which agencies. All given fields have to hold.")
class AgencyFilter:
    """A filter over agencies."""

    jurisdiction: strawberry.ID | None = strawberry.field(
        default=None, description="A jurisdiction's id: it and everything below it."
    )
    kind: list[AgencyKind] | None = strawberry.field(default=None, description="One of these kinds.")
    origin: list[Origin] | None = strawberry.field(default=None, description="One of these origins.")


AGENCY_FILTERS = {
    "jurisdiction": Filter(Test.SUBTREE, "jurisdiction"),
    "kind": Filter(Test.IN, "kind"),
    "origin": Filter(Test.IN, "origin"),
}
