"""The values of conditions, from texts to the type of the column that they are compared with."""

import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Final

from gateway.delivery.errors import BadFetch
from gateway.sharing.scope import Condition, is_plain
from gateway.sharing.words import RowOperator
from gateway.vocabulary import DataType

Value = str | int | float | bool | date | datetime | bytes
LEAST: Final = -(2**63)
GREATEST: Final = 2**63 - 1
_WHOLE: Final = re.compile(r"[+-]?[0-9]{1,19}")
_NUMBER: Final = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,4})?")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})?"
)
_TRUTH: Final = {"true": True, "false": False}


def typed(condition: Condition, of: DataType) -> list[Value]:
    """The values of a condition on a column of this type.

    Raises:
        BadFetch: a value that is none of this type, or an operator that does not go with it.
    """
    if of is DataType.BINARY or (of is DataType.BOOLEAN and condition.operator is not RowOperator.IN):
        right = "BINARY takes no condition" if of is DataType.BINARY else "BOOLEAN takes IN only"
        raise BadFetch(f"{condition.operator} does not go with {condition.field[:200]!r}: {right}", condition.field)
    read, example = _READ.get(of, (_text, "a text without control characters"))
    values = [read(text) for text in condition.values]
    known = [value for value in values if value is not None]
    if len(known) != len(values):
        raise BadFetch(f"{condition.field[:200]!r} is {of}: a value is {example}", condition.field)
    return known


def _text(text: str) -> str | None:
    return text if is_plain(text) else None


def _whole(text: str) -> int | None:
    value = int(text) if _WHOLE.fullmatch(text) else None
    return value if value is not None and LEAST <= value <= GREATEST else None


def _number(text: str) -> float | None:
    value = float(text) if _NUMBER.fullmatch(text) else math.inf
    return value + 0.0 if math.isfinite(value) else None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        return None


def _moment(text: str) -> datetime | None:
    try:
        value = datetime.fromisoformat(text) if _MOMENT.fullmatch(text) else None
        return value.astimezone(UTC).replace(tzinfo=None) if value is not None and value.tzinfo else value
    except (ValueError, OverflowError):
        return None


_READ: Final[dict[DataType, tuple[Callable[[str], Value | None], str]]] = {
    DataType.INTEGER: (_whole, f"a whole number from {LEAST} to {GREATEST}"),
    DataType.DECIMAL: (_number, "a number like 12.5"),
    DataType.BOOLEAN: (_TRUTH.get, "true or false"),
    DataType.DATE: (_day, "a day like 2026-01-31"),
    DataType.DATETIME: (_moment, "a moment like 2026-01-31T08:00:00, in UTC unless it says otherwise"),
}
