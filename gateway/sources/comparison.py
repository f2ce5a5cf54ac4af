"""What is delivered against what the catalogue says: columns by name and type, in a sample of the rows (R12)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import orjson

from gateway.delivery import BadValue, Column, ColumnType, Engine, Fetch, Form, Source
from gateway.vocabulary import DataType, SourceFault

SAMPLE: Final = 1_000
"""Rows that are read at least, where there are as many."""
MOST: Final = 200
"""Differences that are kept."""
_LONGEST: Final = 200


@dataclass(frozen=True, slots=True)
class Expected:
    """A field as the catalogue has it."""

    name: str
    type: DataType


class Difference(NamedTuple):
    """One way in which a delivery is not what the catalogue says. `column` is None where it is about all of it."""

    kind: SourceFault
    column: str | None

    @property
    def said(self) -> str:
        """As the log and the command line have it."""
        return self.kind.value if self.column is None else f"{self.kind} {self.column}"


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a comparison has found."""

    unknown: int = 0
    """Delivered columns that the catalogue does not know."""
    differences: tuple[Difference, ...] = ()
    """At most `MOST`."""

    @property
    def properties(self) -> dict[str, Any]:
        """As the graph keeps it."""
        found = [{"kind": one.kind, "column": one.column} for one in self.differences]
        return {"unknown": self.unknown, "faults": orjson.dumps(found).decode()}

    @property
    def said(self) -> tuple[str, ...]:
        """As the log has the differences."""
        return tuple(one.said for one in self.differences)


UNREADABLE: Final = Comparison(differences=(Difference(SourceFault.UNREADABLE, None),))


def read_differences(text: str | None) -> list[Difference]:
    """The opposite of `Comparison.properties`."""
    kept: Sequence[Mapping[str, Any]] = orjson.loads(text or "[]")
    return [Difference(SourceFault(one["kind"]), one["column"]) for one in kept]


async def compare(engine: Engine, source: Source, fields: Sequence[Expected]) -> Comparison:
    """Compare a source with the fields of its dataset.

    Raises:
        DeliveryError: it cannot be opened, or not now.
    """
    there = [name for name, _ in await engine.describe(source)]
    known = {field.name for field in fields}
    unknown = [name for name in there if name not in known]
    found = [Difference(SourceFault.MISSING, field.name) for field in fields if field.name not in there]
    left = [Column(field.name, field.type) for field in fields if field.name in there]
    while left:
        column = await _first_unlike(engine, source, left)
        if column is None:
            break
        found.append(Difference(SourceFault.TYPE, column))
        left = [one for one in left if one.name != column]
    found += [Difference(SourceFault.UNKNOWN, name[:_LONGEST]) for name in unknown]
    return Comparison(len(unknown), tuple(found[:MOST]))


async def _first_unlike(engine: Engine, source: Source, columns: Sequence[Column]) -> str | None:
    """A column that is not of its type, as far as the sample shows.

    Raises:
        DeliveryError: what is wrong is with none of them.
    """
    # In the source's own order, and left in the middle: with a limit a database would sort all rows first.
    fetch = Fetch(source, tuple(columns), Form.ARROW, order_as_delivered=True)
    read = 0
    try:
        async with await engine.open(fetch) as rows:
            async for piece in rows:
                read += piece.rows
                if read >= SAMPLE:
                    break
    except (BadValue, ColumnType) as problem:
        if problem.field is None:
            raise
        return problem.field
    return None
