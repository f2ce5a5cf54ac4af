"""Versions of an entry, and where an imported one can be had."""

import strawberry

from gateway.plan.mapping import Entity, Kind, Unending
from gateway.schema.declare import column, mapped
from gateway.schema.enums import Format
from gateway.schema.scalars import DateTime

VERSION = Entity("DatasetVersion", Kind.PART)
DISTRIBUTION = Entity("Distribution", Kind.PART)


@strawberry.type(description="A published version of an entry. It never changes; a later one supersedes it.")
class DatasetVersion:
    """An immutable version (R8.3)."""

    n: int = column("n", "Its number, from 1.")
    digest: str = column("digest", "SHA-256 over its canonical JSON (RFC 8785).")
    valid_from: DateTime = column("validFrom", "Since when it holds.")
    valid_to: DateTime | None = mapped(Unending("validTo"), "Until when it held; null while it is current.")
    recorded_from: DateTime = column("recordedFrom", "When it was recorded.")


@strawberry.type(description="A form in which an imported entry can be had (dcat:Distribution).")
class Distribution:
    """A distribution as its publisher describes it."""

    id: strawberry.ID = column("id", "Its id.")
    title: str | None = column("title", "Its title.")
    description: str | None = column("description", "Its description.")
    format: Format = column("format", "Its format.")
    media_type: str | None = column("mediaType", "Its media type.")
    access_url: str | None = column("accessURL", "A page that leads to it.")
    download_url: str | None = column("downloadURL", "Where it can be downloaded.")
