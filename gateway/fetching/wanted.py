"""What a request asks for: fields, conditions, order, a page, a form, a purpose. A structure, never a query's text."""

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import orjson

from gateway.audit.event import canonical
from gateway.delivery import Form, Order
from gateway.sharing.scope import Condition
from gateway.sharing.words import RowOperator

MOST_TERMS: Final = 20
"""Conditions of a filter, fields of an order."""
MOST_VALUES: Final = 200
MOST_FIELDS: Final = 1_000
LONGEST: Final = 2_000
MOST_ROWS: Final = 10_000
"""Of a page; without a limit all rows come, as a stream."""
NAMES: Final = ("fields", "filter", "order", "limit", "after", "purpose", "format", "file")
_LONGEST_CURSOR: Final = 400

T = TypeVar("T")


class BadWish(Exception):
    """A request that cannot be meant: what is wrong, with which parameter, and what would be right."""

    def __init__(self, code: str, message: str, parameter: str) -> None:
        super().__init__(message)
        self.code = code
        self.parameter = parameter


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins: how many rows come before it, in which version of the source."""

    position: int
    version: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for."""

    form: Form | None = Form.JSON
    """None where the caller takes none that there is."""
    fields: tuple[str, ...] | None = None
    """Names, in the order in which they are wanted; None for all that may be had."""
    filter: tuple[Condition, ...] = ()
    order: tuple[Order, ...] = ()
    limit: int | None = None
    after: str | None = None
    purpose: str | None = None
    file: str | None = None
    """The path of a whole file of the dataset, instead of rows."""

    @property
    def digest(self) -> str:
        """SHA-256 of all that decides which rows come in which order, as they are asked for."""
        said = {
            "fields": None if self.fields is None else list(self.fields),
            "filter": [one.stated for one in self.filter],
            "order": [[one.field, one.descending] for one in self.order],
        }
        return hashlib.sha256(canonical(said)).hexdigest()

    @property
    def asked(self) -> str:
        """SHA-256 of all of it, as the log has it."""
        said = {
            "rows": self.digest,
            "limit": self.limit,
            "after": self.after,
            "form": str(self.form),
            "file": self.file,
        }
        return hashlib.sha256(canonical(said)).hexdigest()

    def place(self) -> Place | None:
        """Where the page begins that `after` names.

        Raises:
            BadWish: `INVALID_CURSOR`: it is none of this question's.
        """
        if self.after is None:
            return None
        try:
            position, version, digest = orjson.loads(urlsafe_b64decode(self.after.encode("ascii")))
        except (ValueError, TypeError):
            position, version, digest = None, None, None
        if not (type(position) is int and position >= 0 and isinstance(version, str) and digest == self.digest[:16]):
            text = "this is no cursor of this question; take the one that came with its last page, and change nothing"
            raise BadWish("INVALID_CURSOR", text, "after")
        return Place(position, version)

    def following(self, position: int, version: str | None) -> str:
        """The cursor of the page that begins behind so many rows."""
        return urlsafe_b64encode(orjson.dumps([position, version or "", self.digest[:16]])).decode()


def from_query(pairs: Sequence[tuple[str, str]], form: Form | None) -> Wanted:
    """What the parameters of an address ask for.

    Raises:
        BadWish: one is unknown, twice there, or not what it should be.
    """
    given: dict[str, Any] = {}
    for name, value in pairs:
        if name in given:
            raise BadWish("BAD_PARAMETER", f"send {name!r:.60} once", name[:60])
        given[name] = value
    for name in ("fields", "order"):
        if name in given:
            given[name] = given[name].split(",")
    if "filter" in given:
        given["filter"] = _json(given["filter"])
    if "limit" in given:
        given["limit"] = int(given["limit"]) if given["limit"].isascii() and given["limit"].isdigit() else None
        if given["limit"] is None:
            raise BadWish("BAD_PARAMETER", f"limit is a whole number from 1 to {MOST_ROWS}", "limit")
    return from_json(given, form)


def from_json(given: Any, form: Form | None) -> Wanted:
    """What a JSON object asks for, with the same members as an address has parameters.

    Raises:
        BadWish: one is unknown, or not what it should be.
    """
    if not isinstance(given, dict):
        raise BadWish("BAD_PARAMETER", "send a JSON object", "")
    if unknown := sorted(given.keys() - {*NAMES}):
        text = f"there is no parameter {unknown[0]!r:.60}; there are {', '.join(NAMES)}"
        raise BadWish("BAD_PARAMETER", text, unknown[0][:60])
    read: Mapping[str, Callable[[Any], Any]] = {
        "fields": _fields,
        "filter": _filter,
        "order": _order,
        "limit": _limit,
        "format": _form,
        "after": lambda value: _text(value, "after", _LONGEST_CURSOR),
        "purpose": lambda value: _text(value, "purpose"),
        "file": lambda value: _text(value, "file"),
    }
    found = {name: read[name](value) for name, value in given.items() if value is not None}
    return Wanted(found.pop("format", None) or form, **found)


def _fields(value: Any) -> tuple[str, ...]:
    names = _texts(value, "fields", MOST_FIELDS)
    if not names or len({*names}) != len(names):
        raise BadWish("BAD_PARAMETER", "name each field once", "fields")
    return names


def _order(value: Any) -> tuple[Order, ...]:
    names = _texts(value, "order", MOST_TERMS)
    found = tuple(Order(name.removeprefix("-"), descending=name.startswith("-")) for name in names)
    if len({one.field for one in found}) != len(found):
        raise BadWish("BAD_PARAMETER", "order by each field once; -name is from the greatest to the least", "order")
    return found


def _filter(value: Any) -> tuple[Condition, ...]:
    # Counted before anything of it is looked at.
    if not isinstance(value, list) or len(value) > MOST_TERMS:
        text = f"a filter is a list of at most {MOST_TERMS} conditions, which all have to hold"
        raise BadWish("BAD_CONDITION", text, "filter")
    return tuple(_conditions(value))


def _conditions(terms: Sequence[Any]) -> Iterator[Condition]:
    for term in terms:
        if not isinstance(term, dict) or term.keys() != {"field", "operator", "values"}:
            text = 'a condition is {"field": "…", "operator": "…", "values": ["…"]}'
            raise BadWish("BAD_CONDITION", text, "filter")
        if term["operator"] not in {*RowOperator}:
            raise BadWish("BAD_CONDITION", f"an operator is one of {', '.join(RowOperator)}", "filter")
        values = _texts(term["values"], "filter", MOST_VALUES)
        operator = RowOperator(term["operator"])
        if not values or (len(values) > 1 and operator is not RowOperator.IN):
            raise BadWish(
                "BAD_CONDITION", f"{operator} takes {'values' if operator == 'IN' else 'one value'}", "filter"
            )
        yield Condition(_text(term["field"], "filter"), operator, values)


def _limit(value: Any) -> int:
    if type(value) is not int or not 1 <= value <= MOST_ROWS:
        raise BadWish("BAD_PARAMETER", f"limit is a whole number from 1 to {MOST_ROWS}", "limit")
    return value


def _form(value: Any) -> Form:
    try:
        return Form(str(value).upper())
    except ValueError:
        text = f"format is one of {', '.join(form.lower() for form in Form)}"
        raise BadWish("BAD_PARAMETER", text, "format") from None


def _texts(value: Any, parameter: str, most: int) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > most:
        raise BadWish("BAD_PARAMETER", f"{parameter}: a list of at most {most} texts is expected", parameter)
    return tuple(_text(one, parameter) for one in value)


def _text(value: Any, parameter: str, longest: int = LONGEST) -> str:
    if not isinstance(value, str) or len(value) > longest or any("\ud800" <= c <= "\udfff" for c in value):
        raise BadWish("BAD_PARAMETER", f"{parameter}: a text of at most {longest} characters is expected", parameter)
    return value


def _json(text: str) -> Any:
    try:
        return orjson.loads(text)
    except ValueError:
        raise BadWish("BAD_CONDITION", "filter is a list of conditions, in JSON", "filter") from None
