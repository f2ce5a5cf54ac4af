"""Entries as the graph stores them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final

import orjson

from gateway.classes import TIERS, ClassKey, Tier, access_class, class_label
from gateway.graph import make_id
from gateway.graph.times import instant
from gateway.vocabulary import FOREVER, PUBLISHED_STATES, Status

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class DatasetRow:
    """One entry: the label of its class, its properties, its version and its fields."""

    label: str
    properties: Row
    version: Row
    fields: list[Row] = field(default_factory=list)

    def as_parameter(self) -> Row:
        """The map that the loading statement unwinds."""
        return {"label": self.label, "p": self.properties, "v": self.version, "f": self.fields}


def tier_of(key: str) -> Tier:
    """The tier behind a class key of the tables."""
    return TIERS[ClassKey(key)]


def tier_properties(tier: Tier) -> Row:
    """A tier as three properties."""
    return {"shareType": tier.share, "openType": tier.open, "sensitivity": sorted(tier.sensitivity)}


def field_row(
    dataset: str, position: int, name: str, *, own: Tier, entry: Tier, status: Status, more: Mapping[str, Any]
) -> Row:
    """A field with its own tier, and with the effective one: the stricter of its own and its dataset's."""
    effective = entry.stricter(own)
    own_properties = tier_properties(own)
    return {
        "id": make_id("fd_", dataset, name),
        "name": name,
        "position": position,
        **tier_properties(effective),
        "ownShareType": own_properties["shareType"],
        "ownOpenType": own_properties["openType"],
        "ownSensitivity": own_properties["sensitivity"],
        "accessClass": access_class(effective, published=status in PUBLISHED_STATES),
        **more,
    }


def dataset_row(properties: Row, tier: Tier, fields: Iterable[Row], recorded: datetime) -> DatasetRow:
    """An entry with its class, label and first version."""
    key = access_class(tier, published=properties["status"] in PUBLISHED_STATES)
    kept = [dict(f) for f in fields]
    whole = {
        "id": make_id("ds_", properties["identifier"]),
        **{k: v for k, v in properties.items() if v is not None},
        **tier_properties(tier),
        "accessClass": key,
        "version": 1,
    }
    snapshot = orjson.dumps({**whole, "fields": kept}, option=orjson.OPT_SORT_KEYS)
    at = instant(recorded)
    version = {
        "id": make_id("dv_", properties["identifier"], "1"),
        "n": 1,
        "digest": sha256(snapshot).hexdigest(),
        "snapshot": snapshot.decode(),
        "validFrom": at,
        "validTo": FOREVER,
        "recordedFrom": at,
        "recordedTo": FOREVER,
    }
    return DatasetRow(class_label(key), whole, version, kept)


EPOCH: Final = datetime(2025, 1, 1, tzinfo=UTC)
"""The instant from which the city's times are counted."""
