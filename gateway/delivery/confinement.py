"""What the reading process may use."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import orjson


@dataclass(frozen=True, slots=True)
class Confinement:
    """Limits of the worker. They hold for all its streams together."""

    deliveries: str
    """The folder below which delivered files lie. DuckDB opens nothing elsewhere."""
    spill: str
    """A folder for what does not fit into memory while it is sorted."""
    memory: str
    """DuckDB's memory, like `512m`."""
    spill_most: str
    """What may lie in `spill`, like `4g`."""
    threads: int
    """DuckDB's threads."""
    streams: int
    """Streams at once: one Python thread each, most of the time waiting."""

    @classmethod
    def of(cls, deliveries: Path, spill: Path, **limits: object) -> Self:
        """With the folders as DuckDB will see them: links followed once, here."""
        return cls(str(deliveries.resolve()), str(spill.resolve()), **limits)  # type: ignore[arg-type]

    @classmethod
    def read(cls, text: str) -> Self:
        """The opposite of `stated`."""
        return cls(**orjson.loads(text))

    @property
    def stated(self) -> str:
        """As JSON."""
        return orjson.dumps(asdict(self)).decode()
