"""What drafting has in common: a draft, who asks for it, and how a fault becomes a refusal."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.audit.event import About
from gateway.audit.ledger import Denied
from gateway.identity import Subject
from gateway.policy.table import AccessTable
from gateway.sharing.cases import about_case
from gateway.sharing.office import Office
from gateway.sharing.procedure import Step, step_of
from gateway.sharing.scope import Fault
from gateway.sharing.words import Act, CaseState, Party, Procedure


@dataclass(frozen=True, slots=True)
class Paper:
    """What a document says beside who signs it, when, and by which rules."""

    procedure: str
    act: str
    case: str | None
    """Of the case, or of the grant; None for what belongs to neither."""
    version: int
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be signed, and where it belongs."""

    step: Step
    case: str
    """Of the case, or of the grant."""
    version: int
    """The version that it had, 0 for one that begins with this."""
    content: Mapping[str, Any]
    about: About

    @property
    def paper(self) -> Paper:
        """As it is signed."""
        return Paper(self.step.procedure, self.step.act, self.case, self.version, self.content)


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks, with what they may know, and when."""

    subject: Subject
    table: AccessTable
    office: Office
    now: datetime


def check(faults: Iterable[Fault], about: About, target: str) -> None:
    """Refuse for the first fault, if there is one.

    Raises:
        Denied: with the fault's code.
    """
    for fault in faults:
        raise denied(fault, about, target)


def denied(fault: Fault, about: About, target: str) -> Denied:
    """A fault as a refusal."""
    return Denied(fault.code, fault.message, path=fault.path, target=target, about=about)


@dataclass(frozen=True, slots=True)
class Taken:
    """A step that somebody takes, and on which side."""

    step: Step
    party: Party
    person: str


def step_now(office: Office, held: Mapping[str, Any], procedure: Procedure, act: Act, version: int) -> Taken:
    """The step that an act is at this moment on a locked case or grant, and the side on which somebody takes it.

    Raises:
        Denied: `NOT_NOW`, `NOT_ALLOWED`, `OWN_APPLICATION`, `OWN_PROPOSAL`, `CONFLICT`.
    """
    about = about_case(held)
    step = step_of(procedure, CaseState(held["state"]), act)
    if step is None or step.follows:
        text = f"{act} is not possible any more, or not yet: this is {held['state']}"
        raise Denied("NOT_NOW", text, path="act", target=held["id"], about=about)
    party = office.side(step, held, about)
    if held["version"] != version:
        text = f"somebody else was faster: this is version {held['version']}, you have read {version}"
        raise Denied("CONFLICT", text, path="version", target=held["id"], about=about)
    return Taken(step, party, office.person["id"])
