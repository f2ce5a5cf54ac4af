"""`gateway serve`: the database, the city and the server, from nothing to an address; and everything down again."""

import asyncio
import os
import shutil
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Final

import typer

from gateway.app.listening import CannotListen, listen_at
from gateway.app.supervisor import serve as serve_until_told
from gateway.audit.errors import LogError
from gateway.audit.event import GATEWAY, Cause
from gateway.audit.kinds import GatewayStarted, GatewayStopped
from gateway.audit.log import refuse_unfinished
from gateway.audit.recorder import Recorder
from gateway.cli._console import fetching, notes, progressing, report
from gateway.cli._seeding import seed_city
from gateway.graph import EmbeddedNeo4j, migrate, open_graph
from gateway.identity.issuers import configured_issuers
from gateway.notices import receivers_trust
from gateway.policy.store import PolicyStore
from gateway.rules import load_calendar, load_rules
from gateway.settings import PREFIX, Settings, SettingsRefused, load_connections, load_settings
from gateway.signing import SigningError, trust
from graph_seed import is_needed

EXAMPLE: Final = (
    "{ datasets(first: 3) { totalCount nodes { title shareType openType provider { name }"
    " access { fetch { allowed requirement reason { zh en } next } } } } }"
)
"""The query to paste. A test runs it."""


def register(app: typer.Typer) -> None:
    """Add the command `serve`."""
    app.command("serve")(serve)


def serve() -> None:
    """Start the gateway, with the embedded database and the demonstration city unless settings say otherwise.

    Ctrl-C or SIGTERM stops everything, the database included.
    """
    settings = load_settings()
    refuse_unfinished(settings.state)  # before a half restored graph is filled with a demonstration city
    # SIGTERM is to do what ctrl-C does, from here on: unwind, and stop what was started.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    told = True
    try:
        with listen_at(settings) as listener, _database(settings), _recorded(settings):
            if settings.port == 0 and settings.url is None:
                # A port that nobody chose is known only now; the processes that serve read the environment.
                os.environ[f"{PREFIX}URL"] = _with_port(settings, listener).address
            told = serve_until_told(settings, listener, lambda: _announce(settings, listener))
    except KeyboardInterrupt:
        pass
    except (CannotListen, OSError) as problem:
        report(str(problem))
        raise typer.Exit(1) from None
    if not told:
        report("the serving processes failed to start; the lines above say why.")
        raise typer.Exit(1)
    notes.print("Stopped.")


@contextmanager
def _database(settings: Settings) -> Iterator[None]:
    """The embedded Neo4j for as long as the gateway serves; nothing when the settings name another."""
    _check_files(settings)
    if settings.neo4j_uri is not None:
        yield
        return
    with fetching() as progress:
        server = EmbeddedNeo4j(settings, progress)
        notes.print("Starting Neo4j …")
        server.start()
    try:
        yield
    finally:
        _insist()
        notes.print("Stopping Neo4j …")
        server.stop()


def _check_files(settings: Settings) -> None:
    """Files of no use are told of now, and not by a worker."""
    for option, read in (
        ("GATEWAY_ISSUERS", lambda: configured_issuers(settings)),
        ("GATEWAY_RULES", lambda: load_rules(settings.rules)),
        ("GATEWAY_CALENDAR", lambda: load_calendar(settings.calendar)),
        ("GATEWAY_TRUST_ROOTS", lambda: trust(settings)),
        ("GATEWAY_CONNECTIONS", lambda: load_connections(settings.connections)),
        ("GATEWAY_WEBHOOK_ROOTS", lambda: receivers_trust(settings.webhook_roots)),
    ):
        try:
            read()
        except (ValueError, SigningError) as problem:
            raise SettingsRefused([f"{option}: {problem}"]) from None


@contextmanager
def _recorded(settings: Settings) -> Iterator[None]:
    """A graph and a log that can be used, with the start and the orderly stop in the log."""
    policy = PolicyStore(settings.policy_dir).current.digest
    cause = Cause(GATEWAY, policy)
    asyncio.run(_prepare(settings))
    asyncio.run(_record_start(settings, cause))
    try:
        yield
    finally:
        _insist()
        try:
            asyncio.run(_record_stop(settings, cause))
        except (LogError, OSError) as problem:
            report(f"the stop is not in the log: {problem}")


async def _record_start(settings: Settings, cause: Cause) -> None:
    async with Recorder(settings.state, settings.log_origin) as recorder:
        release = version("public-data-gateway")
        await recorder.record(GatewayStarted(cause=cause, release=release, repaired=recorder.log.dropped))


async def _record_stop(settings: Settings, cause: Cause) -> None:
    async with Recorder(settings.state, settings.log_origin) as recorder:
        await recorder.record(GatewayStopped(cause=cause))


def _insist() -> None:
    """From here on nobody can interrupt: whoever is impatient would leave database and log without their ends."""
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, signal.SIG_IGN)


async def _prepare(settings: Settings) -> None:
    async with open_graph(settings) as graph:
        applied = await migrate(graph)
        if applied:
            notes.print(f"Migrated the graph: {', '.join(map(str, applied))}.")
        # Somebody else's database is theirs to fill: `gateway seed` or `gateway import`.
        if settings.neo4j_uri is None and await is_needed(graph):
            notes.print("Loading the demonstration city …")
            with progressing("Loading") as progress:
                await seed_city(settings, graph, progress)


def _with_port(settings: Settings, listener: socket.socket) -> Settings:
    """The settings with the port that the system gave."""
    return settings.model_copy(update={"port": listener.getsockname()[1]})


def _announce(settings: Settings, listener: socket.socket) -> None:
    address = f"{_with_port(settings, listener).origin}/graphql"
    lines = ["", f"The gateway answers at {address}", ""]
    if settings.development:
        called = _called()
        lines += [f"  A token:  {called} token --as center      ({called} token --list shows everybody)", ""]
    lines += [
        f"  A query:  {EXAMPLE}" if settings.ide else "  A query:",
        "",
        f"  curl {address} -H 'Content-Type: application/json' -d '{{\"query\": \"{EXAMPLE}\"}}'",
        "",
        "Stop it with ctrl-C.",
        "",
    ]
    typer.echo("\n".join(lines))


def _called() -> str:
    """This command as it was called, so that what is printed can be typed where it was: it may not be on the PATH."""
    name = Path(sys.argv[0])
    known = shutil.which("gateway")
    elsewhere = name.name == "gateway" and (known is None or Path(known).resolve() != name.resolve())
    return sys.argv[0] if elsewhere else "gateway"
