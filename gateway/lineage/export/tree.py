"""A picture as lines of text: a tree on either side of where the walk began.

What is reached by several ways is drawn once, and named by its number elsewhere.
"""

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from gateway.lineage.export.picture import NodeKind, Picture, PictureEdge, PictureNode
from gateway.lineage.words import LineageDirection
from gateway.vocabulary import OpenType, ShareType

SHARE: Final = {
    ShareType.UNCONDITIONAL: "shared",
    ShareType.CONDITIONAL: "shared on conditions",
    ShareType.NON_SHARED: "NOT SHARED",
}
OPEN: Final = {
    OpenType.OPEN: "open",
    OpenType.CONDITIONAL: "open on conditions",
    OpenType.NOT_OPEN: "NOT OPEN",
}


class Part(StrEnum):
    """What a piece of a line is, for who has colours."""

    BRANCH = "BRANCH"
    NUMBER = "NUMBER"
    LABEL = "LABEL"
    AGENCY = "AGENCY"
    TIER = "TIER"
    HOW = "HOW"
    NOTE = "NOTE"
    WARNING = "WARNING"


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a line."""

    part: Part
    text: str
    agency: int = 0
    """The number of the agency whose data it is about; 0 where none is."""


Line = Sequence[Piece]


def tree(picture: Picture) -> Iterator[Line]:
    """The lines."""
    question = picture.question
    yield [Piece(Part.LABEL, f"Lineage of {picture.title}")]
    yield [
        Piece(Part.NOTE, f"as of {question.as_of}, as known at {question.known_at}; asked by {picture.asked_by.said}")
    ]
    numbers = {node.id: number for number, node in enumerate(picture.nodes, 1)}
    for way, title in (
        (LineageDirection.UPSTREAM, "made from"),
        (LineageDirection.DOWNSTREAM, "made into"),
    ):
        if question.direction in (way, LineageDirection.BOTH):
            yield []
            yield [Piece(Part.HOW, f"{title}:")]
            yield from _Side(picture, numbers, way).lines()
    yield []
    if picture.hidden is not None:
        hidden = picture.hidden
        yield [Piece(Part.WARNING, "Hidden: part of this lineage may not be shown.")]
        yield [Piece(Part.NOTE, f"  {hidden.reason_zh} {hidden.reason_en} ({hidden.requirement}, {hidden.rule})")]
    for sentence in picture.completeness:
        yield [Piece(Part.WARNING if picture.truncated else Part.NOTE, sentence)]


class _Side:
    """What lies on one side."""

    def __init__(self, picture: Picture, numbers: Mapping[str, int], way: LineageDirection) -> None:
        self._picture = picture
        self._numbers = numbers
        self._next: dict[str, dict[str, PictureEdge]] = defaultdict(dict)
        sides = {way, None}
        for edge in picture.edges:
            ends = edge.target, edge.source
            near, far = ends if way is LineageDirection.UPSTREAM else ends[::-1]
            if {picture.by_id[near].direction, picture.by_id[far].direction} <= sides:
                self._next[near].setdefault(far, edge)
        self._begun = [node.id for node in picture.nodes if node.begins]
        self._parents = self._shortest()
        self._lost = [node.id for node in picture.nodes if node.direction is way and node.id not in self._parents]

    def _shortest(self) -> Mapping[str, str | None]:
        """For each node where it is drawn: below the nearest one that leads to it."""
        parents: dict[str, str | None] = dict.fromkeys(self._begun)
        waiting = deque(self._begun)
        while waiting:
            near = waiting.popleft()
            for far in self._next[near]:
                if far not in parents:
                    parents[far] = near
                    waiting.append(far)
        return parents

    def lines(self) -> Iterator[Line]:
        """The tree. Not by recursion: a walk is as deep as it was asked for."""
        waiting = [_Branch(one, None, "", "", None) for one in reversed(self._begun)]
        while waiting:
            at = waiting.pop()
            if at.near is not None and self._parents[at.node] != at.near:
                yield self._reference(at)
                continue
            yield self._entry(at)
            lead, below = at.lead + _CONTINUED[at.mark], list(self._next[at.node].items())
            for i, (far, edge) in reversed([*enumerate(below)]):
                mark = _LAST if i == len(below) - 1 else _MORE
                waiting.append(_Branch(far, at.node, lead, mark, edge))
        if not any(self._next[one] for one in self._begun):
            yield [Piece(Part.NOTE, "  nothing")]
        for one in self._lost:
            yield [Piece(Part.NOTE, "by a derivation that is not in the picture:")]
            yield self._entry(_Branch(one, None, "", "", None))

    def _reference(self, at: "_Branch") -> Line:
        """What is drawn elsewhere: above, which makes a cycle, or in another branch."""
        turns = at.node in self._above(at.near)
        words = "a cycle, back to" if turns else "see"
        node = self._picture.by_id[at.node]
        return [
            Piece(Part.BRANCH, at.lead + at.mark),
            Piece(Part.NOTE, f"{'↻' if turns else '↗'} {words} "),
            Piece(Part.NUMBER, f"[{self._numbers[at.node]}] "),
            Piece(Part.NOTE, node.label),
            *_how(at.edge),
        ]

    def _above(self, node: str | None) -> Iterator[str]:
        while node is not None:
            yield node
            node = self._parents[node]

    def _entry(self, at: "_Branch") -> Line:
        node = self._picture.by_id[at.node]
        return [
            Piece(Part.BRANCH, at.lead + at.mark),
            Piece(Part.NUMBER, f"[{self._numbers[node.id]}] "),
            Piece(Part.LABEL, node.label),
            *_about(self._picture, node),
            *_how(at.edge),
        ]


@dataclass(frozen=True, slots=True)
class _Branch:
    """Something that is to be drawn, below what leads to it."""

    node: str
    near: str | None
    lead: str
    mark: str
    edge: PictureEdge | None


_MORE: Final = "├─ "
_LAST: Final = "└─ "
_CONTINUED: Final = {"": "", _MORE: "│  ", _LAST: "   "}


def _about(picture: Picture, node: PictureNode) -> Line:
    inside = [] if node.kind is NodeKind.DATASET else [Piece(Part.NOTE, f" in {node.home}")]
    if node.provider is None or node.share is None or node.open is None:
        return [*inside, Piece(Part.TIER, " (known by name only)")]
    number = picture.providers[node.provider.id]
    return [
        *inside,
        Piece(Part.AGENCY, f" A{number} {node.provider.name}", number),
        Piece(Part.TIER, f" ({SHARE[node.share]}, {OPEN[node.open]})"),
    ]


def _how(edge: PictureEdge | None) -> Line:
    if edge is None:
        return []
    run = "" if edge.run is None else f" run {edge.run}"
    said = f"{edge.said}{run}".strip()
    return [Piece(Part.HOW, f" ‹{said}›")] if said else []
