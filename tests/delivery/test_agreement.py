"""Both databases give what plain Python gives, for any table and any question."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.delivery import Column, Engine, Fetch, Form, Order, Postgres
from gateway.sharing.scope import Condition
from gateway.sharing.words import RowOperator
from gateway.vocabulary import DataType
from tests.delivery.reading import read
from tests.delivery.reference import expected
from tests.delivery.server import Server
from tests.delivery.tables import EXAMPLES, REPEATED, Table, as_csv, as_parquet, into_postgres, questions, tables

_some = settings(
    max_examples=EXAMPLES, deadline=None, derandomize=REPEATED,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip


def _same(rows: list[tuple[Any, ...]], others: list[tuple[Any, ...]]) -> None:
    # By their texts, which tell -0.0 from 0.0 and True from 1.
    assert [*map(repr, rows)] == [*map(repr, others)]


@given(data=st.data())
@_some
async def test_parquet_gives_what_python_gives(engine: Engine, deliveries: Path, data: st.DataObject) -> None:
    table = data.draw(tables().filter(lambda t: len({c.name.lower() for c in t.columns}) == len(t.columns)))
    fetch: Fetch = data.draw(questions(table, as_parquet(table, deliveries)))
    _same(await read(engine, fetch), expected(table.columns, table.rows, fetch))


@given(data=st.data())
@_some
async def test_csv_gives_what_python_gives(engine: Engine, deliveries: Path, data: st.DataObject) -> None:
    table = data.draw(tables())
    fetch: Fetch = data.draw(questions(table, as_csv(table, deliveries)))
    _same(await read(engine, fetch), expected(table.columns, table.rows, fetch))


@given(data=st.data())
@_some
async def test_postgresql_gives_what_python_gives(engine: Engine, server: Server, data: st.DataObject) -> None:
    table = data.draw(tables())
    with server.connect() as connection:
        connection.execute('CREATE SCHEMA IF NOT EXISTS "Stadt %s"')
        into_postgres(table, connection, "Stadt %s", 'a"b?')
    fetch: Fetch = data.draw(questions(table, Postgres(server.dsn, "Stadt %s", 'a"b?')))
    _same(await read(engine, fetch), expected(table.columns, table.rows, fetch))


TEXTS = (
    "",
    " ",
    "a",
    "a ",
    "ab",
    "A",
    "B",
    "b",
    "Z",
    "z",
    "é",
    "e\u0301",
    "ß",
    "ss",
    "区",
    "\uffee",
    "𝄞",
    "-",
    "_",
    None,
    None,
)
SORTED = Table(
    (Column("text", DataType.STRING), Column("n", DataType.INTEGER)),
    tuple((text, None if place % 5 == 0 else place) for place, text in enumerate(reversed(TEXTS))),
)


@pytest.mark.parametrize("kind", ["parquet", "csv", "postgresql"])
@pytest.mark.parametrize("descending", [False, True])
async def test_texts_are_in_the_order_of_their_code_points_and_null_is_last(
    engine: Engine, deliveries: Path, server: Server, kind: str, descending: bool
) -> None:
    """Whatever the machine's language is, and in either direction; comparisons go by the same order."""
    source: Any = Postgres(server.dsn, "public", "sorted")
    if kind == "postgresql":
        with server.connect() as connection:
            into_postgres(SORTED, connection, "public", "sorted")
    else:
        source = (as_csv if kind == "csv" else as_parquet)(SORTED, deliveries, f"sorted.{kind}")
    asked = Fetch(source, SORTED.columns, Form.ARROW)
    for field in ("text", "n"):
        fetch = replace(asked, order=(Order(field, descending),))
        _same(await read(engine, fetch), expected(SORTED.columns, SORTED.rows, fetch))
    for text in filter(None, TEXTS):
        for operator in RowOperator:
            fetch = replace(asked, filter=(Condition("text", operator, (text,)),))
            _same(await read(engine, fetch), expected(SORTED.columns, SORTED.rows, fetch))
