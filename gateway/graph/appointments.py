"""Who somebody is at this moment: the one statement that turns (issuer, subject) into a person and the offices held."""

from datetime import UTC, datetime
from typing import Any, Final

from gateway.graph.driver import Graph
from gateway.identity.person import Appointment, Person
from gateway.vocabulary import OVERSEERS, AgencyKind, Role

_STATEMENT: Final = """
MATCH (:Identity {iss: $iss, sub: $sub})<-[:KNOWN_AS]-(p:Person)
RETURN {id: p.id, name: p.name, appointments: COLLECT {
  MATCH (p)-[:HOLDS]->(a:Appointment)-[:AT]->(g:Agency)
  WHERE a.validFrom <= $now AND $now < a.validTo AND a.recordedFrom <= $now AND $now < a.recordedTo
  RETURN {id: a.id, role: a.role, agency: g.id, kind: g.kind,
    home: COLLECT { MATCH (g)-[:IN]->(:Jurisdiction)-[:PART_OF*0..16]->(j) RETURN DISTINCT j.id AS id ORDER BY id },
    jurisdictions:
    CASE WHEN a.role IN $overseers THEN COLLECT {
      MATCH (g)-[:IN]->(:Jurisdiction)<-[:PART_OF*0..16]-(j:Jurisdiction) RETURN DISTINCT j.id AS id ORDER BY id
    } ELSE [] END}
  ORDER BY a.id
}} AS person
"""


async def find_person(graph: Graph, iss: str, sub: str, *, now: datetime | None = None) -> Person | None:
    """The person known as (iss, sub), with the appointments that are on record and hold at `now`, ordered by id.

    None when the graph knows nobody by that name.

    Raises:
        GraphUnavailable: Neo4j is away; nothing is known about the caller then.
    """
    parameters = {"iss": iss, "sub": sub, "now": stored(now or datetime.now(UTC)), "overseers": sorted(OVERSEERS)}
    found: dict[str, Any] | None = await graph.read(_STATEMENT, parameters)
    if found is None:
        return None
    return Person(found["id"], found["name"], tuple(_appointment(entry) for entry in found["appointments"]))


def _appointment(entry: dict[str, Any]) -> Appointment:
    return Appointment(
        id=entry["id"],
        role=Role(entry["role"]),
        agency=entry["agency"],
        agency_kind=AgencyKind(entry["kind"]),
        jurisdictions=tuple(entry["jurisdictions"]),
        home=tuple(entry["home"]),
    )


def stored(moment: datetime) -> str:
    """A moment as the graph keeps it: UTC, of fixed width, so that it sorts as text."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
