"""What tiers that flow along lineage need: marks, declassifications, and the fields that are less strict than these."""

from typing import Final

NAME: Final = "tiers"

_UNIQUE: Final = (("Retier", "id"), ("Tiering", "id"), ("Declassification", "id"))
_RANGE: Final = (
    # Whether one is in force for a derivation; and those that begin or end by the clock.
    ("Declassification", "target", "source"),
    ("Declassification", "validFrom"),
    ("Declassification", "validTo"),
    # Pages of violations: by the agency that is to mend them, then by field.
    ("Field", "violation", "id"),
    ("Agency", "jurisdiction"),
)

# What was recorded before there were tiers is looked at by whoever settles first, page by page. Where nothing was, the
# graph stays empty: a backup is restored into an empty one.
_EVERYTHING: Final = "MATCH (d:Dataset) WITH d LIMIT 1 MERGE (m:Retier {id: 'm0_'}) ON CREATE SET m.after = 'ds_'"


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
        _EVERYTHING,
    ]
