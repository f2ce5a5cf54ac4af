"""Derivations that agencies declare, and masks that owners approve: by what they are found to be corrected."""

from typing import Final

NAME: Final = "declared"

# Only what is declared has these, so they cost what systems report nothing.
_EDGES: Final = (("declared",), ("implies", "recordedTo"))


def statements() -> list[str]:
    """The statements in order; each does nothing when its object is there already."""
    return [
        "CREATE CONSTRAINT declassification_id_unique IF NOT EXISTS FOR (n:Declassification) REQUIRE n.id IS UNIQUE",
        "CREATE RANGE INDEX declassification_ends IF NOT EXISTS FOR (n:Declassification) ON (n.source, n.target)",
        *(
            f"CREATE RANGE INDEX {'_'.join(('derived_from', *keys)).lower()} IF NOT EXISTS FOR ()-[e:DERIVED_FROM]-() "
            f"ON ({', '.join(f'e.{key}' for key in keys)})"
            for keys in _EDGES
        ),
    ]
