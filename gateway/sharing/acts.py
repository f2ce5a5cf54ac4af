"""What somebody can ask a document for: a scope, an answer, a step of a negotiation or opening, a grant's change."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from gateway.sharing.scope import MOST_FIELDS, Basis, Fault, Scope, basis_faults, text_faults
from gateway.sharing.words import Act

ANSWERS: Final = frozenset({Act.APPROVE, Act.APPROVE_PARTLY, Act.ACCEPT, Act.REFUSE})
PROPOSALS: Final = frozenset({Act.PROPOSE_AGREEMENT, Act.PROPOSE_SHARE})
_SPOKEN: Final = frozenset({Act.NEGOTIATE, Act.STATE_POSITION, Act.PROPOSE_FAILURE, Act.COORDINATE, *PROPOSALS})
MOVES: Final = frozenset({Act.COUNTERSIGN, Act.RESOLVE_NO_SHARE, Act.AUTHORISE, Act.OPEN, *_SPOKEN})
ON_GRANTS: Final = frozenset({Act.SUSPEND, Act.RESUME, Act.REVOKE})


@dataclass(frozen=True, slots=True)
class Organisation:
    """法人或其他组织: for whom somebody applies who acts for no agency (24.2)."""

    name: str
    code: str
    """统一社会信用代码, or another number by which it is registered."""

    @property
    def stated(self) -> dict[str, str]:
        """As documents have it."""
        return {"name": self.name, "code": self.code}


@dataclass(frozen=True, slots=True)
class Opening:
    """An application for data that is open on conditions (24.2)."""

    scope: Scope
    organisation: Organisation | None = None

    def faults(self) -> Iterator[Fault]:
        """What is wrong with the organisation."""
        if self.organisation is not None:
            yield from text_faults(self.organisation.name, "organisation", "name the organisation")
            yield from text_faults(self.organisation.code, "organisation", "give the number that it is registered by")


@dataclass(frozen=True, slots=True)
class Dropped:
    """A field that was applied for and is not granted, and why (R16.2c)."""

    field: str
    reason: str
    basis: Basis


@dataclass(frozen=True, slots=True)
class Answer:
    """What a provider answers to an application."""

    case: str
    version: int
    """The version of the case that the officer has read."""
    act: Act
    dropped: tuple[Dropped, ...] = ()
    reason: str = ""
    basis: Basis | None = None

    def faults(self) -> Iterator[Fault]:
        """What is missing or cannot be, as far as the answer alone shows it."""
        if self.act not in ANSWERS:
            yield Fault("BAD_ANSWER", f"an answer is one of {', '.join(sorted(ANSWERS))}", "answer")
        if self.act is Act.REFUSE:
            yield from _reasoned(self.reason, self.basis)
        if self.act is Act.APPROVE_PARTLY and not self.dropped:
            yield Fault("NOTHING_DROPPED", "name the fields that are not granted, or approve the whole", "dropped")
        if self.act is not Act.APPROVE_PARTLY and self.dropped:
            yield Fault("FIELDS_DROPPED", f"only {Act.APPROVE_PARTLY} drops single fields", "dropped")
        for one in self.dropped:
            yield from text_faults(one.reason, "dropped", "give the reason for each field that is not granted")
            yield from basis_faults(one.basis, "dropped")


@dataclass(frozen=True, slots=True)
class Move:
    """A step of a negotiation, a coordination or an opening."""

    case: str
    version: int
    """The version of the case that somebody has read."""
    act: Act
    statement: str = ""
    """A position, the terms of a proposal, or the reason."""
    fields: tuple[str, ...] = ()
    """What is proposed to be shared."""
    basis: Basis | None = None

    def faults(self) -> Iterator[Fault]:
        """What is missing or cannot be, as far as the request alone shows it."""
        if self.act not in MOVES:
            yield Fault("BAD_ACT", f"a step is one of {', '.join(sorted(MOVES))}", "act")
        if self.act in _SPOKEN:
            yield from text_faults(self.statement, "statement", "say it in your own words")
        elif self.statement and self.act is not Act.RESOLVE_NO_SHARE:
            yield from text_faults(self.statement, "statement", "say it in your own words, or leave it out")
        if self.act is Act.RESOLVE_NO_SHARE:
            yield from _reasoned(self.statement, self.basis, "statement")
        yield from self._faults_of_fields()

    def _faults_of_fields(self) -> Iterator[Fault]:
        if self.act not in PROPOSALS:
            if self.fields:
                yield Fault("FIELDS_NAMED", f"only {' and '.join(sorted(PROPOSALS))} name fields", "fields")
        elif not 1 <= len(self.fields) <= MOST_FIELDS:
            yield Fault("NO_FIELDS", f"name 1 to {MOST_FIELDS} fields that are shared in this case", "fields")
        elif len({*self.fields}) != len(self.fields):
            yield Fault("DOUBLE_FIELD", "name each field once", "fields")


@dataclass(frozen=True, slots=True)
class OnGrant:
    """What becomes of a grant."""

    grant: str
    version: int
    """The version of the grant that the officer has read."""
    act: Act
    reason: str
    basis: Basis | None

    def faults(self) -> Iterator[Fault]:
        """What is missing or cannot be, as far as the request alone shows it."""
        if self.act not in ON_GRANTS:
            yield Fault("BAD_ACT", f"a grant can be given one of {', '.join(sorted(ON_GRANTS))}", "act")
        yield from _reasoned(self.reason, self.basis)


Request = Scope | Opening | Answer | Move | OnGrant


def _reasoned(reason: str, basis: Basis | None, path: str = "reason") -> Iterator[Fault]:
    yield from text_faults(reason, path, "give the reason")
    if basis is None:
        yield Fault("NO_BASIS", "name the text that the reason follows from", "basis")
    else:
        yield from basis_faults(basis, "basis")


def stated_reason(reason: str, basis: Basis | None) -> Mapping[str, Any]:
    """As documents have it."""
    return {"reason": reason, "basis": None if basis is None else basis.stated}
