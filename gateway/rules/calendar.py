"""Which days are worked: the State Council's yearly notices, with the weekend days that make up for a long holiday.

The years that the package `chinesecalendar` has come from it; others, and corrections, from a file of the operator's.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import chinese_calendar
import yaml

_PACKAGE: Final = "chinesecalendar"
_SATURDAY: Final = 5
_DAY: Final = timedelta(days=1)


class UnknownYear(LookupError):
    """Nobody has said which days of a year are worked."""


class CalendarFault(ValueError):
    """The operator's calendar cannot be used; the message says where and why."""


@dataclass(frozen=True, slots=True)
class Year:
    """What one notice says: days off, weekend or not, and weekend days that are worked."""

    source: str
    off: frozenset[date]
    worked: frozenset[date]


@dataclass(frozen=True, slots=True)
class Calendar:
    """The days that are worked, as far as they are known."""

    years: Mapping[int, Year] = field(default_factory=dict)
    """Years that the operator states; they count before the package's."""

    @property
    def digest(self) -> str:
        """Changes with whatever could move a deadline."""
        said = [
            f"{number} {' '.join(map(str, sorted(year.off)))} / {' '.join(map(str, sorted(year.worked)))}"
            for number, year in sorted(self.years.items())
        ]
        return hashlib.sha256("\n".join([version(_PACKAGE), *said]).encode()).hexdigest()

    def is_worked(self, day: date) -> bool:
        """Whether a day is a working day (工作日).

        Raises:
            UnknownYear: no calendar says so.
        """
        year = self.years.get(day.year)
        if year is not None:
            return day in year.worked or (day.weekday() < _SATURDAY and day not in year.off)
        try:
            return bool(chinese_calendar.is_workday(day))
        except NotImplementedError:
            raise UnknownYear(
                f"the working days of {day.year} are not known. Put the State Council's notice for that year into the "
                "file that GATEWAY_CALENDAR names."
            ) from None

    def worked_after(self, day: date) -> Iterator[date]:
        """The working days after a day, in order.

        Raises:
            UnknownYear: they go beyond what is known.
        """
        while True:
            day += _DAY
            if self.is_worked(day):
                yield day


def load_calendar(path: Path | None) -> Calendar:
    """The calendar with an operator's file, or without one.

    The file maps a year to `source` (the notice), `holidays` (days off) and `working` (weekend days that are worked).

    Raises:
        CalendarFault: the file cannot be read, or says something impossible.
    """
    if path is None:
        return Calendar()
    try:
        given: Any = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as problem:
        raise CalendarFault(f"{path} cannot be read: {problem}") from None
    if not isinstance(given, dict):
        raise CalendarFault(f"{path}: expected years, like 2027: {{source: …, holidays: […], working: […]}}")
    return Calendar({_number(path, number): _year(path, number, said) for number, said in given.items()})


def _number(path: Path, given: Any) -> int:
    if not isinstance(given, int) or isinstance(given, bool) or not 1949 <= given <= 9998:
        raise CalendarFault(f"{path}: {given!r} is no year")
    return given


def _year(path: Path, number: int, said: Any) -> Year:
    where = f"{path}: {number}"
    if not isinstance(said, dict) or not {*said} <= {"source", "holidays", "working"}:
        raise CalendarFault(f"{where}: expected source, holidays and working, and nothing else")
    source = said.get("source")
    if not isinstance(source, str) or not source.strip():
        raise CalendarFault(f"{where}: name the notice that this comes from as its source")
    off, worked = (_days(f"{where}: {name}", number, said.get(name, [])) for name in ("holidays", "working"))
    if weekdays := sorted(day for day in worked if day.weekday() < _SATURDAY):
        raise CalendarFault(f"{where}: {weekdays[0]} is no weekend day, so it needs no mention among the worked ones")
    if both := sorted(off & worked):
        raise CalendarFault(f"{where}: {both[0]} cannot be off and worked")
    return Year(source, off, worked)


def _days(where: str, number: int, given: Any) -> frozenset[date]:
    if not isinstance(given, list):
        raise CalendarFault(f"{where}: expected a list of days, like [{number}-10-01]")
    for day in given:
        if type(day) is not date or day.year != number:
            raise CalendarFault(f"{where}: {day} is no day of {number}, written like {number}-10-01")
    return frozenset(given)
