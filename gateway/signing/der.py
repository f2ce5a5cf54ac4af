"""Whether bytes are one value in DER, as ITU-T X.690 wants it, before any parser looks for meaning in them.

Parsers forgive: an indefinite length, a length with leading zeros, bytes after the end. Whatever is forgiven is a
second spelling of the same signature, so nothing is.
"""

from typing import Any, Final

from asn1crypto import parser

DEEPEST: Final = 32
"""Levels of nesting; a signature with its timestamp has some 20."""
_CONSTRUCTED: Final = 0x20
_LONG_TAG: Final = 0x1F
_UNIVERSAL_CONSTRUCTED: Final = frozenset({0x10, 0x11})
"""SEQUENCE and SET: of the universal types only they consist of others."""
_BOOLEAN: Final = 0x01
_INTEGERS: Final = frozenset({0x02, 0x0A})


def check_der(data: bytes) -> None:
    """Whether `data` is one value in DER and nothing else.

    Raises:
        ValueError: it is not. The message says where.
    """
    end = _value(memoryview(data), 0, len(data), DEEPEST)
    if end != len(data):
        raise ValueError(f"{len(data) - end} bytes follow after its end")


def encoded(value: Any) -> bytes:
    """The bytes that a value of asn1crypto was parsed from, once `check_der` has been passed.

    Its own `dump` takes a length that ends in 0x80 for an indefinite one and encodes the value anew, perhaps otherwise.
    """
    return bytes(parser.emit(value.class_, value.method, value.tag, value.contents))


def _value(data: memoryview, at: int, limit: int, depth: int) -> int:
    """Check the value that begins `at`; where it ends."""
    if depth == 0:
        raise ValueError(f"values are nested deeper than {DEEPEST} levels at byte {at}")
    if limit - at < 2:
        raise ValueError(f"a value ends early at byte {at}")
    tag = data[at]
    if tag & _LONG_TAG == _LONG_TAG:
        raise ValueError(f"a tag of several bytes at byte {at}")
    start, length = _length(data, at + 1, limit)
    end = start + length
    if end > limit:
        raise ValueError(f"the value at byte {at} is longer than what holds it")
    universal = tag < 0x40
    if universal and bool(tag & _CONSTRUCTED) != ((tag & _LONG_TAG) in _UNIVERSAL_CONSTRUCTED):
        raise ValueError(f"a value of tag {tag:#04x} at byte {at}, which DER does not have")
    if tag & _CONSTRUCTED:
        while start < end:
            start = _value(data, start, end, depth - 1)
    elif universal:
        _primitive(tag, bytes(data[start:end]), at)
    return end


def _length(data: memoryview, at: int, limit: int) -> tuple[int, int]:
    """Where the content begins, and how long it is."""
    first = data[at]
    if first < 0x80:
        return at + 1, first
    count = first & 0x7F
    if count == 0 or count > 4 or at + 1 + count > limit:
        raise ValueError(f"no definite length at byte {at}")
    length = int.from_bytes(data[at + 1 : at + 1 + count])
    if length < 0x80 or length >> (8 * (count - 1)) == 0:
        raise ValueError(f"a length that is not in its shortest form at byte {at}")
    return at + 1 + count, length


def _primitive(tag: int, content: bytes, at: int) -> None:
    if tag == _BOOLEAN and content not in (b"\x00", b"\xff"):
        raise ValueError(f"a boolean that is neither 00 nor FF at byte {at}")
    if tag in _INTEGERS:
        padded = len(content) > 1 and content[0] in (0x00, 0xFF) and (content[0] ^ content[1]) & 0x80 == 0
        if not content or padded:
            raise ValueError(f"an integer that is not in its shortest form at byte {at}")
