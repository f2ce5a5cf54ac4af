"""What was changed lately, of cases and of grants: how those who follow them are told."""

from typing import Final

NAME: Final = "changes"

_STATEMENTS: Final = (
    "CREATE RANGE INDEX case_movedat IF NOT EXISTS FOR (n:Case) ON (n.movedAt)",
    "CREATE RANGE INDEX grant_movedat IF NOT EXISTS FOR (n:Grant) ON (n.movedAt)",
)


def statements() -> list[str]:
    """The statements in order; each does nothing when its object is there already."""
    return list(_STATEMENTS)
