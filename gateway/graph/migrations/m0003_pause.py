"""The key of the pause in which no change is made, so that the graph can be read as a whole (R30)."""

from typing import Final

NAME: Final = "pause"

_STATEMENTS: Final = ("CREATE CONSTRAINT pause_name_unique IF NOT EXISTS FOR (n:Pause) REQUIRE n.name IS UNIQUE",)


def statements() -> list[str]:
    """The statements in order; each does nothing when its object is there already."""
    return list(_STATEMENTS)
