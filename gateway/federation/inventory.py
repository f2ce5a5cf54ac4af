"""Bytes of a `data.json` into records: everything that can be wrong with a file as a whole is found here.

The standard library's parser is used because it lets one bad value be pinned to its record: a lone surrogate, an
invalid byte, a NaN, a number of a million digits or a doubled key become marks in the record that holds them, and the
other records load.
"""

import json
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

DEFAULT_SIZE_LIMIT: Final = 256 * 1024 * 1024
"""Bytes. Parsing holds about six times the file in memory."""

_LONGEST_INTEGER: Final = 18


class FileProblem(StrEnum):
    """Stable codes for a file that cannot be read at all."""

    CANNOT_OPEN = "CANNOT_OPEN"
    TOO_LARGE = "TOO_LARGE"
    EMPTY = "EMPTY"
    NOT_UTF8 = "NOT_UTF8"
    NOT_JSON = "NOT_JSON"
    TOO_DEEP = "TOO_DEEP"
    NOT_AN_INVENTORY = "NOT_AN_INVENTORY"


class UnreadableInventory(Exception):
    """The file as a whole cannot be used, and nothing was written. `code` is stable; the message says what is wrong."""

    def __init__(self, code: FileProblem, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class BadNumber:
    """Stands where the file has a number that JSON or we cannot hold: NaN, Infinity, or too many digits."""

    text: str


class DoubledKeys(dict[str, Any]):
    """An object that names a key twice. Parsers disagree on which one counts, so neither is believed."""

    keys_doubled: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Inventory:
    """What a file holds: the records as JSON values, untouched, and the catalogue's own statements."""

    records: list[Any]
    catalog: dict[str, Any]
    digest: str
    """SHA-256 of the file, hexadecimal."""
    escaped_bytes: bool
    """True when the file had bytes that are not UTF-8; they stand in the records as the code points U+DC80 … U+DCFF."""


def read_inventory(path: Path, size_limit: int = DEFAULT_SIZE_LIMIT) -> Inventory:
    """Read a file.

    Raises:
        UnreadableInventory: it cannot be opened, or is empty, larger than `size_limit` bytes, or no inventory.
    """
    try:
        with path.open("rb") as file:
            content = file.read(size_limit + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UnreadableInventory(FileProblem.CANNOT_OPEN, reason) from error
    return parse_inventory(content, size_limit)


def parse_inventory(content: bytes, size_limit: int = DEFAULT_SIZE_LIMIT) -> Inventory:
    """Parse the bytes of a file; see `read_inventory` for the errors."""
    if len(content) > size_limit:
        raise UnreadableInventory(FileProblem.TOO_LARGE, f"the file is larger than {size_limit} bytes; see --max-bytes")
    if not content.removeprefix(b"\xef\xbb\xbf").strip():
        raise UnreadableInventory(FileProblem.EMPTY, "the file is empty; expected a JSON object with a list `dataset`")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in content[:4]:
        raise UnreadableInventory(FileProblem.NOT_UTF8, "the file is UTF-16 or UTF-32; JSON is exchanged as UTF-8")
    text = content.decode("utf-8-sig", "surrogateescape")
    document = _parse(text)
    if not isinstance(document, dict):
        raise UnreadableInventory(
            FileProblem.NOT_AN_INVENTORY, "the file holds no JSON object; expected one with `dataset`"
        )
    if isinstance(document, DoubledKeys) and "dataset" in document.keys_doubled:
        raise UnreadableInventory(
            FileProblem.NOT_AN_INVENTORY, "the file names `dataset` twice; which one counts is unclear"
        )
    records = document.get("dataset")
    if not isinstance(records, list):
        found = "no `dataset`" if "dataset" not in document else "a `dataset` that is not a list"
        raise UnreadableInventory(FileProblem.NOT_AN_INVENTORY, f"the file has {found}; expected a list of records")
    catalog = {key: value for key, value in document.items() if key != "dataset"}
    return Inventory(records, catalog, sha256(content).hexdigest(), not _is_utf8(content))


def _parse(text: str) -> Any:
    try:
        return _DECODER.decode(text)
    except RecursionError:
        raise UnreadableInventory(
            FileProblem.TOO_DEEP, "the file nests deeper than can be read; an inventory needs about ten"
        ) from None
    except json.JSONDecodeError as error:
        end = " (is the file truncated?)" if error.pos >= len(text.rstrip()) - 1 or "Unterminated" in error.msg else ""
        message = f"the file is not JSON: {error.msg} at line {error.lineno} column {error.colno}{end}"
        raise UnreadableInventory(FileProblem.NOT_JSON, message) from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    plain = dict(pairs)
    if len(plain) == len(pairs):
        return plain
    counts = Counter(key for key, _ in pairs)
    result = DoubledKeys(plain)
    result.keys_doubled = tuple(key for key, count in counts.items() if count > 1)
    return result


def _integer(digits: str) -> int | BadNumber:
    return int(digits) if len(digits) <= _LONGEST_INTEGER else BadNumber(digits[:24])


def _float(digits: str) -> float | BadNumber:
    value = float(digits)
    return value if abs(value) != float("inf") else BadNumber(digits[:24])


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_float, parse_constant=BadNumber
)


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True
