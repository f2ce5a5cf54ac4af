"""A version of an entry, and what it lists."""

from typing import Any

from gateway.catalog.rows import FIELD_TEXTS, Row, StoredEntry, canonical
from gateway.graph.ids import make_id
from gateway.vocabulary import FOREVER


def version_row(entry: StoredEntry, n: int, moment: str) -> Row:
    """Version `n`, valid and recorded from `moment`."""
    return {
        "id": make_id("dv_", entry.identifier, str(n)),
        "n": n,
        "digest": entry.digest,
        "snapshot": entry.snapshot,
        "validFrom": moment,
        "validTo": FOREVER,
        "recordedFrom": moment,
        "recordedTo": FOREVER,
    }


def field_row(field: Row) -> dict[str, Any]:
    """A field's properties, null where it has none, and as the version keeps them."""
    return {"p": dict.fromkeys(FIELD_TEXTS) | field, "snapshot": canonical(field).decode()}
