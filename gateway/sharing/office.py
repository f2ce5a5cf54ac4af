"""Who acts: a person in an appointment of an agency, as the graph has it at this moment (R5.2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from neo4j import AsyncManagedTransaction

from gateway.audit.ledger import Denied
from gateway.identity import Subject
from gateway.sharing.cases import sides_of
from gateway.sharing.procedure import Step
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
    appointment: str
    role: Role
    agency: Mapping[str, str]
    """Id, code and name."""
    jurisdiction: str
    jurisdictions: tuple[str, ...]

    @property
    def stated(self) -> dict[str, Any]:
        """As documents have it."""
        return {
            "person": dict(self.person),
            "appointment": self.appointment,
            "role": str(self.role),
            "agency": dict(self.agency),
        }

    def sides(self, case: Mapping[str, Any]) -> frozenset[Party]:
        """On which sides of a case or a grant they stand."""
        return sides_of(self.agency["id"], {self.role}, case)

    def check_role(self, step: Step) -> None:
        """Whether they may act in this role.

        Raises:
            Denied: `NOT_ALLOWED`.
        """
        if self.role not in step.roles:
            wanted = " or ".join(sorted(step.roles))
            raise Denied("NOT_ALLOWED", f"{step.act} is for who acts as {wanted}; you act as {self.role}")


async def find_office(tx: AsyncManagedTransaction, subject: Subject) -> Office:
    """The office in which a subject acts.

    Raises:
        Denied: `NOT_ALLOWED`, when they act for no agency.
    """
    given = {"person": subject.id, "appointment": subject.appointment}
    record = await (await tx.run(_OFFICE, given)).single()
    if record is None:
        raise Denied("NOT_ALLOWED", "sign in as somebody who acts for an agency")
    found = record[0]
    return Office(
        found["person"],
        found["appointment"],
        Role(found["role"]),
        found["agency"],
        found["jurisdiction"],
        tuple(found["jurisdictions"]),
    )
