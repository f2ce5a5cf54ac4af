"""A walk as all formats draw it: what may be shown of it, and nothing else.

A renderer is a pure function of a `Picture`. It has no way to ask for more, so that no format can show what another
does not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Final

from gateway.lineage.export.texts import Plain
from gateway.lineage.words import LineageDirection, LineageLevel, Truncation
from gateway.vocabulary import OpenType, Role, ShareType


class NodeKind(StrEnum):
    """What a node is."""

    DATASET = "DATASET"
    FIELD = "FIELD"
    NAME = "NAME"
    """A name in a system of an agency's that no entry of the catalogue has."""


@dataclass(frozen=True, slots=True)
class Party:
    """An agency."""

    id: str
    name: Plain


@dataclass(frozen=True, slots=True)
class PictureNode:
    """Something on the walk."""

    id: str
    kind: NodeKind
    label: Plain
    """The dataset's title; the field's name; the name."""
    home: Plain
    """The title of a field's dataset, the namespace of a name; of a dataset its label again."""
    code: Plain
    """The identifier of the dataset, or of the field's dataset; of a name the name."""
    dataset: str | None
    """The id of the dataset that it is or belongs to."""
    field: Plain | None
    """The field's name, where it is one."""
    provider: Party | None
    share: ShareType | None
    open: OpenType | None
    distance: int
    """From where the walk began, by the shortest way; 0 is where it began."""
    direction: LineageDirection | None
    """On which side; None where the walk began."""

    @property
    def rank(self) -> int:
        """The column that it stands in: upstream of the beginning is negative."""
        return -self.distance if self.direction is LineageDirection.UPSTREAM else self.distance

    @property
    def begins(self) -> bool:
        """Whether the walk began here."""
        return self.direction is None


@dataclass(frozen=True, slots=True)
class Transformation:
    """How values were made into others, as OpenLineage names it."""

    type: Plain
    subtype: Plain | None

    def __str__(self) -> str:
        return self.type if self.subtype is None else f"{self.type}/{self.subtype}"


@dataclass(frozen=True, slots=True)
class PictureEdge:
    """A derivation: `target` was made from `source`."""

    id: str
    source: str
    target: str
    observed: bool
    asserter: Party | None
    run: Plain | None
    job: Plain | None
    transformations: tuple[Transformation, ...]
    masking: bool
    valid_from: str
    valid_to: str | None
    recorded_from: str
    recorded_to: str | None

    @property
    def said(self) -> str:
        """How it was made, in a few words."""
        how = ", ".join(map(str, self.transformations))
        return " ".join(filter(None, (how, "masked" * self.masking, "" if self.observed else "declared")))


@dataclass(frozen=True, slots=True)
class HiddenPart:
    """That something is not shown, and why. It has no id, no degree and no distance."""

    rule: Plain
    requirement: Plain
    reason_zh: Plain
    reason_en: Plain


@dataclass(frozen=True, slots=True)
class AskedBy:
    """Who asked: never which person."""

    roles: tuple[Role, ...]
    agency: Party | None

    @property
    def said(self) -> str:
        """In a few words."""
        return " ".join(filter(None, (", ".join(self.roles), self.agency.name if self.agency else "")))


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked, with every default said."""

    of: str
    direction: LineageDirection
    level: LineageLevel
    depth: int
    as_of: str
    known_at: str


WHY: Final[Mapping[Truncation, str]] = {
    Truncation.DEPTH: "there is more beyond the depth that was asked for",
    Truncation.NODES: "there is more than may be in one picture",
    Truncation.EDGES: "there are more derivations than may be in one picture",
    Truncation.GRANTS: "there are more grants than may be in one answer",
    Truncation.PATHS: "there are more paths than were asked for",
    Truncation.TIME: "a shallower walk was made, because the one that was asked for took too long",
    Truncation.UNMATCHED: "something in it is known by a name only",
    Truncation.HIDDEN: "something in it may not be shown",
}
"""Why a picture is not all that there is, in words."""


@dataclass(frozen=True)
class Picture:
    """A walk, ready to be drawn. Its nodes are in the order of the walk, its edges in that of their ids."""

    question: Question
    asked_by: AskedBy
    at: str
    policy: str
    """Digest of the policy by which it was decided what is in it."""
    nodes: Sequence[PictureNode]
    edges: Sequence[PictureEdge]
    """Both ends of each are among the nodes."""
    hidden: HiddenPart | None
    truncated: tuple[Truncation, ...]

    @cached_property
    def by_id(self) -> Mapping[str, PictureNode]:
        """The nodes by their ids."""
        return {node.id: node for node in self.nodes}

    @cached_property
    def providers(self) -> Mapping[str, int]:
        """The agencies whose data is in it, by their ids, numbered from 1 in the order in which they come."""
        found: dict[str, int] = {}
        for node in self.nodes:
            if node.provider is not None:
                found.setdefault(node.provider.id, len(found) + 1)
        return found

    @cached_property
    def parties(self) -> Sequence[Party]:
        """The same agencies, in that order."""
        by_id = {node.provider.id: node.provider for node in self.nodes if node.provider is not None}
        return [by_id[one] for one in self.providers]

    @property
    def title(self) -> str:
        """What it is a picture of."""
        begun = [node for node in self.nodes if node.begins]
        return begun[0].label if len(begun) == 1 else begun[0].home if begun else self.question.of

    @property
    def completeness(self) -> Sequence[str]:
        """Whether it is all that there is, in sentences."""
        if not self.truncated:
            return ["Complete, as far as the asker may know."]
        return [f"Not complete ({one}): {WHY[one]}." for one in self.truncated]
