"""`gateway client`: programs of agencies, which fetch what their agency was granted."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli._console import fail, fetching
from gateway.cli._desk import Desk, at_desk
from gateway.graph import running_graph
from gateway.oauth import Clients, known_clients
from gateway.settings import load_settings

app = typer.Typer(
    help="Clients: programs of agencies, which fetch what their agency was granted.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Agency = Annotated[str, typer.Option(help="The agency's code.")]


def register(parent: typer.Typer) -> None:
    """Put this group of commands under `gateway client`."""
    parent.add_typer(app, name="client")


@app.command("add")
def add(
    agency: Agency,
    name: Annotated[str, typer.Option(help="What the agency calls it.")],
    jwks: Annotated[Path, typer.Option(help="A file with its public keys (JWKS); the private ones stay with it.")],
) -> None:
    """Register a program with its public keys. Prints its id, the client_id."""
    settings = load_settings()
    try:
        keys = jwks.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        fail(f"{jwks} cannot be read: {problem}")

    async def work(desk: Desk) -> Mapping[str, Any]:
        return await Clients(desk.ledger).register(desk.cause, agency, name, keys, desk.key)

    typer.echo(at_desk(settings, work)["client"])


@app.command("remove")
def remove(agency: Agency, client: Annotated[str, typer.Argument(help="Its id.")]) -> None:
    """Remove a program. It has no more tokens, and the data endpoint takes none of those that it has."""
    settings = load_settings()

    async def work(desk: Desk) -> Mapping[str, Any]:
        return await Clients(desk.ledger).remove(desk.cause, agency, client, desk.key)

    typer.echo(at_desk(settings, work)["client"])


@app.command("list")
def show(
    agency: Annotated[str | None, typer.Option(help="The code of the agency whose they are; otherwise all.")] = None,
) -> None:
    """Show programs: id, agency, name, since when, and until when where they were removed."""

    async def run() -> None:
        with fetching() as jars:
            async with running_graph(load_settings(), jars) as graph:
                for one in await known_clients(graph, agency):
                    until = "" if one.until is None else f"  removed {one.until}"
                    typer.echo(f"{one.id}  {one.agency}  {one.name}  since {one.since}{until}")

    asyncio.run(run())
