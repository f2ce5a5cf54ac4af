"""Whether two answers are the same: data, order of keys, errors; cursors by what they lead to."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from graphql import GraphQLError

from tests.reference.lists import MARK


class Cursors:
    """Which of the gateway's cursors stands for which of the reference's."""

    def __init__(self) -> None:
        self.of: dict[str, str] = {}

    def same(self, mine: Any, theirs: Any, path: str = "") -> None:
        """Asserts that the gateway's value is the reference's; the reference's cursors become known by the way."""
        if isinstance(theirs, str) and theirs.startswith(MARK):
            assert isinstance(mine, str), f"{path}: {mine!r} is no cursor"
            assert self.of.setdefault(theirs, mine) == mine, f"{path}: one place, two cursors"
            assert list(self.of.values()).count(mine) == 1, f"{path}: two places, one cursor"
        elif isinstance(theirs, Mapping):
            assert isinstance(mine, Mapping), f"{path}: {mine!r} instead of {theirs!r}"
            assert list(mine) == list(theirs), f"{path}: keys {list(mine)} instead of {list(theirs)}"
            for key in theirs:
                self.same(mine[key], theirs[key], f"{path}.{key}")
        elif isinstance(theirs, list):
            assert isinstance(mine, list), f"{path}: {mine!r} instead of {theirs!r}"
            assert len(mine) == len(theirs), f"{path}: {mine!r} instead of {theirs!r}"
            for i, (a, b) in enumerate(zip(mine, theirs, strict=True)):
                self.same(a, b, f"{path}[{i}]")
        else:
            # A StrEnum is the string that it is written as; but True is not 1.
            alike = isinstance(mine, str) if isinstance(theirs, str) else type(mine) is type(theirs)
            assert alike, f"{path}: {mine!r} instead of {theirs!r}"
            assert mine == theirs, f"{path}: {mine!r} instead of {theirs!r}"


def faults(errors: Iterable[GraphQLError] | None) -> list[tuple[Any, Any]]:
    """The errors by path and code; without a code by message."""
    found = []
    for error in errors or ():
        cause = error.original_error if isinstance(error.original_error, GraphQLError) else error
        code = (cause.extensions or {}).get("code") or error.message
        found.append((tuple(error.path or ()), code))
    return sorted(found, key=str)


def cursors_at(data: Any, key: str) -> Iterator[str]:
    """The reference's cursors of the lists that stand at a response key, not of lists inside their rows."""
    if isinstance(data, Mapping):
        for name, value in data.items():
            if name != key:
                yield from cursors_at(value, key)
            elif isinstance(value, Mapping):
                for part in value.values():
                    yield from _cursors(part)
    elif isinstance(data, list):
        for value in data:
            yield from cursors_at(value, key)


def _cursors(part: Any) -> Iterator[str]:
    for one in part if isinstance(part, list) else [part]:
        if isinstance(one, Mapping):
            yield from (v for v in one.values() if isinstance(v, str) and v.startswith(MARK))
