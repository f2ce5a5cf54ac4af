"""No question about a masked field reveals more than its mask (R23.1)."""

import dataclasses
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.delivery import BadFetch, Column, Engine, Fetch, Form, Order, Postgres
from gateway.masks import Mask, MaskKind
from gateway.sharing.scope import Condition
from gateway.sharing.words import RowOperator
from gateway.vocabulary import DataType
from tests.delivery.reading import document, read
from tests.delivery.reference import masked
from tests.delivery.server import Server
from tests.delivery.tables import (
    EXAMPLES,
    KEY,
    REPEATED,
    TEXT,
    VALUES,
    Table,
    as_csv,
    as_parquet,
    into_postgres,
    questions,
    tables,
)


def _other(draw: st.DrawFn, value: Any, column: Column) -> Any:
    """Another raw value of which the mask leaves the same."""
    if column.mask is None or (value is None and column.leaves):
        return value
    match column.mask.kind:
        case MaskKind.DROP:
            return draw(st.one_of(st.none(), VALUES[column.type]))
        case MaskKind.TRUNCATE:
            other = value + draw(TEXT) if len(value) >= (column.mask.length or 0) else value
        case MaskKind.MONTH:
            other = value.replace(day=draw(st.integers(1, 28)))
            if isinstance(other, datetime):
                other = other.replace(hour=draw(st.integers(0, 23)))
        case MaskKind.GENERALISE if isinstance(value, int):
            step = int(column.mask.step or 0)
            other = min(max(value // step * step + draw(st.integers(0, step - 1)), -(2**63)), 2**63 - 1)
        case MaskKind.GENERALISE:
            other = masked(value, column, KEY) + float(column.mask.step or 0) * draw(st.floats(0, 0.99))
        case MaskKind.HASH:
            return value
    return other if masked(other, column, KEY) == masked(value, column, KEY) else value


@st.composite
def twins(draw: st.DrawFn) -> tuple[Table, Table]:
    """Two tables that differ in what the masks hide, and in the order of their rows."""
    table = draw(tables())
    rows = [
        tuple(_other(draw, value, column) for value, column in zip(row, table.columns, strict=True))
        for row in table.rows
    ]
    return table, dataclasses.replace(table, rows=tuple(draw(st.permutations(rows))))


def _clear(fetch: Fetch) -> Fetch:
    """A grant's condition on a raw value that is masked tells of it, on purpose: the grant says so."""
    masked_ = {column.name for column in fetch.columns if column.mask is not None}
    return dataclasses.replace(fetch, granted=tuple(c for c in fetch.granted if c.field not in masked_))


@given(data=st.data())
@settings(max_examples=EXAMPLES, deadline=None, derandomize=REPEATED, suppress_health_check=[HealthCheck.too_slow])
async def test_what_masks_hide_changes_no_byte(engine: Engine, deliveries: Path, data: st.DataObject) -> None:
    table, twin = data.draw(twins())
    fetch = _clear(data.draw(questions(table, as_csv(table, deliveries, "one.csv"))))
    other = dataclasses.replace(fetch, source=as_csv(twin, deliveries, "other.csv"))
    assert await document(engine, fetch) == await document(engine, other)


@given(data=st.data())
@settings(max_examples=EXAMPLES, deadline=None, derandomize=REPEATED, suppress_health_check=[HealthCheck.too_slow])
async def test_nor_where_postgresql_filters(engine: Engine, server: Server, data: st.DataObject) -> None:
    table, twin = data.draw(twins())
    with server.connect() as connection:
        for name, one in (("one", table), ("other", twin)):
            into_postgres(one, connection, "public", name)
    fetch = _clear(data.draw(questions(table, Postgres(server.dsn, "public", "one"))))
    other = dataclasses.replace(fetch, source=Postgres(server.dsn, "public", "other"))
    assert await document(engine, fetch) == await document(engine, other)


INCOME = Column("income", DataType.INTEGER, Mask("thousands", 1, MaskKind.GENERALISE, step=Decimal(1000)))
BORN = Column("born", DataType.DATE, Mask("month", 1, MaskKind.MONTH))
NUMBER = Column("number", DataType.STRING, Mask("gone", 1, MaskKind.DROP))
PERSON = Table((INCOME, BORN, NUMBER), ((4_711, date(1990, 5, 17), "secret"),))


async def _holds(engine: Engine, source: Any, field: str, operator: RowOperator, value: str) -> bool:
    fetch = Fetch(source, PERSON.columns, Form.NDJSON, filter=(Condition(field, operator, (value,)),))
    return bool(await read(engine, fetch))


async def test_guessing_bit_by_bit_ends_at_the_mask(engine: Engine, deliveries: Path) -> None:
    source = as_parquet(PERSON, deliveries)
    low, high = 0, 2**20
    while high - low > 1:  # the greatest number that the value is not below
        middle = (low + high) // 2
        if await _holds(engine, source, "income", RowOperator.FROM, str(middle)):
            low = middle
        else:
            high = middle
    assert low == 4_000
    assert not await _holds(engine, source, "income", RowOperator.IN, "4711")
    assert await _holds(engine, source, "born", RowOperator.BEFORE, "1990-05-02")
    assert not await _holds(engine, source, "born", RowOperator.BEFORE, "1990-05-01")


@pytest.mark.parametrize("field", ["number", "no such column"])
async def test_a_dropped_column_is_like_one_that_does_not_exist(engine: Engine, deliveries: Path, field: str) -> None:
    source = as_parquet(PERSON, deliveries)
    condition = Condition(field, RowOperator.FROM, ("a",))
    for asked in ({"filter": (condition,)}, {"order": (Order(field),)}):
        with pytest.raises(BadFetch) as problem:
            await engine.open(Fetch(source, PERSON.columns, Form.NDJSON, **asked))
        assert (
            str(problem.value).replace(field, "")
            == {
                "filter": "filter: '' is not a column that is delivered",
                "order": "rows can be ordered by columns that are delivered; '' is none",
            }[next(iter(asked))]
        )


async def test_the_grants_own_rows_are_chosen_by_raw_values(engine: Engine, deliveries: Path) -> None:
    """R17.1: also by a column that is not delivered."""
    source = as_parquet(PERSON, deliveries)
    for values, found in ((("secret",), 1), (("other",), 0)):
        granted = (Condition("number", RowOperator.IN, values), Condition("income", RowOperator.FROM, ("4711",)))
        assert len(await read(engine, Fetch(source, PERSON.columns, Form.JSON, granted=granted))) == found


async def test_another_grants_key_gives_other_hashes(engine: Engine, deliveries: Path) -> None:
    columns = (Column("number", DataType.STRING, Mask("key", 1, MaskKind.HASH)),)
    source = as_parquet(PERSON, deliveries)
    keys = (KEY, KEY[::-1], KEY * 3)
    seen = [await read(engine, Fetch(source, columns, Form.CSV, hash_key=key)) for key in keys]
    assert len({row[0][0] for row in seen}) == 3
    with pytest.raises(BadFetch, match="at least 32 bytes"):
        await engine.open(Fetch(source, columns, Form.CSV, hash_key=b"short"))
