"""How many Datasets there are per agency, theme, class and tier: counted with the change, in its transaction.

Beside the full counts two coarser ones are kept, so that totals and facets read hundreds of nodes and not thousands:
one without the theme, one without the agency.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

from gateway.vocabulary import TallyPer

PLACE: Final = ("agency", "theme", "accessClass", "shareType", "openType")
"""What a Tally distinguishes; in this order the values make its key."""

KEPT: Final = {
    TallyPer.AGENCY_THEME: PLACE,
    TallyPer.AGENCY: ("agency", "accessClass", "shareType", "openType"),
    TallyPer.THEME: ("theme", "accessClass", "shareType", "openType"),
}
"""What each kind of Tally distinguishes."""

Place = tuple[str, ...]


def place(row: Mapping[str, Any]) -> Place:
    """Where a Dataset is counted."""
    return tuple(str(row[name]) for name in PLACE)


def tally_rows(changes: Mapping[Place, int], homes: Mapping[str, str]) -> list[dict[str, Any]]:
    """Changes as rows in the order of their keys: everybody locks in that order, so that no two wait for each other.

    Args:
        changes: how many Datasets more (or fewer) each place has.
        homes: agency id to jurisdiction id.
    """
    summed: Counter[tuple[TallyPer, Place]] = Counter()
    for where, change in changes.items():
        named = dict(zip(PLACE, where, strict=True))
        for per, kept in KEPT.items():
            summed[per, tuple(named[name] for name in kept)] += change
    rows = [
        {"key": "|".join((per, *where)), "place": _properties(per, where, homes), "change": change}
        for (per, where), change in summed.items()
        if change
    ]
    return sorted(rows, key=lambda row: str(row["key"]))


def _properties(per: TallyPer, where: Place, homes: Mapping[str, str]) -> dict[str, str]:
    found = {"per": per.value, **dict(zip(KEPT[per], where, strict=True))}
    return {**found, "jurisdiction": homes[found["agency"]]} if "agency" in found else found


def count(rows: Iterable[Mapping[str, Any]]) -> Counter[Place]:
    """Datasets per place."""
    return Counter(place(row) for row in rows)
