"""Keys of what is kept for evidence, each thing once: policies, rule sets, and what was known of revocations."""

from typing import Final

NAME: Final = "evidence"

_KEPT: Final = ("Policy", "RuleBook", "RevocationData")


def statements() -> list[str]:
    """The statements in order; each does nothing when its object is there already."""
    return [
        f"CREATE CONSTRAINT {label.lower()}_digest_unique IF NOT EXISTS FOR (n:{label}) REQUIRE n.digest IS UNIQUE"
        for label in _KEPT
    ]
