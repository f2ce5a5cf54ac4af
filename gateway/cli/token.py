"""`gateway token`: login tokens for the demonstration city's people; checking the gateway's own; their key."""

import asyncio
import re
import sys
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Final

import orjson
import typer
from rich.console import Console
from rich.table import Table

from gateway.audit.errors import LogError
from gateway.audit.event import OPERATOR, Cause
from gateway.audit.kinds import TokenKeyMade
from gateway.audit.recorder import Recorder
from gateway.cli._console import fail, notes
from gateway.graph import Graph, GraphUnavailable, open_graph
from gateway.graph.people import Known, known_people
from gateway.identity.development import ISSUER, development_token
from gateway.oauth import TokenKeys
from gateway.oauth.keys import KeyUnusable
from gateway.policy.store import PolicyStore
from gateway.settings import Settings, load_settings
from gateway.verify import FixedKeys, PublishedKeys, PublishedStatus, Refused, TokenVerifier
from gateway.verify.fetching import fetch as fetch_document
from gateway.verify.token import SKEW

_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_LONGEST: Final = timedelta(days=30)


app = typer.Typer(invoke_without_command=True, rich_markup_mode=None)


def register(parent: typer.Typer) -> None:
    """Put this group of commands under `gateway token`."""
    parent.add_typer(app, name="token")


@app.callback()
def token(
    context: typer.Context,
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
    if context.invoked_subcommand is not None:
        return
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


@app.command("verify")
def verify(
    presented: Annotated[str, typer.Argument(metavar="TOKEN", help="The token; - reads it from standard input.")],
    issuer: Annotated[str, typer.Option(help="The address of the gateway that it has to be from.")],
    audience: Annotated[
        str | None, typer.Option(help="For whom it has to be; the gateway's data endpoint without it.")
    ] = None,
    jwks: Annotated[Path | None, typer.Option(help="A file with the gateway's keys (JWKS), to check offline.")] = None,
    status_list: Annotated[
        Path | None, typer.Option(help="A file with the status list that the token names, to check offline.")
    ] = None,
) -> None:
    """Check a token of a gateway's as its partners do, without asking the gateway whether it is good.

    Prints what the token grants. A token that is no good ends with 1, the number of the check, and the reason.
    """
    presented = sys.stdin.read().strip() if presented == "-" else presented
    try:
        keys = PublishedKeys(f"{issuer}/.well-known/jwks.json") if jwks is None else FixedKeys(_json(jwks))
    except ValueError as problem:
        fail(f"{jwks}: {problem}")
    fetch = fetch_document if status_list is None else lambda _url: status_list.read_bytes()
    status = PublishedStatus(f"{issuer}/oauth/status/", keys, skew=SKEW, fetch=fetch)
    try:
        verified = TokenVerifier(issuer, audience or f"{issuer}/data", keys, status).verify(presented, possession=False)
    except Refused as refused:
        fail(f"refused at check {refused.step}, {refused.reason}: {refused}")
    typer.echo(orjson.dumps(verified.details, option=orjson.OPT_INDENT_2).decode())
    notes.print(
        f"The token of {verified.client} is good until {datetime.fromtimestamp(verified.expires, UTC):%H:%M:%S} UTC."
        + ("" if verified.thumbprint is None else " Its holder has to prove a key (DPoP), which was not asked for.")
    )


def _json(path: Path) -> object:
    return orjson.loads(path.read_bytes())


@app.command("rotate-key")
def rotate_key() -> None:
    """Make a new key for the gateway's tokens, which signs from now on; the one before it stays until they have ended.

    A gateway that runs needs no restart. Prints the id of the new key.
    """
    settings = load_settings()

    async def run() -> str:
        async with Recorder(settings.state, settings.log_origin) as recorder:
            kid, before = TokenKeys(settings.state).rotate()
            cause = Cause(OPERATOR, PolicyStore(settings.policy_dir).current.digest)
            await recorder.record(TokenKeyMade(cause=cause, key=kid, before=before))
            return kid

    try:
        typer.echo(asyncio.run(run()))
    except (KeyUnusable, LogError, OSError) as problem:
        fail(str(problem))


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
