"""How commands speak: results to standard output, everything else to standard error."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from gateway.graph.jars import Progress as JarProgress

notes = Console(stderr=True, highlight=False, soft_wrap=True)
"""Where progress and errors go."""


def report(problem: str) -> None:
    """Tell what was wrong. The text says what to do next."""
    notes.print(f"error: {problem}", markup=False, style="red")


def fail(problem: str) -> NoReturn:
    """Tell what was wrong, and end with exit code 1."""
    report(problem)
    raise typer.Exit(1)


def printable(text: str) -> str:
    """A stranger's text without what would steer a terminal or turn its reading direction."""
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)


@contextmanager
def fetching() -> Iterator[JarProgress]:
    """A progress bar for the embedded Neo4j's jars; it shows up only when something has to be fetched.

    Where nobody watches (no terminal), a line per quarter instead.
    """
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=notes
    )
    task = bar.add_task("Fetching Neo4j", total=None, visible=False)
    told = -1

    def advance(done: int, total: int) -> None:
        nonlocal told
        if notes.is_terminal:
            bar.update(task, completed=done, total=total, visible=True)
        elif (quarter := done * 4 // total) > told:
            told = quarter
            notes.print(f"Fetching Neo4j: {done} of {total} files")

    if notes.is_terminal:
        with bar:
            yield advance
    else:
        yield advance


@contextmanager
def progressing(doing: str) -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar per kind of thing; where nobody watches, a line when each is done."""
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=notes
    )
    tasks: dict[str, TaskID] = {}

    def advance(what: str, done: int, total: int) -> None:
        if notes.is_terminal:
            if what not in tasks:
                tasks[what] = bar.add_task(f"{doing} {what}", total=total)
            bar.update(tasks[what], completed=done)
        elif done >= total:
            notes.print(f"{doing} {what}: {total} of {total}")

    if notes.is_terminal:
        with bar:
            yield advance
    else:
        yield advance
