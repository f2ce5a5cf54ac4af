"""What leaves is what standards say, whole, in pages, and in every form the same."""

import csv
import dataclasses
import io
import json
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gateway.delivery import Column, Engine, Fetch, FileFormat, Files, Form, Order
from gateway.vocabulary import DataType
from tests.delivery.reading import document, parsed, read
from tests.delivery.samples import COLUMNS, ask, register
from tests.delivery.tables import Table, as_csv, as_parquet

_at = datetime.fromisoformat
ODD = Table(
    (
        Column("text", DataType.STRING), Column("n", DataType.INTEGER), Column("x", DataType.DECIMAL),
        Column("yes", DataType.BOOLEAN), Column("day", DataType.DATE), Column("at", DataType.DATETIME),
        Column("raw", DataType.BINARY),
    ),
    (
        ('say "hi",\r\nand go', -(2**63), 0.1, True, date(1, 1, 1), _at("0001-01-01 00:00"), b"\0\xff"),
        ("", 2**63 - 1, 5e-324, False, date(9999, 12, 31), _at("9999-12-31 23:59:59.999999"), b""),
        (None, None, None, None, None, None, None),
        ("区 𝄞 e\u0301 \x01\x1f\x7f", 0, -1.5e300, None, date(2020, 2, 29), _at("1969-12-31 23:59"), None),
    ),
)  # fmt: skip


@pytest.mark.parametrize("form", Form)
@pytest.mark.parametrize("kind", FileFormat)
async def test_every_value_survives_every_form(engine: Engine, deliveries: Path, form: Form, kind: FileFormat) -> None:
    source = (as_csv if kind is FileFormat.CSV else as_parquet)(ODD, deliveries, f"odd.{kind}")
    assert await read(engine, Fetch(source, ODD.columns, form, order_as_delivered=True)) == [*ODD.rows]


async def test_the_bytes_are_as_the_standards_have_them(engine: Engine, deliveries: Path) -> None:
    table = Table(
        (Column('a"b', DataType.STRING), Column("t", DataType.DATETIME)), (("x", _at("2020-01-02 03:00")), ("", None))
    )
    source = as_parquet(table, deliveries)
    given = {
        form: await document(engine, Fetch(source, table.columns, form)) for form in (Form.JSON, Form.NDJSON, Form.CSV)
    }
    assert given[Form.CSV] == b'"a""b","t"\r\n"",\r\n"x",2020-01-02T03:00:00\r\n'
    lines = [b'{"a\\"b":"","t":null}', b'{"a\\"b":"x","t":"2020-01-02T03:00:00"}']
    assert given[Form.NDJSON] == b"\n".join(lines) + b"\n"
    assert given[Form.JSON] == b"[" + b",".join(lines) + b"]"


@pytest.mark.parametrize("form", Form)
async def test_no_rows_are_a_document_too(engine: Engine, deliveries: Path, form: Form) -> None:
    source = register(deliveries, 3, "three.parquet")
    data = await document(engine, ask(source, form=form, limit=0))
    assert parsed(data, form, COLUMNS) == []
    assert data == {Form.JSON: b"[]", Form.NDJSON: b"", Form.CSV: b'"id","name","price"\r\n'}.get(form, data)


async def test_many_pieces_are_one_document(engine: Engine, deliveries: Path) -> None:
    source = register(deliveries, 100_000, "many.parquet")
    whole = [(i, f"number {i}", i / 8) for i in range(100_000)]
    data = {form: await document_of(engine, ask(source, form=form, order=(Order("id"),))) for form in Form}
    assert len(json.loads(data[Form.JSON])) == 100_000
    assert data[Form.NDJSON].count(b"\n") == 100_000
    assert len([*csv.reader(io.StringIO(data[Form.CSV].decode(), newline=""))]) == 100_001
    assert parsed(data[Form.ARROW], Form.ARROW, COLUMNS) == whole
    assert parsed(data[Form.PARQUET], Form.PARQUET, COLUMNS) == whole
    assert pq.ParquetFile(io.BytesIO(data[Form.PARQUET])).num_row_groups > 1
    assert pa.ipc.open_stream(data[Form.ARROW]).schema.field("id").type == pa.int64()


async def test_rows_are_counted_when_they_have_left_and_not_before(engine: Engine, deliveries: Path) -> None:
    """So that a log can say how many rows had left when a connection broke."""
    source = register(deliveries, 50_000, "counted.parquet")
    lines = counted = 0
    async with await engine.open(ask(source, order_as_delivered=True)) as rows:
        async for piece in rows:
            lines += piece.data.count(b"\n")
            counted += piece.rows
            assert counted <= lines
            assert lines - counted <= 16_384
    assert counted == lines == 50_000


async def document_of(engine: Engine, fetch: Fetch) -> bytes:
    """The bytes, where `document` would parse everything twice."""
    async with await engine.open(fetch) as rows:
        return b"".join([piece.data async for piece in rows])


async def test_pages_together_are_the_whole(engine: Engine, deliveries: Path) -> None:
    """Also where the keys of the order are equal; and without an order, as delivered."""
    table = Table(
        (Column("a", DataType.INTEGER), Column("b", DataType.STRING)),
        tuple((i % 2, None if i % 7 == 0 else f"{i % 3}") for i in range(50)),
    )
    source = as_parquet(table, deliveries)
    for given in ({"order": (Order("a", descending=True),)}, {}, {"order_as_delivered": True}):
        fetch = Fetch(source, table.columns, Form.NDJSON, **given)
        whole = await read(engine, fetch)
        pages = [await read(engine, dataclasses.replace(fetch, limit=7, position=at)) for at in range(0, 50, 7)]
        assert [row for page in pages for row in page] == whole
        assert (whole == [*table.rows]) is ("order_as_delivered" in given)


async def test_rows_do_not_come_in_the_order_of_a_column_that_nobody_asked_for(
    engine: Engine, deliveries: Path
) -> None:
    table = Table(
        (Column("shown", DataType.INTEGER), Column("hidden", DataType.INTEGER)),
        tuple(((i * 7) % 50, i) for i in range(50)),
    )
    source = as_parquet(table, deliveries)
    fetch = Fetch(source, table.columns[:1], Form.NDJSON, order_as_delivered=True)
    assert await read(engine, fetch) == [(i,) for i in range(50)]


async def test_several_files_follow_one_another(engine: Engine, deliveries: Path) -> None:
    parts = [register(deliveries, rows, f"part{rows}.parquet") for rows in (3, 5, 4)]
    each = [await read(engine, ask(part, order_as_delivered=True)) for part in parts]
    source = Files(deliveries, tuple(part.paths[0] for part in parts), FileFormat.PARQUET)
    assert await read(engine, ask(source, order_as_delivered=True)) == each[0] + each[1] + each[2]


async def test_only_named_columns_leave_and_in_the_order_asked_for(engine: Engine, deliveries: Path) -> None:
    source = register(deliveries, 2, "two.parquet")
    fetch = ask(source, columns=(COLUMNS[2], COLUMNS[0]), form=Form.CSV)
    assert await document(engine, fetch) == b'"price","id"\r\n0.0,0\r\n0.125,1\r\n'


@pytest.mark.parametrize("form", Form)
async def test_a_form_has_its_media_type(engine: Engine, deliveries: Path, form: Form) -> None:
    async with await engine.open(ask(register(deliveries, 1, "one.parquet"), form=form)) as rows:
        assert rows.content_type.split("/")[0] in {"application", "text"}
        assert len(rows.version or "") == 32
