"""Events of lineage: what systems reported, and what agencies call by which name."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from gateway.audit.event import Event, Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class LineageRecorded(Event):
    """A system of an agency reported where data comes from; the entries of which that has changed are named (R13)."""

    kind: ClassVar[str] = "lineage.recorded"
    stage: ClassVar[Stage] = Stage.AGGREGATION
    system: str
    """Which program."""
    digest: str
    """SHA-256 of the request's body."""
    events: int
    """How many events it had."""
    runs: int
    """Runs of which something new was said."""
    begun: int
    """Derivations that were recorded."""
    ended: int
    """Derivations of which the record was ended."""
    datasets: int
    """Entries of the agency's of which the derivation has changed; up to a hundred of them are named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineageNameMapped(Event):
    """An agency stated that its systems call an entry of its own by a name (R13)."""

    kind: ClassVar[str] = "lineage.name-mapped"
    stage: ClassVar[Stage] = Stage.AGGREGATION
    namespace: str
    """The namespace."""
    name: str
    """The name in it."""
    identifier: str
    """The code of the entry."""
    fields: int
    """Fields that are called otherwise than in the catalogue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineageNameUnmapped(Event):
    """An agency stated that a name is no more that of an entry of its own."""

    kind: ClassVar[str] = "lineage.name-unmapped"
    stage: ClassVar[Stage] = Stage.AGGREGATION
    namespace: str
    """The namespace."""
    name: str
    """The name in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportingTokenIssued(Event):
    """A program was given a token with which it can report lineage for its agency."""

    kind: ClassVar[str] = "lineage.token-issued"
    stage: ClassVar[Stage] = Stage.SECURITY
    token: str
    """Its id."""
    client: str
    """To which program."""
    until: str
    """Until when it counts."""
    bound: str | None
    """The thumbprint of the key that its holder has to prove to hold; null for a bearer token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TiersTightened(Event):
    """Fields of a dataset have become stricter by what they were made from; grants on them are named (R17.2)."""

    kind: ClassVar[str] = "lineage.tightened"
    stage: ClassVar[Stage] = Stage.SHARING
    told: ClassVar[bool] = True
    fields: int
    """How many fields."""
    grants: tuple[str, ...]
    """Grants in force that name one of these: they go on, and their provider has to look at them."""
    affected: int
    """How many of these there are; a hundred of them are named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TiersLoosened(Event):
    """Fields of a dataset are held by what they were made from less strictly than before (R17.2)."""

    kind: ClassVar[str] = "lineage.loosened"
    stage: ClassVar[Stage] = Stage.SHARING
    fields: int
    """How many fields."""


class Redistribution(StrEnum):
    """Whether a dataset may be given to others, as far as what it was made from goes."""

    BARRED = "BARRED"
    """There is data in it that others gave for their own use."""
    FREE = "FREE"


@dataclass(frozen=True, slots=True, kw_only=True)
class RedistributionChanged(Event):
    """A dataset may be given to others no more, by what it was made from, or may again; grants are named (R17.2)."""

    kind: ClassVar[str] = "lineage.redistribution"
    stage: ClassVar[Stage] = Stage.SHARING
    told: ClassVar[bool] = True
    after: Redistribution
    """How it is since."""
    grants: tuple[str, ...]
    """Grants in force that would not be given now: they go on, and their provider has to look at them."""
    affected: int
    """How many of these there are; a hundred of them are named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DerivationsDeclared(Event):
    """An agency declared what a dataset of its own was made from; who provides that is told where they may know."""

    kind: ClassVar[str] = "lineage.declared"
    stage: ClassVar[Stage] = Stage.AGGREGATION
    begun: int
    """Derivations that were recorded, as far as this event tells of them."""
    ended: int
    """Derivations of which the record was ended: those between datasets that follow from others."""
    document: str
    """SHA-256 of the document that was signed."""
    signature: str
    """SHA-256 of the file of its signature."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DerivationsEnded(Event):
    """An agency corrected what it had declared of a dataset of its own; what was on record stays there."""

    kind: ClassVar[str] = "lineage.ended"
    stage: ClassVar[Stage] = Stage.AGGREGATION
    begun: int
    """Derivations that were recorded instead, as far as this event tells of them."""
    ended: int
    """Derivations of which the record was ended."""
    document: str
    """SHA-256 of the document that was signed."""
    signature: str
    """SHA-256 of the file of its signature."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskApproved(Event):
    """The owner of a field accepted its mask as enough in one field that was made from it (R17.2, R23.1)."""

    kind: ClassVar[str] = "lineage.mask-approved"
    stage: ClassVar[Stage] = Stage.SECURITY
    approval: str
    """The approval."""
    mask: str
    """The rule, by its name and version."""
    document: str
    """SHA-256 of the document that was signed."""
    signature: str
    """SHA-256 of the file of its signature."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskWithdrawn(Event):
    """The owner of a field withdrew such an approval."""

    kind: ClassVar[str] = "lineage.mask-withdrawn"
    stage: ClassVar[Stage] = Stage.SECURITY
    approval: str
    """The approval."""
    document: str
    """SHA-256 of the document that was signed."""
    signature: str
    """SHA-256 of the file of its signature."""
