"""Keys and indexes of the outbox, of its order, and of idempotent changes (design section 5)."""

from typing import Final

NAME: Final = "ledger"

_STATEMENTS: Final = (
    "CREATE CONSTRAINT outbox_eventid_unique IF NOT EXISTS FOR (n:Outbox) REQUIRE n.eventId IS UNIQUE",
    "CREATE CONSTRAINT sequence_caseid_unique IF NOT EXISTS FOR (n:Sequence) REQUIRE n.caseId IS UNIQUE",
    "CREATE CONSTRAINT idempotency_key_unique IF NOT EXISTS FOR (n:Idempotency) REQUIRE n.key IS UNIQUE",
    "CREATE RANGE INDEX outbox_caseid IF NOT EXISTS FOR (n:Outbox) ON (n.caseId)",
    "CREATE RANGE INDEX outbox_at IF NOT EXISTS FOR (n:Outbox) ON (n.at)",
    "CREATE RANGE INDEX idempotency_at IF NOT EXISTS FOR (n:Idempotency) ON (n.at)",
)


def statements() -> list[str]:
    """The statements in order; each does nothing when its object is there already."""
    return list(_STATEMENTS)
