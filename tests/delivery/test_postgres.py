"""An agency's own PostgreSQL: one state, read only, in bounded time, and nobody else waits for it."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from gateway.delivery import (
    BadValue,
    Column,
    ColumnMissing,
    ColumnType,
    Engine,
    Fetch,
    Form,
    Order,
    Postgres,
    SourceGone,
    SourceSlow,
)
from gateway.delivery.dialects import Found, PostgreSql
from gateway.delivery.sql import statement
from gateway.masks import Mask, MaskKind
from gateway.sharing.scope import Condition
from gateway.sharing.words import RowOperator
from gateway.vocabulary import DataType
from tests.delivery.reading import read
from tests.delivery.samples import ask, count, register
from tests.delivery.server import Server
from tests.support.waiting import eventually

MANY = 60_000
ID, NAME = Column("id", DataType.INTEGER), Column("name", DataType.STRING)


@pytest.fixture(scope="module")
def database(server: Server) -> Iterator["psycopg.Connection[Any]"]:
    """With a large table, and a view that takes its time."""
    with server.connect() as connection:
        connection.execute("CREATE TABLE many AS SELECT i AS id, 'old' AS name FROM generate_series(1, 60000) AS t(i)")
        connection.execute("CREATE VIEW slow AS SELECT id, name || pg_sleep(60) AS name FROM many")
        connection.execute("CREATE ROLE stranger LOGIN")
        yield connection
        connection.execute("DROP TABLE many CASCADE")


def _at(server: Server, table: str, **other: Any) -> Fetch:
    return ask(Postgres(server.dsn, "public", table), **{"columns": (ID, NAME), **other})


def _working(connection: "psycopg.Connection[Any]") -> int:
    found = connection.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'public-data-gateway'"
    ).fetchone()
    return int(found[0]) if found else 0


async def test_rows_are_of_one_state(engine: Engine, server: Server, database: "psycopg.Connection[Any]") -> None:
    database.execute("CREATE TABLE moving AS SELECT * FROM many")
    async with await engine.open(_at(server, "moving", order_as_delivered=True)) as rows:
        seen = [await anext(rows)]
        database.execute("UPDATE moving SET name = 'new'")
        database.execute("DELETE FROM moving WHERE id % 2 = 0")
        seen += [piece async for piece in rows]
    data = b"".join(piece.data for piece in seen)
    assert (data.count(b'"old"'), data.count(b'"new"')) == (MANY, 0)
    assert rows.version is None
    database.execute("DROP TABLE moving")


async def test_masks_filter_and_order_are_the_servers_work(engine: Engine, server: Server, database: Any) -> None:
    hashed = Column("name", DataType.STRING, Mask("key", 1, MaskKind.HASH))
    fetch = _at(server, "many", columns=(ID, hashed), filter=(Condition("id", RowOperator.FROM, ("59990",)),),
                order=(Order("id", descending=True),), limit=5, position=2, hash_key=b"k" * 32)  # fmt: skip
    assert [row[0] for row in await read(engine, fetch)] == [59_998, 59_997, 59_996, 59_995, 59_994]
    found = {name: Found(of, "x", name) for name, of in (("id", DataType.INTEGER), ("name", DataType.STRING))}
    text = statement(fetch, PostgreSql(), "many", found, total=True).text
    assert text.index("sha256(") < text.index("WHERE c0 >= %s ORDER BY c0 DESC") < text.index("LIMIT %s OFFSET %s")


async def test_a_column_that_is_not_named_is_not_read(engine: Engine, server: Server, database: Any) -> None:
    database.execute("CREATE VIEW trap AS SELECT id, name, 1 / (id - id) AS other FROM many")
    assert len(await read(engine, _at(server, "trap", limit=3))) == 3


async def test_types_of_its_own_become_ours_or_are_refused(engine: Engine, server: Server, database: Any) -> None:
    database.execute("""
        CREATE TABLE kinds
          (s smallint, v varchar(9), c char(3), n numeric(9, 2), r real, z timestamptz, u uuid, j jsonb)
    """)
    database.execute("""INSERT INTO kinds VALUES (7, 'v', 'c', 12.50, 0.5, '2026-01-01 08:00+08',
        '00000000-0000-0000-0000-000000000001', '{"a": 1}')""")
    source = Postgres(server.dsn, "public", "kinds")
    wanted = {"s": DataType.INTEGER, "v": DataType.STRING, "c": DataType.STRING, "n": DataType.DECIMAL,
              "r": DataType.DECIMAL, "z": DataType.DATETIME, "u": DataType.OTHER, "j": DataType.OTHER}  # fmt: skip
    assert await engine.describe(source) == [*wanted.items()]
    fetch = Fetch(source, tuple(Column(name, of) for name, of in wanted.items()), Form.NDJSON)
    (row,) = await read(engine, fetch)
    assert row[:5] == (7, "v", "c", 12.5, 0.5)
    assert row[5].isoformat() == "2026-01-01T00:00:00"
    assert row[6:] == ("00000000-0000-0000-0000-000000000001", '{"a": 1}')
    with pytest.raises(ColumnType, match="is DECIMAL, not INTEGER"):
        await engine.open(Fetch(source, (Column("n", DataType.INTEGER),), Form.CSV))
    with pytest.raises(ColumnMissing):
        await engine.open(Fetch(source, (Column("S", DataType.INTEGER),), Form.CSV))


@pytest.mark.parametrize(
    ("of", "stored", "value"),
    [
        (DataType.DECIMAL, "float8", "'NaN'"), (DataType.DECIMAL, "float8", "'infinity'"),
        (DataType.DECIMAL, "numeric", "'1e400'"), (DataType.DATE, "date", "'infinity'"),
        (DataType.DATE, "date", "'0044-03-15 BC'"), (DataType.DATETIME, "timestamp", "'20000-01-01'"),
    ],
)  # fmt: skip
async def test_what_is_no_value_of_its_type_ends_the_fetch(
    engine: Engine, server: Server, database: Any, of: DataType, stored: str, value: str
) -> None:
    database.execute("DROP TABLE IF EXISTS odd")
    database.execute(f"CREATE TABLE odd (x {stored})")
    database.execute(f"INSERT INTO odd VALUES (NULL), ({value})")
    for form in (Form.JSON, Form.ARROW):
        with pytest.raises(BadValue):
            await read(engine, Fetch(Postgres(server.dsn, "public", "odd"), (Column("x", of),), form))


async def test_what_is_not_there_or_not_allowed_is_gone(engine: Engine, server: Server, database: Any) -> None:
    stranger = server.dsn.replace("owner", "stranger")
    for source in (
        Postgres(server.dsn, "public", "none"),
        Postgres(server.dsn, "none", "many"),
        Postgres(stranger, "public", "many"),
        Postgres("host=127.0.0.1 port=1 user=nobody", "public", "many"),
        Postgres("nonsense", "public", "many"),
        Postgres(server.dsn, "public", 'many"; DROP TABLE many; --'),
    ):
        with pytest.raises(SourceGone) as problem:
            await engine.open(ask(source))
        assert "many" not in str(problem.value)
        with pytest.raises(SourceGone):
            await engine.describe(source)


async def test_nothing_can_be_written(engine: Engine, server: Server, database: Any) -> None:
    """Not even by a view that would."""
    database.execute("""
        CREATE FUNCTION writes() RETURNS text LANGUAGE plpgsql AS $$ BEGIN DELETE FROM public.many; RETURN 'x'; END $$
    """)
    database.execute("CREATE VIEW evil AS SELECT 1 AS id, writes() AS name")
    with pytest.raises(SourceGone):
        await engine.open(_at(server, "evil"))
    assert database.execute("SELECT count(*) FROM many").fetchone() == (MANY,)


async def test_the_transaction_says_what_it_is(engine: Engine, server: Server, database: Any) -> None:
    names = ("transaction_isolation", "transaction_read_only", "statement_timeout", "search_path", "TimeZone")
    settings = ", ".join(f"(current_setting('{name}'))" for name in names)
    database.execute(f"CREATE VIEW told AS SELECT 1 AS id, name FROM (VALUES {settings}) AS t(name)")
    async with await engine.open(_at(server, "told", columns=(NAME,), form=Form.CSV), timeout=7) as rows:
        told = b"".join([piece.data async for piece in rows]).decode().split()
    assert sorted(told) == sorted(['"name"', '"repeatable', 'read"', '"on"', '"7s"', '""', '"UTC"'])


async def test_a_slow_server_is_left_in_time(engine: Engine, server: Server, database: Any) -> None:
    began = time.perf_counter()
    with pytest.raises(SourceSlow):
        await engine.open(_at(server, "slow"), timeout=0.3)
    assert time.perf_counter() - began < 1.5
    await eventually(lambda: _working(database) == 0, 5)


async def test_a_locked_table_is_left_in_time(engine: Engine, server: Server, database: Any) -> None:
    with server.connect() as other, other.transaction():
        other.execute("LOCK TABLE many IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(SourceSlow):
            await engine.open(_at(server, "many"), timeout=0.3)
    assert len(await read(engine, _at(server, "many", limit=3))) == 3


async def test_cancelling_ends_the_servers_work_too(engine: Engine, server: Server, database: Any) -> None:
    asked = asyncio.create_task(engine.open(_at(server, "slow")))
    await eventually(lambda: _working(database) == 1, 5)
    asked.cancel()
    await eventually(lambda: _working(database) == 0, 5)
    rows = await engine.open(_at(server, "many", order_as_delivered=True))
    await anext(rows)
    await rows.aclose()
    await eventually(lambda: _working(database) == 0, 5)


@pytest.fixture
async def dead() -> AsyncIterator[str]:
    """A server that takes connections and says nothing."""
    writers: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(lambda _, writer: writers.append(writer), "127.0.0.1", 0)
    yield f"host=127.0.0.1 port={server.sockets[0].getsockname()[1]} user=x dbname=x"
    for writer in writers:
        writer.close()
    server.close()


async def test_a_dead_server_holds_up_nobody_else(
    engine: Engine, server: Server, database: Any, dead: str, deliveries: Path
) -> None:
    source = register(deliveries, 100)
    waiting = [asyncio.create_task(engine.open(ask(Postgres(dead, "public", "t")), timeout=1.0)) for _ in range(60)]
    await asyncio.sleep(0.1)
    began = time.perf_counter()
    assert await asyncio.gather(*(count(engine, ask(source)) for _ in range(100))) == [100] * 100
    assert await count(engine, _at(server, "many", limit=10)) == 10
    assert time.perf_counter() - began < 2.0
    for task in waiting:
        task.cancel()
    ended = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(isinstance(one, SourceSlow | asyncio.CancelledError) for one in ended)
