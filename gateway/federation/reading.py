"""Taking typed values out of a JSON record while collecting everything that is wrong with it."""

from collections.abc import Iterator
from typing import Any, Final

from gateway.federation.inventory import BadNumber, DoubledKeys
from gateway.federation.problems import Code, Problem, any_fatal, excerpt

_ALLOWED_CONTROLS: Final = frozenset("\t\n\r")
_CONTROLS: Final = {code: None for code in range(1, 32) if chr(code) not in _ALLOWED_CONTROLS}
_SHOWN_PER_RECORD: Final = 20
"""A record with a thousand problems is not better explained by all of them."""
_LONGEST_PATH: Final = 12


class Reading:
    """One record being read. Values that cannot be used become `problems`; what is returned is always usable."""

    def __init__(self, index: int, *, escaped_bytes: bool = False) -> None:
        self.index = index
        self.identifier: str | None = None
        self._problems: list[Problem] = []
        self._escaped_bytes = escaped_bytes

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What was found so far, fatal ones first, capped."""
        return tuple(sorted(self._problems, key=lambda problem: not problem.fatal))

    @property
    def rejected(self) -> bool:
        """Whether something fatal was found."""
        return any_fatal(self._problems)

    def report(self, code: Code, field: str | None, message: str) -> None:
        """Note a problem of this record; past the cap only the first fatal one still counts."""
        problem = Problem(code, message, self.index, field, self.identifier)
        if len(self._problems) < _SHOWN_PER_RECORD or (problem.fatal and not self.rejected):
            self._problems.append(problem)

    def check(self, record: Any) -> None:
        """Report what no catalogue can hold, wherever it stands. Iterative, since the sender chooses the depth."""
        for place in _walk(record):
            value = place.value
            if isinstance(value, str):
                self._check_text(place, value)
            elif isinstance(value, BadNumber):
                self.report(
                    Code.NUMBER_OUT_OF_RANGE, place.path, f"{value.text}: not a number that JSON can carry safely"
                )
            elif isinstance(value, DoubledKeys):
                keys = ", ".join(excerpt(key) for key in value.keys_doubled[:5])
                self.report(
                    Code.DUPLICATE_KEY, place.path or None, f"names {keys} more than once; which one counts is unclear"
                )

    def _check_text(self, place: "_Place", text: str) -> None:
        if text.isascii():
            if "\0" in text:
                self.report(Code.CONTROL_CHARACTER, place.path, "contains the character NUL (U+0000)")
            return
        try:
            text.encode()
        except UnicodeEncodeError as error:
            point = ord(text[error.start])
            if self._escaped_bytes and 0xDC80 <= point <= 0xDCFF:
                self.report(
                    Code.INVALID_UTF8, place.path, f"contains the byte 0x{point - 0xDC00:02x}, which is not UTF-8"
                )
            else:
                self.report(Code.LONE_SURROGATE, place.path, f"contains half of a surrogate pair (U+{point:04X})")
        if "\0" in text:
            self.report(Code.CONTROL_CHARACTER, place.path, "contains the character NUL (U+0000)")

    def text(
        self, source: dict[str, Any], key: str, limit: int, *, path: str = "", required: bool = False
    ) -> str | None:
        """A text of at most `limit` characters, trimmed; None when absent or blank, a problem if `required`."""
        where = f"{path}{key}"
        value = source.get(key)
        if isinstance(value, int) and not isinstance(value, bool) and required:
            value = str(value)
        if isinstance(value, str):
            value = _clean(value)
            if len(value) > limit:
                self.report(Code.TOO_LONG, where, f"{len(value)} characters; at most {limit} are taken")
                return None
            if value:
                return value
        elif value is not None:
            code = Code.WRONG_TYPE if required else Code.VALUE_IGNORED
            self.report(code, where, f"is {_kind(value)}; expected a text")
            return None
        if required:
            self.report(Code.MISSING, where, "is missing or empty; every record needs it")
        return None

    def texts(self, source: dict[str, Any], key: str, limit: int, most: int) -> tuple[str, ...]:
        """A list of texts (or a single one), blanks and repetitions left out."""
        value = source.get(key)
        if value is None:
            return ()
        items = value if isinstance(value, list) else [value]
        if len(items) > most:
            self.report(Code.TOO_MANY, key, f"{len(items)} entries; at most {most} are taken")
            return ()
        found: dict[str, None] = {}
        for position, item in enumerate(items):
            text = self.text({"": item}, "", limit, path=f"{key}[{position}]" if value is items else key)
            if text:
                found[text] = None
        return tuple(found)

    def objects(
        self, source: dict[str, Any], key: str, most: int, *, path: str = ""
    ) -> list[tuple[str, dict[str, Any]]]:
        """A list of objects (or a single one) with the path of each; anything else is left out with a warning."""
        value = source.get(key)
        where = f"{path}{key}"
        if value is None:
            return []
        items = value if isinstance(value, list) else [value]
        if len(items) > most:
            self.report(Code.TOO_MANY, where, f"{len(items)} entries; at most {most} are taken")
            return []
        found = []
        for position, item in enumerate(items):
            if isinstance(item, dict):
                found.append((f"{where}[{position}].", item))
            elif item is not None:
                self.report(Code.VALUE_IGNORED, f"{where}[{position}]", f"is {_kind(item)}; expected an object")
        return found


def _clean(text: str) -> str:
    return (text if text.isprintable() else text.translate(_CONTROLS)).strip()


def _kind(value: object) -> str:
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    return "a truth value" if isinstance(value, bool) else f"the number {excerpt(value, 24)}"


class _Place:
    """A value and how it was reached; the path is only spelled out when somebody has to read it."""

    __slots__ = ("key", "parent", "value")

    def __init__(self, value: Any, key: str | int | None, parent: "_Place | None") -> None:
        self.value = value
        self.key = key
        self.parent = parent

    @property
    def path(self) -> str:
        parts: list[str] = []
        place: _Place | None = self
        while place is not None and len(parts) < _LONGEST_PATH:
            if place.key is not None:
                parts.append(f"[{place.key}]" if isinstance(place.key, int) else f".{excerpt(place.key)}")
            place = place.parent
        return "".join(reversed(parts)).removeprefix(".")


def _walk(record: Any) -> Iterator[_Place]:
    """Every value in the record, and every key as a text of its own."""
    stack = [_Place(record, None, None)]
    while stack:
        place = stack.pop()
        yield place
        value = place.value
        if isinstance(value, dict):
            for key, inner in value.items():
                if not key.isascii() or "\0" in key:
                    yield _Place(key, key, place)
                if isinstance(inner, str | dict | list | BadNumber):
                    stack.append(_Place(inner, key, place))
        elif isinstance(value, list):
            stack.extend(_Place(inner, n, place) for n, inner in enumerate(value) if inner is not None)
