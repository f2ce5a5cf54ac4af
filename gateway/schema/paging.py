"""Pages of lists that the plan does not answer: their size, and where they stand."""

from collections.abc import Sequence
from typing import Final, Protocol

from gateway.plan import BadInput
from gateway.schema.connection import PageInfo
from gateway.schema.context import Context

DEFAULT_PAGE: Final = 20


class _Edge(Protocol):
    cursor: str


def page_size(context: Context, path: str, first: int | None) -> int:
    """How many are wanted.

    Raises:
        BadInput: `INVALID_PAGE`.
    """
    most = context.planner.most_page
    count = DEFAULT_PAGE if first is None else first
    if not 0 <= count <= most:
        raise BadInput("INVALID_PAGE", f"{path}.first: from 0 to {most} (GATEWAY_MAX_PAGE_SIZE), this is {count}.")
    return count


def page_info(edges: Sequence[_Edge], *, more: bool, begun: bool) -> PageInfo:
    """Where a page stands: whether something follows it, and whether something came before."""
    return PageInfo(
        has_next_page=more,
        has_previous_page=begun,
        start_cursor=edges[0].cursor if edges else None,
        end_cursor=edges[-1].cursor if edges else None,
    )
