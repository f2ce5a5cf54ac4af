"""Times and periods, in all the ways that real inventories write them."""

import re
from datetime import UTC, datetime
from typing import Final

from gateway.vocabulary import Period

_PARTIAL: Final = re.compile(r"(\d{4})(?:-(\d{2}))?", re.ASCII)
_MOMENT: Final = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2})?)(?:[.,](\d{1,9}))?\s?(Z|[+-]\d{2}(?::?\d{2})?)?)?", re.ASCII
)
_REPEATING: Final = re.compile(r"R\d*/(?:(?P<start>[^/]+)/)?(?P<duration>P[^/]+)", re.ASCII)
_DURATION: Final = re.compile(
    r"P(?:(?P<Y>[\d.]+)Y)?(?:(?P<M>[\d.]+)M)?(?:(?P<W>[\d.]+)W)?(?:(?P<D>[\d.]+)D)?"
    r"(?:T(?:(?P<h>[\d.]+)H)?(?:(?P<m>[\d.]+)M)?(?:(?P<s>[\d.]+)S)?)?",
    re.ASCII,
)
_DAYS: Final = {"Y": 365.0, "M": 30.0, "W": 7.0, "D": 1.0, "h": 1 / 24, "m": 1 / 1440, "s": 1 / 86400}

_BUCKETS: Final = (
    (10 / 1440, Period.REALTIME),
    (1 / 24, Period.HOURLY),
    (1.0, Period.DAILY),
    (7.0, Period.WEEKLY),
    (31.0, Period.MONTHLY),
    (93.0, Period.QUARTERLY),
    (186.0, Period.SEMIANNUAL),
    (366.0, Period.ANNUAL),
)
"""Longest duration, in days, that counts as each period. A duration between two goes to the longer one, so that the
import never makes a publisher promise more than it did; longer than a year (R/P2Y) no period of ours promises
anything: IRREGULAR."""

_WORDS: Final = {
    word: period
    for period, words in {
        Period.REALTIME: "continuous continuously continual continually cont updatecont realtime streaming 实时",
        Period.HOURLY: "hourly everyhour 每小时 按小时",
        Period.DAILY: "daily everyday daily2 twicedaily diario diaria 每日 每天 按日",
        Period.WEEKLY: "weekly everyweek weekly2 weekly3 semiweekly semanal 每周 按周",
        Period.MONTHLY: "monthly everymonth monthly2 monthly3 biweekly fortnightly semimonthly mensual 每月 按月",
        Period.QUARTERLY: "quarterly everyquarter bimonthly trimestral 每季 每季度 按季 按季度",
        Period.SEMIANNUAL: "semiannual semiannually biannual biannually annual2 annual3 semestral 每半年 按半年 半年",
        Period.ANNUAL: "annual annually yearly everyyear anual 每年 按年 年度",
        Period.IRREGULAR: "irregular irreg irregularly asneeded adhoc intermittent occasional eventual other biennial "
        "triennial quadrennial decennial 不定期",
        Period.NEVER: "never notupdated notplanned static onetime nunca 不更新",
        Period.UNKNOWN: "unknown none na notavailable notspecified desconocido",
    }.items()
    for word in words.split()
}


def read_moment(text: str) -> str | None:
    """An ISO 8601 year, month, date or date and time as our UTC string; None when it is none of these.

    A time without a zone is taken as UTC and a partial date as its first instant. 03/04/2015 is not read: day and
    month cannot be told apart.
    """
    text = text.strip()
    try:
        if match := _PARTIAL.fullmatch(text):
            return format_moment(datetime(int(match[1]), int(match[2] or 1), 1, tzinfo=UTC))
        if match := _MOMENT.fullmatch(text):
            day, clock, fraction, zone = match.groups()
            micro = ((fraction or "") + "000000")[:6]
            moment = datetime.fromisoformat(f"{day}T{clock or '00:00'}{'' if (clock or '').count(':') == 2 else ':00'}")
            offset = datetime.fromisoformat(f"2000-01-01T00:00:00{_zone(zone)}").tzinfo
            return format_moment(moment.replace(microsecond=int(micro), tzinfo=offset).astimezone(UTC))
    except (ValueError, OverflowError):
        return None
    return None


def _zone(zone: str | None) -> str:
    if zone is None or zone == "Z":
        return "+00:00"
    return zone if ":" in zone else f"{zone[:3]}:{zone[3:] or '00'}"


def format_moment(moment: datetime) -> str:
    """A UTC time as the graph stores it: fixed width, milliseconds, sortable as text."""
    return (
        f"{moment.year:04d}-{moment.month:02d}-{moment.day:02d}T{moment.hour:02d}:{moment.minute:02d}:"
        f"{moment.second:02d}.{moment.microsecond // 1000:03d}Z"
    )


def read_period(text: str) -> Period | None:
    """A repeating duration (`R/P1Y`), a plain one (`P1M`), an EU frequency address or a word; else None."""
    text = text.strip()
    repeating = _REPEATING.fullmatch(text)
    duration = repeating["duration"] if repeating else text
    match = _DURATION.fullmatch(duration)
    if match and duration[-1] not in "PT":
        return _bucket(match)
    word = text.rsplit("/", 1)[-1] if text.startswith(("http://", "https://")) else text
    return _WORDS.get("".join(c for c in word.casefold() if c.isalnum()))


def _bucket(match: re.Match[str]) -> Period | None:
    try:
        days = sum(float(amount) * _DAYS[unit] for unit, amount in match.groupdict().items() if amount)
    except ValueError:
        return None
    if days <= 0:
        return None
    return next((period for longest, period in _BUCKETS if days <= longest), Period.IRREGULAR)


def is_repeating(text: str) -> bool:
    """Whether a `modified` is a repeating duration, which DCAT-US allows for data that changes all the time."""
    return _REPEATING.fullmatch(text.strip()) is not None


def repeating_start(text: str) -> str | None:
    """The start within `R/2015-01-01/P1D`, when it has one."""
    match = _REPEATING.fullmatch(text.strip())
    return read_moment(match["start"]) if match and match["start"] else None
