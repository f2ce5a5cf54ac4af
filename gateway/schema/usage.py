"""使用情况. How often the data of an entry was used, by agency and purpose."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any, Final

import strawberry

from gateway.audit.asking import Events, Resource
from gateway.audit.index import EPOCH
from gateway.identity import Subject
from gateway.plan import BadInput
from gateway.plan.planner import Source

USAGE: Final = "usage"
"""The name under which the planner knows who counts."""


@strawberry.type(description="使用情况. How often data was handed out to an agency for a purpose.")
class Use:
    """A count of fetches."""

    agency: strawberry.ID | None = strawberry.field(
        description="The agency that used it, by its global id; null where nobody acted for one."
    )
    purpose: str = strawberry.field(description="For which purpose, as the requests stated it.")
    fetches: int = strawberry.field(description="How often.")


@strawberry.input(description="Some days, as the city's calendar has them (Asia/Shanghai), both ends included.")
class Days:
    """A period."""

    since: date = strawberry.field(description="The first day.")
    until: date = strawberry.field(description="The last day.")


InDays = Annotated[Days | None, strawberry.argument(description="In which days; in all of them without it.")]


def usage_of(events: Events) -> Source:
    """Who counts uses, for the planner. The properties of a dataset are its id, its agency and its jurisdiction."""

    async def count(
        subject: Subject, asked: Sequence[Sequence[Any]], arguments: Mapping[str, Any]
    ) -> list[list[dict[str, Any]]]:
        first, last = _days(arguments.get("period"))
        resources = [Resource(*one) for one in asked]
        found = await asyncio.to_thread(events.usage, subject, resources, first, last)
        return [
            [{"agency": used.agency or None, "purpose": used.purpose, "fetches": used.count} for used in rows]
            for rows in found
        ]

    return count


def _days(period: Mapping[str, date] | None) -> tuple[int, int]:
    """The numbers of the first and the last day.

    Raises:
        BadInput: `INVALID_PERIOD`, when it ends before it begins.
    """
    if period is None:
        return 0, (date.max - EPOCH).days
    first, last = period["since"], period["until"]
    if first > last:
        raise BadInput("INVALID_PERIOD", f"usage.period: it ends on {last}, before it begins on {first}.")
    return (first - EPOCH).days, (last - EPOCH).days
