"""Random tables and fetches, and how a table becomes a Parquet file, a CSV file or a table of PostgreSQL."""

import csv
import io
import os
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st
from psycopg import sql

from gateway.delivery import Column, Fetch, FileFormat, Files, Form, Order
from gateway.masks import Mask, MaskKind
from gateway.sharing.scope import Condition, is_plain
from gateway.sharing.words import RowOperator
from gateway.vocabulary import DataType

EXAMPLES: Final = int(os.environ.get("GATEWAY_TEST_EXAMPLES", "40"))
REPEATED: Final = "GATEWAY_TEST_EXAMPLES" not in os.environ
"""Whether every run draws the same."""
KEY: Final = b"a key of thirty-two bytes, exact"
_WHOLE: Final = st.one_of(st.integers(-20, 20), st.integers(-(2**63), 2**63 - 1))
_REAL: Final = st.one_of(
    st.sampled_from([0.0, -0.0, 0.1, -2.5, 1e15, 5e-324, -1.7e300]), st.floats(-1e300, 1e300, allow_subnormal=True)
)
# Nothing that PostgreSQL cannot hold: a NUL, half a character.
TEXT: Final = st.one_of(
    st.sampled_from(
        ["", "a", "a ", "A", "é", "e\u0301", "区", "𝄞", "\uffee", ",", '"', "\r\n", "x'y", "%s", "?", "$1"]
    ),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6),
)
VALUES: Final[dict[DataType, st.SearchStrategy[Any]]] = {
    DataType.STRING: TEXT,
    DataType.INTEGER: _WHOLE,
    DataType.DECIMAL: _REAL,
    DataType.BOOLEAN: st.booleans(),
    DataType.DATE: st.one_of(st.dates(date(2020, 1, 1), date(2020, 3, 1)), st.dates()),
    DataType.DATETIME: st.one_of(
        st.datetimes(*map(datetime.fromisoformat, ("2020-01-01", "2020-01-02"))), st.datetimes()
    ).map(lambda moment: moment.replace(fold=0)),
    DataType.BINARY: st.binary(max_size=4),
}
ARROW: Final = {
    DataType.STRING: pa.string(),
    DataType.INTEGER: pa.int64(),
    DataType.DECIMAL: pa.float64(),
    DataType.BOOLEAN: pa.bool_(),
    DataType.DATE: pa.date32(),
    DataType.DATETIME: pa.timestamp("us"),
    DataType.BINARY: pa.binary(),
}
_POSTGRES: Final = {
    DataType.STRING: "text",
    DataType.INTEGER: "int8",
    DataType.DECIMAL: "float8",
    DataType.BOOLEAN: "bool",
    DataType.DATE: "date",
    DataType.DATETIME: "timestamp",
    DataType.BINARY: "bytea",
}
_NAMES: Final = ("id", "Id", "名称", 'quo"te', "per%cent", "a b", "?", "$1", "x'; DROP TABLE t --", "select")


@dataclass(frozen=True)
class Table:
    """Columns with their masks, and raw rows."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...]


def masks(of: DataType) -> st.SearchStrategy[Mask]:
    """Masks that go with a type."""
    kinds = [st.just(Mask("gone", 1, MaskKind.DROP))]
    if of in {DataType.STRING, DataType.INTEGER, DataType.DATE}:
        kinds.append(st.just(Mask("hash", 1, MaskKind.HASH)))
    if of is DataType.INTEGER:
        steps = st.sampled_from(["1", "3", "10", "1000", "999999999999999"])
        kinds.append(steps.map(lambda step: Mask("wide", 2, MaskKind.GENERALISE, step=Decimal(step))))
    if of is DataType.DECIMAL:
        steps = st.sampled_from(["0.5", "10", "0.1", "1000000"])
        kinds.append(steps.map(lambda step: Mask("wide", 2, MaskKind.GENERALISE, step=Decimal(step))))
    if of is DataType.STRING:
        kinds.append(st.integers(1, 3).map(lambda n: Mask("short", 1, MaskKind.TRUNCATE, length=n)))
    if of in {DataType.DATE, DataType.DATETIME}:
        kinds.append(st.just(Mask("month", 1, MaskKind.MONTH)))
    return st.one_of(kinds)


@st.composite
def tables(draw: st.DrawFn) -> Table:
    """A table in which at least the first column is delivered."""
    names = draw(st.lists(st.sampled_from(_NAMES), min_size=1, max_size=5, unique=True))
    columns = []
    for place, name in enumerate(names):
        of = draw(st.sampled_from(list(VALUES)))
        mask = draw(st.one_of(st.none(), masks(of)))
        if place == 0 and mask is not None and mask.kind is MaskKind.DROP:
            mask = None
        columns.append(Column(name, of, mask))
    row = st.tuples(*(st.one_of(st.none(), VALUES[column.type]) for column in columns))
    some = draw(st.lists(row, max_size=8))
    again = draw(st.lists(st.sampled_from(some), max_size=4)) if some else []
    return Table(tuple(columns), tuple(some + again))


def text_of(value: Any) -> str:
    """A value as conditions and CSV have it."""
    match value:
        case bool():
            return str(value).lower()
        case float():
            return repr(value)
        case bytes():
            return b64encode(value).decode()
        case date():
            return value.isoformat()
        case _:
            return str(value)


def conditions(columns: Sequence[tuple[str, DataType]], near: Sequence[Any]) -> st.SearchStrategy[Condition]:
    """A condition on one of the columns, often with a value that is there."""

    @st.composite
    def condition(draw: st.DrawFn) -> Condition:
        name, of = draw(st.sampled_from([one for one in columns if one[1] is not DataType.BINARY]))
        there = [
            value for value in near if type(value) is _PYTHON[of] and (not isinstance(value, str) or is_plain(value))
        ]
        values = VALUES[of].filter(lambda value: of is not DataType.STRING or is_plain(value))
        one = st.one_of(values, st.sampled_from(there)) if there else values
        operators = [RowOperator.IN] if of is DataType.BOOLEAN else list(RowOperator)
        operator = draw(st.sampled_from(operators))
        most = 3 if operator is RowOperator.IN else 1
        return Condition(name, operator, tuple(map(text_of, draw(st.lists(one, min_size=1, max_size=most)))))

    return condition()


_PYTHON: Final = {
    DataType.STRING: str,
    DataType.INTEGER: int,
    DataType.DECIMAL: float,
    DataType.BOOLEAN: bool,
    DataType.DATE: date,
    DataType.DATETIME: datetime,
}


@st.composite
def questions(draw: st.DrawFn, table: Table, source: Any, *, granted: bool = True) -> Fetch:
    """Any fetch from that table."""
    leaving = [(column.name, column.shown) for column in table.columns if column.leaves]
    near = [value for row in table.rows for value in row]
    raw = [(column.name, column.type) for column in table.columns]
    return Fetch(
        source,
        table.columns,
        draw(st.sampled_from(list(Form))),
        granted=tuple(draw(_some(conditions(raw, near), raw))) if granted else (),
        filter=tuple(draw(_some(conditions(leaving, near), leaving))),
        order=tuple(
            Order(name, draw(st.booleans()))
            for name in draw(st.lists(st.sampled_from([name for name, _ in leaving]), max_size=2, unique=True))
        ),
        limit=draw(st.one_of(st.none(), st.integers(0, 12))),
        position=draw(st.one_of(st.just(0), st.integers(0, 12))),
        hash_key=KEY,
    )


def _some(
    one: st.SearchStrategy[Condition], columns: Sequence[tuple[str, DataType]]
) -> st.SearchStrategy[list[Condition]]:
    if all(of is DataType.BINARY for _, of in columns):
        return st.just([])
    return st.lists(one, max_size=2)


def as_parquet(table: Table, root: Path, path: str = "t.parquet") -> Files:
    """Write it."""
    arrays = [
        pa.array([row[place] for row in table.rows], ARROW[column.type]) for place, column in enumerate(table.columns)
    ]
    schema = pa.schema([(column.name, ARROW[column.type]) for column in table.columns])
    (root / path).unlink(missing_ok=True)
    pq.write_table(pa.Table.from_arrays(arrays, schema=schema), root / path)
    return Files(root, (path,), FileFormat.PARQUET)


def as_csv(table: Table, root: Path, path: str = "t.csv") -> Files:
    """Write it as agencies do: only what needs quotes has them."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([column.name for column in table.columns])
    for row in table.rows:
        cells = ["" if value is None else _cell(text_of(value)) or '""' for value in row]
        out.write(",".join(cells) + "\n")
    (root / path).write_text(out.getvalue(), "utf-8", newline="")
    return Files(root, (path,), FileFormat.CSV)


def _cell(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if any(c in text for c in ',"\r\n') else text


def into_postgres(table: Table, connection: "psycopg.Connection[Any]", schema: str, name: str) -> None:
    """Make it anew."""
    where = sql.Identifier(schema, name)
    columns = [
        sql.SQL("{} {}").format(sql.Identifier(column.name), sql.SQL(_POSTGRES[column.type]))
        for column in table.columns
    ]
    connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(where))
    connection.execute(sql.SQL("CREATE TABLE {} ({})").format(where, sql.SQL(", ").join(columns)))
    with connection.cursor() as cursor, cursor.copy(sql.SQL("COPY {} FROM STDIN").format(where)) as copy:
        for row in table.rows:
            copy.write_row(row)
