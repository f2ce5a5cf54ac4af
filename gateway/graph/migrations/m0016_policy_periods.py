"""The key by which the policy is found that was in force at an instant."""

from typing import Final

NAME: Final = "policy-periods"


def statements() -> list[str]:
    """The statement; it does nothing when the index is there already."""
    return ["CREATE RANGE INDEX policyperiod_since IF NOT EXISTS FOR (p:PolicyPeriod) ON (p.since)"]
