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
            assert (type(mine), mine) == (type(theirs), theirs), f"{path}: {mine!r} instead of {theirs!r}"


def faults(errors: Iterable[GraphQLError] | None) -> list[tuple[Any, Any]]:
    """The errors by path and code; without a code by message."""
    found = []
    for error in errors or ():
        cause = error.original_error if isinstance(error.original_error, GraphQLError) else error
        code = (cause.extensions or {}).get("code") or error.message
        found.append((tuple(error.path or ()), code))
    return sorted(found, key=str)


def cursors_at(data: Any, key: str) -> Iterator[str]:
    """The reference's cursors anywhere below a response key."""
    if isinstance(data, Mapping):
        for name, value in data.items():
            yield from _all(value) if name == key else cursors_at(value, key)
    elif isinstance(data, list):
        for value in data:
            yield from cursors_at(value, key)


def _all(data: Any) -> Iterator[str]:
    if isinstance(data, str) and data.startswith(MARK):
        yield data
    for value in data.values() if isinstance(data, Mapping) else data if isinstance(data, list) else ():
        yield from _all(value)
