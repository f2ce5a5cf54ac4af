"""What must hold for stored rows, recomputed from what they state. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import EnumType
from itertools import pairwise
from typing import Any, Final

from gateway.catalog.model import LEVELS
from gateway.catalog.rows import field_tiers, tier_row
from gateway.classes import UNPUBLISHED, Tier, access_class, class_label
from gateway.masks import BadMask, read_kept
from gateway.vocabulary import (
    PUBLISHED_STATES,
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


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that does not hold."""

    id: str
    """Id of the node; of a Tally, its key."""
    check: str
    found: str
    expected: str

    def __str__(self) -> str:
        return f"{self.id} {self.check}: is {self.found}, should be {self.expected}"


_REQUIRED: Final[Mapping[str, EnumType]] = {
    "status": Status,
    "origin": Origin,
    "theme": Theme,
    "shareType": ShareType,
    "openType": OpenType,
}
_OPTIONAL: Final[Mapping[str, EnumType]] = {"accrualPeriodicity": Period}
_LISTS: Final[Mapping[str, EnumType]] = {
    "sensitivity": Sensitivity,
    "formats": Format,
    "shareMode": Mode,
    "openMode": Mode,
    "missingElements": Element,
}
_TIERS: Final = ("shareType", "openType", "sensitivity")
_OWN: Final = ("ownShareType", "ownOpenType", "ownSensitivity")


def dataset_differences(row: Mapping[str, Any]) -> Iterator[Difference]:
    """What does not hold for one Dataset and its parts.

    Args:
        row: `{p: properties, labels: [Class_…], providers: [[agency id, jurisdiction ids]], fields: [properties],
            current: number of current versions, last: the highest version's number}`.
    """
    p = row["p"]
    node = str(p.get("id") or p.get("identifier"))
    faults = list(_words(node, p))
    yield from faults
    yield from _provider(node, row)
    yield from _versions(node, row)
    # Classes can only be recomputed from values that mean something.
    tier = None if faults else read_tier(p, _TIERS)
    if tier is None:
        if not faults:
            yield Difference(node, "tier", _shown([p.get(n) for n in _TIERS]), "a tier that article 22 allows")
        return
    published = p["status"] in PUBLISHED_STATES
    key = access_class(tier, published=published)
    yield from _compare(node, "accessClass", p.get("accessClass"), str(key))
    yield from _compare(node, "labels", sorted(row["labels"]), [class_label(key)])
    for field in row["fields"]:
        yield from _field(field, tier, published=published)


def orphan_differences(field: Mapping[str, Any]) -> Iterator[Difference]:
    """A Field of no Dataset is an ended one, and must be visible to nobody."""
    yield from _compare(str(field["id"]), "accessClass of an ended field", field.get("accessClass"), str(UNPUBLISHED))


def agency_differences(row: Mapping[str, Any]) -> Iterator[Difference]:
    """`row`: `{p: properties, homes: [jurisdiction ids], heads: [their periods, in order]}`."""
    p, node = row["p"], str(row["p"].get("id"))
    yield from _word(node, "kind", p.get("kind"), AgencyKind)
    yield from _word(node, "origin", p.get("origin"), Origin)
    yield from _compare(node, "jurisdiction", [p.get("jurisdiction")], row["homes"])
    for (_, end), (start, _) in pairwise(row["heads"]):
        if start != end:
            yield Difference(node, "head", f"one from {start} on, one until {end}", "exactly one at any instant (R5.2)")


def jurisdiction_differences(p: Mapping[str, Any]) -> Iterator[Difference]:
    """The level is one that there is."""
    if p.get("level") not in LEVELS:
        yield Difference(str(p.get("id")), "level", _shown(p.get("level")), f"one of {', '.join(sorted(LEVELS))}")


def read_tier(p: Mapping[str, Any], names: tuple[str, str, str]) -> Tier | None:
    """The tier in three properties; None when they make none."""
    share, opening, grounds = str(p.get(names[0])), str(p.get(names[1])), p.get(names[2])
    try:
        return Tier(ShareType(share), OpenType(opening), frozenset(Sensitivity(g) for g in grounds or ()))
    except ValueError:
        return None


def _field(p: Mapping[str, Any], dataset: Tier, *, published: bool) -> Iterator[Difference]:
    node = str(p.get("id"))
    if p.get("dataType") is not None:
        yield from _word(node, "dataType", p["dataType"], DataType)
    yield from _masks(node, p)
    if p.get("ownShareType") is None:
        # Written without a tier of its own: what is enforced must still be at least the dataset's.
        own = read_tier(p, _TIERS)
        if own is None or tier_row(dataset.stricter(own)) != {name: p.get(name) for name in _TIERS}:
            yield Difference(node, "tier", _shown([p.get(n) for n in _TIERS]), "at least as strict as its dataset's")
            return
    else:
        own = read_tier(p, _OWN)
        if own is None:
            yield Difference(node, "own tier", _shown([p.get(n) for n in _OWN]), "a tier that article 22 allows")
            return
    for name, value in field_tiers(own, dataset, published=published).items():
        if not name.startswith("own"):
            yield from _compare(node, name, p.get(name), value)


def _masks(node: str, p: Mapping[str, Any]) -> Iterator[Difference]:
    try:
        masks = read_kept(p.get("masks"))
    except BadMask as problem:
        yield Difference(node, "masks", _shown(p["masks"]), f"rules by audience: {problem}")
        return
    data_type = p.get("dataType") or DataType.STRING
    for audience, mask in masks.items() if data_type in DataType.__members__ else ():
        for fault in mask.faults(DataType(data_type)):
            yield Difference(node, f"mask for {audience}", str(mask.kind), f"one that goes with its type: {fault}")


def _provider(node: str, row: Mapping[str, Any]) -> Iterator[Difference]:
    if len(row["providers"]) != 1:
        yield Difference(node, "PROVIDED_BY", f"{len(row['providers'])} agencies", "one")
        return
    agency, homes = row["providers"][0]
    yield from _compare(node, "agency", row["p"].get("agency"), agency)
    yield from _compare(node, "jurisdiction", [row["p"].get("jurisdiction")], homes)


def _versions(node: str, row: Mapping[str, Any]) -> Iterator[Difference]:
    # A withdrawn entry has no version that holds now.
    allowed = {0, 1} if row["p"].get("status") == Status.WITHDRAWN else {1}
    if row["current"] not in allowed:
        yield Difference(node, "current versions", str(row["current"]), "1")
    yield from _compare(node, "version", row["p"].get("version"), row["last"])


def _words(node: str, p: Mapping[str, Any]) -> Iterator[Difference]:
    for name, words in _REQUIRED.items():
        yield from _word(node, name, p.get(name), words)
    for name, words in _OPTIONAL.items():
        if p.get(name) is not None:
            yield from _word(node, name, p[name], words)
    for name, words in _LISTS.items():
        for value in p.get(name) or ():
            yield from _word(node, name, value, words)


def _word(node: str, name: str, value: Any, words: EnumType) -> Iterator[Difference]:
    if value not in words.__members__:
        yield Difference(node, name, _shown(value), f"a word of {words.__name__}")


def _compare(node: str, check: str, found: Any, expected: Any) -> Iterator[Difference]:
    if found != expected:
        yield Difference(node, check, _shown(found), _shown(expected))


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_shown(item) for item in value) + "]"
    return "absent" if value is None else str(value)
