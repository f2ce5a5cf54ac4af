"""Events of the catalogue and of the data that it describes."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from gateway.audit.event import Event, Stage
from gateway.vocabulary import SourceKind


class Change(StrEnum):
    """What happened to a catalogue entry."""

    CREATED = "CREATED"
    CHANGED = "CHANGED"
    WITHDRAWN = "WITHDRAWN"


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
class SourceRegistered(Event):
    """A dataset was connected: it is known since where its rows are (R12)."""

    kind: ClassVar[str] = "source.registered"
    stage: ClassVar[Stage] = Stage.AGGREGATION
    source: str
    """Its id."""
    held: SourceKind
    """Where the rows are."""
    digest: str
    """SHA-256 of all that was stated of it."""
    unknown: int
    """Delivered columns that the catalogue does not know."""
    differences: tuple[str, ...]
    """How the delivery differs from the catalogue: a word, and the column."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceChecked(Event):
    """What is delivered was compared with the catalogue again (R12)."""

    kind: ClassVar[str] = "source.checked"
    stage: ClassVar[Stage] = Stage.AGGREGATION
    source: str
    """Its id."""
    unknown: int
    """Delivered columns that the catalogue does not know."""
    differences: tuple[str, ...]
    """How the delivery differs from the catalogue: a word, and the column."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRemoved(Event):
    """A dataset was disconnected: nothing of it is handed out since."""

    kind: ClassVar[str] = "source.removed"
    stage: ClassVar[Stage] = Stage.AGGREGATION
    source: str
    """The id that it had."""
