"""The clocks of a case: until when it is to be answered, by each rule that applies, with the days that were counted."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

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
    deadline_of,
    escalates_at,
    load_calendar,
    load_rules,
)
from gateway.settings import Settings


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

    def clocks(self, duty: Duty, agency: str, began: datetime, about: About) -> dict[str, Any]:
        """What a case keeps of a duty that begins: everything by which it can be counted again.

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
        return {
            "duty": str(found.duty),
            "startedOn": str(found.started_on),
            "dueAt": instant(found.due_at),
            "clocks": canonical(clocks).decode(),
            "calendar": self.calendar.digest,
            "ruleBook": self.book.digest,
            "escalateAt": instant(
                escalates_at(Escalation.SOON, found.started_on, found.strictest.counted, self.calendar)
            ),
        }
