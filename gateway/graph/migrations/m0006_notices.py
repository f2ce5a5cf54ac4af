"""Keys of webhooks and of what is to be told there, and what the notices that are due are found by."""

from typing import Final

NAME: Final = "notices"

_STATEMENTS: Final = (
    "CREATE CONSTRAINT webhook_id_unique IF NOT EXISTS FOR (n:Webhook) REQUIRE n.id IS UNIQUE",
    "CREATE CONSTRAINT lease_name_unique IF NOT EXISTS FOR (n:Lease) REQUIRE n.name IS UNIQUE",
    "CREATE CONSTRAINT notice_unique IF NOT EXISTS FOR (n:Notice) REQUIRE (n.eventId, n.webhook) IS UNIQUE",
    "CREATE RANGE INDEX notice_event IF NOT EXISTS FOR (n:Notice) ON (n.eventId)",
    "CREATE RANGE INDEX notice_due IF NOT EXISTS FOR (n:Notice) ON (n.webhook, n.dueAt)",
    "CREATE RANGE INDEX notice_case IF NOT EXISTS FOR (n:Notice) ON (n.webhook, n.caseId, n.seq)",
)


def statements() -> list[str]:
    """The statements in order; each does nothing when its object is there already."""
    return list(_STATEMENTS)
