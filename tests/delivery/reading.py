"""Reads documents back, each by a reader that is not ours, into tuples of Python values."""

import csv
import io
import json
from base64 import b64decode
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from gateway.delivery import Column, Engine, Fetch, Form
from gateway.vocabulary import DataType

Row = tuple[Any, ...]


async def document(engine: Engine, fetch: Fetch) -> bytes:
    """All of it. The pieces' rows have to add up to what is in it."""
    async with await engine.open(fetch) as rows:
        pieces = [piece async for piece in rows]
    data = b"".join(piece.data for piece in pieces)
    assert sum(piece.rows for piece in pieces) == len(parsed(data, fetch.form, fetch.leaving))
    return data


async def read(engine: Engine, fetch: Fetch) -> list[Row]:
    """The rows."""
    return parsed(await document(engine, fetch), fetch.form, fetch.leaving)


def parsed(data: bytes, form: Form, columns: Sequence[Column]) -> list[Row]:
    """The rows of a document."""
    match form:
        case Form.ARROW:
            return _of_arrow(pa.ipc.open_stream(data).read_all(), columns)
        case Form.PARQUET:
            return _of_arrow(pq.read_table(io.BytesIO(data)), columns)
        case Form.JSON:
            return [_of_object(pairs, columns) for pairs in json.loads(data, object_pairs_hook=list)]
        case Form.NDJSON:
            lines = data.split(b"\n")
            assert lines.pop() == b""
            return [_of_object(json.loads(line, object_pairs_hook=list), columns) for line in lines]
        case Form.CSV:
            return _of_csv(data.decode(), columns)


def _of_arrow(table: Any, columns: Sequence[Column]) -> list[Row]:
    assert table.column_names == [column.name for column in columns]
    return list(zip(*(table.column(place).to_pylist() for place in range(len(columns))), strict=True))


def _of_object(pairs: list[tuple[str, Any]], columns: Sequence[Column]) -> Row:
    assert [name for name, _ in pairs] == [column.name for column in columns]
    return tuple(
        _typed(value, column.shown) if isinstance(value, str) else value
        for (_, value), column in zip(pairs, columns, strict=True)
    )


def _of_csv(text: str, columns: Sequence[Column]) -> list[Row]:
    """Python's reader does not tell NULL from the empty text, so quoted cells are marked before it reads."""
    rows = [*_cells(text)]
    assert [value for _, value in rows[0]] == [column.name for column in columns]
    return [
        tuple(
            _typed(value, column.shown) if quoted or value else None
            for (quoted, value), column in zip(row, columns, strict=True)
        )
        for row in rows[1:]
    ]


def _cells(text: str) -> list[list[tuple[bool, str]]]:
    """RFC 4180, character by character; and the values must be what Python's reader finds."""
    rows: list[list[tuple[bool, str]]] = []
    row: list[tuple[bool, str]] = []
    at = 0
    while at < len(text):
        if text[at] == '"':
            end = at + 1
            while text[end] != '"' or text[end + 1 : end + 2] == '"':
                end += 2 if text[end] == '"' else 1
            row.append((True, text[at + 1 : end].replace('""', '"')))
            at = end + 1
        else:
            end = min(place for place in (text.find(",", at), text.find("\r\n", at)) if place >= 0)
            row.append((False, text[at:end]))
            at = end
        if text[at] == ",":
            at += 1
            continue
        assert text[at : at + 2] == "\r\n"
        at += 2
        rows.append(row)
        row = []
    plain = [*csv.reader(io.StringIO(text, newline=""), strict=True)]
    assert plain == [[value for _, value in row] if row != [(False, "")] else [] for row in rows]
    return rows


def _typed(text: str, of: DataType) -> Any:
    match of:
        case DataType.INTEGER:
            return int(text)
        case DataType.DECIMAL:
            return float(text)
        case DataType.BOOLEAN:
            return {"true": True, "false": False}[text]
        case DataType.DATE:
            return date.fromisoformat(text)
        case DataType.DATETIME:
            return datetime.fromisoformat(text)
        case DataType.BINARY:
            return b64decode(text, validate=True)
        case _:
            return text
