"""Published fields that are less strict than what they were made from, for who mends or oversees that (R17.2)."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from gateway.graph import Graph
from gateway.identity import Subject
from gateway.lineage.tiers import stricter, tier_key
from gateway.vocabulary import OVERSEERS, Role

_OWN: Final = frozenset({Role.STAFF, Role.OFFICER, Role.HEAD})


class ViolationPlace(NamedTuple):
    """Where a page ends: an agency, and a field of it."""

    agency: str
    id: str


_ROW: Final = """{id: f.id, agency: f.violation, since: f.lineageSince, lineage: f.lineageTier,
    own: [f.shareType, f.openType, f.sensitivity],
    dataset: head(COLLECT { MATCH (f)<-[:HAS_FIELD]-(d) RETURN d.id })}"""
EVERYWHERE: Final = f"""
MATCH (f:Field) USING INDEX f:Field(violation, id)
WHERE f.violation >= $agency AND f.id IS NOT NULL AND (f.violation > $agency OR f.id > $id)
WITH f ORDER BY f.violation, f.id LIMIT $most
RETURN collect({_ROW})
"""
OF_AGENCIES: Final = f"""
MATCH (a:Agency) WHERE a.id = $own OR a.jurisdiction IN $jurisdictions
WITH DISTINCT a.id AS agency WHERE agency >= $agency
WITH agency ORDER BY agency
CALL (agency) {{
  MATCH (f:Field) USING INDEX f:Field(violation, id)
  WHERE f.violation = agency AND f.id > CASE WHEN agency = $agency THEN $id ELSE '' END
  RETURN f ORDER BY f.violation, f.id LIMIT $most
}}
WITH f LIMIT $most
RETURN collect({_ROW})
"""


async def violations(
    graph: Graph, subject: Subject, most: int, start: ViolationPlace | None
) -> Sequence[dict[str, Any]]:
    """Violations by agency and field: of the subject's own agency, of those that they oversee, or all for the center.

    Returns:
        Of each `id`, `dataset`, `since`, and the tiers `declared` and `effective`.

    Raises:
        GraphError: Neo4j is away.
    """
    roles = subject.profile.roles
    given = {
        "agency": "" if start is None else start.agency,
        "id": "" if start is None else start.id,
        "most": most,
        "own": subject.agency if roles & _OWN else None,
        "jurisdictions": [*subject.jurisdictions] if roles & OVERSEERS else [],
    }
    if Role.CENTER in roles:
        found = await graph.read(EVERYWHERE, given)
    elif given["own"] or given["jurisdictions"]:
        found = await graph.read(OF_AGENCIES, given)
    else:
        found = []
    for one in found:
        one["declared"] = tier_key(*one.pop("own"))
        one["effective"] = stricter(one["declared"], one.pop("lineage"))
    rows: list[dict[str, Any]] = found
    return rows
