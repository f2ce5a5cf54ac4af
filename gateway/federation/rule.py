"""The import rule: which tiers an entry gets that comes from a catalogue without sharing tiers.

Another catalogue's access level maps onto the opening tier, and that mapping is fixed. It says nothing about sharing
between agencies, so the sharing tier is the operator's decision, made once per import, written down as data, and
recorded on every entry it was applied to.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from gateway.classes import Tier
from gateway.federation.harvested import AccessLevel
from gateway.federation.words import read_grounds
from gateway.vocabulary import OpenType, Sensitivity, ShareType

OPEN_TYPES: Final = MappingProxyType(
    {
        AccessLevel.PUBLIC: OpenType.OPEN,
        AccessLevel.RESTRICTED: OpenType.CONDITIONAL,
        AccessLevel.NON_PUBLIC: OpenType.NOT_OPEN,
    }
)
"""How access levels map onto opening tiers (R22)."""

_LARGEST_RULE_FILE: Final = 65_536


class InvalidRule(ValueError):
    """The rule cannot be applied; the message names the part and what would be right."""


@dataclass(frozen=True, slots=True)
class ImportRule:
    """What the operator decides for a whole import.

    Raises:
        InvalidRule: an access level without a sharing tier, or NON_SHARED without a legal basis (R16.3a).
    """

    id: str
    share: Mapping[AccessLevel, ShareType]
    assumed: AccessLevel = AccessLevel.NON_PUBLIC
    """The access level of records that name none: the strictest, unless the operator knows better."""
    basis: tuple[tuple[str, str], ...] = ()
    """Legal basis of the sharing tiers: title and citation."""

    def __post_init__(self) -> None:
        if missing := [level.value for level in AccessLevel if level not in self.share]:
            raise InvalidRule(f"rule {self.id}: no sharing tier for access level {', '.join(missing)}")
        if ShareType.NON_SHARED in self.share.values() and not self.basis:
            raise InvalidRule(f"rule {self.id}: NON_SHARED needs a legal basis (R16.3a); give --basis 'TITLE|CITATION'")

    def tier(self, level: AccessLevel | None, rights: str | None) -> Tier:
        """The tiers of a record. Grounds that its rights text names are believed; NOT_OPEN without one is BY_LAW."""
        level = level or self.assumed
        opening = OPEN_TYPES[level]
        grounds = frozenset[Sensitivity]() if opening is OpenType.OPEN else read_grounds(rights)
        if opening is OpenType.NOT_OPEN and not grounds:
            grounds = frozenset({Sensitivity.BY_LAW})
        return Tier(self.share[level], opening, grounds)

    def applied(self, level: AccessLevel | None) -> str:
        """What stands on the entry as `importRule`."""
        stated = level or self.assumed
        how = "" if level else " (assumed)"
        return f"{self.id}: accessLevel {stated}{how} → shareType {self.share[stated]}, openType {OPEN_TYPES[stated]}"


DEFAULT_RULE: Final = ImportRule(
    "dcat-us-1",
    MappingProxyType(
        {
            AccessLevel.PUBLIC: ShareType.UNCONDITIONAL,
            AccessLevel.RESTRICTED: ShareType.CONDITIONAL,
            AccessLevel.NON_PUBLIC: ShareType.CONDITIONAL,
        }
    ),
)
"""Sharing is the rule (R15): what the public may have, agencies may; for the rest they apply."""


def uniform_rule(
    share: ShareType, basis: tuple[tuple[str, str], ...] = (), assumed: AccessLevel = AccessLevel.NON_PUBLIC
) -> ImportRule:
    """One sharing tier for everything in a file."""
    return ImportRule(f"all-{share}", MappingProxyType(dict.fromkeys(AccessLevel, share)), assumed, basis)


def load_rule(path: Path) -> ImportRule:
    """A rule from a JSON file.

    `id`, `share` (access level to sharing tier), and optionally `assumeAccessLevel` and `legalBasis`.

    Raises:
        InvalidRule: the file cannot be read or says something else.
    """
    try:
        with path.open("rb") as file:
            document = json.loads(file.read(_LARGEST_RULE_FILE))
    except (OSError, ValueError, RecursionError) as error:
        raise InvalidRule(f"{path}: {error}") from error
    if not isinstance(document, dict) or not isinstance(document.get("share"), dict):
        raise InvalidRule(f"{path}: expected an object with `id` and `share`")
    if unknown := sorted(set(document) - {"id", "share", "assumeAccessLevel", "legalBasis"}):
        raise InvalidRule(f"{path}: unknown key {unknown[0]!r}")
    if not isinstance(identifier := document.get("id"), str) or not identifier.strip():
        raise InvalidRule(f"{path}: `id` must be a text")
    try:
        share = {AccessLevel(level): ShareType(tier) for level, tier in document["share"].items()}
        assumed = AccessLevel(document.get("assumeAccessLevel", AccessLevel.NON_PUBLIC))
    except ValueError as error:
        raise InvalidRule(f"{path}: {error}") from error
    return ImportRule(
        identifier.strip(), MappingProxyType(share), assumed, _basis(path, document.get("legalBasis", []))
    )


def _basis(path: Path, items: Any) -> tuple[tuple[str, str], ...]:
    try:
        basis = tuple((item["title"].strip(), item["citation"].strip()) for item in items)
    except (TypeError, KeyError, AttributeError) as error:
        raise InvalidRule(f"{path}: `legalBasis` must be a list of objects with `title` and `citation`") from error
    if not all(title and citation for title, citation in basis):
        raise InvalidRule(f"{path}: `legalBasis` needs a title and a citation in each")
    return basis
