"""The room of delivery: rows under a grant, from files that agencies deliver and from their own PostgreSQL.

It applies what it is told, masks before filter, order and paging, and knows no grant, no GraphQL and no HTTP. Sources
are read in a process of its own (`worker`), so that neither a query that goes wrong nor a file that was made to hurt
reaches the gateway.
"""

from gateway.delivery.engine import TIMEOUT, Engine, Limits
from gateway.delivery.errors import (
    BadFetch,
    BadValue,
    Busy,
    ColumnMissing,
    ColumnType,
    DeliveryError,
    SourceChanged,
    SourceGone,
    SourceSlow,
    Stalled,
    WorkerDied,
)
from gateway.delivery.fetch import Column, Fetch, FileFormat, Files, Form, Order, Postgres, Source
from gateway.delivery.paths import Identity, OpenFile, open_file
from gateway.delivery.rows import Piece, Rows

__all__ = [
    "TIMEOUT",
    "BadFetch",
    "BadValue",
    "Busy",
    "Column",
    "ColumnMissing",
    "ColumnType",
    "DeliveryError",
    "Engine",
    "Fetch",
    "FileFormat",
    "Files",
    "Form",
    "Identity",
    "Limits",
    "OpenFile",
    "Order",
    "Piece",
    "Postgres",
    "Rows",
    "Source",
    "SourceChanged",
    "SourceGone",
    "SourceSlow",
    "Stalled",
    "WorkerDied",
    "open_file",
]
