"""The names that an agency's systems use: those that it has mapped, and those that stand for nothing yet."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Final, NamedTuple

from gateway.graph import Graph
from gateway.identity import Subject
from gateway.vocabulary import Role


class LineageNameState(StrEnum):
    """Whether a name stands for an entry."""

    MAPPED = "MAPPED"
    """The agency has said which entry of its own it is."""
    UNMATCHED = "UNMATCHED"
    """Its systems have reported it, and it stands for no entry that the agency could see."""


class Place(NamedTuple):
    """Where a page ends: a name, and an id."""

    name: str
    id: str


_MAPPED: Final = """
MATCH (a:Agency {id: $agency}) WHERE a.id = $own OR $all OR a.jurisdiction IN $jurisdictions
RETURN COLLECT {
  MATCH (m:LineageName) WHERE m.agency = a.id AND m.name >= $name AND (m.name > $name OR m.id > $id)
  WITH m ORDER BY m.agency, m.name, m.id LIMIT $most
  RETURN m {.id, .namespace, .name, .agency, .fields, dataset: head(COLLECT { MATCH (m)-[:NAMES]->(d) RETURN d.id })}
}
"""
_UNMATCHED: Final = """
MATCH (a:Agency {id: $agency}) WHERE a.id = $own OR $all OR a.jurisdiction IN $jurisdictions
RETURN COLLECT {
  MATCH (x:External) WHERE x.agency = a.id AND x.unmatched = true AND x.name >= $name AND (x.name > $name OR x.id > $id)
  WITH x ORDER BY x.agency, x.unmatched, x.name, x.id LIMIT $most
  RETURN x {.id, .namespace, .name, .agency, fields: '{}', dataset: null}
}
"""


async def lineage_names(
    graph: Graph, subject: Subject, agency: str | None, state: LineageNameState, most: int, start: Place | None
) -> Sequence[dict[str, Any]]:
    """Names of an agency, by name and id: of the caller's own, or of one that the caller oversees; else there is none.

    Raises:
        GraphError: Neo4j is away.
    """
    given = {
        "agency": agency or subject.agency,
        "own": subject.agency,
        "all": Role.CENTER in subject.profile.roles,
        "jurisdictions": [*subject.jurisdictions],
        "name": "" if start is None else start.name,
        "id": "" if start is None else start.id,
        "most": most,
    }
    found: list[dict[str, Any]] | None = await graph.read(
        _MAPPED if state is LineageNameState.MAPPED else _UNMATCHED, given
    )
    return found or []
