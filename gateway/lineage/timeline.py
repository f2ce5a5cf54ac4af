"""When each derivation of an output held: from the first run that has it to the next one that has it no more.

The runs of a job that state something of an output, in the order of their times, are its line. Of several at the same
instant, the one with the greatest id counts. Nothing here knows the graph: what changes around some runs follows from
these, the runs next to them, and the edges that are there.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from gateway.lineage.content import Item
from gateway.vocabulary import FOREVER

Items = frozenset[Item]
_TURNED: Final = str.maketrans("0123456789", "9876543210")


class Point(NamedTuple):
    """A run in a line."""

    at: str
    run: str
    digest: str
    """Of what it states of the output."""
    statement: str
    """Where that is."""
    system: str


def back(at: str) -> str:
    """An instant with its digits turned round: what was later comes first."""
    return at.translate(_TURNED)


@dataclass(frozen=True, slots=True)
class Around:
    """What a line has at an instant, and next to it, but for the runs that change."""

    before: Point | None
    here: Point | None
    after: Point | None

    @property
    def all(self) -> tuple[Point, ...]:
        """Those that are there."""
        return tuple(one for one in (self.before, self.here, self.after) if one is not None)


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a line, as it was and as it is to be. Its first point and its last are in both the same, if any."""

    before: Point | None
    after: Point | None
    old: tuple[Point, ...]
    new: tuple[Point, ...]

    @property
    def points(self) -> tuple[Point, ...]:
        """All of both forms."""
        ends = (one for one in (self.before, self.after) if one is not None)
        return (*ends, *self.old, *self.new)

    @property
    def low(self) -> str:
        """From when on something may change; what held there holds on as before."""
        return "" if self.before is None else self.before.at

    @property
    def high(self) -> str:
        """Until when."""
        return FOREVER if self.after is None else self.after.at

    @property
    def is_quiet(self) -> bool:
        """Whether nothing changes, seen without knowing what is stated: all say the same as the one before them."""
        if self.old == self.new:
            return True
        said = {one.digest for one in (*self.old, *self.new)}
        if self.before is None:
            return False
        return said <= {self.before.digest} and (self.after is None or self.after.digest == self.before.digest)


def segments(
    around: Mapping[str, Around], old: Mapping[str, Iterable[Point]], new: Mapping[str, Iterable[Point]]
) -> Iterator[Segment]:
    """The parts of one line that some runs change.

    Args:
        around: what is there without these runs, at every instant at which one of them was or is.
        old: where they were, by instant.
        new: where they are to be.
    """
    instants = sorted(around)
    start = 0
    for place in range(1, len(instants) + 1):
        if place < len(instants) and _touch(around[instants[place - 1]], around[instants[place]], instants[place]):
            continue
        some = instants[start:place]
        start = place
        between = {one.at: one for at in some[:-1] if (one := around[at].after) is not None and one.at not in around}
        yield Segment(
            around[some[0]].before,
            around[some[-1]].after,
            tuple(_points(some, around, old, between)),
            tuple(_points(some, around, new, between)),
        )


def _touch(one: Around, next_: Around, at: str) -> bool:
    """Whether no more than one run stands between an instant and the next."""
    return one.after is None or one.after.at >= at or (next_.before is not None and next_.before.at == one.after.at)


def _points(
    some: Sequence[str],
    around: Mapping[str, Around],
    moved: Mapping[str, Iterable[Point]],
    between: Mapping[str, Point],
) -> Iterator[Point]:
    for at in sorted((*some, *between)):
        if at in between:
            yield between[at]
            continue
        here = around[at].here
        there = [*moved.get(at, ()), *([] if here is None else [here])]
        if there:
            yield max(there, key=lambda point: point.run)


class Since(NamedTuple):
    """With which run an interval begins."""

    at: str
    run: str
    system: str


EARLIER: Final = Since("", "", "")
"""Before the segment: with the edge that holds where it begins."""
LATER: Final = ""
"""After the segment: when the edge ends that holds where it ends."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The intervals of one derivation in a segment, where they change."""

    item: Item
    intervals: tuple[tuple[Since, str], ...]


def changes(segment: Segment, items: Callable[[Point], Items]) -> Iterator[Wanted]:
    """What changes in a segment.

    Args:
        segment: the part.
        items: what a run states of the output.
    """
    old, new = (_Reading(segment, points, items) for points in (segment.old, segment.new))
    for item in old.found | new.found:
        before, after = tuple(old.intervals(item)), tuple(new.intervals(item))
        if before != after:
            yield Wanted(item, after)


class _Reading:
    """A segment in one of its two forms."""

    def __init__(self, segment: Segment, points: Sequence[Point], items: Callable[[Point], Items]) -> None:
        self._segment = segment
        # A run that says the same as the one before it changes nothing; that is nearly every run.
        self._points: list[Point] = []
        for one in (segment.before, *points, segment.after):
            if one is not None and not (self._points and self._points[-1].digest == one.digest):
                self._points.append(one)
        self._has = [items(one) for one in self._points]
        self.found: Items = frozenset().union(*self._has)

    def intervals(self, item: Item) -> Iterator[tuple[Since, str]]:
        since: Since | None = None
        for point, has in zip(self._points, self._has, strict=True):
            if item in has and since is None:
                since = EARLIER if point is self._segment.before else Since(point.at, point.run, point.system)
            elif item not in has and since is not None:
                yield since, point.at
                since = None
        if since is not None:
            yield since, FOREVER if self._segment.after is None else LATER


class Held(NamedTuple):
    """An edge that is there, of one derivation."""

    valid_from: str
    valid_to: str
    run: str
    system: str

    @property
    def since(self) -> Since:
        """With which run it begins."""
        return Since(self.valid_from, self.run, self.system)


def settle(segment: Segment, wanted: Wanted, held: Sequence[Held]) -> tuple[list[Held], list[Held]]:
    """Which edges of a derivation end, and which begin, so that it has those that are wanted in a segment."""
    low, high = segment.low, segment.high
    touched = [one for one in held if one.valid_to > low and one.valid_from <= high]
    whole = []
    for since, until in wanted.intervals:
        begins, ends = since, until
        if since == EARLIER:
            begins = next(one.since for one in touched if one.valid_from <= low)
        if until == LATER:
            ends = next(one.valid_to for one in touched if one.valid_to > high)
        whole.append(Held(begins.at, ends, begins.run, begins.system))
    return [one for one in touched if one not in whole], [one for one in whole if one not in touched]
