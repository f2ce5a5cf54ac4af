"""What somebody can ask a document for: a scope, an answer to an application, something about a grant."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from gateway.sharing.scope import Basis, Fault, Scope, basis_faults, text_faults
from gateway.sharing.words import Act

ANSWERS: Final = frozenset({Act.APPROVE, Act.APPROVE_PARTLY, Act.REFUSE})
ON_GRANTS: Final = frozenset({Act.SUSPEND, Act.RESUME, Act.REVOKE})


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


Request = Scope | Answer | OnGrant


def _reasoned(reason: str, basis: Basis | None) -> Iterator[Fault]:
    yield from text_faults(reason, "reason", "give the reason")
    if basis is None:
        yield Fault("NO_BASIS", "name the text that the reason follows from", "basis")
    else:
        yield from basis_faults(basis, "basis")


def stated_reason(reason: str, basis: Basis | None) -> Mapping[str, Any]:
    """As documents have it."""
    return {"reason": reason, "basis": None if basis is None else basis.stated}
