"""Whether the graph still holds together: everything that the writers derive is worked out again and compared.

Reads in pages by id, so its memory does not grow with the graph. Run it while nobody writes: a page and the tallies
are read at different moments.
"""

from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

from gateway.catalog.fsck_rules import (
    Difference,
    agency_differences,
    dataset_differences,
    jurisdiction_differences,
    orphan_differences,
)
from gateway.catalog.tallies import PLACE, Place, tally_rows
from gateway.graph.driver import Graph
from gateway.vocabulary import FOREVER

_PAGE: Final = 1_000

_DATASETS: Final = """
MATCH (d:Dataset) WHERE d.id > $after WITH d ORDER BY d.id LIMIT $page
RETURN collect({
  p: d {.id, .identifier, .status, .origin, .theme, .shareType, .openType, .sensitivity, .accessClass, .agency,
    .jurisdiction, .accrualPeriodicity, .formats, .shareMode, .openMode, .missingElements, .version},
  labels: [l IN labels(d) WHERE l STARTS WITH 'Class_'],
  providers: [(d)-[:PROVIDED_BY]->(a) | [a.id, [(a)-[:IN]->(j) | j.id]]],
  fields: [(d)-[:HAS_FIELD]->(f:Field) | f {.id, .dataType, .masks, .shareType, .openType, .sensitivity, .accessClass,
    .ownShareType, .ownOpenType, .ownSensitivity}],
  current: COUNT { (d)-[:HAS_VERSION]->(:DatasetVersion {recordedTo: $forever}) },
  last: reduce(m = 0, n IN [(d)-[:HAS_VERSION]->(v) | v.n] | CASE WHEN n > m THEN n ELSE m END)
})
"""
_ORPHANS: Final = """
MATCH (f:Field) WHERE f.id > $after AND NOT (f)<-[:HAS_FIELD]-() WITH f ORDER BY f.id LIMIT $page
RETURN collect({p: f {.id, .accessClass}})
"""
_AGENCIES: Final = """
MATCH (a:Agency) WHERE a.id > $after WITH a ORDER BY a.id LIMIT $page
RETURN collect({p: a {.id, .kind, .origin, .jurisdiction}, homes: [(a)-[:IN]->(j) | j.id],
  heads: COLLECT { MATCH (a)<-[:AT]-(h:Appointment {role: 'HEAD'}) WHERE h.recordedTo = $forever
    RETURN [h.validFrom, h.validTo] ORDER BY h.validFrom, h.validTo }})
"""
_JURISDICTIONS: Final = """
MATCH (j:Jurisdiction) WHERE j.id > $after WITH j ORDER BY j.id LIMIT $page
RETURN collect({p: j {.id, .level}})
"""
_TALLIES: Final = "MATCH (t:Tally) RETURN collect(t {.*})"
_HOMES: Final = "MATCH (a:Agency) RETURN collect([a.id, a.jurisdiction])"
_NAMELESS: Final = """
MATCH (n) WHERE (n:Dataset OR n:Field OR n:Agency OR n:Jurisdiction) AND n.id IS NULL
RETURN collect([elementId(n), labels(n)])
"""


async def check_graph(graph: Graph, found: Callable[[Difference], None]) -> int:
    """Check everything and tell `found` each difference as it turns up.

    Returns:
        How many entries were checked.

    Raises:
        GraphUnavailable: Neo4j is away.
    """
    for element, labels in await graph.read(_NAMELESS):
        found(Difference(element, "id", "absent", f"an id: it is a {'/'.join(sorted(labels))}"))
    async for row in _pages(graph, _JURISDICTIONS):
        _tell(found, jurisdiction_differences(row["p"]))
    async for row in _pages(graph, _AGENCIES):
        _tell(found, agency_differences(row))
    counted: Counter[Place] = Counter()
    entries = 0
    async for row in _pages(graph, _DATASETS):
        entries += 1
        counted[tuple(str(row["p"].get(name)) for name in PLACE)] += 1
        _tell(found, dataset_differences(row))
    async for row in _pages(graph, _ORPHANS):
        _tell(found, orphan_differences(row["p"]))
    await _tallies(graph, counted, found)
    return entries


def _tell(found: Callable[[Difference], None], differences: Any) -> None:
    for difference in differences:
        found(difference)


async def _pages(graph: Graph, statement: str) -> AsyncIterator[dict[str, Any]]:
    after = ""
    while rows := await graph.read(statement, {"after": after, "page": _PAGE, "forever": FOREVER}):
        for row in rows:
            yield row
        after = rows[-1]["p"]["id"]


async def _tallies(graph: Graph, counted: Counter[Place], found: Callable[[Difference], None]) -> None:
    homes = {agency: str(home) for agency, home in await graph.read(_HOMES)}
    homes = {**{where[0]: "absent" for where in counted}, **homes}
    expected = {row["key"]: {**row["place"], "n": row["change"]} for row in tally_rows(counted, homes)}
    held = {str(row["key"]): row for row in await graph.read(_TALLIES)}
    for key in sorted(expected.keys() | held.keys()):
        row, wanted = held.get(key), expected.get(key, {"n": 0})
        if row is None:
            found(Difference(key, "tally", "absent", str(wanted["n"])))
            continue
        for name, value in wanted.items():
            if row.get(name) != value:
                what = "tally" if name == "n" else f"tally's {name}"
                found(Difference(key, what, str(row.get(name)), str(value)))
