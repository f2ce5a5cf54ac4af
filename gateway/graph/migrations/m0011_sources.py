"""Keys of sources: where the rows of datasets are."""

from typing import Final

NAME: Final = "sources"

_STATEMENTS: Final = ("CREATE CONSTRAINT source_id_unique IF NOT EXISTS FOR (n:Source) REQUIRE n.id IS UNIQUE",)


def statements() -> list[str]:
    """The statements in order; each does nothing when its object is there already."""
    return list(_STATEMENTS)
