"""Masks: named, versioned rules by which a field's values leave changed, or not at all (R23.1).

A mask belongs to a field and an audience and is copied into answers and grants, so that years later everybody can see
which rule was in force. This module says what a mask is and what it makes of a type; how a database applies it is
`gateway.delivery`'s business. NULL stays NULL under every mask.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, TypeVar

import orjson

from gateway.vocabulary import DataType

LONGEST_NAME: Final = 100
LONGEST_PREFIX: Final = 10_000
MOST_DIGITS: Final = 15
"""Significant digits of a step: what a binary floating-point number holds exactly enough."""
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_STEP: Final = re.compile(r"[0-9]{1,15}(\.[0-9]{1,15})?")


_T = TypeVar("_T", str, int)


class Audience(StrEnum):
    """For whom a mask is meant."""

    SHARING = "SHARING"
    """Agencies (R15)."""
    OPENING = "OPENING"
    """The public (R22, R23.1)."""


class MaskKind(StrEnum):
    """What is left of a value."""

    DROP = "DROP"
    """Nothing: the column does not leave."""
    HASH = "HASH"
    """HMAC-SHA-256 of the value's text, in hex, with a key of the grant: equal values stay equal within one grant."""
    GENERALISE = "GENERALISE"
    """The lower bound of the interval of width `step` that a number lies in."""
    TRUNCATE = "TRUNCATE"
    """The first `length` characters (Unicode code points)."""
    MONTH = "MONTH"
    """The first day of its month, as a DATE."""


_TEXTS: Final = frozenset({DataType.STRING, DataType.GEOMETRY, DataType.OTHER})
_GOES_WITH: Final[dict[MaskKind, frozenset[DataType]]] = {
    MaskKind.DROP: frozenset(DataType),
    # Of other types the text is not the same in every database.
    MaskKind.HASH: _TEXTS | {DataType.INTEGER, DataType.DATE},
    MaskKind.GENERALISE: frozenset({DataType.INTEGER, DataType.DECIMAL}),
    MaskKind.TRUNCATE: _TEXTS,
    MaskKind.MONTH: frozenset({DataType.DATE, DataType.DATETIME}),
}
_RESULT: Final = {MaskKind.HASH: DataType.STRING, MaskKind.TRUNCATE: DataType.STRING, MaskKind.MONTH: DataType.DATE}


class BadMask(ValueError):
    """What is stated is no mask; the message says why and what would be right."""


@dataclass(frozen=True, slots=True)
class Mask:
    """One version of a rule. `step` goes with GENERALISE only, `length` with TRUNCATE only.

    Raises:
        BadMask: a name, version or parameter that cannot be.
    """

    name: str
    version: int
    kind: MaskKind
    step: Decimal | None = None
    length: int | None = None

    def __post_init__(self) -> None:
        if len(self.name) > LONGEST_NAME or not _NAME.fullmatch(self.name):
            raise BadMask(f"a mask's name has 1 to {LONGEST_NAME} letters, digits, '.', '_' or '-': {self.name[:40]!r}")
        if not 1 <= self.version < 2**31:
            raise BadMask(f"a mask's version is a whole number from 1 on, not {self.version}")
        if (self.step is None) is (self.kind is MaskKind.GENERALISE):
            raise BadMask("GENERALISE needs a step, and no other kind takes one")
        if (self.length is None) is (self.kind is MaskKind.TRUNCATE):
            raise BadMask("TRUNCATE needs a length, and no other kind takes one")
        if self.step is not None and not (self.step.is_finite() and self.step > 0 and _fits(self.step)):
            raise BadMask(f"a step is a number above 0 with at most {MOST_DIGITS} digits, like 10 or 0.5")
        if self.length is not None and not 1 <= self.length <= LONGEST_PREFIX:
            raise BadMask(f"a length is a whole number from 1 to {LONGEST_PREFIX}")

    @property
    def stated(self) -> dict[str, Any]:
        """As documents have it. The step is a text: RFC 8785 knows binary floating-point numbers only."""
        stated: dict[str, Any] = {"name": self.name, "version": self.version, "kind": str(self.kind)}
        if self.step is not None:
            stated["step"] = format(self.step, "f")
        if self.length is not None:
            stated["length"] = self.length
        return stated

    @property
    def parameter(self) -> str | None:
        """What goes with its kind, as documents state it."""
        stated = self.stated
        return next((str(stated[name]) for name in ("step", "length") if name in stated), None)

    def faults(self, data_type: DataType) -> list[str]:
        """Why this mask does not go with a field of this type; empty when it does."""
        if data_type not in _GOES_WITH[self.kind]:
            right = ", ".join(sorted(_GOES_WITH[self.kind]))
            return [f"{self.kind} does not go with {data_type}; it goes with {right}"]
        if data_type is DataType.INTEGER and self.step is not None and self.step % 1:
            return [f"a step of {self.step} does not go with INTEGER; use a whole number"]
        return []

    def result(self, data_type: DataType) -> DataType:
        """The type of what leaves, for a field of this type."""
        return _RESULT.get(self.kind, data_type)


def _fits(step: Decimal) -> bool:
    return bool(_STEP.fullmatch(format(step, "f"))) and len(step.normalize().as_tuple().digits) <= MOST_DIGITS


def read_mask(stated: Any) -> Mask:
    """The mask that a document states: the opposite of `Mask.stated`, and as strict.

    Raises:
        BadMask: anything missing, unknown or of another type.
    """
    if not isinstance(stated, Mapping):
        raise BadMask("a mask is an object with name, version and kind")
    if unknown := {*stated} - {"name", "version", "kind", "step", "length"}:
        raise BadMask(f"a mask has no {', '.join(sorted(map(str, unknown)))}")
    return Mask(
        name=_typed(stated, "name", str),
        version=_typed(stated, "version", int),
        kind=_kind(_typed(stated, "kind", str)),
        step=_step(_typed(stated, "step", str)) if "step" in stated else None,
        length=_typed(stated, "length", int) if "length" in stated else None,
    )


def kept_text(masks: Mapping[Audience, Mask]) -> str | None:
    """A field's rules as the catalogue keeps them: a JSON object by audience; None where there is none."""
    stated = {str(audience): mask.stated for audience, mask in masks.items()}
    return orjson.dumps(stated, option=orjson.OPT_SORT_KEYS).decode() if stated else None


def read_kept(text: str | None) -> dict[Audience, Mask]:
    """The opposite of `kept_text`.

    Raises:
        BadMask: what is kept is no mask, or for nobody that there is.
    """
    if text is None:
        return {}
    try:
        return {Audience(name): read_mask(stated) for name, stated in orjson.loads(text).items()}
    except (ValueError, AttributeError) as problem:  # a BadMask is a ValueError and says more
        raise problem if isinstance(problem, BadMask) else BadMask("what is kept is no rules by audience") from None


def _typed(stated: Mapping[str, Any], name: str, of: type[_T]) -> _T:
    value = stated.get(name)
    if type(value) is not of:  # a truth value is an int to Python
        raise BadMask(f"a mask's {name} is {'a text' if of is str else 'a whole number'}, not {type(value).__name__}")
    return value


def _kind(text: str) -> MaskKind:
    try:
        return MaskKind(text)
    except ValueError:
        raise BadMask(f"a mask's kind is one of {', '.join(MaskKind)}, not {text[:40]!r}") from None


def _step(text: str) -> Decimal:
    if not _STEP.fullmatch(text):
        raise BadMask(f"a step is a text like '10' or '0.5', not {text[:40]!r}")
    return Decimal(text)
