"""`gateway log`: check the log, ours or anybody's, and prove what is in it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from gateway.audit.errors import LogDamaged, LogInUse
from gateway.audit.event import OPERATOR, Cause
from gateway.audit.export import check_export, export_events
from gateway.audit.fsck import check_log
from gateway.audit.log import LogFolder
from gateway.audit.prove import NoSuchEvent, prove
from gateway.audit.published import KEY
from gateway.audit.reading import FolderSource, LogSource, Unreadable, UrlSource
from gateway.audit.reindex import reindex
from gateway.audit.tlog import BadFormat, NotProven, Verifier
from gateway.audit.upkeep import NotErasable, erase_body, retire_keys, rotate_key
from gateway.audit.verify import Advance, Tampered, verify
from gateway.cli._console import fail, notes
from gateway.graph import make_id
from gateway.policy.store import PolicyStore
from gateway.settings import Settings, load_settings

app = typer.Typer(help="The log: check it, prove what is in it.", no_args_is_help=True, rich_markup_mode=None)


def register(parent: typer.Typer) -> None:
    """Put this group of commands under `gateway log`."""
    parent.add_typer(app, name="log")


@app.command("verify")
def verify_log(
    source: Annotated[str, typer.Argument(help="A folder, or the address that ends before /checkpoint.")],
    key: Annotated[str, typer.Option(help="The verifier key, which you have from elsewhere: NAME+HASH+BASE64.")],
    from_checkpoint: Annotated[
        Path | None, typer.Option(help="A checkpoint that you kept: the log must still begin with it.")
    ] = None,
    save_checkpoint: Annotated[Path | None, typer.Option(help="Keep the checkpoint that was verified here.")] = None,
) -> None:
    """Recompute a whole log from its entries, trusting nothing but the key. Exits with 1 when it does not hold."""
    try:
        verifier = Verifier.parse(key)
        older = from_checkpoint.read_bytes() if from_checkpoint else None
    except BadFormat as problem:
        fail(f"--key: {problem}. Ask the operator for it, or compare with what /log/key says.")
    except OSError as problem:
        fail(f"{from_checkpoint} cannot be read: {problem.strerror}")
    with ExitStack() as stack:
        address = "://" in source
        log: LogSource = stack.enter_context(UrlSource(source)) if address else FolderSource(Path(source))
        try:
            note = log.checkpoint()
            with _progress("Verifying") as advance:
                shown = verify(log, verifier, older=older, advance=advance, note=note)
        except (Tampered, NotProven, BadFormat) as problem:
            fail(f"the log does not hold: {problem}")
        except Unreadable as problem:
            fail(str(problem))
    typer.echo(f"{shown.head.origin}: {shown.head.size:,} entries, root {shown.head.root.hex()}")
    if shown.older is not None:
        typer.echo(f"It begins with the {shown.older.size:,} entries of the older checkpoint.")
    if save_checkpoint is not None:
        save_checkpoint.write_bytes(note)


@app.command()
def fsck() -> None:
    """Check this gateway's log with its bodies, and name what is damaged. Changes nothing."""
    faults = 0

    def found(fault: str) -> None:
        nonlocal faults
        faults += 1
        typer.echo(fault)

    folder = LogFolder(load_settings().state)
    with _progress("Checking") as advance:
        counted = check_log(folder, found, advance)
    if faults:
        fail(
            f"{faults} {'fault' if faults == 1 else 'faults'} in {counted.entries:,} entries. If a gateway is writing, "
            "stop it and check again. Otherwise keep these files as they are and restore the log from a backup."
        )
    erased = f", {counted.erased:,} of them without their bodies, which were erased" if counted.erased else ""
    notes.print(f"{counted.entries:,} entries checked{erased}; everything holds.")


@app.command("prove")
def prove_event(
    event: Annotated[str, typer.Argument(help="The id of an event: ev_…")],
    folder: Annotated[Path | None, typer.Option("--to", help="Write proof, leaf, body and salt into a folder.")] = None,
) -> None:
    """Print the proof that an event is in this gateway's log (c2sp.org/tlog-proof)."""
    try:
        evidence = prove(LogFolder(load_settings().state), event)
    except NoSuchEvent as problem:
        fail(str(problem))
    if folder is None:
        typer.echo(str(evidence.proof), nl=False)
        return
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in evidence.files().items():
        (folder / name).write_bytes(data)
    notes.print(f"Written to {folder}: {', '.join(evidence.files())}.")


@app.command("export")
def export(
    to: Annotated[Path, typer.Option(help="A folder that is not there yet.")],
    agency: Annotated[str | None, typer.Option(help="Only what concerns this agency, by its code.")] = None,
    since: Annotated[datetime | None, typer.Option(help="Only what happened at this instant (UTC) or later.")] = None,
) -> None:
    """Write events with their proofs into a folder that can be checked without the gateway."""
    start = 0 if since is None else int(since.replace(tzinfo=UTC).timestamp() * 1000)
    chosen = None if agency is None else make_id("ag_", agency)
    folder = LogFolder(load_settings().state)
    try:
        with _counting("Exporting") as advance:
            count = export_events(folder, to, agency=chosen, since=start, advance=advance)
    except (NoSuchEvent, FileNotFoundError) as problem:
        fail(f"{problem}. Start a gateway on this state directory: gateway serve")
    except FileExistsError:
        fail(f"{to} is there already. Name a new folder.")
    notes.print(f"{count:,} events written to {to}. Check them: gateway log check {to} --key KEY")


@app.command("check")
def check(
    folder: Annotated[Path, typer.Argument(help="What 'gateway log export' wrote.")],
    key: Annotated[str, typer.Option(help="The verifier key, which you have from elsewhere: NAME+HASH+BASE64.")],
) -> None:
    """Check exported events and their proofs, trusting nothing but the key. Exits with 1 when one does not hold."""
    faults = 0

    def found(fault: str) -> None:
        nonlocal faults
        faults += 1
        typer.echo(fault)

    try:
        verifier = Verifier.parse(key)
    except BadFormat as problem:
        fail(f"--key: {problem}.")
    with _counting("Checking") as advance:
        count = check_export(folder, verifier, found, advance)
    if faults or not count:
        fail(f"{faults} of {count} events do not hold." if count else f"{folder} holds no exported events.")
    notes.print(f"{count:,} events hold.")


@app.command("key")
def show_key() -> None:
    """Print the verifier key of this gateway's log."""
    path = LogFolder(load_settings().state).public / KEY
    try:
        typer.echo(path.read_text("utf-8"), nl=False)
    except FileNotFoundError:
        fail(f"there is no log in {path.parent} yet. Start one: gateway serve")


@app.command("rotate-key")
def new_key() -> None:
    """Make a new signing key; the old one signs too until 'retire-keys'. Stop the gateway before."""
    settings = load_settings()
    with _stopped():
        vkey = rotate_key(settings.state, settings.log_origin, _cause(settings))
    typer.echo(vkey)
    notes.print(
        "This key signs from now on, and the old ones beside it. Give it to who checks this log, and back it up."
    )


@app.command("retire-keys")
def old_keys() -> None:
    """Throw away all signing keys but the youngest. Stop the gateway before.

    Who knows no other than an old one cannot check what comes from then on.
    """
    settings = load_settings()
    with _stopped():
        retired = retire_keys(settings.state, settings.log_origin, _cause(settings))
    for vkey in retired:
        typer.echo(vkey)
    notes.print(f"{len(retired)} {'key' if len(retired) == 1 else 'keys'} retired.")


@app.command("erase")
def erase(
    event: Annotated[str, typer.Argument(help="The id of an event: ev_…")],
    reason: Annotated[str, typer.Option(help="Why, for the log.")],
) -> None:
    """Erase the body of an event. Its leaf stays, and the log holds. Stop the gateway before.

    Backups from before still have it.
    """
    settings = load_settings()
    with _stopped():
        index = erase_body(settings.state, settings.log_origin, _cause(settings), event, reason)
    rebuild_index()
    notes.print(f"The body of entry {index} is erased. That it was, and why, is an event of the log.")


@app.command("reindex")
def rebuild_index() -> None:
    """Make the index anew from the bodies, each checked against its leaf. Stop the gateway before."""
    settings = load_settings()
    missing = 0

    def found(fault: str) -> None:
        nonlocal missing
        missing += 1
        typer.echo(fault)

    with _stopped(), _progress("Indexing") as advance:
        entries = reindex(settings.state, settings.log_origin, found, advance)
    if missing:
        fail(f"{missing} of {entries:,} entries are not in the index. Restore their bodies from a backup, and again.")
    notes.print(f"{entries:,} entries indexed.")


def _cause(settings: Settings) -> Cause:
    return Cause(OPERATOR, PolicyStore(settings.policy_dir).current.digest)


@contextmanager
def _stopped() -> Iterator[None]:
    """For what no gateway may be writing at the same time."""
    try:
        yield
    except LogInUse as problem:
        fail(f"{problem}. Stop that one first.")
    except (LogDamaged, NoSuchEvent, NotErasable) as problem:
        fail(f"{problem}.")


@contextmanager
def _counting(what: str) -> Iterator[Callable[[int], None]]:
    with _progress(what) as advance:
        yield lambda done: advance(done, done)


@contextmanager
def _progress(what: str) -> Iterator[Advance]:
    """A bar where somebody watches, and nothing elsewhere."""
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=notes
    )
    task = bar.add_task(what, total=None)

    def advance(done: int, total: int) -> None:
        bar.update(task, completed=done, total=total)

    if not notes.is_terminal:
        yield lambda done, total: None
        return
    with bar:
        yield advance
