"""`gateway deadline`: until when a duty is in time, with the working days that are counted."""

from datetime import datetime, time
from typing import Annotated

import typer

from gateway.cli._console import notes, report
from gateway.rules import (
    SHANGHAI,
    CalendarFault,
    Duty,
    NoRule,
    RuleFault,
    UnknownYear,
    deadline_of,
    load_calendar,
    load_rules,
)
from gateway.settings import load_settings


def register(app: typer.Typer) -> None:
    """Add the command `deadline`."""
    app.command("deadline")(deadline)


def deadline(
    duty: Annotated[Duty, typer.Argument(help="What has to be done.")],
    since: Annotated[datetime, typer.Option(help="The day on which the duty began.", formats=["%Y-%m-%d"])],
    agency: Annotated[str, typer.Option(help="The code of whose duty it is: some have rules of their own.")] = "",
) -> None:
    """Count the working days of a duty, by the rule sets and the calendar in force."""
    settings = load_settings()
    try:
        book, calendar = load_rules(settings.rules), load_calendar(settings.calendar)
        found = deadline_of(book, calendar, duty, agency, datetime.combine(since, time(), SHANGHAI))
    except (RuleFault, CalendarFault, NoRule, UnknownYear) as problem:
        report(str(problem))
        raise typer.Exit(1) from None
    for clock in found.clocks:
        for number, day in enumerate(clock.counted, 1):
            typer.echo(f"{number} {day}")
        notes.print(f"Due on {clock.due_on} by {clock.rule.name} ({clock.rule.basis}).")
