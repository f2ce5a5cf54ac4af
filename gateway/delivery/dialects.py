"""What the two databases say differently: names, conversions of a source's columns, and masks.

An expression of a conversion is NULL only where the source's value is; what is not of the catalogue's type ends the
statement. Text compares by code point, a number is finite and never a negative zero, a moment is in UTC without a zone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from gateway.delivery.values import LEAST, Value
from gateway.masks import Mask, MaskKind
from gateway.vocabulary import DataType

Bind = Callable[[Value], str]
"""Keeps a value for the statement, and gives the mark that stands for it. Called in the order of the text."""

TEXTS: Final = frozenset({DataType.STRING, DataType.GEOMETRY, DataType.OTHER})
BAD_VALUE: Final = "bad value in column "
"""Followed by the column's place in the fetch, in DuckDB's own error."""
_BLOCK: Final = 64
"""Bytes of a block of SHA-256 (RFC 2104)."""


@dataclass(frozen=True, slots=True)
class Found:
    """A column as a source has it."""

    type: DataType
    """The nearest of ours."""
    words: str
    """Its type in the source's words; empty where everything is a text."""
    name: str
    """What the source calls it."""
    bounded: bool = False
    """Whether every day and moment in it is known to be of our calendar."""


class Dialect(Protocol):
    """How one database says it."""

    mark: str

    def name(self, name: str) -> str:
        """An identifier, quoted."""

    def raw(self, place: int, of: DataType, found: Found) -> str:
        """A source's column as the catalogue's type `of`; `place` is the column's in the fetch, for errors."""

    def masked(self, value: str, of: DataType, mask: Mask, key: bytes, bind: Bind) -> str:
        """What the mask leaves of an expression of type `of`."""

    def ordered(self, value: str, of: DataType) -> str:
        """An expression as it is compared and ordered."""


def _pads(key: bytes, bind: Bind) -> tuple[str, str]:
    block = key.ljust(_BLOCK, b"\0")
    return bind(bytes(byte ^ 0x5C for byte in block)), bind(bytes(byte ^ 0x36 for byte in block))


class DuckDb:
    """DuckDB over Parquet, whose columns have types, or over CSV, whose columns are texts."""

    mark = "?"

    def name(self, name: str) -> str:
        """See `Dialect`."""
        return quoted(name)

    def raw(self, place: int, of: DataType, found: Found) -> str:
        """See `Dialect`."""
        column, words = quoted(found.name), found.words
        if not words:
            return column if of in TEXTS else _sound(place, *_from_text(column, of))
        # Every expression more is planned anew for each fetch, so there is none where a type says enough.
        if of in TEXTS:
            return column if words == "VARCHAR" else f"CAST({column} AS VARCHAR)"
        if of is DataType.INTEGER:
            whole = f"CAST({column} AS BIGINT)"
            fits = whole if words in _NARROW else _sound(place, column, f"TRY_{whole}")
            return column if words == "BIGINT" else fits
        if of not in _BOUNDS:
            return column
        value = column if words == _DUCKDB[of] else f"CAST({column} AS {_DUCKDB[of]})"
        if found.bounded:
            return value
        number = f"{value} + 0.0::DOUBLE" if of is DataType.DECIMAL else value
        good = f"{_BOUNDS[of].format(value)} OR {column} IS NULL"
        return f"CASE WHEN {good} THEN {number} ELSE error('{BAD_VALUE}{place}') END"

    def masked(self, value: str, of: DataType, mask: Mask, key: bytes, bind: Bind) -> str:
        """See `Dialect`."""
        match mask.kind:
            case MaskKind.HASH:
                outer, inner = (f"CAST({mark} AS BLOB)" for mark in _pads(key, bind))
                return f"sha256({outer} || unhex(sha256({inner} || encode(CAST({value} AS VARCHAR)))))"
            case MaskKind.TRUNCATE:
                return f"left({value}, CAST({bind(mask.length or 0)} AS BIGINT))"
            case MaskKind.MONTH:
                return f"CAST(date_trunc('month', {value}) AS DATE)"
            case MaskKind.GENERALISE if of is DataType.INTEGER:
                wide, step = f"CAST({value} AS HUGEINT)", int(mask.step or 0)
                marks = [f"CAST({bind(step)} AS HUGEINT)" for _ in range(3)]
                lower = f"{wide} - (({wide} % {marks[0]}) + {marks[1]}) % {marks[2]}"
                # `greatest` passes over NULL.
                least = f"CAST({LEAST} AS HUGEINT)"
                return f"CASE WHEN {value} IS NOT NULL THEN CAST(greatest({lower}, {least}) AS BIGINT) END"
            case MaskKind.GENERALISE:
                marks = [f"CAST({bind(float(mask.step or 0))} AS DOUBLE)" for _ in range(3)]
                lower = f"floor({value} / {marks[1]}) * {marks[2]} + 0.0::DOUBLE"
                small = f"{value} / {marks[0]} BETWEEN -1.7e308 AND 1.7e308"
                return f"CASE WHEN {small} THEN {lower} WHEN {value} IS NOT NULL THEN error('{BAD_VALUE}') END"
            case MaskKind.DROP:
                raise AssertionError("a dropped column is not delivered")

    def bad(self, name: str, of: DataType) -> str:
        """Whether a text in a CSV file is none of this type."""
        given, value = _from_text(quoted(name), of)
        return f"{given} IS NOT NULL AND {value} IS NULL"

    def ordered(self, value: str, of: DataType) -> str:  # noqa: ARG002
        """See `Dialect`. DuckDB compares texts by their bytes, which is by code point."""
        return value


class PostgreSql:
    """PostgreSQL from version 11 on, with the time zone UTC."""

    mark = "%s"

    def name(self, name: str) -> str:
        """See `Dialect`. The driver reads a percent sign as the beginning of a mark."""
        return quoted(name).replace("%", "%%")

    def raw(self, place: int, of: DataType, found: Found) -> str:  # noqa: ARG002
        """See `Dialect`. What is no number or no day of our calendar is found when the driver reads it."""
        column = self.name(found.name)
        if of in TEXTS:
            return f"CAST({column} AS text)"
        if of is DataType.DECIMAL:
            return f"(CAST({column} AS float8) + CAST(0 AS float8))"
        return f"CAST({column} AS {_POSTGRESQL[of]})"

    def masked(self, value: str, of: DataType, mask: Mask, key: bytes, bind: Bind) -> str:
        """See `Dialect`."""
        match mask.kind:
            case MaskKind.HASH:
                text = f"to_char({value}, 'YYYY-MM-DD')" if of is DataType.DATE else f"CAST({value} AS text)"
                outer, inner = (f"CAST({mark} AS bytea)" for mark in _pads(key, bind))
                return f"encode(sha256({outer} || sha256({inner} || convert_to({text}, 'UTF8'))), 'hex')"
            case MaskKind.TRUNCATE:
                return f"left({value}, CAST({bind(mask.length or 0)} AS int4))"
            case MaskKind.MONTH:
                return f"CAST(date_trunc('month', CAST({value} AS timestamp)) AS date)"
            case MaskKind.GENERALISE if of is DataType.INTEGER:
                wide, step = f"CAST({value} AS numeric)", int(mask.step or 0)
                marks = [f"CAST({bind(step)} AS numeric)" for _ in range(3)]
                lower = f"{wide} - mod(mod({wide}, {marks[0]}) + {marks[1]}, {marks[2]})"
                return f"CASE WHEN {value} IS NOT NULL THEN CAST(greatest({lower}, {LEAST}) AS int8) END"
            case MaskKind.GENERALISE:
                marks = [f"CAST({bind(float(mask.step or 0))} AS float8)" for _ in range(2)]
                return f"floor({value} / {marks[0]}) * {marks[1]} + CAST(0 AS float8)"
            case MaskKind.DROP:
                raise AssertionError("a dropped column is not delivered")

    def ordered(self, value: str, of: DataType) -> str:
        """See `Dialect`."""
        return f'{value} COLLATE pg_catalog."C"' if of in TEXTS else value


def quoted(name: str) -> str:
    """An identifier as standard SQL quotes it."""
    return '"' + name.replace('"', '""') + '"'


_DUCKDB: Final = {DataType.DECIMAL: "DOUBLE", DataType.DATE: "DATE", DataType.DATETIME: "TIMESTAMP"}
_POSTGRESQL: Final = {
    DataType.INTEGER: "int8",
    DataType.BOOLEAN: "bool",
    DataType.DATE: "date",
    DataType.DATETIME: "timestamp",
    DataType.BINARY: "bytea",
}
_NARROW: Final = {"TINYINT", "SMALLINT", "INTEGER", "UTINYINT", "USMALLINT", "UINTEGER"}
_BOUNDS: Final = {
    DataType.DECIMAL: "isfinite({0})",
    DataType.DATE: "{0} BETWEEN DATE '0001-01-01' AND DATE '9999-12-31'",
    DataType.DATETIME: "{0} BETWEEN TIMESTAMP '0001-01-01 00:00:00' AND TIMESTAMP '9999-12-31 23:59:59.999999'",
}
_CSV: Final = {
    # DuckDB's casts from text also take what nobody means: '1.5' and '0x10' as whole numbers, '1_0', 'infinity'.
    DataType.INTEGER: ("[+-]?[0-9]+", "TRY_CAST({0} AS BIGINT)"),
    DataType.DECIMAL: (r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?", "TRY_CAST({0} AS DOUBLE)"),
    DataType.BOOLEAN: ("(?i)true|false|0|1", "TRY_CAST({0} AS BOOLEAN)"),
    DataType.DATE: ("[0-9]{4}-[0-9]{2}-[0-9]{2}", "TRY_CAST({0} AS DATE)"),
    DataType.DATETIME: (
        r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}(:[0-9]{2})?)?)?",
        "CAST(TRY_CAST({0} AS TIMESTAMPTZ) AS TIMESTAMP)",
    ),
    DataType.BINARY: ("[A-Za-z0-9+/]*={0,2}", "TRY(from_base64({0}))"),
}


def _from_text(text: str, of: DataType) -> tuple[str, str]:
    """What is given, and as a value; the value is NULL for a text that is none of this type."""
    pattern, cast = _CSV[of]
    read = f"CASE WHEN regexp_full_match({text}, '{pattern}') THEN {cast.format(text)} END"
    # Some writers put quotes around everything: what is empty is a value only where it can be one.
    given = text if of is DataType.BINARY else f"nullif({text}, '')"
    return given, _bounded(read, of) if of in _BOUNDS else read


def _bounded(value: str, of: DataType) -> str:
    number = f"{value} + 0.0::DOUBLE" if of is DataType.DECIMAL else value
    return f"CASE WHEN {_BOUNDS[of].format(value)} THEN {number} END"


def _sound(place: int, given: str, value: str) -> str:
    """`value`, or the end of the statement where there is none although something is given."""
    return f"CASE WHEN {given} IS NOT NULL THEN coalesce({value}, error('{BAD_VALUE}{place}')) END"
