"""Deadlines as the graph keeps them: until when to answer, by each rule that applies, with the days that were counted.

Cases of which all of that is the same share one `Deadline`, and name it. A deadline never changes: a case that is
counted again, or of which somebody was told, names another one from then on. So that is all that is written of it.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from neo4j import AsyncManagedTransaction

from gateway.audit.event import About, canonical
from gateway.audit.ledger import Denied
from gateway.graph.times import instant
from gateway.rules import (
    Calendar,
    Duty,
    Escalation,
    NoRule,
    RuleBook,
    UnknownYear,
    day_of,
    deadline_of,
    escalates_at,
    load_calendar,
    load_rules,
)
from gateway.settings import Settings

_CALENDAR: Final = 16
_REST: Final = 30
"""Digits of an id. With those of a day they are the 54 that Neo4j keeps beside a node instead of in a page of texts."""
_NEVER: Final = "99999999"
_ABOVE: Final = "g"
"""Behind every digit."""

DEADLINE: Final = "deadline: head(COLLECT { MATCH (d:Deadline {id: c.deadline}) RETURN d {.*} })"
"""Of a case `c`, in place of the id of its deadline, what that says; null where it has none."""
_KEEP: Final = "UNWIND $deadlines AS row MERGE (d:Deadline {id: row.id}) ON CREATE SET d = row"


@dataclass(frozen=True, slots=True)
class Rules:
    """The rule sets and the calendar in force."""

    book: RuleBook
    calendar: Calendar

    @classmethod
    def load(cls, settings: Settings) -> "Rules":
        """Those that the settings name.

        Raises:
            RuleFault, CalendarFault: a file is of no use.
        """
        return cls(load_rules(settings.rules), load_calendar(settings.calendar))

    def deadline(self, duty: Duty, agency: str, began: datetime, about: About) -> dict[str, Any]:
        """The deadline of a duty that begins: everything by which it can be counted again.

        Raises:
            Denied: `NO_DEADLINE`: no rule was in force, or the calendar does not reach so far. Nothing is guessed.
        """
        try:
            found = deadline_of(self.book, self.calendar, duty, agency, began)
        except (NoRule, UnknownYear) as problem:
            raise Denied("NO_DEADLINE", f"it cannot be said when this is due: {problem}", about=about) from None
        clocks = [
            {
                "rule": clock.rule.name,
                "basis": clock.rule.basis,
                "dueAt": instant(clock.due_at),
                "counted": [str(day) for day in clock.counted],
            }
            for clock in found.clocks
        ]
        first = escalates_at(Escalation.SOON, found.started_on, found.strictest.counted, self.calendar)
        return deadline(
            {
                "duty": str(found.duty),
                "startedOn": str(found.started_on),
                "dueAt": instant(found.due_at),
                "clocks": canonical(clocks).decode(),
                "calendar": self.calendar.digest,
                "ruleBook": self.book.digest,
                "escalated": [],
                "escalatesOn": str(day_of(first)),
            }
        )


def deadline(said: Mapping[str, Any]) -> dict[str, Any]:
    """What a deadline says, with the id that follows from it: equal ones are one, whoever counts them.

    The id begins with the calendar that it was counted by, and then the day on which somebody is to be told. So one
    index of the cases that wait finds both those that are to be counted again and those of which it is time.
    """
    row = {name: value for name, value in said.items() if value is not None and name != "id"}
    day = row.get("escalatesOn", _NEVER).replace("-", "")
    rest = hashlib.sha256(canonical(row)).hexdigest()[:_REST]
    return {"id": f"{row['calendar'][:_CALENDAR]}{day}{rest}", **row}


def counted_by(calendar: Calendar) -> tuple[str, str]:
    """Between which texts the ids are of all deadlines that were counted by a calendar."""
    first = calendar.digest[:_CALENDAR]
    return first, first + _ABOVE


def told_by(calendar: Calendar, day: date) -> str:
    """Behind the ids of those of them of which somebody is to be told on a day, or was to be before."""
    return f"{calendar.digest[:_CALENDAR]}{day:%Y%m%d}{_ABOVE}"


async def keep_deadlines(tx: AsyncManagedTransaction, *deadlines: Mapping[str, Any]) -> None:
    """Keep what cases are going to name, where it is not kept already."""
    await (await tx.run(_KEEP, {"deadlines": deadlines})).consume()
