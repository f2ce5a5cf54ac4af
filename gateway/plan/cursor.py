"""Keyset cursors: where a page ended, bound to the connection, the order and the filter that it was read with.

A cursor is `<digest>.<id>.<value>`, without the value where the id is the order. The digest is over connection,
order and filter, so that a cursor of another list is recognised; it is no secret. A forged cursor can only name
another starting place of the same, still authorised, list.
"""

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import orjson

from gateway.plan.errors import BadInput

_ID: Final = re.compile(r"[a-z]{2}_[a-z2-7]{26}")
_LONGEST: Final = 2048


@dataclass(frozen=True, slots=True)
class Position:
    """A place in an ordered list: the ordering value of its row, and the row's id."""

    value: str | int
    id: str


def prefix(connection: str, order: str, filters: Any) -> str:
    """What every cursor of this list begins with."""
    canonical = orjson.dumps([connection, order, filters], option=orjson.OPT_SORT_KEYS)
    return sha256(canonical).hexdigest()[:12] + "."


def read(argument: str, cursor: str, expected: str, *, numeric: bool) -> Position:
    """The place that a client's cursor names.

    Raises:
        BadInput: `INVALID_CURSOR`, when it is not a cursor of this connection, order and filter.
    """
    wrong = BadInput(
        "INVALID_CURSOR",
        f"{argument}: this is no cursor of this list. Use `pageInfo.endCursor` or `edges.cursor` of a page "
        "that was read with the same field, orderBy and filter.",
    )
    if len(cursor) > _LONGEST or not cursor.startswith(expected):
        raise wrong
    identifier, _, value = cursor[len(expected) :].partition(".")
    if not _ID.fullmatch(identifier):
        raise wrong
    if not numeric:
        return Position(value, identifier)
    if not re.fullmatch(r"-?[0-9]{1,15}", value):
        raise wrong
    return Position(int(value), identifier)


def expression(parameter: str, row: str, property_: str) -> str:
    """The cursor of `row`, as a Cypher expression."""
    ident = f"${parameter} + {row}.id"
    return ident if property_ == "id" else f"{ident} + '.' + toString({row}.{property_})"
