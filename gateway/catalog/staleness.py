"""When an entry that was promised to be kept up to date becomes stale (R10)."""

from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from gateway.graph.times import instant
from gateway.vocabulary import FOREVER, Period

LENGTHS: Final = MappingProxyType(
    {
        Period.REALTIME: timedelta(hours=1),
        Period.HOURLY: timedelta(hours=1),
        Period.DAILY: timedelta(days=1),
        Period.WEEKLY: timedelta(days=7),
        Period.MONTHLY: timedelta(days=31),
        Period.QUARTERLY: timedelta(days=92),
        Period.SEMIANNUAL: timedelta(days=184),
        Period.ANNUAL: timedelta(days=366),
    }
)
"""The longest that each period can last, so that nobody is called late on account of the calendar."""


def stale_at(refreshed_at: str | None, period: Period | None) -> str:
    """The instant at which the promise is broken; `FOREVER` where none was made or nothing was ever delivered."""
    if refreshed_at is None or period is None or period not in LENGTHS:
        return FOREVER
    try:
        return instant(datetime.fromisoformat(refreshed_at) + LENGTHS[period])
    except OverflowError:
        return FOREVER
