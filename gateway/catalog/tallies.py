"""How many Datasets there are per agency, theme, class and tier: counted with the change, in its transaction."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

PLACE: Final = ("agency", "theme", "accessClass", "shareType", "openType")
"""What a Tally distinguishes; in this order the values make its key."""

Place = tuple[str, ...]


def place(row: Mapping[str, Any]) -> Place:
    """Where a Dataset is counted."""
    return tuple(str(row[name]) for name in PLACE)


def tally_key(where: Place) -> str:
    """The key of the Tally of a place."""
    return "|".join(where)


def tally_rows(changes: Mapping[Place, int], homes: Mapping[str, str]) -> list[dict[str, Any]]:
    """Changes as rows in the order of their keys: everybody locks in that order, so that no two wait for each other.

    Args:
        changes: how many Datasets more (or fewer) each place has.
        homes: agency id to jurisdiction id.
    """
    rows = [
        {
            "key": tally_key(where),
            "place": {**dict(zip(PLACE, where, strict=True)), "jurisdiction": homes[where[0]]},
            "change": change,
        }
        for where, change in changes.items()
        if change
    ]
    return sorted(rows, key=lambda row: str(row["key"]))


def count(rows: Iterable[Mapping[str, Any]]) -> Counter[Place]:
    """Datasets per place."""
    return Counter(place(row) for row in rows)
