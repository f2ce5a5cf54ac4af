"""Entries as the graph stores them: property names, effective tiers, classes, snapshots. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import orjson

from gateway.catalog.model import DistributionSpec, Entry, FieldSpec
from gateway.catalog.staleness import stale_at
from gateway.catalog.validate import missing_elements
from gateway.classes import ClassKey, Tier, access_class
from gateway.graph.ids import make_id
from gateway.masks import kept_text
from gateway.vocabulary import PUBLISHED_STATES

Row = dict[str, Any]
UNIT: Final = "\x1f"
"""Stands between title and citation of a legal basis."""


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """One entry, ready to be written; what depends on the graph (version, jurisdiction, instant) is added there."""

    identifier: str
    agency: str
    """Id, not code."""
    properties: Row
    fields: tuple[Row, ...]
    distributions: tuple[Row, ...]
    snapshot: str
    digest: str

    @property
    def id(self) -> str:
        """Id of the Dataset."""
        return str(self.properties["id"])


def canonical(value: Mapping[str, Any]) -> bytes:
    """RFC 8785 for what occurs here: texts, Booleans, small integers and lists under ASCII keys.

    Sorted by code point, which under ASCII keys is the order that the RFC asks for; texts are escaped alike.
    """
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def to_rows(entry: Entry) -> StoredEntry:
    """What is stored of a validated entry. The same entry always gives the same digest."""
    tier = entry.tier
    published = entry.status in PUBLISHED_STATES
    key = access_class(tier, published=published)
    stated = _stated(entry)
    properties = {
        **stated,
        **tier_row(tier),
        "id": make_id("ds_", entry.identifier),
        "accessClass": str(key),
        "agency": make_id("ag_", entry.agency),
        "staleAt": stale_at(entry.refreshed_at, entry.period),
        "missingElements": [element.value for element in missing_elements(entry)],
    }
    fields = tuple(_field(entry.identifier, i, f, tier, published=published) for i, f in enumerate(entry.fields))
    distributions = tuple(_distribution(entry.identifier, i, d) for i, d in enumerate(entry.distributions))
    snapshot = canonical({**properties, "fields": fields, "distributions": distributions})
    digest = sha256(snapshot).hexdigest()
    properties["recordDigest"] = digest
    agency = properties["agency"]
    return StoredEntry(entry.identifier, agency, properties, fields, distributions, snapshot.decode(), digest)


def tier_row(tier: Tier) -> Row:
    """A tier as the three properties that Datasets and Fields have."""
    return {
        "shareType": tier.share.value,
        "openType": tier.open.value,
        "sensitivity": sorted(ground.value for ground in tier.sensitivity),
    }


def field_tiers(own: Tier, dataset: Tier, *, published: bool) -> Row:
    """Own and effective tier of a field (the stricter of its own and its dataset's), and its class."""
    effective = dataset.stricter(own)
    mine = tier_row(own)
    key: ClassKey = access_class(effective, published=published)
    return {
        **tier_row(effective),
        "ownShareType": mine["shareType"],
        "ownOpenType": mine["openType"],
        "ownSensitivity": mine["sensitivity"],
        "accessClass": str(key),
    }


def _stated(entry: Entry) -> Row:
    texts = {
        "identifier": entry.identifier,
        "title": entry.title,
        "titleEn": entry.title_en,
        "status": entry.status.value,
        "origin": entry.origin.value,
        "theme": entry.theme.value,
        "category": entry.category,
        "description": entry.description,
        "accrualPeriodicity": entry.period.value if entry.period else None,
        "shareConditions": entry.share_conditions,
        "openConditions": entry.open_conditions,
        "usagePolicy": entry.usage_policy,
        "dutyBasis": entry.duty_basis,
        "attributes": entry.attributes,
        "landingPage": entry.landing_page,
        "license": entry.license,
        "rights": entry.rights,
        "accessLevel": entry.access_level,
        "modified": entry.modified,
        "issued": entry.issued,
        "refreshedAt": entry.refreshed_at,
        "importRule": entry.import_rule,
        "source": entry.source,
        "noRedistribution": True if entry.no_redistribution else None,
    }
    return _present(texts) | {
        "legalBasis": [f"{basis.title}{UNIT}{basis.citation}" for basis in entry.legal_basis],
        "keywords": list(entry.keywords),
        "formats": [item.value for item in entry.formats],
        "shareMode": [item.value for item in entry.share_mode],
        "openMode": [item.value for item in entry.open_mode],
    }


FIELD_TEXTS: Final = ("title", "dataType", "description", "unit", "format", "masks")
"""What a field may lack."""


def _field(identifier: str, position: int, spec: FieldSpec, dataset: Tier, *, published: bool) -> Row:
    more = {
        "title": spec.title,
        "dataType": spec.data_type.value if spec.data_type else None,
        "description": spec.description,
        "unit": spec.unit,
        "format": spec.format,
        "masks": kept_text(spec.masks),
    }
    return {
        "id": make_id("fd_", identifier, spec.name),
        "name": spec.name,
        "position": position,
        **_present(more),
        **field_tiers(spec.tier or dataset, dataset, published=published),
    }


def _distribution(identifier: str, position: int, spec: DistributionSpec) -> Row:
    more = {
        "title": spec.title,
        "description": spec.description,
        "mediaType": spec.media_type,
        "accessURL": spec.access_url,
        "downloadURL": spec.download_url,
    }
    identity = make_id("di_", identifier, str(position))
    return {"id": identity, "format": spec.format.value, "position": position, **_present(more)}


def _present(row: Row) -> Row:
    return {key: value for key, value in row.items() if value is not None}
