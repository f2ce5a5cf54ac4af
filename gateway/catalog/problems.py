"""What can be wrong with a submission: stable codes for machines, sentences for people."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_TOLD: Final = 20


class Code(StrEnum):
    """Kinds of problems; clients may rely on them."""

    ELEMENT_MISSING = "ELEMENT_MISSING"
    DUTY_BASIS_MISSING = "DUTY_BASIS_MISSING"
    CITATION_MISSING = "CITATION_MISSING"
    CONDITIONS_MISSING = "CONDITIONS_MISSING"
    TIER_MISSING = "TIER_MISSING"
    TIER_IMPOSSIBLE = "TIER_IMPOSSIBLE"
    TEXT_EMPTY = "TEXT_EMPTY"
    TEXT_TOO_LONG = "TEXT_TOO_LONG"
    TEXT_UNSTORABLE = "TEXT_UNSTORABLE"
    INSTANT_MALFORMED = "INSTANT_MALFORMED"
    TOO_MANY = "TOO_MANY"
    DUPLICATE = "DUPLICATE"
    MASK_UNFIT = "MASK_UNFIT"
    UNKNOWN_REFERENCE = "UNKNOWN_REFERENCE"
    BELOW_SOURCES = "BELOW_SOURCES"
    """A field is less strict than what it was made from (R17.2)."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault of one entry."""

    identifier: str
    code: Code
    path: str
    """Where, in the graph's property names: `dutyBasis`, `fields[3].title`."""
    message: str
    element: str | None = None
    """Which of the ten elements, where one is missing."""

    def __str__(self) -> str:
        return f"{self.identifier!r} {self.path}: {self.message} [{self.code}]"


class Rejected(Exception):
    """Nothing of the batch was written; `problems` names every fault."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        told = "\n".join(str(p) for p in self.problems[:_TOLD])
        more = len(self.problems) - _TOLD
        super().__init__(f"{told}\nand {more} more" if more > 0 else told)
