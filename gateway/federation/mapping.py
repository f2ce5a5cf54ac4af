"""A `Harvested` record and the import rule, made into what the graph keeps.

What the source does not say stays empty and is listed among the missing elements: an import never fills in what an
agency would have to answer for (R8.1). The one exception is the sharing tier, which the rule gives and the entry names.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from gateway.catalog.staleness import stale_at
from gateway.classes import Tier
from gateway.federation.harvested import Harvested, HarvestedDistribution
from gateway.federation.rule import ImportRule
from gateway.vocabulary import Element, Format, Mode, OpenType, Period, ShareType, Theme

_SAYS_NOTHING: Final = frozenset({"true", "false", "null", "none", "na", "n/a", "not available", "public", "yes", "no"})
"""What real inventories write into `rights` without saying anything about use. Kept as rights, but no requirement."""

_ASK_PROVIDER: Final = "向提供单位申请。Apply to the provider: the imported record states no condition."


@dataclass(frozen=True, slots=True)
class ImportedEntry:
    """An entry as it is to stand in the graph. Property names are the graph's."""

    identifier: str
    agency: str
    """Code of the publisher."""
    tier: Tier
    properties: Mapping[str, Any]
    fields: tuple[Mapping[str, Any], ...]
    distributions: tuple[Mapping[str, Any], ...]
    modified: str | None
    """When the source says that it was last changed, or first published; None when it says neither."""
    snapshot: str
    """Everything above as canonical JSON (RFC 8785): what a version keeps."""
    digest: str
    """SHA-256 of the snapshot. Equal digests mean that there is nothing to write."""


def to_entry(harvested: Harvested, rule: ImportRule, *, source: str, agency: str, prefix: str = "") -> ImportedEntry:
    """Apply the rule to a record."""
    tier = rule.tier(harvested.access_level, harvested.rights)
    properties = {
        "title": harvested.title,
        "shareType": tier.share.value,
        "openType": tier.open.value,
        "sensitivity": sorted(ground.value for ground in tier.sensitivity),
        "theme": (harvested.theme or Theme.OP_DATPRO).value,
        "category": "; ".join(harvested.themes) or None,
        "legalBasis": [f"{title}\x1f{citation}" for title, citation in rule.basis],
        "description": harvested.description,
        "keywords": list(harvested.keywords),
        "formats": [item.value for item in _formats(harvested)],
        "accrualPeriodicity": harvested.period.value if harvested.period else None,
        "shareMode": [],
        "openMode": [item.value for item in _open_mode(harvested)],
        "shareConditions": _conditions(harvested) if tier.share is ShareType.CONDITIONAL else None,
        "openConditions": _conditions(harvested) if tier.open is OpenType.CONDITIONAL else None,
        "usagePolicy": use_requirements(harvested),
        "attributes": "\n".join(_remarks(harvested)) or None,
        "landingPage": harvested.landing_page,
        "license": harvested.license,
        "rights": harvested.rights,
        "accessLevel": harvested.access_level.value if harvested.access_level else None,
        "issued": harvested.issued,
        "refreshedAt": harvested.modified,
        "staleAt": stale_at(harvested.modified, harvested.period),
        "missingElements": [element.value for element in missing_elements(harvested)],
        "importRule": rule.applied(harvested.access_level),
        "source": source,
    }
    fields = tuple(
        {
            "name": field.name,
            "title": field.title,
            "dataType": field.data_type.value if field.data_type else None,
            "description": field.description,
        }
        for field in harvested.fields
    )
    distributions = tuple(
        {
            "title": item.title,
            "description": item.description,
            "format": item.format.value,
            "mediaType": item.media_type,
            "accessURL": item.access_url,
            "downloadURL": item.download_url,
        }
        for item in harvested.distributions
    )
    identifier = prefix + harvested.identifier
    modified = harvested.modified or harvested.issued
    whole = {**properties, "identifier": identifier, "agency": agency, "modified": modified}
    snapshot = _canonical({**whole, "fields": fields, "distributions": distributions})
    digest = sha256(snapshot.encode()).hexdigest()
    return ImportedEntry(identifier, agency, tier, properties, fields, distributions, modified, snapshot, digest)


def use_requirements(harvested: Harvested) -> str | None:
    """使用要求: what the record says about use, if it says anything."""
    texts = (harvested.license, harvested.rights)
    return "\n".join(text for text in texts if text and text.casefold() not in _SAYS_NOTHING) or None


def missing_elements(harvested: Harvested) -> tuple[Element, ...]:
    """Which of the ten basic elements the source does not state (R8.1); how data is shared, it never does."""
    stated = {
        Element.CATEGORY: harvested.themes or harvested.theme,
        Element.RESPONSIBLE_PARTY: harvested.publishers,
        Element.FORMAT: _formats(harvested),
        Element.ATTRIBUTES: harvested.fields or harvested.remarks,
        Element.UPDATE_LIMIT: harvested.period not in {None, Period.UNKNOWN},
        Element.OPEN_TYPE: harvested.access_level,
        Element.OPEN_MODE: _open_mode(harvested),
        Element.USE_REQUIREMENTS: use_requirements(harvested),
    }
    return tuple(element for element in Element if not stated.get(element))


def _conditions(harvested: Harvested) -> str:
    """A conditional tier needs its condition (R15): the record's own words, or that one has to ask."""
    rights = harvested.rights
    return rights if rights and rights.casefold() not in _SAYS_NOTHING else _ASK_PROVIDER


def _remarks(harvested: Harvested) -> list[str]:
    part_of = [f"isPartOf: {harvested.part_of}"] if harvested.part_of else []
    return [*harvested.remarks, *part_of]


def _formats(harvested: Harvested) -> tuple[Format, ...]:
    found = {distribution.format for distribution in harvested.distributions} - {Format.OTHER}
    return tuple(item for item in Format if item in found)


def _open_mode(harvested: Harvested) -> tuple[Mode, ...]:
    """开放方式: how the record's own addresses hand the data over."""
    found = {mode for distribution in harvested.distributions for mode in _modes(distribution)}
    return tuple(mode for mode in Mode if mode in found)


def _modes(distribution: HarvestedDistribution) -> set[Mode]:
    modes = {Mode.FILE} if distribution.download_url else set[Mode]()
    if distribution.access_url:
        kinds = {Format.API: Mode.API, Format.STREAM: Mode.STREAM}
        modes.add(kinds.get(distribution.format, Mode.ONLINE))
    return modes


def _canonical(value: Mapping[str, Any]) -> str:
    """RFC 8785 for what occurs here: texts, lists and nulls under ASCII keys."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
