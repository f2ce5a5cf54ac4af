"""Checking an export offline: saying step by step what holds, and what does not."""

from collections.abc import Callable, Iterator
from pathlib import Path

import typer

from gateway.audit.tlog import BadFormat, Verifier
from gateway.cli._console import fail, notes, printable
from gateway.rules import Calendar, CalendarFault, load_calendar
from gateway.sharing.evidence import Against, ExportUnusable, read_export
from gateway.sharing.evidence.archive import Files
from gateway.signing import SigningError

Check = Callable[[Files, Against, Callable[[str], None]], Iterator[str]]


def check_export(
    check: Check,
    export: Path,
    key: str,
    roots: Path,
    timestamp_roots: Path,
    *,
    lists: Path | None,
    calendar: Path | None = None,
) -> None:
    """Check an export by these. Ends with 1 when something does not hold."""
    faults = 0

    def found(fault: str) -> None:
        nonlocal faults
        faults += 1
        notes.print(f"does not hold: {printable(fault)}", markup=False, style="red")

    try:
        own = () if lists is None else tuple(path.read_bytes() for path in sorted(lists.glob("*.crl")))
        days = Calendar() if calendar is None else load_calendar(calendar)
        against = Against(roots.read_bytes(), timestamp_roots.read_bytes(), Verifier.parse(key), own, days)
        for line in check(read_export(export), against, found):
            if not faults:
                typer.echo(printable(line))
    except (BadFormat, SigningError, ExportUnusable, CalendarFault) as problem:
        fail(f"{printable(str(problem))}.")
    except OSError as problem:
        fail(f"{problem.filename} cannot be read: {problem.strerror}.")
    if faults:
        fail(f"{faults} {'thing does' if faults == 1 else 'things do'} not hold.")
    notes.print("Everything holds.")
