"""A small register as an agency delivers it, and fetches of it."""

from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from gateway.delivery import Column, Engine, Fetch, FileFormat, Files, Form
from gateway.vocabulary import DataType

COLUMNS: Final = (Column("id", DataType.INTEGER), Column("name", DataType.STRING), Column("price", DataType.DECIMAL))


def register(root: Path, rows: int, path: str = "register.parquet") -> Files:
    """So many rows, in an order that is not theirs."""
    numbers = [(7919 * i) % rows for i in range(rows)] if rows % 7919 else [*range(rows)]
    table = pa.table(
        {
            "id": pa.array(numbers, pa.int64()),
            "name": [f"number {i}" for i in numbers],
            "price": [i / 8 for i in numbers],
        }
    )
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, target, row_group_size=8_192)
    return Files(root, (path,), FileFormat.PARQUET)


def ask(source: Any, **other: Any) -> Fetch:
    """All of a register, as NDJSON."""
    return Fetch(**{"source": source, "columns": COLUMNS, "form": Form.NDJSON, **other})


async def count(engine: Engine, fetch: Fetch) -> int:
    """How many rows come."""
    async with await engine.open(fetch) as rows:
        return sum([piece.rows async for piece in rows])
