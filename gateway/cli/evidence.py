"""`gateway evidence`: a case in files that can be checked without us, and checking them."""

import asyncio
from pathlib import Path
from typing import Annotated

import orjson
import typer

from gateway.audit.log import LogFolder
from gateway.audit.prove import NoSuchEvent
from gateway.cli._checking import check_export
from gateway.cli._console import fail, fetching, notes
from gateway.graph import make_id, running_graph
from gateway.settings import Settings, load_settings
from gateway.sharing.evidence import (
    NoSuchCase,
    NotYetLogged,
    Viewer,
    collect_case,
    verify_case,
    write_export,
)
from gateway.sharing.evidence.archive import ZIP
from gateway.sharing.evidence.layout import CASE

app = typer.Typer(help="Evidence: a case with its signatures.", no_args_is_help=True, rich_markup_mode=None)


def register(parent: typer.Typer) -> None:
    """Put this group of commands under `gateway evidence`."""
    parent.add_typer(app, name="evidence")


@app.command("export")
def export(
    case: Annotated[str, typer.Argument(help="The id of a case: cs_…")],
    to: Annotated[Path, typer.Option(help="A folder, or a file that ends in .zip, that is not there yet.")],
    zipped: Annotated[bool, typer.Option("--zip", help="Write one zip file, whatever its name.")] = False,
    agency: Annotated[
        str | None,
        typer.Option("--for", help="For this party, by its agency's code: without others who signed nothing."),
    ] = None,
) -> None:
    """Write a case into a folder or a zip file: documents, signatures, timestamps, and the log's proofs."""
    if to.exists():
        fail(f"{to} is there already. Name a new folder or file.")
    viewer = None if agency is None else Viewer(frozenset({make_id("ag_", agency)}))
    try:
        files = asyncio.run(_collect(load_settings(), case, viewer))
        write_export(files, to, zipped=zipped or to.suffix == ZIP)
    except (NoSuchCase, NotYetLogged, NoSuchEvent) as problem:
        fail(f"{problem}.")
    except OSError as problem:
        fail(f"{to} cannot be written: {problem.strerror}.")
    notes.print(f"{len(files)} files written to {to}; README.md says how to check.", markup=False)


async def _collect(settings: Settings, case: str, viewer: Viewer | None) -> dict[str, bytes]:
    with fetching() as jars:
        async with running_graph(settings, jars) as graph:
            files = await collect_case(graph, LogFolder(settings.state), case, viewer)
    said = orjson.loads(files[CASE])
    if viewer is not None and viewer.own.isdisjoint((said["consumer"], said["provider"])):
        raise NoSuchCase(f"the agency that --for names is no party of {case}")
    return files


@app.command("verify")
def verify(
    export: Annotated[Path, typer.Argument(help="What 'gateway evidence export' wrote: a folder or a zip file.")],
    roots: Annotated[Path, typer.Option(help="The officers' roots (PEM), which you have from elsewhere.")],
    timestamp_roots: Annotated[Path, typer.Option(help="The timestamps' roots (PEM), which you have from elsewhere.")],
    key: Annotated[str, typer.Option(help="The log's verifier key, which you have from elsewhere.")],
    lists: Annotated[
        Path | None, typer.Option(help="A folder with revocation lists (*.crl) that count besides the export's.")
    ] = None,
    calendar: Annotated[Path | None, typer.Option(help="A calendar to count by (see GATEWAY_CALENDAR).")] = None,
) -> None:
    """Check an exported case, trusting nothing but these. Exits with 1 when something does not hold."""
    check_export(verify_case, export, key, roots, timestamp_roots, lists=lists, calendar=calendar)
