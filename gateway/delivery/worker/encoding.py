"""Rows into the bytes that leave, a piece at a time."""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from gateway.delivery.fetch import Column, Fetch, Form
from gateway.vocabulary import DataType

_PIECE: Final = 4_000_000
"""Bytes of a piece, about, where rows are small beside it."""
_CELLS: Final = 160_000
_ROW_GROUP: Final = 65_536
_ARROW: Final = {
    DataType.INTEGER: pa.int64(),
    DataType.DECIMAL: pa.float64(),
    DataType.BOOLEAN: pa.bool_(),
    DataType.DATE: pa.date32(),
    DataType.DATETIME: pa.timestamp("us"),
    DataType.BINARY: pa.binary(),
}


class Encoded(NamedTuple):
    """Buffers that leave together, and how many rows are in them."""

    buffers: list[Any]
    rows: int


def schema_of(columns: tuple[Column, ...]) -> Any:
    """The Arrow schema of what is delivered."""
    return pa.schema([(column.name, _ARROW.get(column.shown, pa.string())) for column in columns])


def batch_rows(fetch: Fetch) -> int:
    """How many rows are worked on at once: fewer of wide ones, so that memory does not follow the width."""
    return max(256, min(16_384, _CELLS // len(fetch.leaving)))


def is_text(form: Form) -> bool:
    """Whether DuckDB makes a text of each row."""
    return form in {Form.JSON, Form.NDJSON, Form.CSV}


def encoded(fetch: Fetch, batches: Iterator[Any]) -> Iterator[Encoded]:
    """Pieces of a document; together they are the document.

    Args:
        fetch: for form and columns.
        batches: record batches; for text forms of one text column, else of the columns in order.
    """
    match fetch.form:
        case Form.ARROW:
            return _arrow(fetch, batches)
        case Form.PARQUET:
            return _parquet(fetch, batches)
        case Form.JSON:
            return _array(batches)
        case Form.NDJSON:
            return _text(b"", batches)
        case Form.CSV:
            names = ",".join('"' + column.name.replace('"', '""') + '"' for column in fetch.leaving)
            return _text(f"{names}\r\n".encode(), batches)


def _parts(batches: Iterator[Any]) -> Iterator[Any]:
    """No batch much larger than a piece."""
    for batch in batches:
        rows = max(1, batch.num_rows * _PIECE // max(_PIECE, batch.nbytes))
        for start in range(0, batch.num_rows, rows):
            yield batch.slice(start, rows)


def _bytes_of(column: Any) -> memoryview:
    """The texts of a column, one after another: they lie so in memory."""
    _, offsets, data = column.buffers()
    ends = memoryview(offsets).cast("i")
    return memoryview(data)[ends[column.offset] : ends[column.offset + len(column)]]


def _text(start: bytes, batches: Iterator[Any]) -> Iterator[Encoded]:
    for batch in _parts(batches):
        yield Encoded([start, _bytes_of(batch.column(0))], batch.num_rows)
        start = b""
    if start:
        yield Encoded([start], 0)


def _array(batches: Iterator[Any]) -> Iterator[Encoded]:
    """Each text begins with a comma; the first one's gives way to the bracket."""
    start = b"["
    for batch in _parts(batches):
        data = _bytes_of(batch.column(0))
        yield Encoded([start, data[1:]] if start else [data], batch.num_rows)
        start = b""
    yield Encoded([start, b"]"], 0)


def _arrow(fetch: Fetch, batches: Iterator[Any]) -> Iterator[Encoded]:
    schema, sink = schema_of(fetch.leaving), _Sink()
    writer = pa.ipc.new_stream(sink, schema)
    for batch in _parts(batches):
        writer.write_batch(pa.RecordBatch.from_arrays([_clean(column) for column in batch.columns], schema=schema))
        yield Encoded(sink.taken(), batch.num_rows)
    writer.close()
    yield Encoded(sink.taken(), 0)


def _clean(column: Any) -> Any:
    """The same column without what lies where a value is NULL, and behind the last one.

    There the memory is as it was found: it may hold rows that somebody else asked for, and Arrow would send it along.
    """
    if column.offset:
        column = pa.concat_arrays([column])
    _, *values = column.buffers()
    of, valid = column.type, pc.is_valid(column).buffers()[1] if column.null_count else None
    if not (pa.types.is_string(of) or pa.types.is_binary(of)):
        if column.null_count:
            values = pc.fill_null(column, pa.scalar(0, of) if not pa.types.is_boolean(of) else False).buffers()[1:]
        elif pa.types.is_boolean(of):
            values = pc.and_(column, column).buffers()[1:]
    return pa.Array.from_buffers(of, len(column), [valid, *values], column.null_count)


def _parquet(fetch: Fetch, batches: Iterator[Any]) -> Iterator[Encoded]:
    """A piece is a row group: its rows are nowhere else."""
    schema, sink = schema_of(fetch.leaving), _Sink()
    most = max(256, min(_ROW_GROUP, 4 * _CELLS // len(fetch.leaving)))
    writer, held, rows, size = pq.ParquetWriter(sink, schema), list[Any](), 0, 0

    def group() -> Encoded:
        writer.write_table(pa.Table.from_batches(held, schema), row_group_size=rows)
        return Encoded(sink.taken(), rows)

    for batch in _parts(batches):
        held.append(_named(batch, schema))
        rows, size = rows + batch.num_rows, size + batch.nbytes
        if rows >= most or size >= 4 * _PIECE:
            yield group()
            held, rows, size = [], 0, 0
    if rows:
        yield group()
    writer.close()
    yield Encoded(sink.taken(), 0)


def _named(batch: Any, schema: Any) -> Any:
    return pa.RecordBatch.from_arrays(batch.columns, schema=schema)


class _Sink:
    """A file that keeps what is written until it is taken.

    Arrow's stream writes the columns' own buffers, which nobody changes any more: they are kept as they are.
    """

    closed = False

    def __init__(self) -> None:
        self._kept: list[Any] = []

    def write(self, data: Any) -> int:
        self._kept.append(data if isinstance(data, pa.Buffer) else bytes(data))
        return len(data)

    def taken(self) -> list[Any]:
        kept, self._kept = self._kept, []
        return kept

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """Nothing to close."""
