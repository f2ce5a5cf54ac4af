"""What is wrong with a policy file, said to the person who has to mend it."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault: the file, the line (None when it concerns the whole file), the column, and what would be right."""

    file: str
    line: int | None
    column: str | None
    message: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {f'column {self.column}: ' if self.column else ''}{self.message}"


class PolicyRefused(ValueError):
    """The policy on disk is not usable; `problems` says why, in the order of files and lines."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


def unknown(word: str, known: Sequence[str]) -> str:
    """Say that a word is unknown and what would be right: the nearest word, and all of them."""
    near = get_close_matches(word.upper(), [k.upper() for k in known], n=1)
    meant = next((k for k in known if near and k.upper() == near[0]), None)
    hint = f"did you mean {meant}? " if meant else ""
    return f"unknown word {word!r}; {hint}It must be one of {', '.join(known)}"
