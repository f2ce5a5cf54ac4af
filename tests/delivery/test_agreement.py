"""Both databases give what plain Python gives, for any table and any question."""

from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.delivery import Engine, Fetch, Postgres
from tests.delivery.reading import read
from tests.delivery.reference import expected
from tests.delivery.server import Server
from tests.delivery.tables import as_csv, as_parquet, into_postgres, questions, tables

_some = settings(
    max_examples=60, deadline=None, derandomize=True,
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
