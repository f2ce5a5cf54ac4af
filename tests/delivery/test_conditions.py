"""What is asked for is a structure of bounded size; what cannot be is refused with what would be right."""

import math
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gateway.delivery import (
    BadFetch,
    BadValue,
    Column,
    ColumnMissing,
    ColumnType,
    Engine,
    Fetch,
    FileFormat,
    Files,
    Form,
    Order,
)
from gateway.masks import Mask, MaskKind
from gateway.sharing.scope import Condition
from gateway.sharing.words import RowOperator
from gateway.vocabulary import DataType
from tests.delivery.reading import read
from tests.delivery.samples import ask, register
from tests.delivery.tables import Table, as_csv

FROM, BEFORE, IN = RowOperator.FROM, RowOperator.BEFORE, RowOperator.IN
TYPES = tuple(Column(of.lower(), of) for of in DataType)


async def _refused(engine: Engine, fetch: Fetch) -> BadFetch:
    with pytest.raises(BadFetch) as problem:
        await engine.open(fetch)
    assert problem.value.code == "BAD_CONDITION"
    return problem.value


async def test_ten_thousand_terms_are_refused_at_once(engine: Engine, deliveries: Path) -> None:
    source = register(deliveries, 3)
    many = tuple(Condition("id", FROM, ("1",)) for _ in range(10_000))
    began = time.perf_counter()
    for fetch in (
        ask(source, filter=many),
        ask(source, granted=many),
        ask(source, filter=(Condition("id", IN, ("1",) * 10_000),)),
        ask(source, filter=(Condition("name", FROM, ("x" * 10_000,)),)),
        ask(source, order=(Order("id"),) * 10_000),
        ask(source, columns=tuple(Column(f"c{i}", DataType.STRING) for i in range(10_000))),
    ):
        assert "at most" in str(await _refused(engine, fetch))
    assert time.perf_counter() - began < 1


@pytest.mark.parametrize(
    ("field", "operator", "value", "said"),
    [
        ("integer", FROM, "1.5", "whole number"),
        ("integer", FROM, "9223372036854775808", "whole number"),
        ("integer", FROM, "١", "whole number"),
        ("integer", FROM, "1 OR 1=1", "whole number"),
        ("decimal", FROM, "1e999", "a number like"),
        ("decimal", FROM, "nan", "a number like"),
        ("decimal", FROM, "1_0", "a number like"),
        ("boolean", IN, "yes", "true or false"),
        ("boolean", FROM, "true", "IN only"),
        ("date", FROM, "2026-02-30", "a day like"),
        ("date", FROM, "20260230", "a day like"),
        ("datetime", FROM, "2026-01-01", "a moment like"),
        ("datetime", FROM, "0001-01-01T00:00:00+14:00", "a moment like"),
        ("string", FROM, "a\0", "control characters"),
        ("string", FROM, "\ud800", "control characters"),
        ("binary", IN, "AA==", "no condition"),
        ("none", IN, "1", "not a column"),
        ("integer", BEFORE, "", "whole number"),
    ],
)
async def test_a_value_of_another_type_is_refused(
    engine: Engine, deliveries: Path, field: str, operator: RowOperator, value: str, said: str
) -> None:
    (deliveries / "types.csv").write_text(",".join(column.name for column in TYPES) + "\n")
    source = Files(deliveries, ("types.csv",), FileFormat.CSV)
    problem = await _refused(engine, Fetch(source, TYPES, Form.CSV, filter=(Condition(field, operator, (value,)),)))
    assert said in str(problem)
    assert problem.field == field


async def test_a_moment_may_name_its_zone(engine: Engine, deliveries: Path) -> None:
    (deliveries / "zone.csv").write_text(
        "at\n2026-01-01T08:00:00+08:00\n2026-01-01 00:00:00\n2026-01-01T00:00:01Z\n2026-01-01\n"
    )
    source = Files(deliveries, ("zone.csv",), FileFormat.CSV)
    fetch = Fetch(source, (Column("at", DataType.DATETIME),), Form.CSV,
                  filter=(Condition("at", IN, ("2026-01-01T08:00:00+08:00",)),))  # fmt: skip
    assert len(await read(engine, fetch)) == 3


@pytest.mark.parametrize(
    "attack",
    ["' OR '1'='1", '"; DROP TABLE x; --', "%", "_", ".*", "\\", "$1", "?", "') UNION SELECT 1 --", "%s", "{}"],
)
async def test_a_value_is_a_value(engine: Engine, deliveries: Path, attack: str) -> None:
    """There is neither SQL nor a pattern in it, in names as in values."""
    table = Table(
        (Column(attack, DataType.STRING), Column("n", DataType.INTEGER)), ((attack, 1), ("other", 2), ("", 3))
    )
    source = as_csv(table, deliveries)
    fetch = Fetch(
        source, table.columns, Form.NDJSON, filter=(Condition(attack, IN, (attack,)),), order=(Order(attack),)
    )
    assert await read(engine, fetch) == [(attack, 1)]


async def test_masks_have_to_go_with_their_columns(engine: Engine, deliveries: Path) -> None:
    month = Mask("month", 1, MaskKind.MONTH)
    problem = await _refused(engine, ask(register(deliveries, 3), columns=(Column("id", DataType.INTEGER, month),)))
    assert "MONTH does not go with INTEGER" in str(problem)


async def test_a_fetch_of_nothing_is_refused(engine: Engine, deliveries: Path) -> None:
    gone = Column("id", DataType.INTEGER, Mask("gone", 1, MaskKind.DROP))
    source = register(deliveries, 3)
    for columns in ((), (gone,), (Column("id", DataType.INTEGER, delivered=False),)):
        await _refused(engine, ask(source, columns=columns))
    await _refused(engine, ask(source, limit=-1))
    await _refused(engine, ask(source, position=-1))
    await _refused(engine, ask(source, columns=(Column("id", DataType.INTEGER),) * 2))


async def test_columns_are_as_the_catalogue_says_or_named(engine: Engine, deliveries: Path) -> None:
    """R12."""
    source = register(deliveries, 3)
    assert await engine.describe(source) == [
        ("id", DataType.INTEGER), ("name", DataType.STRING), ("price", DataType.DECIMAL),
    ]  # fmt: skip
    with pytest.raises(ColumnMissing) as missing:
        await engine.open(ask(source, columns=(Column("ID", DataType.INTEGER),)))
    assert missing.value.field == "ID"
    with pytest.raises(ColumnType, match="is STRING, not DATE") as other:
        await engine.open(ask(source, columns=(Column("name", DataType.DATE),)))
    assert other.value.field == "name"
    assert await read(engine, ask(source, columns=(Column("id", DataType.DECIMAL),), limit=1)) == [(0.0,)]


@pytest.mark.parametrize(
    ("of", "text"),
    [
        (DataType.INTEGER, "1.5"), (DataType.INTEGER, "0x10"), (DataType.INTEGER, "99999999999999999999"),
        (DataType.INTEGER, " 1"), (DataType.DECIMAL, "nan"), (DataType.DECIMAL, "1e999"), (DataType.DECIMAL, "1,5"),
        (DataType.DATE, "infinity"), (DataType.DATE, "2024-02-30"), (DataType.DATE, "01.02.2024"),
        (DataType.DATETIME, "yesterday"), (DataType.BOOLEAN, "perhaps"), (DataType.BINARY, "%%%%"),
        (DataType.BINARY, "A==="),
    ],
)  # fmt: skip
async def test_a_bad_value_ends_the_fetch_and_is_not_told(
    engine: Engine, deliveries: Path, of: DataType, text: str
) -> None:
    """It never becomes NULL; the provider learns column and row."""
    (deliveries / "bad.csv").write_text(
        f'a,b\nx,\ny,""\nz,"{text}"\n' if of is not DataType.BINARY else f"a,b\nx,\ny,\nz,{text}\n"
    )
    source = Files(deliveries, ("bad.csv",), FileFormat.CSV)
    for form in (Form.ARROW, Form.NDJSON):
        with pytest.raises(BadValue) as problem:
            await engine.open(Fetch(source, (Column("a", DataType.STRING), Column("b", of)), form))
        assert (problem.value.field, problem.value.row) == ("b", 3)
        assert text not in str(problem.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a,b\n1,2\n1,2,3\n", "line 3"), (b"a,b\n1\n", "line 2"), (b'a,b\n1,"x"y\n', "line 2"),
        (b"a,b\n1,\xff\n", "UTF-8"), (b"\xff,b\n1,2\n", "UTF-8"),
        (b'a,"b\n', "RFC 4180"), (b"a,a\n1,2\n", "two columns"),
    ],
)  # fmt: skip
async def test_a_file_that_is_not_what_it_should_be_is_refused(
    engine: Engine, deliveries: Path, content: bytes, said: str
) -> None:
    (deliveries / "odd.csv").write_bytes(content)
    source = Files(deliveries, ("odd.csv",), FileFormat.CSV)
    with pytest.raises((BadValue, ColumnType), match=said):
        await engine.open(Fetch(source, (Column("a", DataType.STRING), Column("b", DataType.STRING)), Form.CSV))
    with pytest.raises(BadValue, match="cannot be read"):
        await engine.describe(Files(deliveries, ("odd.csv",), FileFormat.PARQUET))


@pytest.mark.parametrize(
    ("of", "values"),
    [
        (DataType.DECIMAL, pa.array([None, 1.0, math.nan])),
        (DataType.DECIMAL, pa.array([math.inf, 1.0], pa.float32())),
        (DataType.DATE, pa.array([0, 2**31 - 1], pa.int32()).cast(pa.date32())),
        (DataType.DATE, pa.array([0, 10_000_000], pa.int32()).cast(pa.date32())),
        (DataType.DATETIME, pa.array([0, 2**62], pa.int64()).cast(pa.timestamp("us"))),
        (DataType.INTEGER, pa.array([0, 2**63], pa.uint64())),
    ],
)
async def test_a_typed_column_may_hold_a_bad_value_too(
    engine: Engine, deliveries: Path, of: DataType, values: "pa.Array[Any]"
) -> None:
    pq.write_table(pa.table({"x": values}), deliveries / "typed.parquet")
    source = Files(deliveries, ("typed.parquet",), FileFormat.PARQUET)
    for form in Form:
        for limit in (None, 3):
            with pytest.raises(BadValue) as problem:
                await engine.open(Fetch(source, (Column("x", of),), form, limit=limit))
            assert problem.value.field == "x"


async def test_an_empty_file_has_no_columns(engine: Engine, deliveries: Path) -> None:
    (deliveries / "empty.csv").write_bytes(b"")
    source = Files(deliveries, ("empty.csv",), FileFormat.CSV)
    assert await engine.describe(source) == []
    with pytest.raises(ColumnMissing):
        await engine.open(Fetch(source, (Column("a", DataType.STRING),), Form.CSV))
