"""What the graph says about somebody: the person, and the offices held at this moment."""

from dataclasses import dataclass
from typing import Protocol

from gateway.identity.errors import InvalidToken
from gateway.identity.subject import Profile, Subject
from gateway.vocabulary import AgencyKind, Role


@dataclass(frozen=True, slots=True)
class Appointment:
    """An office that a person holds now. `id`, `agency` and `jurisdictions` are ids of the graph."""

    id: str
    role: Role
    agency: str
    agency_kind: AgencyKind
    jurisdictions: tuple[str, ...] = ()
    """The subtree that a supervisor or an auditor oversees; empty for everybody else."""
    home: tuple[str, ...] = ()
    """The jurisdiction of the agency and those above it."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whom the graph knows, and every office held now."""

    id: str
    name: str
    appointments: tuple[Appointment, ...] = ()

    def acting(self, selected: str | None) -> Subject:
        """The Subject that this person is under the selected appointment, else under the only one.

        Of several, none counts: rights are never guessed. Such a person has the public's until the token selects one.

        Raises:
            InvalidToken: the selected appointment is not one of them.
        """
        if selected is not None:
            held = [appointment for appointment in self.appointments if appointment.id == selected]
            if not held:
                raise InvalidToken("the token's appointment is not held by its subject now")
        else:
            held = list(self.appointments)
        if len(held) != 1:
            return Subject(id=self.id, name=self.name)
        office = held[0]
        return Subject(
            id=self.id,
            name=self.name,
            agency=office.agency,
            appointment=office.id,
            jurisdictions=office.jurisdictions,
            home=office.home,
            profile=Profile(frozenset({office.role}), office.agency_kind),
        )


class Lookup(Protocol):
    """What the graph knows about (issuer, subject). Its errors, like a graph that is away, pass through."""

    async def __call__(self, iss: str, sub: str) -> Person | None:
        """The person with the appointments held now, or None when nobody is known by this name."""
