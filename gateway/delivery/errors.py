"""What can go wrong with rows: each with a stable code and a sentence for who asked, without a value of the source."""

from typing import ClassVar


class DeliveryError(Exception):
    """Rows cannot be had, or no more of them. The message may be shown to whoever asked for them."""

    code: ClassVar[str] = "DELIVERY"

    def __init__(self, message: str, field: str | None = None, row: int | None = None) -> None:
        super().__init__(message)
        self.field = field
        """The column that it is about, if one."""
        self.row = row
        """The source's row that it is about, from 1 on: for the provider, not for who asked."""


class BadFetch(DeliveryError):
    """What is asked for cannot be: the asker's mistake. `field` says which column or condition it is about."""

    code = "BAD_CONDITION"


class SourceGone(DeliveryError):
    """The file, table or server is not there, or not what it should be."""

    code = "SOURCE_GONE"


class SourceSlow(DeliveryError):
    """The source did not answer in the time that it was given."""

    code = "SOURCE_SLOW"


class SourceChanged(DeliveryError):
    """The source is not the version that was asked for, or was changed while it was read."""

    code = "SOURCE_CHANGED"


class ColumnMissing(DeliveryError):
    """The source has no such column."""

    code = "COLUMN_MISSING"


class ColumnType(DeliveryError):
    """The source's column is of another type than the catalogue says."""

    code = "COLUMN_TYPE"


class BadValue(DeliveryError):
    """The source holds a value that is not of the type that the catalogue says. Which value is not told."""

    code = "BAD_VALUE"


class Busy(DeliveryError):
    """Too many streams are under way or waiting."""

    code = "BUSY"


class WorkerDied(DeliveryError):
    """The process that read the rows ended in the middle. The next fetch starts another."""

    code = "WORKER_DIED"


class Stalled(DeliveryError):
    """Whoever asked did not take the rows."""

    code = "STALLED"


ERRORS: dict[str, type[DeliveryError]] = {
    kind.code: kind
    for kind in (
        BadFetch,
        SourceGone,
        SourceSlow,
        SourceChanged,
        ColumnMissing,
        ColumnType,
        BadValue,
        Busy,
        WorkerDied,
        Stalled,
        DeliveryError,
    )
}
"""By code."""
