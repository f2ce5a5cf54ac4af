"""Instants as the graph stores them: UTC, fixed width, so that text order is time order."""

from datetime import UTC, datetime


def instant(moment: datetime) -> str:
    """`YYYY-MM-DDTHH:MM:SS.sssZ` of a moment that knows its offset."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def now() -> str:
    """This instant."""
    return instant(datetime.now(UTC))
