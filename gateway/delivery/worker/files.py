"""Rows of delivered files, by a DuckDB that can open those and nothing else.

A file is opened here, part by part of its path, and DuckDB gets `/proc/self/fd/N`: it reads the very file that was
looked at, and a name with `*` in it or exchanged in between has no meaning. DuckDB itself resolves that to the real
path and refuses whatever is not below the deliveries' folder: the second of two locks.
"""
# ruff: noqa: S608 - what is put together here are numbers of descriptors and words of ours

import csv
import os
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date
from io import StringIO
from pathlib import Path
from threading import Lock
from typing import Any, Final

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from gateway.delivery.confinement import Confinement
from gateway.delivery.dialects import BAD_VALUE, DuckDb, Found
from gateway.delivery.errors import BadValue, ColumnType, DeliveryError, SourceChanged, SourceGone
from gateway.delivery.fetch import Fetch, FileFormat, Files
from gateway.delivery.paths import OpenFile, open_file, version_of
from gateway.delivery.sql import is_ordered, lines, statement
from gateway.delivery.worker.encoding import batch_rows, is_text
from gateway.vocabulary import DataType

_LONGEST_HEADER: Final = 1_000_000
_LONGEST_LINE: Final = 10_000_000
_KNOWN: Final = 1_000
_SETTLED: Final = 0.02
"""Seconds after which a write has another time than the one before: the kernel's clock for files is coarse."""
_MOST_BOUNDS: Final = 20_000
_FAILURES: Final = (duckdb.Error, pa.ArrowException, OSError)
"""What DuckDB ends a statement with; in the middle of one it comes through Arrow."""
_TYPES: Final = {
    **dict.fromkeys(("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"), DataType.INTEGER),
    **dict.fromkeys(("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"), DataType.INTEGER),
    **dict.fromkeys(("FLOAT", "DOUBLE"), DataType.DECIMAL),
    **dict.fromkeys(
        ("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE"), DataType.DATETIME
    ),
    "VARCHAR": DataType.STRING,
    "BOOLEAN": DataType.BOOLEAN,
    "DATE": DataType.DATE,
    "BLOB": DataType.BINARY,
}


def confined(limits: Confinement) -> duckdb.DuckDBPyConnection:
    """A DuckDB in memory whose confinement cannot be changed any more."""
    database = duckdb.connect(":memory:")
    folders = [limits.deliveries.rstrip("/") + "/"]
    for setting in (
        f"threads = {limits.threads:d}",
        f"memory_limit = {_quoted(_size(limits.memory))}",
        f"temp_directory = {_quoted(limits.spill)}",
        f"max_temp_directory_size = {_quoted(_size(limits.spill_most))}",
        "TimeZone = 'UTC'",
        # It knows files by their path, and /proc/self/fd/7 is another one next time.
        "enable_external_file_cache = false",
        "autoload_known_extensions = false",
        "autoinstall_known_extensions = false",
        "allow_community_extensions = false",
        f"allowed_directories = [{', '.join(map(_quoted, folders))}]",
        "enable_external_access = false",
        "lock_configuration = true",
    ):
        database.execute(f"SET {setting}")
    return database


class FileReader:
    """Reads delivered files. One for all threads."""

    def __init__(self, database: duckdb.DuckDBPyConnection) -> None:
        self._database = database
        self._known: OrderedDict[tuple[FileFormat, str], dict[str, Found]] = OrderedDict()
        self._lock = Lock()

    def columns(self, source: Files) -> dict[str, Found]:
        """The columns of a source.

        Raises:
            DeliveryError: it cannot be read.
        """
        with ExitStack() as stack:
            opened = self._opened(source, stack)
            return self._found(source, opened, self._database.cursor())

    def rows(self, fetch: Fetch, on_interrupt: Callable[[Callable[[], None]], None]) -> tuple[str, Iterator[Any]]:
        """The version of the source, and the rows as Arrow batches for `encoding`.

        Raises:
            DeliveryError: from here or from the iterator.
        """
        assert isinstance(fetch.source, Files)
        stack = ExitStack()
        try:
            opened = self._opened(fetch.source, stack)
            version = version_of(file.identity for file in opened)
            if fetch.version not in {None, version}:
                raise SourceChanged("the source is not the version that the position belongs to; begin again")
            return version, self._batches(fetch, opened, stack, on_interrupt)
        except BaseException:
            stack.close()
            raise

    def _batches(
        self,
        fetch: Fetch,
        opened: list[OpenFile],
        stack: ExitStack,
        on_interrupt: Callable[[Callable[[], None]], None],
    ) -> Iterator[Any]:
        assert isinstance(fetch.source, Files)
        with stack:
            cursor = self._database.cursor()
            stack.callback(cursor.close)
            on_interrupt(cursor.interrupt)
            try:
                found = self._found(fetch.source, opened, cursor)
                total, relation = is_ordered(fetch, found), _relation(fetch.source, opened, found)
                asked = statement(fetch, DuckDb(), relation, found, total=total)
                text = lines(fetch, f"({asked.text})") if is_text(fetch.form) else asked.text
                for batch in _run(cursor, text, asked.values, fetch):
                    _check(opened)
                    yield batch
            except _FAILURES as problem:
                _check(opened)
                told = _told(problem, fetch)
                if told.field is not None and fetch.source.format is FileFormat.CSV:
                    told.row = self._row(fetch, told.field, opened, cursor)
                raise told from None
            _check(opened)

    def _row(self, fetch: Fetch, field: str, opened: list[OpenFile], cursor: duckdb.DuckDBPyConnection) -> int | None:
        """The first row with a bad value in a column."""
        assert isinstance(fetch.source, Files)
        found = self._found(fetch.source, opened, cursor)
        column = next(column for column in fetch.columns if column.name == field)
        bad = DuckDb().bad(found[field].name, column.type)
        relation = _relation(fetch.source, opened, found)
        numbered = f"SELECT row_number() OVER () AS number, {bad} AS bad FROM {relation}"
        try:
            first = cursor.execute(f"SELECT min(number) FROM ({numbered}) WHERE bad").fetchone()
        except duckdb.Error:
            return None
        return first[0] if first else None

    @staticmethod
    def _opened(source: Files, stack: ExitStack) -> list[OpenFile]:
        opened = []
        for path in source.paths:
            file = open_file(Path(source.root), path)
            stack.callback(file.close)
            opened.append(file)
        newest = max(max(file.identity.modified, file.identity.changed) for file in opened) / 1e9
        if 0 <= (age := time.time() - newest) < _SETTLED:
            time.sleep(_SETTLED - age)
            _check(opened)
        return opened

    def _found(self, source: Files, opened: list[OpenFile], cursor: duckdb.DuckDBPyConnection) -> dict[str, Found]:
        key = source.format, version_of(file.identity for file in opened)
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
                return self._known[key]
        try:
            found = _of_csv(opened) if source.format is FileFormat.CSV else _of_parquet(opened, cursor)
        except _FAILURES as problem:
            raise _told(problem, None) from None
        with self._lock:
            self._known[key] = found
            if len(self._known) > _KNOWN:
                self._known.popitem(last=False)
        return found


def _run(cursor: duckdb.DuckDBPyConnection, text: str, values: tuple[Any, ...], fetch: Fetch) -> Iterator[Any]:
    rows = batch_rows(fetch)
    if not fetch.is_short:
        yield from cursor.sql(text, params=list(values)).to_arrow_reader(rows)
        return
    # Bound once instead of twice, and all at once: few rows are answered sooner, and take no room.
    result = cursor.execute(text, list(values))
    if is_text(fetch.form):
        yield pa.record_batch([pa.array([row[0] for row in result.fetchall()], pa.string())], ["line"])
    else:
        reader: Any = result.to_arrow_reader(rows)
        yield from reader


def _check(opened: list[OpenFile]) -> None:
    for file in opened:
        file.check()


def _paths(opened: list[OpenFile]) -> str:
    return "[" + ", ".join(f"'/proc/self/fd/{file.descriptor:d}'" for file in opened) + "]"


def _relation(source: Files, opened: list[OpenFile], found: dict[str, Found]) -> str:
    if source.format is FileFormat.PARQUET:
        return f"read_parquet({_paths(opened)})"
    columns = ", ".join(f"'{column.name}': 'VARCHAR'" for column in found.values())
    return (
        f"read_csv({_paths(opened)}, columns = {{{columns}}}, auto_detect = false, header = true, delim = ',', "
        "quote = '\"', escape = '\"', nullstr = '', allow_quoted_nulls = false, strict_mode = true, "
        f"max_line_size = {_LONGEST_LINE}, ignore_errors = false)"
    )


def _of_parquet(opened: list[OpenFile], cursor: duckdb.DuckDBPyConnection) -> dict[str, Found]:
    relation = cursor.sql(f"SELECT * FROM read_parquet({_paths(opened)})")
    bounded = _bounded(opened)
    return {
        name: Found(_type(str(words)), str(words), name, bounded=name in bounded)
        for name, words in zip(relation.columns, relation.types, strict=True)
    }


def _bounded(opened: list[OpenFile]) -> frozenset[str]:
    """Columns of days and moments whose stated bounds are of our calendar, so that not each has to be looked at."""
    within: set[str] | None = None
    for file in opened:
        about = pq.read_metadata(f"/proc/self/fd/{file.descriptor:d}")
        if about.num_row_groups * about.num_columns > _MOST_BOUNDS:
            return frozenset()
        here = {about.schema.column(place).path for place in range(about.num_columns)}
        for group in (about.row_group(number) for number in range(about.num_row_groups)):
            here -= {one.path_in_schema for one in map(group.column, range(group.num_columns)) if not _of_calendar(one)}
        within = here if within is None else within & here
    return frozenset(within or ())


def _of_calendar(column: Any) -> bool:
    try:
        about = column.statistics
        return bool(about and about.has_min_max and isinstance(about.min, date) and isinstance(about.max, date))
    except (ValueError, OverflowError, pa.ArrowException):  # Python knows the years 1 to 9999
        return False


def _type(words: str) -> DataType:
    return DataType.DECIMAL if words.startswith("DECIMAL(") else _TYPES.get(words, DataType.OTHER)


def _of_csv(opened: list[OpenFile]) -> dict[str, Found]:
    """By the header. DuckDB calls the columns k0, k1, …: to it `ID` and `id` would be the same."""
    headers = [_header(file) for file in opened]
    if any(header != headers[0] for header in headers):
        raise SourceGone("the delivered files do not have the same columns")
    found = {name: Found(DataType.STRING, "", f"k{place}") for place, name in enumerate(headers[0])}
    if len(found) != len(headers[0]):
        raise ColumnType("the delivered file has two columns of one name")
    return found


def _header(file: OpenFile) -> list[str]:
    data = os.pread(file.descriptor, _LONGEST_HEADER, 0)
    try:
        text = data.decode("utf-8-sig", "strict" if len(data) < _LONGEST_HEADER else "ignore")
        return next(csv.reader(StringIO(text, newline=""), strict=True), [])
    except UnicodeDecodeError:
        raise BadValue("the delivered file is not in UTF-8") from None
    except csv.Error:
        raise BadValue("the delivered file does not begin with a header as RFC 4180 has it") from None


def _told(problem: Exception, fetch: Fetch | None) -> DeliveryError:
    """What happened, without DuckDB's words: these quote values."""
    text = str(problem)
    if found := re.search(re.escape(BAD_VALUE) + r"(\d*)", text):
        places = dict(enumerate(fetch.columns)) if fetch is not None and found[1] else {}
        column = places.get(int(found[1] or 0))
        field = None if column is None else column.name
        return BadValue("the source holds a value that is not of the type that the catalogue says", field)
    if isinstance(problem, duckdb.OutOfMemoryException) or "Out of Memory" in text:
        return DeliveryError("the rows cannot be put into this order with the memory that there is; ask for fewer")
    if isinstance(problem, duckdb.PermissionException):
        return SourceGone("the delivered file is not in the folder of deliveries")
    if line := re.search(r"CSV Error on Line: (\d+)", text):
        return BadValue(f"line {line[1]} of the delivered file is not as RFC 4180 has it")
    return BadValue("the delivered file cannot be read as what it is said to be")


def _size(text: str) -> str:
    return f"{text[:-1]}{text[-1].upper()}iB"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
