"""The procedures as one table: from which state who may do what, what comes of it, and by which article.

Transitions, permissions, `availableActions`, the documentation and its diagrams all follow from `STEPS`, and nothing
else moves a case or a grant.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from gateway.rules import Duty
from gateway.sharing.words import Act, CaseState, Party, Procedure
from gateway.vocabulary import Role

SIGNERS: Final = frozenset({Role.OFFICER, Role.HEAD})
"""Who may bind an agency by a signature."""
_OF_THE_CENTER: Final = frozenset({Role.CENTER})


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the table."""

    procedure: Procedure
    source: CaseState | None
    """None where the act begins the case."""
    act: Act
    by: Party
    target: CaseState
    requirement: str
    guard: str
    """What has to hold besides, in a reader's words."""
    signed: bool = True
    """Whether it has legal weight, and so takes effect by a signature (R19)."""
    starts: Duty | None = None
    """The duty whose working days begin with it."""
    grants: bool = False
    """Whether a grant comes of it, the exact image of what was signed (R16.2d)."""

    @property
    def roles(self) -> frozenset[Role]:
        """In which of the party's roles somebody may do it."""
        return _OF_THE_CENTER if self.by is Party.CENTER else SIGNERS


def _application(
    source: CaseState | None, act: Act, by: Party, target: CaseState, requirement: str, guard: str
) -> Step:
    return Step(
        Procedure.APPLICATION,
        source,
        act,
        by,
        target,
        requirement,
        guard,
        signed=act is not Act.WITHDRAW,
        starts=Duty.ANSWER_ACCESS_REQUEST if act is Act.APPLY else None,
        grants=act in (Act.APPROVE, Act.APPROVE_PARTLY),
    )


def _on_grant(source: CaseState, act: Act, by: Party, target: CaseState, guard: str) -> Step:
    requirement = "R30" if by is Party.CENTER else "R16.2c"
    return Step(Procedure.GRANT, source, act, by, target, requirement, guard)


STEPS: Final[tuple[Step, ...]] = (
    Step(
        Procedure.DECLARATION,
        None,
        Act.DECLARE,
        Party.CONSUMER,
        CaseState.DECLARED,
        "R16.1, R17.1",
        "every field is shared unconditionally",
        grants=True,
    ),
    _application(
        None, Act.APPLY, Party.CONSUMER, CaseState.SUBMITTED, "R16.2a, R17.1", "no field is withheld from sharing"
    ),
    _application(
        CaseState.SUBMITTED,
        Act.APPROVE,
        Party.PROVIDER,
        CaseState.APPROVED,
        "R16.2b",
        "somebody else than who applied; the grant has all that was applied for",
    ),
    _application(
        CaseState.SUBMITTED,
        Act.APPROVE_PARTLY,
        Party.PROVIDER,
        CaseState.PARTIALLY_APPROVED,
        "R16.2b, R16.2c",
        "somebody else than who applied; a reason with its basis for every field that is dropped",
    ),
    _application(
        CaseState.SUBMITTED,
        Act.REFUSE,
        Party.PROVIDER,
        CaseState.REFUSED,
        "R16.2b, R16.2c",
        "somebody else than who applied; a reason with its basis",
    ),
    _application(CaseState.SUBMITTED, Act.WITHDRAW, Party.CONSUMER, CaseState.WITHDRAWN, "R16.2a", "not answered yet"),
    _on_grant(CaseState.ACTIVE, Act.SUSPEND, Party.CENTER, CaseState.SUSPENDED, "a reason of safety"),
    _on_grant(CaseState.SUSPENDED, Act.RESUME, Party.CENTER, CaseState.ACTIVE, "the reason has gone"),
    _on_grant(CaseState.ACTIVE, Act.REVOKE, Party.PROVIDER, CaseState.REVOKED, "a reason with its basis"),
    _on_grant(CaseState.SUSPENDED, Act.REVOKE, Party.PROVIDER, CaseState.REVOKED, "a reason with its basis"),
)
"""Every step there is."""


def step_of(procedure: Procedure, source: CaseState | None, act: Act) -> Step | None:
    """The step that an act is from a state; None where it is none."""
    found = (s for s in STEPS if (s.procedure, s.source, s.act) == (procedure, source, act))
    return next(found, None)


def steps_from(procedure: Procedure, source: CaseState | None, parties: Iterable[Party], role: Role) -> Iterator[Step]:
    """What somebody on these sides may do now in a role, as far as the state alone decides."""
    sides = frozenset(parties)
    return (s for s in STEPS if (s.procedure, s.source) == (procedure, source) and s.by in sides and role in s.roles)


def is_final(procedure: Procedure, state: CaseState) -> bool:
    """Whether nothing follows any more."""
    return not any((s.procedure, s.source) == (procedure, state) for s in STEPS)


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
        roles = ", ".join(sorted(step.roles))
        cells = (step.source or "–", step.act, step.by, roles, step.target, step.guard, "yes" if step.signed else "no")
        yield f"| {' | '.join(map(str, cells))} | {step.requirement} |"
    yield ""
