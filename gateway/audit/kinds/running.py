"""Events of the gateway itself: its log, its keys, its policy, and whom it tells."""

from dataclasses import dataclass
from typing import ClassVar

from gateway.audit.event import Event, Stage


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
class WebhookRegistered(Event):
    """An agency is told of its cases at an address from then on."""

    kind: ClassVar[str] = "webhook.registered"
    stage: ClassVar[Stage] = Stage.SECURITY
    webhook: str
    """Which one."""
    host: str
    """The host of the address; the rest of it may be a secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookRemoved(Event):
    """An agency is not told at an address any more."""

    kind: ClassVar[str] = "webhook.removed"
    stage: ClassVar[Stage] = Stage.SECURITY
    webhook: str
    """Which one."""
    waiting: int
    """How many notices had not been delivered, and will not be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeAbandoned(Event):
    """An agency's address could not be told of an event for 12 hours, and will not be told of it."""

    kind: ClassVar[str] = "notice.abandoned"
    stage: ClassVar[Stage] = Stage.SECURITY
    webhook: str
    """Which address."""
    event: str
    """The event that it was not told of."""
    case: str
    """The case of that event."""
    attempts: int
    """How often it was tried."""
    reason: str
    """What the last attempt failed for."""
