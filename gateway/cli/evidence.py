"""`gateway evidence`: a case in a folder that can be checked without us, and checking one."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from gateway.audit.log import LogFolder
from gateway.audit.prove import NoSuchEvent
from gateway.audit.tlog import BadFormat, Verifier
from gateway.cli._console import fail, fetching, notes
from gateway.graph import running_graph
from gateway.settings import Settings, load_settings
from gateway.sharing.evidence import Against, NoSuchCase, export_case, verify_case
from gateway.signing import SigningError, revocation_lists

app = typer.Typer(help="Evidence: a case with its signatures.", no_args_is_help=True, rich_markup_mode=None)


def register(parent: typer.Typer) -> None:
    """Put this group of commands under `gateway evidence`."""
    parent.add_typer(app, name="evidence")


@app.command("export")
def export(
    case: Annotated[str, typer.Argument(help="The id of a case: cs_…")],
    to: Annotated[Path, typer.Option(help="A folder that is not there yet.")],
) -> None:
    """Write a case into a folder: documents, signatures, timestamps, and the log's proofs."""
    try:
        count = asyncio.run(_export(load_settings(), case, to))
    except (NoSuchCase, NoSuchEvent, SigningError) as problem:
        fail(f"{problem}.")
    except FileExistsError:
        fail(f"{to} is there already. Name a new folder.")
    notes.print(f"{count} {'document' if count == 1 else 'documents'} written to {to}; its README says how to check.")


async def _export(settings: Settings, case: str, to: Path) -> int:
    with fetching() as jars:
        async with running_graph(settings, jars) as graph:
            return await export_case(graph, LogFolder(settings.state), case, to, revocation_lists(settings))


@app.command("verify")
def verify(
    folder: Annotated[Path, typer.Argument(help="What 'gateway evidence export' wrote.")],
    roots: Annotated[Path, typer.Option(help="The officers' roots (PEM), which you have from elsewhere.")],
    timestamp_roots: Annotated[Path, typer.Option(help="The timestamps' roots (PEM), which you have from elsewhere.")],
    key: Annotated[str, typer.Option(help="The log's verifier key, which you have from elsewhere.")],
) -> None:
    """Check an exported case, trusting nothing but roots and key. Exits with 1 when something does not hold."""
    faults = 0

    def found(fault: str) -> None:
        nonlocal faults
        faults += 1
        notes.print(f"does not hold: {fault}", markup=False, style="red")

    try:
        against = Against(roots.read_bytes(), timestamp_roots.read_bytes(), Verifier.parse(key))
        for line in verify_case(folder, against, found):
            if not faults:
                typer.echo(line)
    except (BadFormat, SigningError) as problem:
        fail(f"{problem}.")
    except OSError as problem:
        fail(f"{problem.filename} cannot be read: {problem.strerror}.")
    if faults:
        fail(f"{faults} {'thing does' if faults == 1 else 'things do'} not hold.")
    notes.print("Everything holds.")
