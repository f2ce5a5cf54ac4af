"""From a field's arguments to a shape, which the statement's text depends on, and values, which become parameters.

Nothing that a client sends ever becomes text of a statement: literals of the document go the same way as variables.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

from gateway.plan import cursor, text
from gateway.plan.errors import BadInput
from gateway.plan.mapping import Connection, Filter, Order, Test

DEFAULT_PAGE: Final = 20


@dataclass(frozen=True, slots=True)
class Bound:
    """One field's arguments: what the text depends on, and the parameters by the names that the text uses."""

    shape: Hashable
    values: Mapping[str, Any]
    elsewhere: Mapping[str, Any] = field(default_factory=dict)
    """Arguments that the statement has nothing to do with, by their own names."""


@dataclass(frozen=True, slots=True)
class Page:
    """The shape of a connection's arguments."""

    order: str
    descending: bool = False
    backward: bool = False
    after: bool = False
    before: bool = False
    filters: tuple[str, ...] = ()


def bind_page(path: str, index: int, connection: Connection, arguments: Mapping[str, Any], most: int) -> Bound:
    """The page that a client asks for.

    Raises:
        BadInput: `INVALID_PAGE` for `first` or `last` below 0, above `most`, or both together; `INVALID_CURSOR`.
    """
    order_by = arguments.get("orderBy") or {}
    name = _word(order_by.get("field") or connection.default)
    chosen: Order = connection.orders[name]
    first, last = arguments.get("first"), arguments.get("last")
    if first is not None and last is not None:
        raise BadInput("INVALID_PAGE", f"{path}: give first or last, not both.")
    for argument, size in (("first", first), ("last", last)):
        if size is not None and not 0 <= size <= most:
            allowed = f"from 0 to {most} (GATEWAY_MAX_PAGE_SIZE)"
            raise BadInput("INVALID_PAGE", f"{path}.{argument}: {allowed}, this is {size}.")
    filters = {k: v for k, v in (arguments.get("filter") or {}).items() if v is not None}
    way = order_by.get("direction")
    descending = chosen.descending if way is None else _word(way) == "DESC"
    queried = arguments.get("query")
    tag = cursor.prefix(path, f"{name} {descending}", [filters, queried])
    values: dict[str, Any] = {
        f"p{index}_n": DEFAULT_PAGE if first is None and last is None else first if last is None else last
    }
    values[f"p{index}_c"] = tag
    for argument in ("after", "before"):
        given = arguments.get(argument)
        if given is not None:
            position = cursor.read(f"{path}.{argument}", given, tag, numeric=chosen.numeric)
            values[f"p{index}_{argument}_v"], values[f"p{index}_{argument}_i"] = position.value, position.id
    for key, value in filters.items():
        values[f"p{index}_f_{key}"] = _value(f"{path}.filter.{key}", connection.filters[key], value)
    shape = Page(
        name,
        descending,
        last is not None,
        arguments.get("after") is not None,
        arguments.get("before") is not None,
        tuple(sorted(filters)),
    )
    return Bound(shape, values)


def _value(path: str, declared: Filter, value: Any) -> Any:
    if declared.test is Test.TEXT:
        return [term.clause for term in text.terms(path, value)]
    if declared.test in (Test.IN, Test.OVERLAPS):
        return [_word(v) for v in value]
    return value if isinstance(value, bool) else str(value)


def _word(value: Any) -> str:
    """An enum's value is its name in the graph."""
    return str(value.value if isinstance(value, Enum) else value)


def bind_keys(index: int, arguments: Mapping[str, Any]) -> Bound:
    """Arguments that are keys: which of them are given is the shape."""
    given = {k: v for k, v in arguments.items() if v is not None}
    return Bound(tuple(sorted(given)), {f"p{index}_{k}": v for k, v in given.items()})
