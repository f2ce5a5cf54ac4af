"""Whether what is stored of tiers through lineage is what follows from the graph: worked out anew, all of it (R17.2).

Everything that is derived is in memory at once, because in a cycle each looks right beside the others. Run it while
nobody writes; a mark that was not settled yet shows as a difference.
"""

from collections.abc import AsyncIterator, Callable
from typing import Any, Final

from gateway.catalog.fsck_rules import Difference
from gateway.classes import UNPUBLISHED
from gateway.graph import Graph
from gateway.graph.times import now as clock
from gateway.lineage import tier_statements as statements
from gateway.lineage.tier_reading import effective, owners, read_datasets, read_fields
from gateway.lineage.tiers import FieldTier, Owners
from gateway.vocabulary import FOREVER

_PAGE: Final = 2_000
_LISTED: Final = """
UNWIND $ids AS id
MATCH (f:Field {id: id})
RETURN collect([f.id, f.violation, f.accessClass, f.lineageSince IS NOT NULL])
"""


async def check_tiers(graph: Graph, found: Callable[[Difference], None]) -> int:
    """Check all that is derived, and tell `found` each difference.

    Returns:
        How many fields and datasets were checked.

    Raises:
        GraphUnavailable: Neo4j is away.
    """
    given = {"now": clock(), "forever": FOREVER}
    fields, datasets, listed = dict[str, FieldTier](), dict[str, Owners](), dict[str, Any]()

    async def ask(statement: str, **parameters: Any) -> Any:
        return await graph.read(statement, parameters)

    async for ids in _pages(graph, statements.EVERY_FIELD, "fd_"):
        fields |= await read_fields(ask, ids, given)
        listed |= {id_: rest for id_, *rest in await graph.read(_LISTED, {"ids": ids})}
    async for ids in _pages(graph, statements.EVERY_DATASET, "ds_"):
        datasets |= await read_datasets(ask, ids, given)
    # What is in none of the pages is derived from nothing: it is what it is by itself.
    for id_, tier in effective(fields).items():
        one = fields[id_]
        kept = None if tier == one.own else tier
        _compare(found, id_, "tier through lineage", one.stored, kept)
        violation, access_class, since = listed[id_]
        published = kept is not None and access_class != UNPUBLISHED
        _compare(found, id_, "violation", violation, one.agency if published else None)
        _compare(found, id_, "since", since, kept is not None)
    for id_, held in owners(datasets).items():
        _compare(found, id_, "noRedistribution of", sorted(datasets[id_].stored), sorted(held))
    return len(fields) + len(datasets)


def _compare(found: Callable[[Difference], None], id_: str, check: str, is_: Any, expected: Any) -> None:
    if is_ != expected:
        found(Difference(id_, check, "absent" if is_ is None else str(is_), str(expected or "absent")))


async def _pages(graph: Graph, statement: str, after: str) -> AsyncIterator[list[str]]:
    while rows := await graph.read(statement, {"after": after, "page": _PAGE}):
        if ids := [id_ for id_, derived in rows if derived]:
            yield ids
        after = rows[-1][0]
