"""What an agency states about its data, as plain values: the input of every writer of the catalogue."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from gateway.classes import Tier
from gateway.masks import Audience, Mask
from gateway.vocabulary import (
    FOREVER,
    AgencyKind,
    DataType,
    Element,
    Format,
    Mode,
    OpenType,
    Origin,
    Period,
    Sensitivity,
    ShareType,
    Status,
    Theme,
)

LEVELS: Final = frozenset({"CITY", "COUNTY", "EXTERNAL"})
"""Levels of a jurisdiction; EXTERNAL is where imported catalogues live."""


@dataclass(frozen=True, slots=True)
class JurisdictionSpec:
    """A jurisdiction, by its administrative division code."""

    code: str
    name: str
    level: str
    parent: str | None = None
    """Code of the jurisdiction that this one is part of."""


@dataclass(frozen=True, slots=True)
class AgencySpec:
    """An agency; `jurisdiction` and `parent` are codes."""

    code: str
    name: str
    kind: AgencyKind
    jurisdiction: str
    origin: Origin = Origin.NATIVE
    name_en: str | None = None
    duty: str | None = None
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class LegalBasis:
    """A law or document and the place in it."""

    title: str
    citation: str = ""


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One field of an entry."""

    name: str
    title: str | None = None
    data_type: DataType | None = None
    description: str | None = None
    tier: Tier | None = None
    """Its own tier; None where it has that of its dataset. The stricter of both is enforced."""
    unit: str | None = None
    format: str | None = None
    masks: Mapping[Audience, Mask] = field(default_factory=dict, hash=False)
    """By which rule its values leave changed, for whom (R23.1)."""


@dataclass(frozen=True, slots=True)
class DistributionSpec:
    """One way to get the data."""

    format: Format
    title: str | None = None
    description: str | None = None
    media_type: str | None = None
    access_url: str | None = None
    download_url: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A catalogue entry as its provider states it. Whatever is not stated is None or empty, never "".

    Instants are texts as the graph stores them (`YYYY-MM-DDTHH:MM:SS.sssZ`, UTC). Nothing is checked here, so that
    `validate` can name every fault at once.
    """

    identifier: str
    title: str
    agency: str
    """Code of the responsible party."""
    share_type: ShareType | None
    open_type: OpenType | None
    sensitivity: frozenset[Sensitivity] = frozenset()
    status: Status = Status.DRAFT
    origin: Origin = Origin.NATIVE
    theme: Theme = Theme.OP_DATPRO
    title_en: str | None = None
    category: str | None = None
    legal_basis: tuple[LegalBasis, ...] = ()
    description: str | None = None
    keywords: tuple[str, ...] = ()
    formats: tuple[Format, ...] = ()
    period: Period | None = None
    share_mode: tuple[Mode, ...] = ()
    open_mode: tuple[Mode, ...] = ()
    share_conditions: str | None = None
    open_conditions: str | None = None
    usage_policy: str | None = None
    duty_basis: str | None = None
    attributes: str | None = None
    landing_page: str | None = None
    license: str | None = None
    rights: str | None = None
    access_level: str | None = None
    modified: str | None = None
    """None: the instant of writing."""
    issued: str | None = None
    refreshed_at: str | None = None
    import_rule: str | None = None
    source: str | None = None
    no_redistribution: bool = False
    missing: frozenset[Element] = frozenset()
    """Elements that the source does not state although the entry has a value, such as a tier given by a rule."""
    fields: tuple[FieldSpec, ...] = ()
    distributions: tuple[DistributionSpec, ...] = ()

    @property
    def tier(self) -> Tier:
        """Its tier.

        Raises:
            ValueError: a tier is not stated, or (ImpossibleTier) the regulation rules the combination out.
        """
        if self.share_type is None or self.open_type is None:
            raise ValueError("shareType and openType must both be stated")
        return Tier(self.share_type, self.open_type, self.sensitivity)


@dataclass(frozen=True, slots=True)
class Derivation:
    """`target` was made from `source`: two datasets, or two fields. Both ends must be there."""

    source: str
    """Identifier of a dataset."""
    target: str
    source_field: str | None = None
    """Name of a field of `source`; given together with `target_field` or not at all."""
    target_field: str | None = None
    asserter: str = ""
    """Who says so."""
    observed: bool = False
    """Whether a run showed it, rather than somebody declaring it."""
    run_id: str | None = None
    valid_from: str | None = None
    """None: the instant of writing."""
    valid_to: str = FOREVER
