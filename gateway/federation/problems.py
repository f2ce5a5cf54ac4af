"""What can be wrong with a record, as values: a stable code, where, and what would be right."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final


class Code(StrEnum):
    """Stable codes of an import report. Programs may compare them; the messages may change."""

    NOT_AN_OBJECT = "NOT_AN_OBJECT"
    MISSING = "MISSING"
    WRONG_TYPE = "WRONG_TYPE"
    TOO_LONG = "TOO_LONG"
    TOO_MANY = "TOO_MANY"
    INVALID_UTF8 = "INVALID_UTF8"
    LONE_SURROGATE = "LONE_SURROGATE"
    CONTROL_CHARACTER = "CONTROL_CHARACTER"
    NUMBER_OUT_OF_RANGE = "NUMBER_OUT_OF_RANGE"
    DUPLICATE_KEY = "DUPLICATE_KEY"
    DUPLICATE_IDENTIFIER = "DUPLICATE_IDENTIFIER"
    IDENTIFIER_TAKEN = "IDENTIFIER_TAKEN"
    UNKNOWN_ACCESS_LEVEL = "UNKNOWN_ACCESS_LEVEL"
    INVALID_ENTRY = "INVALID_ENTRY"
    BELOW_SOURCES = "BELOW_SOURCES"
    # From here on warnings: the record loads, and this part of it is left out or read another way.
    ACCESS_LEVEL_ASSUMED = "ACCESS_LEVEL_ASSUMED"
    PUBLISHER_ASSUMED = "PUBLISHER_ASSUMED"
    HIERARCHY_CYCLE = "HIERARCHY_CYCLE"
    HIERARCHY_CONFLICT = "HIERARCHY_CONFLICT"
    VALUE_IGNORED = "VALUE_IGNORED"
    DATE_UNREADABLE = "DATE_UNREADABLE"
    PERIOD_UNREADABLE = "PERIOD_UNREADABLE"
    DUPLICATE_FIELD = "DUPLICATE_FIELD"
    PART_OF_UNKNOWN = "PART_OF_UNKNOWN"


WARNINGS: Final = frozenset(
    {
        Code.ACCESS_LEVEL_ASSUMED,
        Code.PUBLISHER_ASSUMED,
        Code.HIERARCHY_CYCLE,
        Code.HIERARCHY_CONFLICT,
        Code.VALUE_IGNORED,
        Code.DATE_UNREADABLE,
        Code.PERIOD_UNREADABLE,
        Code.DUPLICATE_FIELD,
        Code.PART_OF_UNKNOWN,
    }
)
"""Codes that do not keep a record out."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with one record (or, with index None, with the inventory as a whole)."""

    code: Code
    message: str
    index: int | None = None
    field: str | None = None
    identifier: str | None = None

    @property
    def fatal(self) -> bool:
        """True when the record is kept out because of it."""
        return self.code not in WARNINGS

    @property
    def field_kind(self) -> str | None:
        """The field without positions, so that problems of one kind can be counted together."""
        return re.sub(r"\[\d+\]", "[]", self.field) if self.field else None

    def as_json(self) -> dict[str, Any]:
        """The form in which the JSON report carries it."""
        return {
            "code": self.code.value,
            "index": self.index,
            "identifier": self.identifier,
            "field": self.field,
            "message": self.message,
        }


def excerpt(value: object, limit: int = 60) -> str:
    """A value as an error message may quote it: short, printable, and of bounded cost for hostile input."""
    if isinstance(value, str):
        text = repr(value[: limit + 1])[1:-1]
    elif isinstance(value, dict | list):
        text = "an object" if isinstance(value, dict) else "a list"
    else:
        text = repr(value)
    text = text.encode("ascii", "backslashreplace").decode() if not text.isprintable() else text
    return text if len(text) <= limit else text[:limit] + "…"


def any_fatal(problems: Iterable[Problem]) -> bool:
    """Whether a record with these problems is kept out."""
    return any(problem.fatal for problem in problems)
