"""Keys of what systems report: jobs, runs, what these state, names, and the edges that follow from it."""

from typing import Final

NAME: Final = "lineage-names"

_UNIQUE: Final = (
    ("Job", "id"),
    ("Run", "id"),
    ("Statement", "id"),
    ("NameLock", "id"),
    ("External", "id"),
    ("LineageName", "id"),
    ("Unsettled", "id"),
)
_RANGE: Final = (
    # A run's neighbours in its line, whatever its length.
    ("Point", "line", "at"),
    ("Point", "line", "back"),
    ("Unsettled", "job"),
    ("LineageName", "key"),
    ("LineageName", "agency", "name", "id"),
    ("External", "key"),
    ("External", "agency", "unmatched", "name", "id"),
)
# What is on record of one derivation, in its order; and all that hangs on a name when its mapping changes.
_EDGES: Final = (("line", "recordedTo", "validTo"), ("sourceName", "recordedTo"), ("targetName", "recordedTo"))


def statements() -> list[str]:
    """The statements in order; each does nothing when its object is there already."""
    return [
        *(
            f"CREATE CONSTRAINT {label.lower()}_{key}_unique IF NOT EXISTS FOR (n:{label}) REQUIRE n.{key} IS UNIQUE"
            for label, key in _UNIQUE
        ),
        *(
            f"CREATE RANGE INDEX {'_'.join((label, *keys)).lower()} IF NOT EXISTS FOR (n:{label}) "
            f"ON ({', '.join(f'n.{key}' for key in keys)})"
            for label, *keys in _RANGE
        ),
        *(
            f"CREATE RANGE INDEX {'_'.join(('derived_from', *keys)).lower()} IF NOT EXISTS FOR ()-[e:DERIVED_FROM]-() "
            f"ON ({', '.join(f'e.{key}' for key in keys)})"
            for keys in _EDGES
        ),
    ]
