"""Deadlines in working days, counted so that everybody can count again.

The day on which a duty begins is day 0. Only working days count, and the due instant is the end of the last one in
Asia/Shanghai. Silence is neither yes nor no: whether a deadline was missed is derived from the clock, and is no state.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from enum import StrEnum
from itertools import islice
from typing import Final

from gateway.rules.calendar import Calendar
from gateway.rules.rulebook import Duty, Rule, RuleBook

SHANGHAI: Final = timezone(timedelta(hours=8), "Asia/Shanghai")
"""The city's clock. It has had no summer time since 1991."""
_LAST_INSTANT: Final = time(23, 59, 59, 999_000)


def day_of(moment: datetime) -> date:
    """The day in the city at an instant."""
    return moment.astimezone(SHANGHAI).date()


class Escalation(StrEnum):
    """When somebody is told of a deadline: two working days before, on the day, and on the working day after it."""

    SOON = "SOON"
    TODAY = "TODAY"
    OVERDUE = "OVERDUE"


@dataclass(frozen=True, slots=True)
class Clock:
    """One rule applied: the working days that it counts, the last of which is the day on which it is due."""

    rule: Rule
    counted: tuple[date, ...]

    @property
    def due_on(self) -> date:
        """The last day on which it is in time."""
        return self.counted[-1]

    @property
    def due_at(self) -> datetime:
        """The last millisecond of that day, in UTC."""
        return datetime.combine(self.due_on, _LAST_INSTANT, SHANGHAI).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Deadline:
    """A duty that began: a clock of each regime, the strictest first."""

    duty: Duty
    started_on: date
    clocks: tuple[Clock, ...]

    @property
    def strictest(self) -> Clock:
        """The clock that ends first."""
        return self.clocks[0]

    @property
    def due_at(self) -> datetime:
        """When the strictest clock ends."""
        return self.strictest.due_at

    def overdue(self, moment: datetime) -> bool:
        """Whether it was missed by then."""
        return moment > self.due_at

    def working_days_left(self, moment: datetime) -> int:
        """Working days after today that are in time: 0 on the last one, and when it is over."""
        today = day_of(moment)
        return sum(day > today for day in self.strictest.counted)


def deadline_of(book: RuleBook, calendar: Calendar, duty: Duty, agency: str, began: datetime) -> Deadline:
    """The deadline of an agency's (by its code) duty that began at an instant.

    Raises:
        NoRule: no rule was in force then.
        UnknownYear: the calendar does not reach so far.
    """
    start = day_of(began)
    rules = book.applying(duty, agency, start)
    clocks = (Clock(rule, tuple(islice(calendar.worked_after(start), rule.working_days))) for rule in rules)
    return Deadline(duty, start, tuple(sorted(clocks, key=lambda clock: (clock.due_on, clock.rule.name))))


def escalates_at(escalation: Escalation, started_on: date, counted: Sequence[date], calendar: Calendar) -> datetime:
    """From which instant on an escalation of a clock is due: the beginning of its day, never before the duty began.

    Raises:
        UnknownYear: the calendar does not reach so far.
    """
    days = (started_on, *counted)
    match escalation:
        case Escalation.SOON:
            day = days[max(len(days) - 3, 0)]
        case Escalation.TODAY:
            day = days[-1]
        case Escalation.OVERDUE:
            day = next(calendar.worked_after(days[-1]))
    return datetime.combine(day, time(), SHANGHAI).astimezone(UTC)
