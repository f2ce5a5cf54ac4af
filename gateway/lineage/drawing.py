"""Edges that are to be drawn or ended, and the external nodes that they need."""

import secrets
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from neo4j import AsyncManagedTransaction

from gateway.catalog.batches import pieces, run_rows, value
from gateway.catalog.marks import mark
from gateway.lineage import statements
from gateway.lineage.ends import EXTERNAL, End, Ends, external
from gateway.vocabulary import FOREVER


def edge_id() -> str:
    """An id that no other edge has."""
    return f"de_{secrets.token_hex(16)}"


@dataclass(slots=True)
class Drawing:
    """Gathers them, so that each kind goes to the graph at once."""

    ends: Ends
    count: int = 0
    _externals: dict[str, dict[str, dict[str, Any]]] = field(default_factory=lambda: defaultdict(dict))
    """By agency and id."""
    _edges: dict[tuple[str, str], list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    """By the labels of their ends."""
    _touched: set[str] = field(default_factory=set)
    """What is made from other things than before."""
    _later: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """What will be, by the instant."""

    def place(self, end: End, asserter: str, *, output: bool) -> str:
        """The id of the node that stands for an end, which is there at the latest when all is drawn."""
        identifier = self.ends.id(end, asserter, output=output)
        if identifier.startswith(EXTERNAL) and identifier not in self._externals[asserter]:
            self._externals[asserter][identifier] = external(identifier, end)
        return identifier

    def draw(self, target: str, source: str, properties: Mapping[str, Any]) -> None:
        """Draw an edge between two nodes."""
        labels = statements.LABELS[target[:3]], statements.LABELS[source[:3]]
        self._edges[labels].append({"target": target, "source": source, "p": properties})
        self.count += 1
        self._touch(target, properties)

    def _touch(self, target: str, properties: Mapping[str, Any]) -> None:
        if target.startswith(EXTERNAL):  # has no tier
            return
        self._touched.add(target)
        now = str(properties["recordedFrom"])
        for name in ("validFrom", "validTo"):
            if now < properties[name] < FOREVER:
                self._later[properties[name]].add(target)

    async def end(self, tx: AsyncManagedTransaction, ended: Sequence[Sequence[str]], now: str) -> None:
        """End the record of some edges, by their lines and until when they hold."""
        for some in pieces(ended):
            targets = await value(tx, statements.END, rows=list(some), now=now, forever=FOREVER)
            self._touched.update(one for one in targets if not one.startswith(EXTERNAL))

    async def finish(self, tx: AsyncManagedTransaction) -> None:
        """Write all of it, and mark what then may have another tier (R17.2)."""
        for agency, some in sorted(self._externals.items()):
            rows = [some[identifier] for identifier in sorted(some)]
            for piece in pieces(rows):
                await value(tx, statements.EXTERNALS, rows=list(piece), agency=agency)
        total = 0
        for labels, rows in sorted(self._edges.items()):
            rows.sort(key=lambda row: (row["target"], row["source"]))
            total += await run_rows(tx, statements.begin(*labels), rows)
        if total != self.count:
            raise RuntimeError(f"of {self.count} edges {self.count - total} have an end that is not there")
        await mark(tx, [*self._touched])
        for instant, later in self._later.items():
            await mark(tx, [*later], due=instant)
