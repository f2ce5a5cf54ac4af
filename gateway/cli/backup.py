"""`gateway backup` and `gateway restore`: everything of a gateway in a folder, and back."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from gateway.audit.event import OPERATOR, Cause
from gateway.backup import BackupError, make_backup, open_backup, restore_backup
from gateway.backup.manifest import Manifest
from gateway.cli._console import fetching, notes, progressing, report
from gateway.graph import Graph, running_graph
from gateway.graph.dump import Advance
from gateway.policy.store import PolicyStore
from gateway.settings import Settings, load_settings

Passphrase = Annotated[
    Path | None, typer.Option("--passphrase-file", help="A file with the passphrase of the keys; asked for without it.")
]


def register(app: typer.Typer) -> None:
    """Add the commands `backup` and `restore`."""
    app.command("backup")(backup)
    app.command("restore")(restore)


def backup(
    to: Annotated[Path, typer.Argument(help="A folder that is not there yet.")], passphrase_file: Passphrase = None
) -> None:
    """Copy graph, log, bodies and keys into a folder, the keys encrypted. The gateway may run: only changes wait."""

    async def make(command: _Command) -> Manifest:
        async with command.graph("Copying") as (graph, advance):
            return await make_backup(command.settings, graph, command.cause, to, command.passphrase, advance)

    made = _run(make, passphrase_file)
    notes.print(
        f"{made.nodes:,} nodes, {made.relationships:,} relationships and {made.entries:,} log entries are in {to}."
    )


def restore(
    backup: Annotated[Path, typer.Argument(help="What 'gateway backup' wrote.")], passphrase_file: Passphrase = None
) -> None:
    """Put a backup back, into an empty state directory (GATEWAY_STATE) and an empty database."""

    async def put_back(command: _Command) -> Manifest:
        opened = open_backup(command.settings, backup, command.passphrase)  # before a database is started for it
        async with command.graph("Restoring") as (graph, advance):
            await restore_backup(command.settings, graph, command.cause, opened, advance)
        return opened.manifest

    found = _run(put_back, passphrase_file)
    notes.print(f"Restored as it was at {found.made}. What happened after that is not in this log: tell its readers.")


@dataclass(frozen=True, slots=True)
class _Command:
    """What both commands need."""

    settings: Settings
    cause: Cause
    passphrase: str

    @asynccontextmanager
    async def graph(self, doing: str) -> AsyncIterator[tuple[Graph, Advance]]:
        with fetching() as jars:
            async with running_graph(self.settings, jars) as graph:
                with progressing(doing) as advance:
                    yield graph, advance


def _run(what: Callable[[_Command], Coroutine[None, None, Manifest]], passphrase_file: Path | None) -> Manifest:
    settings = load_settings()
    cause = Cause(OPERATOR, PolicyStore(settings.policy_dir).current.digest)
    try:
        return asyncio.run(what(_Command(settings, cause, _passphrase(passphrase_file))))
    except (BackupError, OSError) as problem:
        report(str(problem))
        raise typer.Exit(1) from None


def _passphrase(file: Path | None) -> str:
    if file is None:
        return str(typer.prompt("Passphrase of the keys", hide_input=True, err=True))
    return file.read_text("utf-8").rstrip("\n")
