"""What one record of another catalogue says, in our vocabularies, before any rule of ours is applied."""

from dataclasses import dataclass
from enum import StrEnum

from gateway.catalog import DistributionSpec, FieldSpec
from gateway.vocabulary import Period, Theme


class AccessLevel(StrEnum):
    """The access levels of DCAT-US 1.1."""

    PUBLIC = "public"
    RESTRICTED = "restricted public"
    NON_PUBLIC = "non-public"


@dataclass(frozen=True, slots=True)
class Harvested:
    """One record that can be loaded. Contact persons are left behind on purpose: nothing here needs them."""

    index: int
    """Position in the file's `dataset` list, from 0."""
    identifier: str
    title: str
    publishers: tuple[str, ...]
    """The publisher, then the organisation that it is part of, and so on; names as written, without repetition."""
    access_level: AccessLevel | None = None
    description: str | None = None
    keywords: tuple[str, ...] = ()
    themes: tuple[str, ...] = ()
    theme: Theme | None = None
    period: Period | None = None
    modified: str | None = None
    issued: str | None = None
    landing_page: str | None = None
    license: str | None = None
    rights: str | None = None
    part_of: str | None = None
    remarks: tuple[str, ...] = ()
    """Statements that have no place of their own (`spatial: …`, or a `modified` that could not be read), so that none
    is lost."""
    distributions: tuple[DistributionSpec, ...] = ()
    fields: tuple[FieldSpec, ...] = ()
