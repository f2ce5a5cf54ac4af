"""The words of lineage that a client and a walk have in common."""

from enum import StrEnum


class LineageDirection(StrEnum):
    """Which way a walk goes."""

    UPSTREAM = "UPSTREAM"
    """To what something was made from."""
    DOWNSTREAM = "DOWNSTREAM"
    """To what was made from it."""
    BOTH = "BOTH"


class LineageLevel(StrEnum):
    """Between what derivations are followed."""

    DATASET = "DATASET"
    FIELD = "FIELD"


class Truncation(StrEnum):
    """Why an answer is not all that there is for the caller to know."""

    DEPTH = "DEPTH"
    """There is more beyond the depth that was asked for."""
    NODES = "NODES"
    """There is more than may be in one walk."""
    EDGES = "EDGES"
    """There are more derivations between what is on this page than may be in one."""
    GRANTS = "GRANTS"
    """There are more grants than may be in one answer."""
    PATHS = "PATHS"
    """There are more paths than were asked for, or than could be looked for."""
    TIME = "TIME"
    """A shallower walk was answered, because the one that was asked for took too long."""
    UNMATCHED = "UNMATCHED"
    """Something in it is known by a name only that no entry of the catalogue has."""
    HIDDEN = "HIDDEN"
    """Something that the caller knows to exist takes part, and they may not inspect its lineage."""


class LineageAct(StrEnum):
    """What an agency does to lineage by a signed document (R13, R17.2, R19)."""

    DECLARE_DERIVATIONS = "DECLARE_DERIVATIONS"
    """It states what a dataset of its own was made from."""
    END_DERIVATIONS = "END_DERIVATIONS"
    """It corrects what it has stated; what was on record stays there."""
    APPROVE_MASK = "APPROVE_MASK"
    """The owner of a field accepts that its mask takes away what made it strict, in one field made from it."""
    WITHDRAW_MASK = "WITHDRAW_MASK"
    """It does so no more."""


class TransformationType(StrEnum):
    """How values come into others, as OpenLineage has it."""

    DIRECT = "DIRECT"
    INDIRECT = "INDIRECT"
