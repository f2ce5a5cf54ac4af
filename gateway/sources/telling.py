"""Who is told of a dataset's source: its provider, the center, and who supervises the provider (R12)."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from gateway.graph import Graph
from gateway.identity import Subject
from gateway.sources.comparison import read_differences
from gateway.vocabulary import Role

_OF: Final = """
UNWIND $datasets AS id
MATCH (s:Source)-[:OF]->(d:Dataset {id: id})
RETURN collect([id, s {.kind, .connectedAt, .checkedAt, .unknown, .faults}])
"""


async def told_sources(
    graph: Graph, subject: Subject, datasets: Sequence[tuple[str, str, str]]
) -> list[dict[str, Any] | None]:
    """The sources of datasets: None where there is none, or where it is not for the subject to know.

    Args:
        graph: where they are.
        subject: who asks.
        datasets: id, agency and jurisdiction of each.

    Returns:
        `{kind, connectedAt, checkedAt, unknown, differences: [{kind, column}]}` for each.
    """
    told = [id_ for id_, agency, jurisdiction in datasets if _is_told(subject, agency, jurisdiction)]
    found: Mapping[str, Any] = dict(await graph.read(_OF, {"datasets": told})) if told else {}
    return [_row(found[id_]) if id_ in found else None for id_, _, _ in datasets]


def _is_told(subject: Subject, agency: str, jurisdiction: str) -> bool:
    roles = subject.profile.roles
    supervises = Role.SUPERVISOR in roles and jurisdiction in subject.jurisdictions
    return subject.agency == agency or Role.CENTER in roles or supervises


def _row(held: Mapping[str, Any]) -> dict[str, Any]:
    differences = [{"kind": one.kind, "column": one.column} for one in read_differences(held.get("faults"))]
    return {**held, "differences": differences}
