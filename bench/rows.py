"""Small servers for `delivery`: the same few rows, by DuckDB in the server's own process and by the gateway's engine.

Both are bare Starlette. Which file is read says the environment: BENCH_ROWS is its path.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import duckdb
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from gateway.delivery import Column, Engine, Fetch, FileFormat, Files, Form
from gateway.sharing.scope import Condition
from gateway.sharing.words import RowOperator
from gateway.vocabulary import DataType

FEW: Final = 100
COLUMNS: Final = (
    Column("id", DataType.INTEGER),
    Column("name", DataType.STRING),
    Column("amount", DataType.INTEGER),
    Column("price", DataType.DECIMAL),
    Column("day", DataType.DATE),
    Column("at", DataType.DATETIME),
    Column("flag", DataType.BOOLEAN),
    Column("district", DataType.STRING),
    Column("note", DataType.STRING),
    Column("kind", DataType.INTEGER),
)


def bare() -> Starlette:
    """DuckDB where the server is."""
    database = duckdb.connect()
    names = ", ".join(f'"{column.name}"' for column in COLUMNS)
    text = f"SELECT {names} FROM read_parquet('{os.environ['BENCH_ROWS']}') WHERE id >= ? LIMIT {FEW}"

    def ask(since: int) -> bytes:
        with database.cursor() as cursor:
            rows = cursor.execute(text, [since]).fetchall()
        return orjson.dumps([dict(zip((column.name for column in COLUMNS), row, strict=True)) for row in rows])

    async def answer(request: Request) -> Response:
        since = int(request.query_params["since"])
        return Response(await asyncio.to_thread(ask, since), media_type="application/json")

    return Starlette(routes=[Route("/", answer)])


def delivered() -> Starlette:
    """DuckDB where the server is, on a delivered CSV file; BENCH_COLUMNS are the columns that are wanted."""
    database = duckdb.connect()
    names = os.environ["BENCH_COLUMNS"].split(",")
    listed = ", ".join(f'"{name}"' for name in names)
    text = (
        f"SELECT {listed} FROM read_csv('{os.environ['BENCH_ROWS']}', all_varchar = true) ORDER BY {listed} LIMIT {FEW}"
    )

    def ask() -> bytes:
        with database.cursor() as cursor:
            rows = cursor.execute(text).fetchall()
        return orjson.dumps([dict(zip(names, row, strict=True)) for row in rows])

    async def answer(_request: Request) -> Response:
        return Response(await asyncio.to_thread(ask), media_type="application/json")

    return Starlette(routes=[Route("/", answer)])


def engine() -> Starlette:
    """The gateway's engine."""
    path = Path(os.environ["BENCH_ROWS"])
    source = Files(path.parent, (path.name,), FileFormat.PARQUET)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with Engine(path.parent, path.parent / "spill") as app.state.engine:
            yield

    async def answer(request: Request) -> Response:
        since = Condition("id", RowOperator.FROM, (str(int(request.query_params["since"])),))
        fetch = Fetch(source, COLUMNS, Form.JSON, filter=(since,), order_as_delivered=True, limit=FEW)
        rows = await request.app.state.engine.open(fetch)

        async def pieces() -> AsyncIterator[bytes]:
            async with rows:
                async for piece in rows:
                    yield piece.data

        return StreamingResponse(pieces(), media_type=rows.content_type)

    return Starlette(routes=[Route("/", answer)], lifespan=lifespan)
