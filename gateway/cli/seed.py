"""`gateway seed`: the demonstration city, or a world of its shape at any size."""

import asyncio
import time
from typing import Annotated

import typer

from gateway.cli._console import fetching, notes, progressing, report
from gateway.cli._seeding import record_seeded, seed_city
from gateway.graph import running_graph
from gateway.settings import load_settings
from graph_seed import SeedRefused, clear, load_scaled


def register(app: typer.Typer) -> None:
    """Add the command `seed`."""
    app.command("seed")(seed)


def seed(
    scale: Annotated[
        int | None, typer.Option(min=10, max=1_000_000, help="Datasets of a world of the city's shape, for benchmarks.")
    ] = None,
    fields: Annotated[int, typer.Option(min=1, max=30, help="Fields per dataset, with --scale.")] = 10,
    public_share: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Share of datasets that the public may know of, with --scale."),
    ] = None,
    reset: Annotated[bool, typer.Option(help="Remove everything from the graph first.")] = False,
) -> None:
    """Load the demonstration city into an empty graph, or with --scale a larger world of the same shape."""
    asyncio.run(_seed(scale, fields, public_share, reset=reset))


async def _seed(scale: int | None, fields: int, public_share: float | None, *, reset: bool) -> None:
    settings = load_settings()
    with fetching() as jars, progressing("Loading") as progress:
        async with running_graph(settings, jars) as graph:
            try:
                if reset:
                    await clear(graph)
                started = time.perf_counter()
                if scale is None:
                    count = await seed_city(settings, graph, progress)
                    notes.print(f"The city is there, with {count} datasets. See it: gateway serve")
                    return
                count = await load_scaled(graph, scale, public_share=public_share, fields=fields, progress=progress)
                await record_seeded(settings, graph, scale)
            except SeedRefused as refused:
                report(str(refused))
                raise typer.Exit(1) from None
            seconds = time.perf_counter() - started
            notes.print(f"{scale:,} datasets: {count:,} nodes in {seconds:.1f} s, {count / seconds:,.0f} nodes/s.")
