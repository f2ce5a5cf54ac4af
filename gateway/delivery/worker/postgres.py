"""Rows of an agency's PostgreSQL: a transaction that reads one state and can write nothing, a server-side cursor."""

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

import duckdb
import psycopg
import pyarrow as pa
from psycopg import errors, sql

from gateway.delivery.dialects import Found, PostgreSql, quoted
from gateway.delivery.errors import BadValue, DeliveryError, SourceGone, SourceSlow
from gateway.delivery.fetch import Fetch, Postgres
from gateway.delivery.sql import is_ordered, lines, statement
from gateway.delivery.worker.encoding import batch_rows, is_text, schema_of
from gateway.vocabulary import DataType

_SHORTEST: Final = 2
"""Seconds: libpq takes no shorter limit for connecting."""
_CANCEL: Final = 2.0
_TYPES: Final = {
    **dict.fromkeys((20, 21, 23), ("int", DataType.INTEGER)),
    **dict.fromkeys((700, 701, 1700), ("number", DataType.DECIMAL)),
    **dict.fromkeys((25, 1042, 1043), ("text", DataType.STRING)),
    **dict.fromkeys((1114, 1184), ("timestamp", DataType.DATETIME)),
    16: ("bool", DataType.BOOLEAN),
    17: ("bytea", DataType.BINARY),
    1082: ("date", DataType.DATE),
}
"""By the numbers that PostgreSQL has given its own types for good."""
# The last two let rows without an order come as the table has them.
_SETTINGS: Final = """
SELECT set_config('statement_timeout', %s, true), set_config('search_path', '', true),
  set_config('TimeZone', 'UTC', true), set_config('client_encoding', 'UTF8', true),
  set_config('synchronize_seqscans', 'off', true), set_config('max_parallel_workers_per_gather', '0', true)
"""

OnInterrupt = Callable[[Callable[[], None]], None]


class PostgresReader:
    """Reads tables. One for all threads; DuckDB only makes texts of the rows."""

    def __init__(self, database: duckdb.DuckDBPyConnection) -> None:
        self._database = database

    def columns(self, source: Postgres, seconds: float, on_interrupt: OnInterrupt) -> dict[str, Found]:
        """The columns of a table.

        Raises:
            DeliveryError: it cannot be read.
        """
        with _connected(source, seconds, on_interrupt) as connection:
            return _found(connection, source)

    def rows(self, fetch: Fetch, seconds: float, on_interrupt: OnInterrupt) -> Iterator[Any]:
        """The rows as Arrow batches for `encoding`.

        Raises:
            DeliveryError: it cannot be read.
        """
        batches = self._batches(fetch, seconds, on_interrupt)
        return self._texts(fetch, batches) if is_text(fetch.form) else batches

    def _batches(self, fetch: Fetch, seconds: float, on_interrupt: OnInterrupt) -> Iterator[Any]:
        assert isinstance(fetch.source, Postgres)
        schema = schema_of(fetch.leaving)
        schema = pa.schema([(f"c{place}", field.type) for place, field in enumerate(schema)])
        numbers = [place for place, column in enumerate(fetch.leaving) if column.shown is DataType.DECIMAL]
        with _connected(fetch.source, seconds, on_interrupt) as connection:
            found = _found(connection, fetch.source)
            # Without an order a table's rows come as they please, so pages would not fit together.
            paged = fetch.limit is not None or fetch.position > 0
            total = paged or is_ordered(fetch, found)
            asked = statement(fetch, PostgreSql(), _relation(fetch.source), found, total=total)
            with connection.cursor(name="rows", binary=True) as cursor:
                # Names are quoted and values bound: see `sql`.
                cursor.execute(sql.SQL(asked.text), asked.values)
                while rows := cursor.fetchmany(batch_rows(fetch)):
                    columns = [
                        pa.array(values, of.type) for values, of in zip(zip(*rows, strict=True), schema, strict=True)
                    ]
                    for place in numbers:
                        if not _finite(columns[place]):
                            raise BadValue("the source holds something that is no number", fetch.leaving[place].name)
                    yield pa.RecordBatch.from_arrays(columns, schema=schema)

    def _texts(self, fetch: Fetch, batches: Iterator[Any]) -> Iterator[Any]:
        cursor = self._database.cursor()
        try:
            for batch in batches:
                cursor.register("delivered", pa.Table.from_batches([batch]))
                yield from cursor.sql(lines(fetch, "delivered")).to_arrow_reader(batch.num_rows)
        finally:
            cursor.close()


def _finite(column: Any) -> bool:
    import pyarrow.compute as pc  # noqa: PLC0415 - takes a while, and is for this only

    return bool(pc.all(pc.is_finite(column)).as_py() is not False)


@contextmanager
def _connected(
    source: Postgres, seconds: float, on_interrupt: OnInterrupt
) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    try:
        connection = psycopg.connect(
            source.dsn, connect_timeout=max(_SHORTEST, round(seconds)), application_name="public-data-gateway"
        )
    except errors.ConnectionTimeout:
        raise SourceSlow("the source's server did not answer in time") from None
    except (psycopg.Error, UnicodeError):
        raise SourceGone("the source's server cannot be reached") from None
    on_interrupt(_hang_up(connection))
    try:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        connection.execute(_SETTINGS, (f"{max(1, int(seconds * 1000))}",))
        yield connection
    except (psycopg.Error, pa.ArrowInvalid, OverflowError) as problem:
        raise _told(problem) from None
    finally:
        connection.close()


def _hang_up(connection: psycopg.Connection[tuple[Any, ...]]) -> Callable[[], None]:
    began = threading.Event()

    def cancel(descriptor: int) -> None:
        with suppress(psycopg.Error):
            connection.cancel_safe(timeout=_CANCEL)
        # Whether the server listens or not, the thread that waits for it goes on.
        with socket.socket(fileno=descriptor) as line, suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)

    def interrupt() -> None:
        if not began.is_set():
            began.set()
            threading.Thread(target=cancel, args=(os.dup(connection.fileno()),), daemon=True).start()

    return interrupt


def _relation(source: Postgres) -> str:
    return f"{quoted(source.schema)}.{quoted(source.table)}".replace("%", "%%")


def _found(connection: psycopg.Connection[tuple[Any, ...]], source: Postgres) -> dict[str, Found]:
    relation = f"{quoted(source.schema)}.{quoted(source.table)}"
    cursor = connection.execute(sql.SQL(f"SELECT * FROM {relation} LIMIT 0"))  # noqa: S608
    found = {}
    for column in cursor.description or ():
        words, of = _TYPES.get(column.type_code, ("other", DataType.OTHER))
        found[column.name] = Found(of, words, column.name)
    return found


def _told(problem: Exception) -> DeliveryError:
    """What happened, without the server's words: these quote values."""
    match problem:
        case errors.QueryCanceled():
            return SourceSlow("the source's server did not answer in time")
        case errors.UndefinedTable() | errors.InvalidSchemaName() | errors.InsufficientPrivilege():
            return SourceGone("the source has no such table, or it may not be read")
        case psycopg.DataError() | pa.ArrowInvalid() | OverflowError():
            return BadValue("the source holds a value that is not of the type that the catalogue says")
        case psycopg.OperationalError():
            return SourceGone("the connection to the source's server broke")
        case _:
            return SourceGone("the source's server could not answer")
