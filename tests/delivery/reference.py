"""What a fetch must give, in plain Python over lists: the oracle that both databases are compared with."""

import hmac
import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import cmp_to_key
from typing import Any

from gateway.delivery import Column, Fetch
from gateway.masks import Mask, MaskKind
from gateway.sharing.scope import Condition
from gateway.sharing.words import RowOperator
from gateway.vocabulary import DataType

Row = tuple[Any, ...]


def expected(columns: Sequence[Column], rows: Sequence[Row], fetch: Fetch) -> list[Row]:
    """The delivered rows of a table whose raw rows have `columns`, in order."""
    kept = [dict(zip((column.name for column in columns), row, strict=True)) for row in rows]
    types = {column.name: column.type for column in columns}
    kept = [row for row in kept if all(_meets(row[c.field], c, types[c.field]) for c in fetch.granted)]
    shown = [
        {column.name: masked(row[column.name], column, fetch.hash_key) for column in fetch.leaving} for row in kept
    ]
    types = {column.name: column.shown for column in fetch.leaving}
    shown = [row for row in shown if all(_meets(row[c.field], c, types[c.field]) for c in fetch.filter)]
    shown_in_clear = {column.name for column in fetch.leaving if column.mask is None}
    as_delivered = fetch.order_as_delivered and {column.name for column in columns} <= shown_in_clear
    if fetch.order or not as_delivered:
        keys = [(key.field, key.descending) for key in fetch.order]
        keys += [(column.name, False) for column in fetch.leaving if column.name not in {name for name, _ in keys}]
        shown.sort(key=cmp_to_key(lambda a, b: _compare(a, b, keys)))
    end = None if fetch.limit is None else fetch.position + fetch.limit
    return [tuple(row.values()) for row in shown[fetch.position : end]]


def masked(value: Any, column: Column, key: bytes) -> Any:
    """What leaves of a value."""
    if value is None:
        return None
    if isinstance(value, float):
        value += 0.0
    return value if column.mask is None else _left(value, column.mask, key)


def _left(value: Any, mask: Mask, key: bytes) -> Any:
    match mask.kind:
        case MaskKind.HASH:
            text = value if isinstance(value, str) else value.isoformat() if isinstance(value, date) else str(value)
            return hmac.new(key, text.encode(), "sha256").hexdigest()
        case MaskKind.TRUNCATE:
            return value[: mask.length]
        case MaskKind.MONTH:
            return date(value.year, value.month, 1)
        case MaskKind.GENERALISE if isinstance(value, int):
            step = int(mask.step or 0)
            return max(value // step * step, -(2**63))
        case _:
            step_ = float(mask.step or 0)
            return math.floor(value / step_) * step_ + 0.0


def _meets(value: Any, condition: Condition, of: DataType) -> bool:
    if value is None:
        return False
    given = [_read(text, of) for text in condition.values]
    match condition.operator:
        case RowOperator.IN:
            return value in given
        case RowOperator.FROM:
            return bool(value >= given[0])
        case RowOperator.BEFORE:
            return bool(value < given[0])


def _read(text: str, of: DataType) -> Any:
    match of:
        case DataType.INTEGER:
            return int(text)
        case DataType.DECIMAL:
            return float(text)
        case DataType.BOOLEAN:
            return text == "true"
        case DataType.DATE:
            return date.fromisoformat(text)
        case DataType.DATETIME:
            return datetime.fromisoformat(text)
        case _:
            return text


def _compare(a: Mapping[str, Any], b: Mapping[str, Any], keys: list[tuple[str, bool]]) -> int:
    for name, descending in keys:
        one, other = a[name], b[name]
        if one is None or other is None:
            if (one is None) != (other is None):
                return 1 if one is None else -1
        elif one != other:
            return (1 if one > other else -1) * (-1 if descending else 1)
    return 0
