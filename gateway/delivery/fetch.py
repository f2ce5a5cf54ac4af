"""What is asked of a source: a structure all the way, and nothing of it is ever read as SQL.

Whoever makes a `Fetch` has decided who may have what. Here it is only asked whether it can be.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from gateway.delivery.errors import BadFetch
from gateway.masks import Mask, MaskKind
from gateway.sharing.scope import LONGEST_TEXT, MOST_CONDITIONS, MOST_FIELDS, MOST_VALUES, Condition
from gateway.sharing.words import RowOperator
from gateway.vocabulary import DataType

LONGEST_COLUMN: Final = 200
MOST_PATHS: Final = 200
SHORTEST_KEY: Final = 32
"""Bytes of a hash key."""
MOST_POSITION: Final = 2**62
_SHORT: Final = 10_000
"""Values."""


class FileFormat(StrEnum):
    """Formats of delivered tables."""

    CSV = "CSV"
    """RFC 4180 in UTF-8 with a header; empty is NULL, and `""` is the empty text."""
    PARQUET = "PARQUET"


class Form(StrEnum):
    """Forms in which rows leave."""

    JSON = "JSON"
    """An array of objects."""
    NDJSON = "NDJSON"
    """An object a line."""
    CSV = "CSV"
    """RFC 4180 with a header; NULL is empty, and the empty text `""`."""
    PARQUET = "PARQUET"
    ARROW = "ARROW"
    """An Arrow IPC stream."""

    @property
    def content_type(self) -> str:
        """The media type as HTTP has it."""
        return _CONTENT_TYPE[self]


_CONTENT_TYPE: Final = {
    Form.JSON: "application/json",
    Form.NDJSON: "application/x-ndjson",
    Form.CSV: "text/csv; charset=utf-8; header=present",
    Form.PARQUET: "application/vnd.apache.parquet",
    Form.ARROW: "application/vnd.apache.arrow.stream",
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column that the catalogue knows.

    Masked with DROP, or not `delivered`, it serves only the grant's conditions.
    """

    name: str
    type: DataType
    mask: Mask | None = None
    delivered: bool = True

    @property
    def leaves(self) -> bool:
        """Whether anything of it is delivered."""
        return self.delivered and (self.mask is None or self.mask.kind is not MaskKind.DROP)

    @property
    def shown(self) -> DataType:
        """The type of what is delivered."""
        return self.type if self.mask is None else self.mask.result(self.type)


@dataclass(frozen=True, slots=True)
class Files:
    """Delivered files with the same columns, one after another. Paths are below the root, see `paths.open_file`."""

    root: Path
    paths: tuple[str, ...]
    format: FileFormat


@dataclass(frozen=True, slots=True)
class Postgres:
    """A table or view in an agency's own PostgreSQL."""

    dsn: str = field(repr=False)
    schema: str
    table: str


Source = Files | Postgres


@dataclass(frozen=True, slots=True)
class Order:
    """A key to order by. NULLs come last both ways; texts by code point."""

    field: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Fetch:
    """Rows of a source.

    First the rows of the grant are taken, by the values as they are in the source; then the masks are applied; and
    filter, order and paging see nothing but what is left.
    """

    source: Source
    columns: tuple[Column, ...]
    form: Form
    granted: tuple[Condition, ...] = ()
    """What rows must meet before the masks. May name columns that are not delivered."""
    filter: tuple[Condition, ...] = ()
    """What rows must meet after the masks. Names delivered columns only."""
    order: tuple[Order, ...] = ()
    order_as_delivered: bool = False
    """Let rows come as the source has them, where no order is asked for. They do where all of the source is delivered
    in clear; elsewhere its own order would tell of what is hidden, so they are ordered by all columns all the same."""
    limit: int | None = None
    position: int = 0
    """Rows to skip. Means the same rows only in the same version of the source."""
    version: str | None = None
    """The version that the position belongs to; another one is refused as changed."""
    hash_key: bytes = field(default=b"", repr=False)

    @property
    def leaving(self) -> tuple[Column, ...]:
        """The columns that are delivered, in order."""
        return tuple(column for column in self.columns if column.leaves)

    @property
    def is_short(self) -> bool:
        """Whether so few rows are asked for that they are answered all at once."""
        return self.limit is not None and self.limit * len(self.leaving) <= _SHORT

    def check(self) -> None:
        """Refuse what cannot be, before anything is read.

        Raises:
            BadFetch: what is wrong, with the column or condition that it is about, and what would be right.
        """
        for problem in self._faults():
            raise problem

    def _faults(self) -> Iterator[BadFetch]:
        names = {column.name for column in self.columns}
        leaving = {column.name for column in self.leaving}
        if len(self.columns) > MOST_FIELDS or len(names) != len(self.columns):
            yield BadFetch(f"name at most {MOST_FIELDS} columns, each once")
        if not leaving:
            yield BadFetch("there is no column to deliver")
        if any(not 1 <= len(name) <= LONGEST_COLUMN or "\0" in name for name in names):
            yield BadFetch(f"a column's name has 1 to {LONGEST_COLUMN} characters")
        if isinstance(self.source, Files) and not 1 <= len(self.source.paths) <= MOST_PATHS:
            yield BadFetch(f"a source has 1 to {MOST_PATHS} files")
        if not 0 <= self.position <= MOST_POSITION or not 0 <= (self.limit or 0) <= MOST_POSITION:
            yield BadFetch("limit and position are whole numbers from 0 on")
        for column in self.columns:
            yield from self._faults_of_mask(column)
        yield from _faults_of_conditions(self.granted, names, "granted")
        yield from _faults_of_conditions(self.filter, leaving, "filter")
        if len(self.order) > MOST_CONDITIONS:
            yield BadFetch(f"order by at most {MOST_CONDITIONS} columns")
        if len({key.field for key in self.order}) != len(self.order):
            yield BadFetch("order by each column once")
        for key in self.order:
            if key.field not in leaving:
                yield BadFetch(
                    f"rows can be ordered by columns that are delivered; {_name(key.field)} is none", key.field
                )

    def _faults_of_mask(self, column: Column) -> Iterator[BadFetch]:
        if column.mask is None:
            return
        for fault in column.mask.faults(column.type):
            yield BadFetch(fault, column.name)
        if column.leaves and column.mask.kind is MaskKind.HASH and len(self.hash_key) < SHORTEST_KEY:
            yield BadFetch(f"a hashed column needs a key of at least {SHORTEST_KEY} bytes", column.name)


def _faults_of_conditions(conditions: tuple[Condition, ...], known: set[str], what: str) -> Iterator[BadFetch]:
    # Counted first: ten thousand terms are refused without looking at one of them.
    if len(conditions) > MOST_CONDITIONS:
        yield BadFetch(f"{what}: state at most {MOST_CONDITIONS} conditions, not {len(conditions)}")
        return
    for condition in conditions:
        most = MOST_VALUES if condition.operator is RowOperator.IN else 1
        if condition.field not in known:
            yield BadFetch(f"{what}: {_name(condition.field)} is not a column that is delivered", condition.field)
        if not 1 <= len(condition.values) <= most:
            yield BadFetch(f"{what}: {condition.operator} takes at least 1 and at most {most} values", condition.field)
        if any(len(value) > LONGEST_TEXT for value in condition.values):
            yield BadFetch(f"{what}: a value has at most {LONGEST_TEXT} characters", condition.field)


def _name(text: str) -> str:
    return repr(text[:LONGEST_COLUMN])
