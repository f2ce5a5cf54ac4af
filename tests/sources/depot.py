"""One entry whose fields are of every type that is compared, and short ways to deliver for it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from gateway.audit.event import OPERATOR, Cause
from gateway.audit.ledger import Denied
from gateway.catalog import FieldSpec
from gateway.delivery import FileFormat
from gateway.sources import Delivered, Registry, Stated, Table
from gateway.vocabulary import DataType
from tests.catalog.entries import entry
from tests.delivery.server import Server
from tests.support.logged import logged

ENTRY: Final = entry(
    1,
    fields=(
        FieldSpec("station", "站点", DataType.STRING),
        FieldSpec("level", "水位", DataType.INTEGER),
        FieldSpec("day", "日期", DataType.DATE),
    ),
)
CAUSE: Final = Cause(OPERATOR, "0" * 64)
GOOD: Final[Mapping[str, Sequence[Any]]] = {
    "station": ["甲", "乙"],
    "level": [1, 2],
    "day": ["2026-01-01", "2026-01-02"],
}


@dataclass
class Depot:
    """Who connects, and where things are delivered."""

    registry: Registry
    state: Path
    server: Server
    _seen: int = 0
    _keys: Any = field(default_factory=count)

    @property
    def folder(self) -> Path:
        """Where agencies deliver."""
        return self.registry.trying.sources.deliveries

    def forget(self) -> None:
        """Only what is logged from now on is told."""
        self._seen = len(logged(self.state))

    def events(self) -> list[tuple[str, dict[str, Any]]]:
        return [(one["kind"], one["data"]) for one in logged(self.state)[self._seen :]]

    def csv(self, path: str, columns: Mapping[str, Sequence[Any]]) -> Delivered:
        """A delivered CSV file."""
        lines = [",".join(columns), *(",".join(map(str, row)) for row in zip(*columns.values(), strict=True))]
        return Delivered(FileFormat.CSV, (self.written(path, "\n".join(lines).encode() + b"\n"),))

    def parquet(self, path: str, columns: Mapping[str, Any]) -> Delivered:
        """A delivered Parquet file."""
        draft = self.folder / "draft"
        pq.write_table(pa.table(dict(columns)), draft)
        return Delivered(FileFormat.PARQUET, (self.written(path, draft.read_bytes()),))

    def written(self, path: str, data: bytes) -> str:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.unlink(missing_ok=True)
        file.write_bytes(data)
        return path

    def removed(self, path: str) -> None:
        (self.folder / path).unlink()

    def table(self, name: str, columns: str, *rows: str) -> Table:
        """A table in the water company's database."""
        with self.server.connect() as connection:
            connection.execute(f"DROP TABLE IF EXISTS {name}")
            connection.execute(f"CREATE TABLE {name} ({columns})")
            for row in rows:
                connection.execute(f"INSERT INTO {name} VALUES ({row})")
        return Table("water", "public", name)

    async def connect(self, stated: Stated, identifier: str = ENTRY.identifier) -> list[str]:
        """Connect; how what is delivered differs."""
        made = await self.registry.register(CAUSE, identifier, stated, f"key-{next(self._keys):06}")
        return said(made)

    async def check(self) -> list[str]:
        made = await self.registry.check(CAUSE, ENTRY.identifier, f"key-{next(self._keys):06}")
        return said(made)

    async def remove(self) -> None:
        await self.registry.remove(CAUSE, ENTRY.identifier, f"key-{next(self._keys):06}")

    async def refused(self, stated: Stated, identifier: str = ENTRY.identifier) -> str:
        """Why it cannot be connected."""
        try:
            await self.connect(stated, identifier)
        except Denied as denied:
            return denied.code
        raise AssertionError("it was connected")

    async def source(self) -> dict[str, Any] | None:
        """What the graph has of it."""
        statement = "MATCH (s:Source)-[:OF]->(d:Dataset {identifier: $i}) RETURN s {.*}"
        found: dict[str, Any] | None = await self.registry.graph.read(statement, {"i": ENTRY.identifier})
        return found and {**found, "faults": json.loads(found["faults"])}


def said(made: Mapping[str, Any]) -> list[str]:
    """Differences in words."""
    return [" ".join(filter(None, pair)) for pair in made["differences"]]
