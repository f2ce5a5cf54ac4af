"""The procedures as one table: from which state who may do what, what comes of it, and by which article.

Transitions, permissions, `availableActions`, tasks, the documentation and its diagrams all follow from `STEPS`, and
nothing else moves a case or a grant.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from gateway.rules import Duty
from gateway.sharing.words import Act, CaseState, Party, Procedure
from gateway.vocabulary import Role

SIGNERS: Final = frozenset({Role.OFFICER, Role.HEAD})
"""Who may bind an agency by a signature."""
APPLICANTS: Final = SIGNERS | {Role.PUBLIC}
"""Who may apply for an opening: a person in their own name, or who may bind an agency (24.2)."""


class Signature(StrEnum):
    """By whose signature a step takes effect (R19)."""

    OFFICER = "yes"
    GATEWAY = "the receipt, by the gateway"
    """Citizens have no certificate."""
    NOBODY = "no"


class Effect(StrEnum):
    """What a step of a case does to the grant that it leads to."""

    GIVES = "GIVES"
    """A grant begins, the exact image of what was signed (R16.2d)."""
    OFFERS = "OFFERS"
    """A grant waits for the other side's signature."""
    CONFIRMS = "CONFIRMS"
    """The grant that waits begins."""
    LAPSES = "LAPSES"
    """The grant that waits will not be."""


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the table."""

    procedure: Procedure
    source: CaseState | None
    """None where the act begins the case."""
    act: Act
    by: tuple[Party, ...]
    """Any of them."""
    target: CaseState
    requirement: str
    guard: str
    """What has to hold besides, in a reader's words."""
    signed: Signature = Signature.OFFICER
    starts: Duty | None = None
    """The duty whose working days begin with it."""
    effect: Effect | None = None
    awaited: bool = False
    """Whether the case waits for it, so that it is a task for who may take it."""
    by_other: bool = False
    """Whether the side that took the step before cannot take it."""
    follows: bool = False
    """Whether it comes with a step of its case, and is never taken by itself."""

    def roles(self, party: Party) -> frozenset[Role]:
        """In which roles somebody on a side may take it."""
        match party:
            case Party.CENTER:
                return frozenset({Role.CENTER})
            case Party.CONSUMER if self.procedure is Procedure.OPENING:
                return APPLICANTS
            case Party.GATEWAY:
                return frozenset()
            case _:
                return SIGNERS

    def side(self, sides: Collection[Party], role: Role) -> Party | None:
        """On which of their sides somebody may take it in a role; None where on none."""
        return next((party for party in self.by if party in sides and role in self.roles(party)), None)


_C, _P, _CENTER = (Party.CONSUMER,), (Party.PROVIDER,), (Party.CENTER,)
_BOTH: Final = (*_C, *_P)
_S: Final = CaseState
_ELSE: Final = "somebody else than who applied"


def _sharing() -> Iterator[Step]:
    """Articles 16.1 and 16.2."""
    is_, at = Procedure.APPLICATION, _S.SUBMITTED
    yield Step(
        Procedure.DECLARATION,
        None,
        Act.DECLARE,
        _C,
        _S.DECLARED,
        "R16.1, R17.1",
        "every field is shared unconditionally",
        effect=Effect.GIVES,
    )
    yield Step(
        is_, None, Act.APPLY, _C, at, "R16.2a, R17.1", "no field is withheld from sharing",
        starts=Duty.ANSWER_ACCESS_REQUEST,
    )  # fmt: skip
    yield Step(
        is_, at, Act.APPROVE, _P, _S.APPROVED, "R16.2b", f"{_ELSE}; the grant has all that was applied for",
        effect=Effect.GIVES, awaited=True,
    )  # fmt: skip
    yield Step(
        is_, at, Act.APPROVE_PARTLY, _P, _S.PARTIALLY_APPROVED, "R16.2b, R16.2c",
        f"{_ELSE}; a reason with its basis for every field that is dropped", effect=Effect.GIVES, awaited=True,
    )  # fmt: skip
    yield Step(is_, at, Act.REFUSE, _P, _S.REFUSED, "R16.2b, R16.2c", f"{_ELSE}; a reason with its basis", awaited=True)
    yield Step(is_, at, Act.WITHDRAW, _C, _S.WITHDRAWN, "R16.2a", "not answered yet", signed=Signature.NOBODY)


def _negotiation() -> Iterator[Step]:
    """Article 16.3. No step can be skipped: what has failed was negotiated, and what is coordinated has failed."""
    is_, at, proposed = Procedure.NEGOTIATION, _S.NEGOTIATING, _S.AGREEMENT_PROPOSED
    both = "R16.3b"
    yield Step(is_, None, Act.REQUEST, _C, _S.REQUESTED, both, "something is withheld from sharing; a duty needs it")
    yield Step(is_, _S.REQUESTED, Act.NEGOTIATE, _P, at, both, "the provider's first position", awaited=True)
    yield Step(is_, at, Act.STATE_POSITION, _BOTH, at, both, "a position", awaited=True)
    yield Step(
        is_, at, Act.PROPOSE_AGREEMENT, _BOTH, proposed, both, "the fields that are shared in this single case",
        effect=Effect.OFFERS, awaited=True,
    )  # fmt: skip
    yield Step(is_, at, Act.PROPOSE_FAILURE, _BOTH, _S.FAILURE_PROPOSED, both, "why it has failed", awaited=True)
    yield Step(
        is_, proposed, Act.COUNTERSIGN, _BOTH, _S.AGREED, both, "the side that has not proposed it",
        effect=Effect.CONFIRMS, awaited=True, by_other=True,
    )  # fmt: skip
    yield Step(
        is_, proposed, Act.STATE_POSITION, _BOTH, at, both, "a position; what was proposed lapses",
        effect=Effect.LAPSES,
    )  # fmt: skip
    yield Step(
        is_, _S.FAILURE_PROPOSED, Act.COUNTERSIGN, _BOTH, _S.FAILED, both, "the side that has not proposed it",
        awaited=True, by_other=True,
    )  # fmt: skip
    yield Step(is_, _S.FAILURE_PROPOSED, Act.STATE_POSITION, _BOTH, at, both, "a position; what was proposed lapses")
    for source in (_S.REQUESTED, at):
        yield Step(is_, source, Act.WITHDRAW, _C, _S.WITHDRAWN, both, "nothing proposed", signed=Signature.NOBODY)
    yield from _coordination()


def _coordination() -> Iterator[Step]:
    is_, at, text = Procedure.NEGOTIATION, _S.COORDINATING, "R16.3c"
    yield Step(is_, _S.FAILED, Act.COORDINATE, _CENTER, at, text, "nobody who acted for the consumer", awaited=True)
    yield Step(is_, at, Act.STATE_POSITION, _P, at, text, "a position", awaited=True)
    yield Step(
        is_, at, Act.PROPOSE_SHARE, _CENTER, _S.SHARE_PROPOSED, text, "the fields that are shared in this single case",
        effect=Effect.OFFERS, awaited=True,
    )  # fmt: skip
    yield Step(
        is_, _S.SHARE_PROPOSED, Act.COUNTERSIGN, _P, _S.RESOLVED_SHARE, text,
        "the provider itself: the center never answers in its name", effect=Effect.CONFIRMS, awaited=True,
    )  # fmt: skip
    yield Step(
        is_, _S.SHARE_PROPOSED, Act.STATE_POSITION, _P, at, text, "a position; what was proposed lapses",
        effect=Effect.LAPSES,
    )  # fmt: skip
    yield Step(
        is_, _S.SHARE_PROPOSED, Act.RESOLVE_NO_SHARE, _CENTER, _S.RESOLVED_NO_SHARE, text,
        "a reason with its basis; what was proposed lapses", effect=Effect.LAPSES,
    )  # fmt: skip
    yield Step(
        is_, at, Act.RESOLVE_NO_SHARE, _CENTER, _S.RESOLVED_NO_SHARE, text, "a reason with its basis", awaited=True
    )


def _opening() -> Iterator[Step]:
    """Article 24.2."""
    is_, at, text = Procedure.OPENING, _S.SUBMITTED, "R24.2"
    yield Step(
        is_, None, Act.APPLY, _C, at, text, "every field is open, or on conditions", signed=Signature.GATEWAY,
        starts=Duty.ANSWER_OPEN_REQUEST,
    )  # fmt: skip
    yield Step(is_, at, Act.ACCEPT, _P, _S.ACCEPTED, f"{text}, R21", _ELSE, awaited=True)
    yield Step(is_, at, Act.REFUSE, _P, _S.REFUSED, f"{text}, R21", f"{_ELSE}; a reason with its basis", awaited=True)
    yield Step(is_, at, Act.WITHDRAW, _C, _S.WITHDRAWN, text, "not answered yet", signed=Signature.NOBODY)
    yield Step(
        is_, _S.ACCEPTED, Act.AUTHORISE, _P, _S.AUTHORISED, text, "names the center, and all that was applied for",
        awaited=True,
    )  # fmt: skip
    yield Step(
        is_, _S.AUTHORISED, Act.OPEN, _CENTER, _S.OPENED, text, "exactly what the provider has authorised",
        effect=Effect.GIVES, awaited=True,
    )  # fmt: skip


def _on_grants() -> Iterator[Step]:
    is_, reasoned = Procedure.GRANT, "a reason with its basis"
    yield Step(is_, _S.ACTIVE, Act.SUSPEND, _CENTER, _S.SUSPENDED, "R30", "a reason of safety")
    yield Step(
        is_, _S.ACTIVE, Act.SUSPEND_ON_CHANGE, (Party.GATEWAY,), _S.SUSPENDED, "R16.2d",
        "a tier became stricter, a field was dropped, or the policy allows it no more", signed=Signature.NOBODY,
    )  # fmt: skip
    yield Step(
        is_, _S.SUSPENDED, Act.RESUME, (*_CENTER, *_P), _S.ACTIVE, "R30, R16.2d",
        "the reason has gone: the center where it suspended, the provider where something had changed",
    )  # fmt: skip
    yield Step(is_, _S.ACTIVE, Act.REVOKE, _P, _S.REVOKED, "R16.2c", reasoned)
    yield Step(is_, _S.SUSPENDED, Act.REVOKE, _P, _S.REVOKED, "R16.2c", reasoned)
    waits, comes = _S.PENDING_SIGNATURE, "comes with the step of its case"
    yield Step(is_, waits, Act.COUNTERSIGN, _BOTH, _S.ACTIVE, "R16.3b, R16.3c", comes, follows=True)
    yield Step(is_, waits, Act.STATE_POSITION, _BOTH, _S.EXPIRED, "R16.3b, R16.3c", comes, follows=True)
    yield Step(is_, waits, Act.RESOLVE_NO_SHARE, _CENTER, _S.EXPIRED, "R16.3c", comes, follows=True)


STEPS: Final[tuple[Step, ...]] = (*_sharing(), *_negotiation(), *_opening(), *_on_grants())
"""Every step there is."""
_BY_KEY: Final = {(step.procedure, step.source, step.act): step for step in STEPS}
assert len(_BY_KEY) == len(STEPS)
WAITING: Final = sorted({step.source for step in STEPS if step.awaited and step.source is not None})
"""The states of cases in which something is still to come."""


def step_of(procedure: Procedure, source: CaseState | None, act: Act) -> Step | None:
    """The step that an act is from a state; None where it is none."""
    return _BY_KEY.get((procedure, source, act))


def is_receipt(stated: Mapping[str, Any]) -> bool:
    """Whether the gateway signs a stated document, because who applies has no certificate (24.2)."""
    step = step_of(Procedure(stated["procedure"]), None, Act(stated["act"])) if stated["version"] == 0 else None
    return step is not None and step.signed is Signature.GATEWAY


def steps_from(procedure: Procedure, source: CaseState | None) -> Iterator[Step]:
    """What can be done from a state, by somebody."""
    return (step for step in STEPS if (step.procedure, step.source) == (procedure, source) and not step.follows)


def barred(step: Step, party: Party, person: str, held: Mapping[str, Any]) -> tuple[str, str] | None:
    """Why somebody cannot take a step on a side of a case or a grant that others on it can: a code and a sentence.

    Separation of duties: who acted for the consumer does nothing for another side, and who proposed does not accept.
    """
    if party is not Party.CONSUMER and person in held.get("consumers", ()):
        return "OWN_APPLICATION", "who applied cannot answer, nor act for the center in the same case"
    if step.by_other and held.get("before") == party:
        return "OWN_PROPOSAL", f"your side has proposed this; {step.act} is for the other one"
    if step.act is Act.RESUME and held.get("suspendedBy", Party.CENTER) != _RESUMED_AFTER[party]:
        whose = "center, which" if party is Party.PROVIDER else "provider: a change of what was granted"
        return "NOT_ALLOWED", f"RESUME is for the {whose} has suspended it"
    return None


_RESUMED_AFTER: Final = {Party.CENTER: Party.CENTER, Party.PROVIDER: Party.GATEWAY}
"""Whose suspension each side ends."""


def awaited_of(procedure: Procedure, state: CaseState, before: Party | None) -> frozenset[Party]:
    """For whose doing a case in this state waits; `before` is the side that took the step into it."""
    return frozenset(
        party
        for step in steps_from(procedure, state)
        if step.awaited
        for party in step.by
        if not (step.by_other and party is before)
    )


def is_for_center(procedure: Procedure, state: CaseState) -> bool:
    """Whether a case is the center's to see from this state on: it can act now, or has (R16.3c, R24.2)."""
    return any(Party.CENTER in step.by for step in steps_from(procedure, state))


def steps_table() -> str:
    """The steps as Markdown, a diagram of each procedure before its lines, for the documentation."""
    return "\n".join(line for procedure in Procedure for line in _section(procedure))


def _section(procedure: Procedure) -> Iterator[str]:
    steps = [step for step in STEPS if step.procedure is procedure]
    yield from (f"### {procedure}", "", "```mermaid", "stateDiagram-v2")
    yield from (f"    {step.source or '[*]'} --> {step.target}: {step.act}" for step in steps)
    yield from ("```", "", "| from | act | by | in the role | to | if | signed | by the text |")
    yield "|---|---|---|---|---|---|---|---|"
    for step in steps:
        roles = ", ".join(sorted({role for party in step.by for role in step.roles(party)})) or "–"
        by = " or ".join(step.by)
        cells = (step.source or "–", step.act, by, roles, step.target, step.guard, step.signed)
        yield f"| {' | '.join(map(str, cells))} | {step.requirement} |"
    yield ""
