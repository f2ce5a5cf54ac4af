"""Who is asking: the one value that every access decision starts from."""

from dataclasses import dataclass
from typing import Final

from gateway.vocabulary import AgencyKind, Role


@dataclass(frozen=True, slots=True)
class Profile:
    """The part of a Subject that the policy decides on. Subjects of one profile share one access table."""

    roles: frozenset[Role] = frozenset({Role.PUBLIC})
    agency_kind: AgencyKind | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """A caller, as the graph knows it at this moment (R4, R5.2).

    `agency` and `jurisdictions` are ids of the graph. `jurisdictions` is the subtree that a supervisor or an auditor
    oversees, resolved with the appointment; it is empty for everybody else. `home` is the jurisdiction of the agency
    and those above it.
    """

    id: str | None = None
    name: str = ""
    agency: str | None = None
    appointment: str | None = None
    jurisdictions: tuple[str, ...] = ()
    home: tuple[str, ...] = ()
    profile: Profile = Profile()

    @property
    def is_public(self) -> bool:
        """True when the caller acts for no agency."""
        return self.agency is None


PUBLIC: Final = Subject()
"""A caller without a token: not an error, but the public (R24.1)."""
