"""Texts of the catalogue on their way out: anybody may have written them, and whatever shows them must stay as it is.

What every format has in common is done here, once, when a picture is made; a format adds only its own quoting.
"""

import re
import unicodedata
from typing import Final, NewType

Plain = NewType("Plain", str)
"""A text of visible characters and single spaces. Only `plain` makes one, and `cut`, of another."""

LONGEST: Final = 1_000
"""Characters of a text; an OpenLineage name has as many."""
_SEQUENCES: Final = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"  # what moves, colours or asks a terminal
    r"|(?:\x1b[\]P^_X]|[\x9d\x90\x9e\x9f\x98])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"  # what it is told as a string
    r"|\x1b[ -/]*[0-~]?"
)
_PICTURES: Final = 0x2400
"""Where Unicode has a picture of each control character of ASCII."""
_DELETE: Final = 0x7F
_PICTURE_OF_DELETE: Final = "\u2421"
_REPLACED: Final = "\N{REPLACEMENT CHARACTER}"
_NONCHARACTERS: Final = 0xFFFE
_WIDE: Final = frozenset("WF")
_ELLIPSIS: Final = "…"
_NARROW: Final = frozenset("iljtfrI.,:;'|! ()[]/")
_BROAD: Final = frozenset("mwMW@%…—")


def plain(text: str, most: int = LONGEST) -> Plain:
    """A text without what steers a terminal, without what turns its direction, with what else is invisible made seen.

    Terminals' sequences go; other control characters become their pictures; what only changes how others are read, and
    what is no character at all, becomes U+FFFD; every kind of space is a space.
    """
    shown = "".join(map(_shown, _SEQUENCES.sub("", text)))
    return cut(Plain(" ".join(shown.split(" ")).strip() or _REPLACED), most)


def cut(text: Plain, most: int) -> Plain:
    """At most so many characters, the last of them an ellipsis where some are left out."""
    return text if len(text) <= most else Plain(text[: most - 1] + _ELLIPSIS)


def _shown(char: str) -> str:
    code = ord(char)
    if code < 0x20:
        return chr(_PICTURES + code)
    if code < _DELETE:
        return char
    match unicodedata.category(char):
        case "Zs" | "Zl" | "Zp":
            return " "
        case "Cc":
            return _PICTURE_OF_DELETE if code == _DELETE else _REPLACED
        case "Cf" | "Cs" | "Co":
            return _REPLACED
        case "Cn" if code & 0xFFFF >= _NONCHARACTERS or 0xFDD0 <= code <= 0xFDEF:
            return _REPLACED
        case _:
            return char


def width(char: str) -> float:
    """How wide a character is at most, in units of the size of type, whatever sans-serif the reader has."""
    if unicodedata.east_asian_width(char) in _WIDE:
        return 1.0
    if unicodedata.combining(char):
        return 0.0
    if char in _NARROW:
        return 0.4
    return 0.95 if char in _BROAD else 0.6 if char.islower() or char.isdigit() else 0.75


def fitted(text: str, room: float) -> str:
    """As much of a text as fits into so many units of the size of type."""
    taken = 0.0
    for i, char in enumerate(text):
        taken += width(char)
        if taken > room:
            kept = i
            while kept and taken > room - width(_ELLIPSIS):
                kept -= 1
                taken = sum(map(width, text[:kept]))
            return text[:kept].rstrip() + _ELLIPSIS
    return text
