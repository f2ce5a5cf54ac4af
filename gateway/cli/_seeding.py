"""Shows how far the loading of a city is."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from gateway.cli._console import notes


@contextmanager
def seeding() -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar per kind of thing; where nobody watches, a line when each is done."""
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=notes
    )
    tasks: dict[str, TaskID] = {}

    def advance(what: str, done: int, total: int) -> None:
        if notes.is_terminal:
            if what not in tasks:
                tasks[what] = bar.add_task(f"Loading {what}", total=total)
            bar.update(tasks[what], completed=done)
        elif done >= total:
            notes.print(f"Loaded {total} {what}.")

    if notes.is_terminal:
        with bar:
            yield advance
    else:
        yield advance
