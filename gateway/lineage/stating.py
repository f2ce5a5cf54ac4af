"""What an agency can state of lineage by hand, and what of it is wrong as far as it shows by itself."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Final

from gateway.graph.times import instant
from gateway.lineage.names import LONGEST, is_name
from gateway.lineage.reading import AHEAD, EARLIEST
from gateway.lineage.words import TransformationType
from gateway.masks import Audience
from gateway.sharing.acts import stated_reason
from gateway.sharing.matters import Foreign
from gateway.sharing.scope import Basis, Fault, basis_faults, text_faults

LINEAGE: Final = "LINEAGE"
"""The word that these documents have for their procedure."""
MOST_STATED: Final = 200
"""Derivations of one document, and of those that end."""
_MOST_TRANSFORMATIONS: Final = 20
_LONGEST_SUBTYPE: Final = 100
_FIELD: Final = "fd_"


@dataclass(frozen=True, slots=True)
class Transformed:
    """How a derivation changed values."""

    type: TransformationType
    subtype: str = ""
    masking: bool = False

    @property
    def stated(self) -> dict[str, Any]:
        """As documents have it."""
        return {"type": str(self.type), "subtype": self.subtype or None, "masking": self.masking}


@dataclass(frozen=True, slots=True)
class Outside:
    """A source that the catalogue need not have: as systems call it."""

    namespace: str
    name: str
    field: str = ""
    """Empty for the dataset."""

    @property
    def stated(self) -> dict[str, str]:
        """As documents have it."""
        return {"namespace": self.namespace, "name": self.name, **({"field": self.field} if self.field else {})}


@dataclass(frozen=True, slots=True)
class Derived:
    """That the dataset, or a field of it, was made from something."""

    source: str | Outside
    """The id of a dataset or a field, or a name."""
    since: str
    field: str | None = None
    """Of the dataset; without it the whole."""
    until: str | None = None
    transformations: tuple[Transformed, ...] = ()

    @property
    def from_field(self) -> bool:
        """Whether the source is a field."""
        return bool(self.source.field) if isinstance(self.source, Outside) else self.source.startswith(_FIELD)

    def faults(self, now: datetime, path: str) -> Iterator[Fault]:
        """What is wrong with it."""
        if (self.field is not None) is not self.from_field:
            text = "a field is made from a field, a dataset from a dataset; who states fields need not state datasets"
            yield Fault("ENDS_DIFFER", text, f"{path}.source")
        if isinstance(self.source, Outside):
            parts = (self.source.namespace, self.source.name, *([self.source.field] if self.source.field else []))
            if not all(map(is_name, parts)):
                text = f"a name has 1 to {LONGEST} characters without control characters"
                yield Fault("BAD_NAME", text, f"{path}.source")
        if len(self.transformations) > _MOST_TRANSFORMATIONS:
            text = f"state at most {_MOST_TRANSFORMATIONS} transformations of a derivation"
            yield Fault("BAD_TRANSFORMATION", text, f"{path}.transformations")
        for one in self.transformations:
            if one.subtype and not (is_name(one.subtype) and len(one.subtype) <= _LONGEST_SUBTYPE):
                text = f"a subtype has at most {_LONGEST_SUBTYPE} characters, and no control characters"
                yield Fault("BAD_TRANSFORMATION", text, f"{path}.transformations")
        yield from _period_faults(self.since, self.until, now, path)


@dataclass(frozen=True, slots=True)
class Ended:
    """That a derivation which was declared held only until an instant; or, without one, that it never did."""

    derivation: str
    until: str | None = None


@dataclass(frozen=True, slots=True)
class Derivations(Foreign):
    """What an agency states of a dataset of its own: what ended of what it had declared, and what held."""

    matter: ClassVar[str] = LINEAGE

    dataset: str
    derivations: tuple[Derived, ...]
    ends: tuple[Ended, ...] = ()
    is_correction: bool = False
    reason: str = ""
    basis: Basis | None = None

    @property
    def path(self) -> str:
        """What derivations are called in what is asked for."""
        return "instead" if self.is_correction else "derivations"

    def faults(self, now: datetime) -> Iterator[Fault]:
        """What is missing or cannot be, as far as the request alone shows it."""
        if self.is_correction and not self.ends:
            yield Fault("NO_DERIVATIONS", "name the derivations that ended", "ends")
        if not self.is_correction and not self.derivations:
            yield Fault("NO_DERIVATIONS", "state at least one derivation", "derivations")
        for path, some in ((self.path, self.derivations), ("ends", self.ends)):
            if len(some) > MOST_STATED:
                yield Fault("TOO_MANY_DERIVATIONS", f"state at most {MOST_STATED} in one document", path)
                return
        if len({one.derivation for one in self.ends}) < len(self.ends):
            yield Fault("DOUBLE_DERIVATION", "name each derivation once", "ends")
        for number, one in enumerate(self.derivations):
            yield from one.faults(now, f"{self.path}[{number}]")
        for number, end in enumerate(self.ends):
            if end.until is not None and end.until > latest(now):
                yield _ahead(f"ends[{number}].until")
        yield from _reason_faults(self.reason, self.basis, needed=self.is_correction)


@dataclass(frozen=True, slots=True)
class MaskApproval(Foreign):
    """That the owner of a field accepts its mask as enough, in one field that was made from it."""

    matter: ClassVar[str] = LINEAGE

    source: str
    target: str
    mask: str
    """The rule's name."""
    version: int
    audience: Audience
    """For whom the rule is."""
    reason: str = ""
    basis: Basis | None = None

    def faults(self) -> Iterator[Fault]:
        """What cannot be, as far as the request alone shows it."""
        yield from _reason_faults(self.reason, self.basis, needed=False)


@dataclass(frozen=True, slots=True)
class MaskWithdrawal(Foreign):
    """That the owner accepts it no more."""

    matter: ClassVar[str] = LINEAGE

    approval: str
    reason: str
    basis: Basis | None = None

    def faults(self) -> Iterator[Fault]:
        """What is missing, as far as the request alone shows it."""
        yield from _reason_faults(self.reason, self.basis, needed=True)


def latest(now: datetime) -> str:
    """The last instant that can be stated: as for systems, clocks may differ by minutes."""
    return instant(now + AHEAD)


def reasoned(request: Derivations | MaskApproval | MaskWithdrawal) -> Mapping[str, Any]:
    """Reason and basis as documents have them."""
    return stated_reason(request.reason, request.basis)


def _period_faults(since: str, until: str | None, now: datetime, path: str) -> Iterator[Fault]:
    if since > latest(now):
        yield _ahead(f"{path}.since")
    if since < instant(EARLIEST):
        yield Fault("TOO_EARLY", "a time from 1970 on is expected", f"{path}.since")
    if until is not None and until <= since:
        yield Fault("PERIOD_EMPTY", "it would end before it begins", f"{path}.until")
    elif until is not None and until > latest(now):
        yield _ahead(f"{path}.until")


def _ahead(path: str) -> Fault:
    return Fault("IN_FUTURE", "what is to come is not declared: state it when it is so", path)


def _reason_faults(reason: str, basis: Basis | None, *, needed: bool) -> Iterator[Fault]:
    if needed or reason:
        yield from text_faults(reason, "reason", "give the reason")
    if basis is not None:
        yield from basis_faults(basis, "basis")
