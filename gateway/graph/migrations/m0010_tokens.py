"""Keys of programs of agencies, of tokens that were given back, of what counts once, and of places in status lists."""

from typing import Final

NAME: Final = "tokens"

_STATEMENTS: Final = (
    "CREATE CONSTRAINT system_id_unique IF NOT EXISTS FOR (n:System) REQUIRE n.id IS UNIQUE",
    "CREATE CONSTRAINT givenback_token_unique IF NOT EXISTS FOR (n:GivenBack) REQUIRE n.token IS UNIQUE",
    "CREATE CONSTRAINT once_id_unique IF NOT EXISTS FOR (n:Once) REQUIRE n.id IS UNIQUE",
    "CREATE CONSTRAINT grant_place_unique IF NOT EXISTS FOR (n:Grant) REQUIRE (n.statusList, n.statusIndex) IS UNIQUE",
    "CREATE RANGE INDEX givenback_until IF NOT EXISTS FOR (n:GivenBack) ON (n.until)",
    "CREATE RANGE INDEX once_until IF NOT EXISTS FOR (n:Once) ON (n.until)",
    "CREATE RANGE INDEX grant_place_status IF NOT EXISTS FOR (n:Grant) ON (n.statusList, n.status)",
    "CREATE RANGE INDEX grant_activation IF NOT EXISTS FOR (n:Grant) ON (n.activation)",
)


def statements() -> list[str]:
    """The statements in order; each does nothing when its object is there already."""
    return list(_STATEMENTS)
