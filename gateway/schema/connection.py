"""Relay connections, and the counts that go with a list of datasets."""

from typing import TYPE_CHECKING, Annotated, Generic, TypeVar

import strawberry

from gateway.schema.enums import OpenType, ShareType, Theme

if TYPE_CHECKING:
    from gateway.schema.agency import Agency

T = TypeVar("T")


@strawberry.type(description="Where a page stands in its list (Relay).")
class PageInfo:
    """Relay's PageInfo."""

    has_next_page: bool = strawberry.field(description="Whether more follow after this page.")
    has_previous_page: bool = strawberry.field(description="Whether some come before this page.")
    start_cursor: str | None = strawberry.field(description="The cursor of the first row, for `before`.")
    end_cursor: str | None = strawberry.field(description="The cursor of the last row, for `after`.")


@strawberry.type(description="One row of a list.")
class Edge(Generic[T]):
    """Relay's Edge."""

    node: T = strawberry.field(description="The object.")
    cursor: str = strawberry.field(description="Opaque; bound to this list, its order and its filter.")


@strawberry.type(description="A page of a list.")
class Connection(Generic[T]):
    """Relay's Connection."""

    edges: list[Edge[T]] = strawberry.field(description="The rows with their cursors.")
    nodes: list[T] = strawberry.field(description="The rows without cursors.")
    page_info: PageInfo = strawberry.field(description="Where this page stands.")
    total_count: int = strawberry.field(description="How many rows the whole list has. Computed only when asked for.")


@strawberry.type(description="How many rows have this sharing tier.")
class ShareTypeCount:
    """A facet value."""

    value: ShareType = strawberry.field(description="共享类型.")
    count: int = strawberry.field(description="Number of rows that the caller may know of.")


@strawberry.type(description="How many rows have this opening tier.")
class OpenTypeCount:
    """A facet value."""

    value: OpenType = strawberry.field(description="开放类型.")
    count: int = strawberry.field(description="Number of rows that the caller may know of.")


@strawberry.type(description="How many rows have this theme.")
class ThemeCount:
    """A facet value."""

    value: Theme = strawberry.field(description="分类.")
    count: int = strawberry.field(description="Number of rows that the caller may know of.")


@strawberry.type(description="How many rows this agency provides.")
class AgencyCount:
    """A facet value."""

    value: Annotated["Agency", strawberry.lazy("gateway.schema.agency")] = strawberry.field(description="提供单位.")
    count: int = strawberry.field(description="Number of rows that the caller may know of.")


@strawberry.type(description="Counts of a list by tier, theme and agency, the most frequent first.")
class Facets:
    """Facet counts; only what is selected is computed."""

    share_type: list[ShareTypeCount] = strawberry.field(description="By sharing tier.")
    open_type: list[OpenTypeCount] = strawberry.field(description="By opening tier.")
    theme: list[ThemeCount] = strawberry.field(description="By theme.")
    agency: list[AgencyCount] = strawberry.field(description="By providing agency.")


@strawberry.type(name="Connection", description="A page of a list that can be counted by facets.")
class FacetedConnection(Connection[T], Generic[T]):
    """A Connection with facets."""

    facets: Facets = strawberry.field(description="Counts over the whole list, not only this page.")
