"""How much of a grant was used today: requests, and rows. Both sides see it, and beyond it nothing leaves.

What this process has handed out since it last told the graph counts at once; what others have, within a second.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, ClassVar, Final

from neo4j import AsyncManagedTransaction

from gateway.graph import Graph
from gateway.rules import day_of
from gateway.sharing.watching import Watching

_ADD: Final = """
UNWIND $rows AS row
MERGE (q:Quota {grant: row.grant, day: row.day})
ON CREATE SET q.requests = 0, q.rows = 0
SET q.requests = q.requests + row.requests, q.rows = q.rows + row.rows
"""
_USED: Final = "MATCH (q:Quota {grant: $grant, day: $day}) RETURN [q.requests, q.rows]"


_MOST_TOLD: Final = 10_000


@dataclass(frozen=True, slots=True)
class Used:
    """What was used of a grant on a day of the city."""

    requests: int = 0
    rows: int = 0


async def used_today(graph: Graph, grant: str, day: date) -> Used:
    """What was used of a grant on a day, as far as the graph was told.

    Raises:
        GraphError: Neo4j is away.
    """
    found = await graph.read(_USED, {"grant": grant, "day": str(day)})
    return Used() if found is None else Used(*found)


@dataclass
class Quotas(Watching):
    """Counts. One per process."""

    seconds: ClassVar[float] = 1.0
    graph: Graph
    requests: int
    """How many a day."""
    rows: int
    _new: dict[tuple[str, str], list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))
    _telling: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    """What the graph is being told now: still counted here until it has."""
    _told: dict[str, tuple[str, Used]] = field(default_factory=dict)
    """What the graph last said of a grant, and of which day."""

    async def left(self, grant: str, now: float) -> Used:
        """What a grant still allows today.

        Raises:
            GraphError: Neo4j is away.
        """
        day = day_of(datetime.fromtimestamp(now, UTC))
        if len(self._told) > _MOST_TOLD:
            self._told.clear()
        self._told[grant] = (str(day), await used_today(self.graph, grant, day))
        return self._left(grant, str(day))

    def take(self, grant: str, now: float, *, requests: int = 0, rows: int = 0) -> bool:
        """Use some of what is left; False, and nothing is used, where that is more."""
        day = str(day_of(datetime.fromtimestamp(now, UTC)))
        left = self._left(grant, day)
        if requests > left.requests or rows > left.rows:
            return False
        counted = self._new[grant, day]
        counted[0] += requests
        counted[1] += rows
        return True

    def _left(self, grant: str, day: str) -> Used:
        told_of, told = self._told.get(grant, (day, Used()))
        used, key = told if told_of == day else Used(), (grant, day)
        here = [sum(pair) for pair in zip(self._new[key], self._telling.get(key, (0, 0)), strict=True)]
        return Used(self.requests - used.requests - here[0], self.rows - used.rows - here[1])

    async def look(self) -> None:
        """See `Watching`: tell the graph. At the end once more: what is not told is counted no more."""
        if not self._new:
            return
        self._telling, self._new = dict(self._new), defaultdict(lambda: [0, 0])
        rows: list[Mapping[str, Any]] = [
            {"grant": grant, "day": day, "requests": requests, "rows": rows}
            for (grant, day), (requests, rows) in self._telling.items()
            if requests or rows
        ]

        async def work(tx: AsyncManagedTransaction) -> None:
            await (await tx.run(_ADD, {"rows": rows})).consume()

        try:
            if rows:
                await self.graph.write(work)
        except BaseException:
            for key, counted in self._telling.items():
                self._new[key] = [a + b for a, b in zip(self._new[key], counted, strict=True)]
            raise
        finally:
            self._telling = {}
