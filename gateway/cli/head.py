"""`gateway head`: who is the first responsible person of an agency."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from gateway.cli._desk import Desk, at_desk
from gateway.settings import load_settings
from gateway.sharing.heads import Heads

app = typer.Typer(help="Heads: who answers for an agency.", no_args_is_help=True, rich_markup_mode=None)


def register(parent: typer.Typer) -> None:
    """Put this group of commands under `gateway head`."""
    parent.add_typer(app, name="head")


@app.command("appoint")
def appoint(
    agency: Annotated[str, typer.Option(help="The agency's code.")],
    person: Annotated[str, typer.Option(help="Who: the person's id, pe_…")],
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d"], help="From when on, in UTC; without it, from now on."),
    ] = None,
) -> None:
    """Make somebody head of an agency. Who was it until then is it no longer: there is always exactly one."""
    start = datetime.now(UTC) if since is None else since.replace(tzinfo=UTC)

    async def work(desk: Desk) -> Mapping[str, Any]:
        return await Heads(desk.ledger).appoint(desk.cause, agency, person, start, desk.key)

    typer.echo(at_desk(load_settings(), work)["appointment"])
