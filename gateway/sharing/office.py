"""Who acts: a person in an appointment of an agency, as the graph has it at this moment (R5.2), or for themselves."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from neo4j import AsyncManagedTransaction

from gateway.audit.event import About
from gateway.audit.ledger import Denied
from gateway.identity import Subject
from gateway.sharing.cases import sides_of
from gateway.sharing.procedure import Step, barred
from gateway.sharing.words import Party
from gateway.vocabulary import Role

_OFFICE: Final = """
MATCH (p:Person {id: $person})-[:HOLDS]->(h:Appointment {id: $appointment})-[:AT]->(a:Agency)-[:IN]->(j:Jurisdiction)
RETURN {person: {id: p.id, name: p.name}, appointment: h.id, role: h.role,
  agency: {id: a.id, code: a.code, name: a.name}, jurisdiction: j.id,
  jurisdictions: COLLECT { MATCH (j)-[:PART_OF*0..16]->(k) RETURN k.id ORDER BY k.id }}
"""


@dataclass(frozen=True, slots=True)
class Office:
    """In whose name somebody acts."""

    person: Mapping[str, str]
    """Id and name."""
    appointment: str | None
    """None for who acts for themselves, and so for no agency."""
    role: Role
    agency: Mapping[str, str] | None
    """Id, code and name."""
    jurisdiction: str | None
    jurisdictions: tuple[str, ...]

    @property
    def stated(self) -> dict[str, Any]:
        """As documents have it."""
        return {
            "person": dict(self.person),
            "appointment": self.appointment,
            "role": str(self.role),
            "agency": None if self.agency is None else dict(self.agency),
        }

    @property
    def consumer(self) -> Mapping[str, str]:
        """Who uses what they ask for: their agency, or themselves."""
        return self.person if self.agency is None else self.agency

    @property
    def own(self) -> frozenset[str]:
        """The ids under which they can be party to a case."""
        return frozenset({self.person["id"], self.consumer["id"]})

    def check_begin(self, step: Step) -> None:
        """Whether they may begin a case in this role.

        Raises:
            Denied: `NOT_ALLOWED`.
        """
        roles = step.roles(Party.CONSUMER)
        if self.role not in roles:
            wanted = " or ".join(sorted(roles))
            raise Denied("NOT_ALLOWED", f"{step.act} is for who acts as {wanted}; you act as {self.role}")

    def side(self, step: Step, held: Mapping[str, Any], about: About) -> Party:
        """On which side of a case or a grant they take a step.

        Raises:
            Denied: `NOT_ALLOWED`, `OWN_APPLICATION`, `OWN_PROPOSAL`. The center never answers in the provider's name
                (R4.3).
        """
        sides = sides_of(self.own, {self.role}, held)
        if not sides.intersection(step.by):
            whose = " or ".join(f"the {party.lower()}" for party in step.by)
            raise Denied("NOT_ALLOWED", f"{step.act} is for {whose} alone", target=held["id"], about=about)
        party = step.side(sides, self.role)
        if party is None:
            wanted = " or ".join(sorted({role for party in step.by if party in sides for role in step.roles(party)}))
            text = f"{step.act} is for who acts as {wanted}; you act as {self.role}"
            raise Denied("NOT_ALLOWED", text, target=held["id"], about=about)
        if (bar := barred(step, party, self.person["id"], held)) is not None:
            raise Denied(bar[0], bar[1], path="act", target=held["id"], about=about)
        return party


async def find_office(tx: AsyncManagedTransaction, subject: Subject) -> Office:
    """The office in which a subject acts; a person's own, where they act for no agency.

    Raises:
        Denied: `NOT_ALLOWED`, when nobody has signed in, or the appointment is none any more.
    """
    if subject.id is not None and subject.appointment is None:
        return Office({"id": subject.id, "name": subject.name}, None, Role.PUBLIC, None, None, ())
    given = {"person": subject.id, "appointment": subject.appointment}
    record = await (await tx.run(_OFFICE, given)).single()
    if record is None:
        raise Denied("NOT_ALLOWED", "sign in first; for an agency, as somebody who acts for it")
    found = record[0]
    return Office(
        found["person"],
        found["appointment"],
        Role(found["role"]),
        found["agency"],
        found["jurisdiction"],
        tuple(found["jurisdictions"]),
    )
