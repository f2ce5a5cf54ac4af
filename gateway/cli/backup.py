"""`gateway backup` and `gateway restore`: everything of a gateway in a folder, and back."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

import typer

from gateway.audit.event import OPERATOR, Cause
from gateway.backup import BackupError, make_backup, restore_backup
from gateway.backup.manifest import Manifest
from gateway.cli._console import fetching, notes, progressing, report
from gateway.graph import Graph, running_graph
from gateway.graph.dump import Advance
from gateway.policy.store import PolicyStore
from gateway.settings import Settings, load_settings

Passphrase = Annotated[
    Path | None, typer.Option("--passphrase-file", help="A file with the passphrase of the keys; asked for without it.")
]


_What = Callable[[Settings, Graph, Cause, Path, str, Advance], Awaitable[Manifest]]


def register(app: typer.Typer) -> None:
    """Add the commands `backup` and `restore`."""
    app.command("backup")(backup)
    app.command("restore")(restore)


def backup(
    to: Annotated[Path, typer.Argument(help="A folder that is not there yet.")], passphrase_file: Passphrase = None
) -> None:
    """Copy graph, log, bodies and keys into a folder, the keys encrypted. The gateway may run: only changes wait."""
    made = _run(make_backup, to, passphrase_file, "Copying")
    notes.print(
        f"{made.nodes:,} nodes, {made.relationships:,} relationships and {made.entries:,} log entries are in {to}."
    )


def restore(
    backup: Annotated[Path, typer.Argument(help="What 'gateway backup' wrote.")], passphrase_file: Passphrase = None
) -> None:
    """Put a backup back, into an empty state directory (GATEWAY_STATE) and an empty database."""
    found = _run(restore_backup, backup, passphrase_file, "Restoring")
    notes.print(f"Restored as it was at {found.made}. What happened after that is not in this log: tell its readers.")


def _run(what: _What, folder: Path, passphrase_file: Path | None, doing: str) -> Manifest:
    settings = load_settings()
    try:
        passphrase = _passphrase(passphrase_file)
        cause = Cause(OPERATOR, PolicyStore(settings.policy_dir).current.digest)

        async def run() -> Manifest:
            with fetching() as jars:
                async with running_graph(settings, jars) as graph:
                    with progressing(doing) as advance:
                        return await what(settings, graph, cause, folder, passphrase, advance)

        return asyncio.run(run())
    except (BackupError, OSError) as problem:
        report(str(problem))
        raise typer.Exit(1) from None


def _passphrase(file: Path | None) -> str:
    if file is None:
        return str(typer.prompt("Passphrase of the keys", hide_input=True, err=True))
    return file.read_text("utf-8").rstrip("\n")
