"""Every kind of event there is, in one place. Their documentation is generated from here, and tests pin their bytes.

A kind's fields are part of what was signed for: to change one, raise its `version` and keep reading the old one.
"""

from dataclasses import dataclass
from enum import EnumType, StrEnum
from types import NoneType, UnionType
from typing import Any, ClassVar, Final, get_args, get_origin, get_type_hints

from gateway.audit.event import Event, Stage, camel, data_fields


class Change(StrEnum):
    """What happened to a catalogue entry."""

    CREATED = "CREATED"
    CHANGED = "CHANGED"
    WITHDRAWN = "WITHDRAWN"


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayStarted(Event):
    """A gateway began to serve."""

    kind: ClassVar[str] = "gateway.started"
    stage: ClassVar[Stage] = Stage.BUILDING
    release: str
    """The gateway's version."""
    repaired: int
    """Bytes of a last write that was cut off by a crash and never acknowledged, removed from the log's end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayStopped(Event):
    """A gateway stopped in order. A start without a stop before it follows a crash."""

    kind: ClassVar[str] = "gateway.stopped"
    stage: ClassVar[Stage] = Stage.BUILDING


@dataclass(frozen=True, slots=True, kw_only=True)
class LogKeyMade(Event):
    """A signing key of the log was made; it signs every checkpoint from here on."""

    kind: ClassVar[str] = "log.key-made"
    stage: ClassVar[Stage] = Stage.SECURITY
    vkey: str
    """The verifier key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogKeyRetired(Event):
    """A signing key of the log was thrown away; checkpoints from here on are not signed by it."""

    kind: ClassVar[str] = "log.key-retired"
    stage: ClassVar[Stage] = Stage.SECURITY
    vkey: str
    """The verifier key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyErased(Event):
    """The body and the salt of an event were erased; its leaf stays."""

    kind: ClassVar[str] = "log.body-erased"
    stage: ClassVar[Stage] = Stage.SECURITY
    event: str
    """The event that it was."""
    index: int
    """Its place in the log."""
    reason: str
    """Why, as the operator stated it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupMade(Event):
    """The graph was copied while no change was made, and the log up to this event or a little later (R30)."""

    kind: ClassVar[str] = "backup.made"
    stage: ClassVar[Stage] = Stage.SECURITY
    nodes: int
    """How many nodes it holds."""
    relationships: int
    """How many relationships."""
    digests: dict[str, str]
    """SHA-256 of each file of the graph, by its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupRestored(Event):
    """A gateway goes on from a backup: what happened after that was made is not in this log (R30)."""

    kind: ClassVar[str] = "backup.restored"
    stage: ClassVar[Stage] = Stage.SECURITY
    made: str
    """When the backup was made."""
    entries: int
    """How many entries its log had."""
    root: str
    """The root hash over them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyLoaded(Event):
    """Another access policy came into force; `policy` of the event is its digest."""

    kind: ClassVar[str] = "policy.loaded"
    stage: ClassVar[Stage] = Stage.SECURITY
    before: str | None
    """Digest of the policy before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRefused(Event):
    """The policy's files were changed into something unusable; the last good policy stays in force."""

    kind: ClassVar[str] = "policy.refused"
    stage: ClassVar[Stage] = Stage.SECURITY
    faults: int
    """How many faults were found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokensRefused(Event):
    """Sign-ins with tokens that are no good, counted so that nobody can fill the log with them."""

    kind: ClassVar[str] = "tokens.refused"
    stage: ClassVar[Stage] = Stage.SECURITY
    count: int
    """How many."""
    since: str
    """When the first of them came."""
    reasons: dict[str, int]
    """How many for each reason, as the callers were told it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CitySeeded(Event):
    """A demonstration city, or a larger world of its shape, was loaded into an empty graph."""

    kind: ClassVar[str] = "catalog.seeded"
    stage: ClassVar[Stage] = Stage.AGGREGATION
    datasets: int
    """How many datasets the graph has since."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryChanged(Event):
    """A catalogue entry was created, changed or withdrawn (R8.3)."""

    kind: ClassVar[str] = "catalog.entry-changed"
    stage: ClassVar[Stage] = Stage.AGGREGATION
    identifier: str
    """Its code in the catalogue."""
    change: Change
    """What happened to it."""
    n: int
    """The number of its version since."""
    digest: str
    """Digest of that version's content."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryImported(Event):
    """Another catalogue's inventory was read; each entry that it changed has an event of its own."""

    kind: ClassVar[str] = "catalog.imported"
    stage: ClassVar[Stage] = Stage.AGGREGATION
    source: str
    """The name of the catalogue."""
    digest: str
    """SHA-256 of the file."""
    total: int
    """Records in it."""
    loaded: int
    """New entries."""
    updated: int
    """Entries that were changed or published again."""
    withdrawn: int
    """Entries that were withdrawn."""
    rejected: int
    """Records that were not taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataRefreshed(Event):
    """A provider stated that it has verified and updated the data of an entry (R10)."""

    kind: ClassVar[str] = "data.refreshed"
    stage: ClassVar[Stage] = Stage.COLLECTION
    refreshed_at: str
    """The instant as of which the data is up to date."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFetched(Event):
    """Data of an entry was handed out; it counts as use of the entry for that purpose (R11, R20)."""

    kind: ClassVar[str] = "data.fetched"
    stage: ClassVar[Stage] = Stage.SHARING
    purpose: str
    """For which purpose, as the request stated it."""
    grant: str | None
    """Under which grant; null where none is needed."""


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
    escalation: str
    """SOON, TODAY or OVERDUE; each once."""
    due: str
    """Until when it is in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlineRecounted(Event):
    """The calendar has changed, and with it when an answer is due."""

    kind: ClassVar[str] = "deadline.recounted"
    stage: ClassVar[Stage] = Stage.SHARING
    before: str
    """Until when it was in time before."""
    due: str
    """Until when it is in time now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantMoved(Event):
    """A grant was given, suspended, resumed or revoked (R16.2, R30)."""

    kind: ClassVar[str] = "grant.moved"
    stage: ClassVar[Stage] = Stage.SHARING
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
    grant: str
    """Which grant."""
    changes: dict[str, str]
    """What has changed, by the field or the dataset that it is about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TreatmentDiffered(Event):
    """An application for an opening was answered differently than others of its class (R21)."""

    kind: ClassVar[str] = "treatment.differed"
    stage: ClassVar[Stage] = Stage.OPENING
    other: str
    """The first case of the same class that was answered differently."""
    count: int
    """How many were, up to a hundred."""


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


KINDS: Final[dict[str, type[Event]]] = {
    one.kind: one
    for one in (
        GatewayStarted,
        GatewayStopped,
        LogKeyMade,
        LogKeyRetired,
        BodyErased,
        BackupMade,
        BackupRestored,
        PolicyLoaded,
        PolicyRefused,
        TokensRefused,
        CitySeeded,
        EntryChanged,
        InventoryImported,
        DataRefreshed,
        DataFetched,
        CertificateRegistered,
        CertificateRevoked,
        HeadAppointed,
        CaseMoved,
        DeadlineEscalated,
        DeadlineRecounted,
        GrantMoved,
        GrantSuspended,
        TreatmentDiffered,
        ChangeRefused,
    )
}
"""Every kind, by its name."""


_WORDS: Final[dict[Any, str]] = {str: "text", int: "number", NoneType: "null"}


def kinds_table() -> str:
    """The kinds as a Markdown table, for the documentation."""
    rows = ["| kind | version | stage | when | data |", "|---|---|---|---|---|"]
    for kind in KINDS.values():
        when = (kind.__doc__ or "").split("\n")[0]
        hints = get_type_hints(kind)
        data = ", ".join(f"`{camel(name)}`: {_said(hints[name])}" for name in data_fields(kind)) or "–"
        rows.append(f"| `{kind.kind}` | {kind.version} | {kind.stage} | {when} | {data} |")
    return "\n".join(rows) + "\n"


def _said(hint: Any) -> str:
    """A type in a reader's words."""
    if isinstance(hint, UnionType):
        return " or ".join(_said(one) for one in get_args(hint))
    if get_origin(hint) is dict:
        return f"{_WORDS[get_args(hint)[1]]}s by text"
    if isinstance(hint, EnumType):
        return " or ".join(hint.__members__)
    return _WORDS[hint]
