"""What is asked for or granted: fields and rows of a dataset, for a purpose, on a basis, for a period (R17.1)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, NamedTuple

from gateway.sharing.words import Purpose, RowOperator

MOST_FIELDS: Final = 1_000
MOST_CONDITIONS: Final = 20
MOST_VALUES: Final = 200
LONGEST_TEXT: Final = 2_000
LONGEST_YEARS: Final = 5


class Fault(NamedTuple):
    """What is wrong with an input: a stable code, a sentence, and the field that it is about."""

    code: str
    message: str
    path: str


@dataclass(frozen=True, slots=True)
class Basis:
    """A text of law and the place in it."""

    title: str
    citation: str

    @property
    def stated(self) -> dict[str, str]:
        """As documents have it."""
        return {"title": self.title, "citation": self.citation}


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition that rows have to meet: a structure, never a text that something would have to read."""

    field: str
    operator: RowOperator
    values: tuple[str, ...]

    @property
    def stated(self) -> dict[str, Any]:
        """As documents have it."""
        return {"field": self.field, "operator": str(self.operator), "values": list(self.values)}


@dataclass(frozen=True, slots=True)
class Scope:
    """What a consumer asks for."""

    dataset: str
    fields: tuple[str, ...]
    rows: tuple[Condition, ...]
    purpose: Purpose
    explanation: str
    """The purpose in the consumer's own words."""
    legal_basis: tuple[Basis, ...]
    since: date
    until: date
    """The last day."""

    def faults(self, today: date, *, of_duty: bool = True, unseen: bool = False) -> Iterator[Fault]:
        """What is missing or cannot be, as far as the request alone shows it.

        Args:
            today: the city's day.
            of_duty: whether the need has to follow from a text of law, as an agency's has.
            unseen: whether the entry shows its fields to nobody else, so that none can be named yet.
        """
        if unseen:
            if self.fields or self.rows:
                text = "this entry's fields are not shown to you: say in the explanation what is needed"
                yield Fault("UNKNOWN_FIELD", text, "fields")
        elif not 1 <= len(self.fields) <= MOST_FIELDS:
            yield Fault("NO_FIELDS", f"name 1 to {MOST_FIELDS} fields; a scope says what exactly is needed", "fields")
        if len({*self.fields}) != len(self.fields):
            yield Fault("DOUBLE_FIELD", "name each field once", "fields")
        yield from self._faults_of_rows()
        yield from text_faults(self.explanation, "explanation", "say in a sentence what the data is for")
        if of_duty and not self.legal_basis:
            yield Fault("NO_BASIS", "name the law, rule or duty that the need follows from", "legalBasis")
        for basis in self.legal_basis:
            yield from basis_faults(basis, "legalBasis")
        if self.since < today:
            yield Fault("PERIOD_PAST", f"the period begins on {self.since}; it can begin today, {today}", "since")
        if self.until < self.since:
            yield Fault("PERIOD_EMPTY", f"the period ends on {self.until}, before it begins", "until")
        if self.until.year - self.since.year > LONGEST_YEARS:
            yield Fault("PERIOD_LONG", f"ask for at most {LONGEST_YEARS} years; apply again after that", "until")

    def _faults_of_rows(self) -> Iterator[Fault]:
        if len(self.rows) > MOST_CONDITIONS:
            yield Fault("BAD_CONDITION", f"state at most {MOST_CONDITIONS} conditions", "rows")
        for condition in self.rows:
            most = MOST_VALUES if condition.operator is RowOperator.IN else 1
            if not 1 <= len(condition.values) <= most:
                yield Fault("BAD_CONDITION", f"{condition.operator} takes 1 to {most} values", "rows")
            if any(len(value) > LONGEST_TEXT or not is_plain(value) for value in condition.values):
                yield Fault("BAD_CONDITION", "a value is too long or holds a control character", "rows")


def is_plain(text: str) -> bool:
    """Whether a text holds nothing that a terminal or a log could take for a command, nor half a character."""
    return not any((c < " " and c not in "\n\t") or "\x7f" <= c < "\xa0" or "\ud800" <= c <= "\udfff" for c in text)


def text_faults(text: str, path: str, wanted: str) -> Iterator[Fault]:
    """What is wrong with a text that somebody has to write."""
    if not text.strip():
        yield Fault("EMPTY_TEXT", wanted, path)
    elif len(text) > LONGEST_TEXT or not is_plain(text):
        yield Fault("BAD_TEXT", f"use at most {LONGEST_TEXT} characters, and no control characters", path)


def basis_faults(basis: Basis, path: str) -> Iterator[Fault]:
    """What is wrong with a citation."""
    yield from text_faults(basis.title, path, "name the text of law")
    yield from text_faults(basis.citation, path, "name the article or clause")


def covers(scope: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether a stated scope has all that another one has, under the same masks, for the same purpose and as long."""
    masks = {one["id"]: one.get("mask") for one in scope["fields"]}
    return (
        all(one["id"] in masks and masks[one["id"]] == one.get("mask") for one in other["fields"])
        and (not scope["rows"] or scope["rows"] == other["rows"])
        and scope["purpose"] == other["purpose"]
        and scope["since"] <= other["since"]
        and other["until"] <= scope["until"]
    )
