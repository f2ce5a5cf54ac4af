"""Scalars of our own."""

import re
from datetime import date, datetime
from typing import Any, Final, NewType

import strawberry
from graphql import GraphQLError
from strawberry.types.scalar import ScalarDefinition

from gateway.graph.times import instant

_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")
_SHAPE: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)")

DateTime = NewType("DateTime", str)
"""An instant as the graph stores it: UTC, fixed width, so that text order is time order."""


def parse_instant(value: Any) -> str:
    """RFC 3339 with an offset, as the fixed-width UTC text that the graph compares.

    Raises:
        GraphQLError: for anything else.
    """
    if isinstance(value, str) and _SHAPE.fullmatch(value):
        try:
            return instant(datetime.fromisoformat(value))
        except (ValueError, OverflowError):
            pass
    raise GraphQLError(
        f"DateTime: expected RFC 3339 with an offset, such as 2026-01-31T08:00:00Z, not {value!r:.40}.",
        extensions={"code": "INVALID_DATETIME"},
    )


def parse_day(value: Any) -> date:
    """A full date of RFC 3339.

    Raises:
        GraphQLError: for anything else.
    """
    if isinstance(value, str) and _DAY.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise GraphQLError(
        f"Date: expected a day such as 2026-01-31, not {value!r:.40}.", extensions={"code": "INVALID_DATE"}
    )


DATE: Final[ScalarDefinition] = strawberry.scalar(
    name="Date",
    description="A day by RFC 3339 (full-date).",
    serialize=lambda value: value.isoformat(),
    parse_value=parse_day,
    specified_by_url="https://scalars.graphql.org/andimarek/local-date",
)
DATE_TIME: Final[ScalarDefinition] = strawberry.scalar(
    name="DateTime",
    description="An instant by RFC 3339, given out in UTC with milliseconds.",
    serialize=lambda value: value,
    parse_value=parse_instant,
    specified_by_url="https://scalars.graphql.org/andimarek/date-time",
)
