"""Edges that are to be drawn, and the external nodes that they need."""

import secrets
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from neo4j import AsyncManagedTransaction

from gateway.catalog.batches import pieces, run_rows, value
from gateway.lineage import statements
from gateway.lineage.ends import EXTERNAL, End, Ends, external


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

    async def finish(self, tx: AsyncManagedTransaction) -> None:
        """Write all of it."""
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
