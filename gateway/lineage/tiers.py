"""Where tiers follow from derivations (R17.2)."""

from collections.abc import Sequence

from neo4j import AsyncManagedTransaction


async def mark(tx: AsyncManagedTransaction, ids: Sequence[str]) -> None:
    """Say of which fields the derivation has changed, so that their tiers are computed anew."""
