"""What depends on a dataset or field: all that was made from it, with grants and with who fetched (R18.3, R20)."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from gateway.audit.asking import Events, Resource, Used
from gateway.audit.index import EPOCH
from gateway.lineage.walking import Node, Walker, WalkPlace, Wanted
from gateway.lineage.words import LineageLevel, Truncation
from gateway.plan import Asker
from gateway.policy.table import Decision
from gateway.sharing.reading import Cases

MOST_AFFECTED: Final = 1_000
"""Datasets or fields of one answer, what is asked about included."""

_HOMES: Final = """
UNWIND $ids AS id
CALL (id) {
  MATCH (d:Dataset {id: id}) RETURN d
  UNION
  MATCH (:Field {id: id})<-[:HAS_FIELD]-(d:Dataset) RETURN d
}
RETURN collect([id, d.id, d.agency, d.jurisdiction])
"""
"""Of what was authorised already. What is known by name only is nobody's dataset."""


@dataclass(frozen=True, slots=True)
class DatasetUse:
    """That somebody was handed out data of a dataset."""

    dataset: str
    used: Used


@dataclass(frozen=True, slots=True)
class Affected:
    """What an agency provides that depends on something, and on whom that then falls."""

    agency: str
    nodes: Sequence[Node]
    grants: Sequence[Mapping[str, Any]]
    uses: Sequence[DatasetUse]


@dataclass(frozen=True, slots=True)
class Impact:
    """What depends on something, as far as it may be known."""

    agencies: Sequence[Affected]
    """The nearest first; the provider of what is asked about is the first."""
    truncated: frozenset[Truncation]
    hidden: Decision | None


@dataclass(frozen=True, slots=True)
class Impacts:
    """Finds what depends on something."""

    walker: Walker
    cases: Cases
    events: Events

    async def of(self, asker: Asker, wanted: Wanted) -> Impact | None:
        """What depends on `wanted.of`, that included; None where the caller may not know of it.

        Grants and uses are those that the caller may see by themselves.

        Raises:
            BadInput, GraphTimeout: see `Walker.walk`.
        """
        walk = await self.walker.walk(asker, wanted)
        if walk is None:
            return None
        nodes = [Node(WalkPlace(True, 0, wanted.of), None), *walk.nodes]
        homes: Mapping[str, Resource] = {
            id_: Resource(*home)
            for id_, *home in await self.walker.reader.read(_HOMES, {"ids": [node.id for node in nodes]})
        }
        fields = [id_ for id_ in homes if id_.startswith("fd_")] if wanted.of.startswith("fd_") else None
        resources = list({home.dataset: home for home in homes.values()}.values())
        subject, named = asker.subject, [one.dataset for one in resources]
        (grants, cut), uses = await asyncio.gather(
            self.cases.open_grants(subject, named, fields if wanted.level is not LineageLevel.DATASET else None),
            asyncio.to_thread(self.events.usage, subject, resources, 0, (date.max - EPOCH).days),
        )
        parts: dict[str, list[Node]] = defaultdict(list)
        for node in nodes:
            if node.id in homes:
                parts[homes[node.id].agency].append(node)
        affected = [
            Affected(
                agency,
                some,
                [grant for grant in grants if grant["provider"] == agency],
                [
                    DatasetUse(one.dataset, used)
                    for one, of_it in zip(resources, uses, strict=True)
                    for used in of_it
                    if one.agency == agency
                ],
            )
            for agency, some in parts.items()
        ]
        more = {Truncation.NODES} if walk.more else set[Truncation]()
        return Impact(affected, walk.truncated | more | ({Truncation.GRANTS} if cut else set()), walk.hidden)
