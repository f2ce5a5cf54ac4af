"""`gateway token`: a bearer token for somebody of the demonstration city, to try what they may see."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table

from gateway.cli._console import fail, notes
from gateway.graph import Graph, GraphUnavailable, open_graph
from gateway.graph.people import Known, known_people
from gateway.identity.development import ISSUER, development_token
from gateway.settings import Settings, load_settings

_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_LONGEST: Final = timedelta(days=30)


def register(app: typer.Typer) -> None:
    """Add the command `token`."""
    app.command("token")(token)


def token(
    name: Annotated[str | None, typer.Option("--as", metavar="NAME", help="Whose token, like officer@CODE.")] = None,
    expires: Annotated[str, typer.Option(help="How long it holds: a number and s, m, h or d.")] = "12h",
    appointment: Annotated[
        str | None, typer.Option(help="Id of the appointment to act under, for who holds several.")
    ] = None,
    everybody: Annotated[bool, typer.Option("--list", help="Show the names instead.")] = False,
) -> None:
    """Print a token of the development issuer, for an Authorization header: Bearer TOKEN.

    Works with the embedded database only, and not together with a real issuer.
    """
    settings = load_settings()
    if not settings.development:
        fail(
            "the development issuer is off (GATEWAY_DEVELOPMENT_ISSUER, or because of GATEWAY_ISSUERS,"
            " GATEWAY_NEO4J_URI, GATEWAY_PRODUCTION or a GATEWAY_HOST that is not loopback)."
            " Get a token from your own issuer."
        )
    if everybody == (name is not None):
        fail("say whose token with --as NAME, or see the names with --list.")
    people = asyncio.run(_people(settings))
    if name is None:
        _show(people)
        return
    lifetime = _duration(expires)
    if people is None:
        notes.print("No gateway runs on this state directory, so nobody checked the name. Start one: gateway serve")
    elif name not in {person.sub for person in people}:
        close = get_close_matches(name, [person.sub for person in people], n=3)
        hint = f"Did you mean {', '.join(close)}?" if close else "See the names with --list."
        fail(f"nobody is known as {name!r}. {hint}")
    typer.echo(
        development_token(
            settings.state, settings.audience, name, lifetime=lifetime.total_seconds(), appointment=appointment
        )
    )
    notes.print(f"It holds until {(datetime.now(UTC) + lifetime):%Y-%m-%d %H:%M} UTC.", style="dim")


async def _people(settings: Settings) -> list[Known] | None:
    """Everybody whom the development issuer can name; None when there is no database to ask."""
    try:
        graph: Graph = open_graph(settings)
    except GraphUnavailable:
        return None
    async with graph:
        return await known_people(graph, ISSUER)


def _show(people: list[Known] | None) -> None:
    if people is None:
        fail("no gateway runs on this state directory, so there is nobody to list. Start one: gateway serve")
    table = Table("name", "person", "acts as", "for", box=None, pad_edge=False)
    for person in people:
        table.add_row(person.sub, person.name, ", ".join(person.roles), ", ".join(person.agencies))
    Console(highlight=False).print(table)


def _duration(text: str) -> timedelta:
    found = re.fullmatch(r"([1-9][0-9]{0,6})([smhd])", text)
    duration = timedelta(**{_UNITS[found[2]]: int(found[1])}) if found else None
    if duration is None or duration > _LONGEST:
        fail(f"--expires {text!r} must be a number and s, m, h or d, like 90m, and at most {_LONGEST.days}d.")
    return duration
