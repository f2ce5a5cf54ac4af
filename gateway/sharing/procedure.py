"""The procedures as one table: from which state who may do what, what comes of it, and by which article.

Transitions, permissions, `availableActions`, the documentation and its diagrams all follow from `STEPS`, and nothing
else moves a case or a grant.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from gateway.rules import Duty
from gateway.sharing.words import Act, Party, Procedure, State
from gateway.vocabulary import Role

SIGNERS: Final = frozenset({Role.OFFICER, Role.HEAD})
"""Who may bind an agency by a signature."""
_OF_THE_CENTER: Final = frozenset({Role.CENTER})


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the table."""

    procedure: Procedure
    source: State | None
    """None where the act begins the case."""
    act: Act
    by: Party
    target: State
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


def _application(source: State | None, act: Act, by: Party, target: State, requirement: str, guard: str) -> Step:
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


STEPS: Final[tuple[Step, ...]] = (
    Step(
        Procedure.DECLARATION,
        None,
        Act.DECLARE,
        Party.CONSUMER,
        State.DECLARED,
        "R16.1, R17.1",
        "every field is shared unconditionally",
        grants=True,
    ),
    _application(
        None, Act.APPLY, Party.CONSUMER, State.SUBMITTED, "R16.2a, R17.1", "no field is withheld from sharing"
    ),
    _application(
        State.SUBMITTED,
        Act.APPROVE,
        Party.PROVIDER,
        State.APPROVED,
        "R16.2b",
        "somebody else than who applied; the grant has all that was applied for",
    ),
    _application(
        State.SUBMITTED,
        Act.APPROVE_PARTLY,
        Party.PROVIDER,
        State.PARTIALLY_APPROVED,
        "R16.2b, R16.2c",
        "somebody else than who applied; a reason with its basis for every field that is dropped",
    ),
    _application(
        State.SUBMITTED,
        Act.REFUSE,
        Party.PROVIDER,
        State.REFUSED,
        "R16.2b, R16.2c",
        "somebody else than who applied; a reason with its basis",
    ),
    _application(State.SUBMITTED, Act.WITHDRAW, Party.CONSUMER, State.WITHDRAWN, "R16.2a", "not answered yet"),
    Step(
        Procedure.GRANT, State.ACTIVE, Act.SUSPEND, Party.CENTER, State.SUSPENDED, "R30", "a reason of safety"
    ),
    Step(
        Procedure.GRANT, State.SUSPENDED, Act.RESUME, Party.CENTER, State.ACTIVE, "R30", "the reason has gone"
    ),
    Step(Procedure.GRANT, State.ACTIVE, Act.REVOKE, Party.PROVIDER, State.REVOKED, "R16.2c", "a reason with its basis"),
    Step(
        Procedure.GRANT, State.SUSPENDED, Act.REVOKE, Party.PROVIDER, State.REVOKED, "R16.2c", "a reason with its basis"
    ),
)  # fmt: skip
"""Every step there is."""


def step_of(procedure: Procedure, source: State | None, act: Act) -> Step | None:
    """The step that an act is from a state; None where it is none."""
    found = (s for s in STEPS if (s.procedure, s.source, s.act) == (procedure, source, act))
    return next(found, None)


def steps_from(procedure: Procedure, source: State | None, parties: Iterable[Party], role: Role) -> Iterator[Step]:
    """What somebody on these sides may do now in a role, as far as the state alone decides."""
    sides = frozenset(parties)
    return (s for s in STEPS if (s.procedure, s.source) == (procedure, source) and s.by in sides and role in s.roles)


def is_final(procedure: Procedure, state: State) -> bool:
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
