"""How batches travel: pieces of bounded size, and no row that is silently not found."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from neo4j import AsyncManagedTransaction

from gateway.catalog.problems import Code, Problem, Rejected

T = TypeVar("T")
LARGEST: Final = 2_000
"""Rows per statement, and entries per transaction: more costs memory in Neo4j and gains nothing."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a write did, by natural key (identifier, code or id), in the order given."""

    created: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    taken: tuple[str, ...] = ()
    """Held by others, and left as they are."""

    def __add__(self, other: "Report") -> "Report":
        return Report(
            self.created + other.created,
            self.updated + other.updated,
            self.unchanged + other.unchanged,
            self.taken + other.taken,
        )


def pieces(rows: Sequence[T], size: int = LARGEST) -> Iterator[Sequence[T]]:
    """The rows in pieces of at most `size`."""
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


async def run_rows(
    tx: AsyncManagedTransaction, statement: str, rows: Sequence[dict[str, Any]], **parameters: Any
) -> int:
    """Run a statement over all rows, in pieces; the sum of what each returned."""
    total = 0
    for piece in pieces(rows):
        total += await value(tx, statement, rows=list(piece), **parameters)
    return total


async def value(tx: AsyncManagedTransaction, statement: str, **parameters: Any) -> Any:
    """The first value of a statement's single record."""
    result = await tx.run(statement, parameters)
    return (await result.single(strict=True))[0]


def unknown(identifier: str, path: str, reference: str) -> Rejected:
    """The refusal of a reference that leads nowhere."""
    return Rejected([Problem(identifier, Code.UNKNOWN_REFERENCE, path, f"there is no {reference!r}; write it first")])
