"""Everybody whom an issuer can name, for the lists that an operator reads."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from gateway.graph.appointments import stored
from gateway.graph.driver import Graph

_STATEMENT = """
MATCH (i:Identity {iss: $iss})<-[:KNOWN_AS]-(p:Person)
WITH i.sub AS sub, p.name AS name, COLLECT {
  MATCH (p)-[:HOLDS]->(a:Appointment)-[:AT]->(g:Agency)
  WHERE a.validFrom <= $now AND $now < a.validTo AND a.recordedFrom <= $now AND $now < a.recordedTo
  RETURN {role: a.role, agency: g.name} ORDER BY a.id
} AS offices
ORDER BY sub
RETURN collect({sub: sub, name: name, roles: [o IN offices | o.role], agencies: [o IN offices | o.agency]}) AS people
"""


@dataclass(frozen=True, slots=True)
class Known:
    """A person under the name that an issuer uses, with the current offices, side by side."""

    sub: str
    name: str
    roles: tuple[str, ...]
    agencies: tuple[str, ...]


async def known_people(graph: Graph, iss: str) -> list[Known]:
    """Everybody known to this issuer, by name.

    Raises:
        GraphUnavailable: Neo4j is away.
    """
    found: list[dict[str, Any]] = await graph.read(_STATEMENT, {"iss": iss, "now": stored(datetime.now(UTC))})
    return [Known(one["sub"], one["name"], tuple(one["roles"]), tuple(one["agencies"])) for one in found]
