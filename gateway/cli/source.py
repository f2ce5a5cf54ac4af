"""`gateway source`: where the rows of datasets are, and whether they are as the catalogue says (R12)."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any

import typer

from gateway.cli._console import fail, fetching, notes, printable
from gateway.cli._desk import Desk, at_desk
from gateway.delivery import Engine, FileFormat
from gateway.graph import running_graph
from gateway.settings import Settings, load_connections, load_settings
from gateway.sources import Delivered, Difference, Registry, Sources, Stated, Table, Trying, connected, read_differences
from gateway.vocabulary import SourceFault

app = typer.Typer(
    help="Sources: where the rows of datasets are, and whether they are as the catalogue says.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Dataset = Annotated[str, typer.Argument(help="The code of the dataset.")]


def register(parent: typer.Typer) -> None:
    """Put this group of commands under `gateway source`."""
    parent.add_typer(app, name="source")


@app.command("add")
def add(
    dataset: Dataset,
    path: Annotated[
        list[str] | None,
        typer.Option(
            help="A file with rows, below the deliveries' folder in the agency's own. Several: one after another."
        ),
    ] = None,
    format_: Annotated[FileFormat | None, typer.Option("--format", help="The format of these files.")] = None,
    document: Annotated[
        list[str] | None, typer.Option(help="A whole file of the dataset: a document, an image, a video.")
    ] = None,
    connection: Annotated[
        str | None, typer.Option(help="Instead of files: the name in GATEWAY_CONNECTIONS of the agency's PostgreSQL.")
    ] = None,
    schema: Annotated[str, typer.Option(help="The schema of its table.")] = "public",
    table: Annotated[str | None, typer.Option(help="Its table or view.")] = None,
) -> None:
    """Connect a dataset to files or a table, and compare these with the catalogue. Prints the source's id."""
    stated = _stated(path or [], format_, document or [], connection, schema, table)
    _told(_changed(lambda registry, desk: registry.register(desk.cause, dataset, stated, desk.key)))


@app.command("check")
def check(dataset: Dataset) -> None:
    """Compare what is delivered with the catalogue again; ends with 1 where they differ."""
    if _told(_changed(lambda registry, desk: registry.check(desk.cause, dataset, desk.key))):
        raise typer.Exit(1)


@app.command("remove")
def remove(dataset: Dataset) -> None:
    """Disconnect a dataset: nothing of it is handed out any more. Its files stay where they are."""
    typer.echo(_changed(lambda registry, desk: registry.remove(desk.cause, dataset, desk.key))["source"])


@app.command("list")
def show(
    agency: Annotated[str | None, typer.Option(help="The code of the agency whose they are; otherwise all.")] = None,
) -> None:
    """Show sources: id, dataset, kind, since when, when it was compared last, and how many differences were found."""

    async def run() -> None:
        with fetching() as jars:
            async with running_graph(load_settings(), jars) as graph:
                for one in await connected(graph, agency):
                    found = len(read_differences(one.faults))
                    times = f"since {one.connected_at}  compared {one.checked_at}"
                    typer.echo(f"{one.id}  {one.identifier}  {one.kind}  {times}  {found} differences")

    asyncio.run(run())


def _stated(
    paths: list[str],
    format_: FileFormat | None,
    documents: list[str],
    connection: str | None,
    schema: str,
    table: str | None,
) -> Stated:
    if connection is not None:
        if paths or documents or format_ is not None or table is None:
            fail("a database is stated with --connection, --schema and --table, without files")
        return Table(connection, schema, table)
    if format_ is None or table is not None:
        fail("files are stated with --path and --format, a database with --connection and --table")
    return Delivered(format_, tuple(paths), tuple(documents))


def _changed(change: Callable[[Registry, Desk], Awaitable[Mapping[str, Any]]]) -> Mapping[str, Any]:
    settings = load_settings()
    try:
        sources = Sources(settings.deliveries_folder, load_connections(settings.connections))
    except ValueError as problem:
        fail(f"GATEWAY_CONNECTIONS: {problem}")
    return at_desk(settings, lambda desk: _with_engine(settings, sources, desk, change))


async def _with_engine(
    settings: Settings,
    sources: Sources,
    desk: Desk,
    change: Callable[[Registry, Desk], Awaitable[Mapping[str, Any]]],
) -> Mapping[str, Any]:
    async with Engine.of(settings) as engine:
        return await change(Registry(desk.graph, desk.ledger, Trying(engine, sources)), desk)


def _told(result: Mapping[str, Any]) -> bool:
    """Print what a comparison has found; whether that is anything."""
    typer.echo(result["source"])
    for kind, column in result["differences"]:
        said = Difference(SourceFault(kind), column).said
        notes.print(f"differs from the catalogue: {printable(said)}", markup=False)
    return bool(result["differences"])
