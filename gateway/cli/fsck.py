"""`gateway fsck`: whether the graph still holds together."""

import asyncio
from collections import Counter

import typer

from gateway.catalog.fsck import check_graph
from gateway.catalog.fsck_rules import Difference
from gateway.cli._console import fetching, notes, report
from gateway.graph import running_graph
from gateway.lineage.tier_fsck import check_tiers
from gateway.settings import load_settings


def register(app: typer.Typer) -> None:
    """Add the command `fsck`."""
    app.command("fsck")(fsck)


def fsck() -> None:
    """Recompute classes, labels, tiers and where these come from, versions and counts, and list what differs.

    Changes nothing.

    Exits with 1 when something differs. Let nobody write meanwhile.
    """
    differing = asyncio.run(_fsck())
    if differing:
        kinds = ", ".join(f"{check} ({n})" for check, n in sorted(differing.items()))
        report(
            f"{sum(differing.values())} differences: {kinds}. If an import or a seed was writing, let it end and check "
            "again. Otherwise stop the gateway, restore the state directory from a backup, or load again: "
            "'gateway seed --reset' for the city, then 'gateway import FILE' for each inventory."
        )
        raise typer.Exit(1)


async def _fsck() -> Counter[str]:
    differing: Counter[str] = Counter()

    def found(difference: Difference) -> None:
        differing[difference.check] += 1
        print(difference)

    with fetching() as jars:
        async with running_graph(load_settings(), jars) as graph:
            entries = await check_graph(graph, found)
            await check_tiers(graph, found)
    if not differing:
        notes.print(f"{entries:,} entries checked; everything holds.")
    return differing
