"""`gateway webhook`: where agencies are told of their cases."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from gateway.cli._console import fail, fetching, notes
from gateway.cli._desk import Desk, at_desk
from gateway.graph import running_graph
from gateway.notices import NoticeKey, Webhooks, known_webhooks
from gateway.notices.key import KeyUnusable
from gateway.settings import load_settings

app = typer.Typer(help="Webhooks: where agencies are told of their cases.", no_args_is_help=True, rich_markup_mode=None)

Agency = Annotated[str, typer.Option(help="The agency's code.")]
Address = Annotated[str, typer.Option(help="Its address, https://…")]


def register(parent: typer.Typer) -> None:
    """Put this group of commands under `gateway webhook`."""
    parent.add_typer(app, name="webhook")


@app.command("add")
def add(agency: Agency, url: Address) -> None:
    """Tell an agency at an address of what happens in its cases, from now on. Prints the webhook's id."""
    settings = load_settings()

    async def work(desk: Desk) -> Mapping[str, Any]:
        return await Webhooks(desk.ledger, settings.webhook_loopback).register(desk.cause, agency, url, desk.key)

    typer.echo(at_desk(settings, work)["webhook"])
    notes.print("Its receiver verifies with the key that this prints: gateway webhook key", markup=False)


@app.command("remove")
def remove(agency: Agency, url: Address) -> None:
    """Tell an agency at an address no more. What waits to be delivered there is thrown away."""
    settings = load_settings()

    async def work(desk: Desk) -> Mapping[str, Any]:
        return await Webhooks(desk.ledger, settings.webhook_loopback).remove(desk.cause, agency, url, desk.key)

    typer.echo(at_desk(settings, work)["webhook"])


@app.command("list")
def show(
    agency: Annotated[str | None, typer.Option(help="The code of the agency whose they are; otherwise all.")] = None,
) -> None:
    """Show webhooks: id, agency, address, since when, and how many notices wait to be delivered there."""

    async def run() -> None:
        with fetching() as jars:
            async with running_graph(load_settings(), jars) as graph:
                for one in await known_webhooks(graph, agency):
                    typer.echo(f"{one.id}  {one.agency}  {one.url}  since {one.since}  {one.waiting} waiting")

    asyncio.run(run())


@app.command("key")
def key() -> None:
    """Print the key with which receivers verify what this gateway sends."""
    try:
        typer.echo(NoticeKey.load(load_settings().state).public)
    except (KeyUnusable, OSError) as problem:
        fail(str(problem))
