"""One statement for a fetch, for either database.

    SELECT shown columns                                    4. only then filter, order and page
    FROM (SELECT masks of the raw columns                   3. the masks
          FROM (SELECT source columns as their types        1. the source, only the columns that are needed
                FROM source) WHERE conditions of the grant) 2. rows of the grant, by raw values
    WHERE filter ORDER BY … LIMIT … OFFSET …

What is outside a mask cannot name what is inside. Columns are called r0, r1, … and c0, c1, …: no name of a source or
of an asker appears anywhere but as a quoted identifier of the innermost part, and every value is bound.
"""
# ruff: noqa: S608 - see above: what is put together here are quoted identifiers, marks, and words of ours

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from gateway.delivery.dialects import TEXTS, Bind, Dialect, Found
from gateway.delivery.errors import ColumnMissing, ColumnType
from gateway.delivery.fetch import Column, Fetch, Form
from gateway.delivery.values import Value, typed
from gateway.sharing.scope import Condition
from gateway.sharing.words import RowOperator
from gateway.vocabulary import DataType

_COMPARE: Final = {RowOperator.FROM: ">=", RowOperator.BEFORE: "<"}


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL, and the values for its marks in their order."""

    text: str
    values: tuple[Value, ...]


def is_ordered(fetch: Fetch, found: Mapping[str, Found]) -> bool:
    """Whether rows of equal keys are ordered by all other columns.

    They may come as delivered only where nothing of the source is hidden, also no column that nobody asked about: the
    source may have been ordered by it.
    """
    shown = {column.name for column in fetch.leaving if column.mask is None}
    return bool(fetch.order) or not fetch.order_as_delivered or not found.keys() <= shown


def statement(fetch: Fetch, dialect: Dialect, relation: str, found: Mapping[str, Found], *, total: bool) -> Statement:
    """The rows of a fetch, as columns that are called c0, c1 and so on.

    Args:
        fetch: what is asked for; `Fetch.check` has passed.
        dialect: of the database.
        relation: what stands after FROM; made by us, not from names.
        found: the source's columns.
        total: whether rows of equal keys are ordered by all other columns.

    Raises:
        BadFetch: a condition's value is not of its column's type.
        ColumnMissing, ColumnType: the source does not have a column as the catalogue says.
    """
    values: list[Value] = []

    def bind(value: Value) -> str:
        values.append(value)
        return dialect.mark

    raw = {column.name: _raw(place, column, dialect, found) for place, column in _needed(fetch)}
    if any(column.mask for column in fetch.leaving):
        text, names = _under_masks(fetch, dialect, relation, raw, bind)
        where = " WHERE "
    else:
        # The same without the masks' level. Whoever asks for few rows waits for the planner more than for the rows.
        shown = ", ".join(f"{raw[column.name]} AS c{place}" for place, column in enumerate(fetch.leaving))
        names = {column.name: (raw[column.name], column.type) for column in fetch.columns if column.name in raw}
        granted = _terms(fetch.granted, names, dialect, bind)
        text, where = f"SELECT {shown} FROM {relation}{_where(granted)}", " AND " if granted else " WHERE "
    text += _where(_terms(fetch.filter, names, dialect, bind), where) + _ordered(fetch, names, dialect, total)
    if fetch.limit is not None:
        text += f" LIMIT {bind(fetch.limit)}"
    if fetch.position:
        text += f" OFFSET {bind(fetch.position)}"
    return Statement(text, tuple(values))


def _needed(fetch: Fetch) -> list[tuple[int, Column]]:
    conditions = {condition.field for condition in fetch.granted}
    return [(n, column) for n, column in enumerate(fetch.columns) if column.leaves or column.name in conditions]


def _under_masks(
    fetch: Fetch, dialect: Dialect, relation: str, raw: Mapping[str, str], bind: Bind
) -> tuple[str, Mapping[str, tuple[str, DataType]]]:
    """The statement as far as its filter, and what the delivered columns are called in it."""
    inside = {column.name: (f"r{place}", column.type) for place, column in _needed(fetch)}
    # Written from left to right: the order of `bind` is the order of the marks.
    shown = ", ".join(
        f"{_shown(column, inside[column.name][0], fetch.hash_key, dialect, bind)} AS c{place}"
        for place, column in enumerate(fetch.leaving)
    )
    inner = ", ".join(f"{value} AS {inside[name][0]}" for name, value in raw.items())
    granted = _where(_terms(fetch.granted, inside, dialect, bind))
    names = {column.name: (f"c{place}", column.shown) for place, column in enumerate(fetch.leaving)}
    called = ", ".join(name for name, _ in names.values())
    return (
        f"SELECT {called} FROM (SELECT {shown} FROM (SELECT {inner} FROM {relation}) AS raw{granted}) AS shown",
        names,
    )


def _raw(place: int, column: Column, dialect: Dialect, found: Mapping[str, Found]) -> str:
    there = found.get(column.name)
    if there is None:
        raise ColumnMissing("the source has no such column", column.name)
    if there.words and not _converts(there.type, column.type):
        raise ColumnType(f"the source's column is {there.type}, not {column.type}", column.name)
    return dialect.raw(place, column.type, there)


def _converts(found: DataType, wanted: DataType) -> bool:
    if wanted in TEXTS:
        return found in TEXTS
    return found is wanted or (found is DataType.INTEGER and wanted is DataType.DECIMAL)


def _shown(column: Column, raw: str, key: bytes, dialect: Dialect, bind: Bind) -> str:
    return raw if column.mask is None else dialect.masked(raw, column.type, column.mask, key, bind)


def _where(terms: list[str], begin: str = " WHERE ") -> str:
    return f"{begin}{' AND '.join(terms)}" if terms else ""


def _terms(
    conditions: tuple[Condition, ...], columns: Mapping[str, tuple[str, DataType]], dialect: Dialect, bind: Bind
) -> list[str]:
    terms = []
    for condition in conditions:
        name, of = columns[condition.field]
        marks = [bind(value) for value in typed(condition, of)]
        compared = dialect.ordered(name, of)
        if condition.operator is RowOperator.IN:
            terms.append(f"{compared} IN ({', '.join(marks)})")
        else:
            terms.append(f"{compared} {_COMPARE[condition.operator]} {marks[0]}")
    return terms


def _ordered(fetch: Fetch, columns: Mapping[str, tuple[str, DataType]], dialect: Dialect, total: bool) -> str:
    keys = [(key.field, " DESC" if key.descending else "") for key in fetch.order]
    if total:
        asked = {field for field, _ in keys}
        keys += [(column.name, "") for column in fetch.leaving if column.name not in asked]
    terms = [f"{dialect.ordered(*columns[field])}{direction} NULLS LAST" for field, direction in keys]
    return f" ORDER BY {', '.join(terms)}" if terms else ""


def lines(fetch: Fetch, rows: str) -> str:
    """DuckDB's statement that makes one text of each row: c0, c1, … of a statement or table `rows`."""
    columns = [(f"c{place}", column) for place, column in enumerate(fetch.leaving)]
    if fetch.form is Form.CSV:
        parts = ", ',', ".join(_in_csv(name, column.shown) for name, column in columns)
        line = f"concat({parts}, chr(13), chr(10))"
    else:
        parts = ", ".join(f"{_literal(column.name)}, {_in_json(name, column.shown)}" for name, column in columns)
        line = f"CAST(json_object({parts}) AS VARCHAR)"
        line = f"{line} || chr(10)" if fetch.form is Form.NDJSON else f"',' || {line}"
    return f"SELECT {line} FROM {rows} AS rows"


def _in_csv(name: str, of: DataType) -> str:
    if of is DataType.BINARY:
        return f"'\"' || to_base64({name}) || '\"'"
    if of in TEXTS:
        return f"'\"' || replace({name}, '\"', '\"\"') || '\"'"
    return _in_json(name, of)


def _in_json(name: str, of: DataType) -> str:
    if of is DataType.DATETIME:
        return f"replace(CAST({name} AS VARCHAR), ' ', 'T')"
    return f"to_base64({name})" if of is DataType.BINARY else name


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
