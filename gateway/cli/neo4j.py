"""`gateway neo4j start|stop|status`: the embedded database without the gateway, for bulk loads and for a look."""

import typer

from gateway.cli._console import fetching, notes
from gateway.graph import EmbeddedNeo4j, GraphError, stop_detached
from gateway.graph.state import StateDirectory
from gateway.settings import Settings, load_settings


def register(app: typer.Typer) -> None:
    """Add the group `neo4j`."""
    group = typer.Typer(no_args_is_help=True, help="The embedded Neo4j by itself.", rich_markup_mode=None)
    group.command("start")(start)
    group.command("stop")(stop)
    group.command("status")(status)
    app.add_typer(group, name="neo4j")


def start() -> None:
    """Start the embedded Neo4j in the background; a gateway started later uses it and leaves it running."""
    settings = _embedded_settings()
    with fetching() as progress:
        address = EmbeddedNeo4j(settings, progress).start(detached=True)
    typer.echo(address.uri)
    notes.print(f"User {address.user}; the password is in {settings.state.resolve() / 'neo4j.password'}.")
    notes.print("Stop it with 'gateway neo4j stop'.")


def stop() -> None:
    """Stop an embedded Neo4j that was started with 'gateway neo4j start', or that a killed gateway left."""
    stopped = stop_detached(_embedded_settings().state)
    notes.print("Stopped." if stopped else "No Neo4j runs on this state directory.")


def status() -> None:
    """Say whether the embedded Neo4j runs, and where. Exit code 1 when it does not."""
    settings = _embedded_settings()
    running = StateDirectory(settings.state).running()
    if running is None:
        notes.print(f"No Neo4j runs on {settings.state.resolve()}. Start one with 'gateway neo4j start'.")
        raise typer.Exit(1)
    instance, process = running
    place = f"bolt://127.0.0.1:{instance.port}" if instance.port else "still starting"
    owner = "by itself" if instance.detached else "under a gateway"
    typer.echo(f"{place} (process {process.pid}, {owner}, {process.memory_info().rss >> 20} MiB)")


def _embedded_settings() -> Settings:
    settings = load_settings()
    if settings.neo4j_uri is not None:
        raise GraphError("GATEWAY_NEO4J_URI is set, so the embedded Neo4j is not used. Unset it first.")
    return settings
