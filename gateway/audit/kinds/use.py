"""Events of data that is handed out, and of the tokens that it is handed out for."""

from dataclasses import dataclass
from typing import ClassVar

from gateway.audit.event import Event, Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientRegistered(Event):
    """A program of an agency was registered, which can have tokens for the agency's grants from then on (R17.1)."""

    kind: ClassVar[str] = "client.registered"
    stage: ClassVar[Stage] = Stage.SECURITY
    client: str
    """Which one."""
    name: str
    """What its agency calls it."""
    keys: tuple[str, ...]
    """The thumbprints of its public keys (RFC 7638)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientRemoved(Event):
    """A program of an agency can have no more tokens."""

    kind: ClassVar[str] = "client.removed"
    stage: ClassVar[Stage] = Stage.SECURITY
    client: str
    """Which one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenKeyMade(Event):
    """A key was made that tokens are signed with from then on."""

    kind: ClassVar[str] = "token.key-made"
    stage: ClassVar[Stage] = Stage.SECURITY
    key: str
    """Its thumbprint (RFC 7638), which is its id."""
    before: str | None
    """The key before it, which is published until its last token has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenIssued(Event):
    """A token was given out for a grant (R17.1)."""

    kind: ClassVar[str] = "token.issued"
    stage: ClassVar[Stage] = Stage.SHARING
    token: str
    """Its id."""
    client: str
    """To which program; a person has theirs under their own id."""
    grant: str
    """For which grant."""
    purpose: str
    """What the data may be used for."""
    until: str
    """Until when it counts."""
    bound: str | None
    """The thumbprint of the key that its holder has to prove to hold; null for a bearer token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRefused(Event):
    """A known program or person asked for a token and was refused (R16.2d)."""

    kind: ClassVar[str] = "token.refused"
    stage: ClassVar[Stage] = Stage.SECURITY
    client: str
    """Which program; a person has their own id."""
    grant: str
    """The grant that it was asked for, as the caller named it, cut to 100 characters."""
    code: str
    """Why, as the caller was told it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRevoked(Event):
    """A program or person gave back a token before its end."""

    kind: ClassVar[str] = "token.revoked"
    stage: ClassVar[Stage] = Stage.SECURITY
    token: str
    """Its id."""
    client: str
    """Whose it was."""
    grant: str
    """For which grant it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFetched(Event):
    """Data of an entry was handed out; it counts as use of the entry for that purpose (R11, R20)."""

    kind: ClassVar[str] = "data.fetched"
    version: ClassVar[int] = 2
    stage: ClassVar[Stage] = Stage.SHARING
    purpose: str
    """For which purpose, as the request stated it; empty where none is asked for."""
    grant: str | None
    """Under which grant; null where none is needed."""
    client: str | None = None
    """By which program, where one came with a token."""
    n: int
    """The version of the entry."""
    source: str | None = None
    """The version of the data that was read, where its source has versions."""
    query: str = ""
    """SHA-256 of what was asked: fields, conditions, order, place and form (RFC 8785)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchEnded(Event):
    """What has left of the data that was handed out (R11, R20)."""

    kind: ClassVar[str] = "data.fetch-ended"
    stage: ClassVar[Stage] = Stage.SHARING
    fetch: str
    """The event with which it began."""
    grant: str | None
    """Under which grant."""
    rows: int
    """How many rows have left, or were on their way when the connection broke."""
    size: int
    """How many bytes."""
    reason: str | None
    """Null where all of it has left; else why not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchRefused(Event):
    """Data was asked for that is not for the caller, or not in this way (R16.2d, R17.3)."""

    kind: ClassVar[str] = "data.fetch-refused"
    stage: ClassVar[Stage] = Stage.SECURITY
    identifier: str
    """What was asked for, as the caller named it, cut to 100 characters."""
    grant: str | None
    """Under which grant."""
    client: str | None
    """By which program."""
    purpose: str
    """For which purpose, as the caller stated it, cut to 100 characters."""
    code: str
    """Why, as the caller was told it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineageExported(Event):
    """Lineage was handed out as a signed export (R10, R20)."""

    kind: ClassVar[str] = "lineage.exported"
    stage: ClassVar[Stage] = Stage.SHARING
    of: str
    """What it begins at."""
    direction: str
    """Which way it goes."""
    level: str
    """Between what."""
    depth: int
    """How far, in derivations."""
    as_of: str
    """Along what held at this instant."""
    known_at: str
    """As far as it was recorded at this one."""
    manifest: str
    """SHA-256 of the export's manifest, which states the SHA-256 of each of its files."""
