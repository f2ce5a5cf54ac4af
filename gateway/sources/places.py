"""From what the graph says of a dataset's source to what the engine reads."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.delivery import FileFormat, Files, Postgres, Source, SourceGone
from gateway.vocabulary import SourceKind


@dataclass(frozen=True, slots=True)
class Sources:
    """Where sources are, for one gateway."""

    deliveries: Path
    """The folder of delivered files."""
    connections: Mapping[str, str]
    """How to reach agencies' databases, by the names that sources have for them: the graph holds no secrets."""

    def of(self, row: Mapping[str, Any]) -> Source:
        """The source that a node of the graph describes.

        Raises:
            SourceGone: nobody has said how to reach it.
        """
        if row["kind"] == SourceKind.FILES:
            return Files(self.deliveries, tuple(row["paths"]), FileFormat(row["format"]))
        try:
            dsn = self.connections[row["connection"]]
        except KeyError:
            raise SourceGone("nobody has said how to reach the database of this dataset") from None
        return Postgres(dsn, row["schema"], row["table"])
