"""Shows how far the loading of a city is."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from gateway.audit.event import OPERATOR, Cause
from gateway.audit.kinds import CitySeeded
from gateway.audit.recorder import Recorder
from gateway.cli._console import notes
from gateway.policy.store import PolicyStore
from gateway.settings import Settings


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


async def record_seeded(settings: Settings, datasets: int) -> None:
    """Put into the log that a city was loaded."""
    cause = Cause(OPERATOR, PolicyStore(settings.policy_dir).current.digest)
    async with Recorder(settings.state, settings.log_origin) as recorder:
        await recorder.record(CitySeeded(cause=cause, datasets=datasets))
