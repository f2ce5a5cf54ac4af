"""The words of the city: the tables in `data/`, one record a line, cells divided by `|`."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from gateway.masks import Mask, MaskKind, read_mask

_DATA: Final = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True)
class JurisdictionLine:
    """One line of `jurisdictions.psv`."""

    adcode: str
    name: str
    level: str


@dataclass(frozen=True, slots=True)
class AgencyLine:
    """One line of `agencies.psv`."""

    code: str
    name: str
    name_en: str
    kind: str
    adcode: str
    role: str
    duty: str


@dataclass(frozen=True, slots=True)
class FieldLine:
    """One line of `fields.psv`; `tier` is the class key of a tier of its own, or empty."""

    group: str
    name: str
    title: str
    data_type: str
    description: str
    tier: str


@dataclass(frozen=True, slots=True)
class DatasetLine:
    """One line of `datasets.psv`."""

    key: str
    agency: str
    title: str
    title_en: str
    theme: str
    category: str
    tier: str
    period: str
    formats: str
    groups: str
    variants: str
    upstream: str


@dataclass(frozen=True, slots=True)
class DeliveryLine:
    """One line of `deliveries.psv`: what is delivered for a dataset."""

    key: str
    format: str
    rows: int
    documents: int
    """Whole files beside the rows."""


@dataclass(frozen=True, slots=True)
class MaskLine:
    """One line of `masks.psv`."""

    key: str
    field: str
    audience: str
    mask: Mask


def _lines(name: str) -> Iterator[list[str]]:
    for line in (_DATA / name).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            yield line.split("|")


@cache
def jurisdictions() -> tuple[JurisdictionLine, ...]:
    """The city first, then its counties and districts."""
    return tuple(JurisdictionLine(*cells) for cells in _lines("jurisdictions.psv"))


@cache
def agencies() -> tuple[AgencyLine, ...]:
    """Every agency."""
    return tuple(AgencyLine(*cells) for cells in _lines("agencies.psv"))


@cache
def datasets() -> tuple[DatasetLine, ...]:
    """Every dataset, before its variants by year or county."""
    return tuple(DatasetLine(*cells) for cells in _lines("datasets.psv"))


@cache
def field_groups() -> dict[str, tuple[FieldLine, ...]]:
    """Groups of fields that go together, by name."""
    found: dict[str, list[FieldLine]] = {}
    for cells in _lines("fields.psv"):
        line = FieldLine(*cells)
        found.setdefault(line.group, []).append(line)
    return {group: tuple(lines) for group, lines in found.items()}


@cache
def deliveries() -> tuple[DeliveryLine, ...]:
    """What is delivered."""
    return tuple(
        DeliveryLine(key, format_, int(rows), int(more or 0)) for key, format_, rows, more in _lines("deliveries.psv")
    )


@cache
def masks() -> tuple[MaskLine, ...]:
    """The masks of fields (R23.1)."""
    found = []
    for key, field, audience, name, version, kind, parameter in _lines("masks.psv"):
        stated: dict[str, str | int] = {"name": name, "version": int(version), "kind": kind}
        if parameter:
            stated |= {"length": int(parameter)} if kind == MaskKind.TRUNCATE else {"step": parameter}
        found.append(MaskLine(key, field, audience, read_mask(stated)))
    return tuple(found)
