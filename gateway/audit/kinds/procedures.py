"""Events of cases, grants, and of those who sign."""

from dataclasses import dataclass
from typing import ClassVar

from gateway.audit.event import Event, Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateRegistered(Event):
    """A certificate was registered for a person, who can sign with its key from then on (R19)."""

    kind: ClassVar[str] = "certificate.registered"
    stage: ClassVar[Stage] = Stage.SECURITY
    person: str
    """Whose it is."""
    fingerprint: str
    """SHA-256 of the certificate."""
    until: str
    """Until when it is valid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateRevoked(Event):
    """A certificate was revoked: nothing that is signed with its key from then on counts (R19)."""

    kind: ClassVar[str] = "certificate.revoked"
    stage: ClassVar[Stage] = Stage.SECURITY
    person: str
    """Whose it was."""
    fingerprint: str
    """SHA-256 of the certificate."""
    since: str
    """From when on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadAppointed(Event):
    """Somebody was made the first responsible person of an agency (R5.2)."""

    kind: ClassVar[str] = "agency.head-appointed"
    stage: ClassVar[Stage] = Stage.BUILDING
    person: str
    """Who is."""
    former: str | None
    """Who was until then."""
    since: str
    """From when on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseMoved(Event):
    """Somebody acted in a case: applied, answered, declared or withdrew (R16)."""

    kind: ClassVar[str] = "case.moved"
    stage: ClassVar[Stage] = Stage.SHARING
    told: ClassVar[bool] = True
    procedure: str
    """Which procedure it is."""
    act: str
    """What was done."""
    before: str | None
    """The state before; null where the case began with it."""
    after: str
    """The state since."""
    n: int
    """The version of the case since."""
    document: str | None
    """SHA-256 of the document that was signed; null for an act without a signature."""
    signature: str | None
    """SHA-256 of the file of its signature."""
    due: str | None
    """Until when an answer is in time, where one is due since."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlineEscalated(Event):
    """An answer is due soon, today, or overdue: for the provider's officers and head, and for the center (R16.2b)."""

    kind: ClassVar[str] = "deadline.escalated"
    stage: ClassVar[Stage] = Stage.SHARING
    told: ClassVar[bool] = True
    escalation: str
    """SOON, TODAY or OVERDUE; each once."""
    due: str
    """Until when it is in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlineRecounted(Event):
    """The calendar has changed, and with it when an answer is due."""

    kind: ClassVar[str] = "deadline.recounted"
    stage: ClassVar[Stage] = Stage.SHARING
    told: ClassVar[bool] = True
    before: str
    """Until when it was in time before."""
    due: str
    """Until when it is in time now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantMoved(Event):
    """A grant was given, suspended, resumed or revoked (R16.2, R30)."""

    kind: ClassVar[str] = "grant.moved"
    stage: ClassVar[Stage] = Stage.SHARING
    told: ClassVar[bool] = True
    grant: str
    """Which grant."""
    act: str
    """What was done."""
    before: str | None
    """The state before; null where it was given."""
    after: str
    """The state since."""
    document: str
    """SHA-256 of the document that was signed."""
    signature: str
    """SHA-256 of the file of its signature."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantSuspended(Event):
    """The gateway suspended a grant: what it was given for has changed, or the policy allows it no more (R16.2d)."""

    kind: ClassVar[str] = "grant.suspended"
    stage: ClassVar[Stage] = Stage.SHARING
    told: ClassVar[bool] = True
    grant: str
    """Which grant."""
    changes: dict[str, str]
    """What has changed, by the field or the dataset that it is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TreatmentDiffered(Event):
    """An application for an opening was answered differently than others of its class (R21)."""

    kind: ClassVar[str] = "treatment.differed"
    stage: ClassVar[Stage] = Stage.OPENING
    told: ClassVar[bool] = True
    other: str
    """The first case of the same class that was answered differently."""
    count: int
    """How many were, up to a hundred."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceExported(Event):
    """Somebody who may see a case has fetched its evidence."""

    kind: ClassVar[str] = "evidence.exported"
    stage: ClassVar[Stage] = Stage.SHARING
    digest: str
    """SHA-256 of the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRefused(Event):
    """Somebody asked for a change that was refused."""

    kind: ClassVar[str] = "change.refused"
    stage: ClassVar[Stage] = Stage.SECURITY
    change: str
    """The mutation."""
    code: str
    """The code of the problem that the caller was told."""
    target: str
    """What it was asked of, as the caller named it, cut to 100 characters."""
