"""What an agency states of a source, and whether it may.

INVARIANT: what belongs to an agency begins with its code: its files lie in its own folder of the deliveries, its
database goes by its code. So nobody connects what another agency delivers.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from gateway.delivery import FileFormat
from gateway.vocabulary import SourceKind

MOST_PATHS: Final = 200
"""Files with rows, and whole files, of one dataset."""
LONGEST: Final = 1_000
"""Characters of a path. Names in PostgreSQL have 63 bytes."""
_LONGEST_NAME: Final = 63


class Unfit(NamedTuple):
    """What cannot be registered: a stable code, a sentence, and the option that it is about."""

    code: str
    message: str
    path: str


@dataclass(frozen=True, slots=True)
class Delivered:
    """Files with rows, with the same columns and one after another, and whole files beside them.

    Paths are below the folder of deliveries, with `/` between their parts, and taken literally.
    """

    format: FileFormat
    paths: tuple[str, ...]
    documents: tuple[str, ...] = ()

    @property
    def properties(self) -> dict[str, Any]:
        """As the graph keeps it."""
        return {
            "kind": SourceKind.FILES.value,
            "format": self.format.value,
            "paths": list(self.paths),
            "documents": list(self.documents),
        }

    def faults(self, code: str) -> Iterator[Unfit]:
        """Why the agency with this code cannot have its rows there."""
        for name, paths, least in (("paths", self.paths, 1), ("documents", self.documents, 0)):
            if not least <= len(paths) <= MOST_PATHS or len({*paths}) != len(paths):
                yield Unfit("BAD_PATH", f"name {least} to {MOST_PATHS} files, each once", name)
            for path in paths:
                if len(path) > LONGEST or not path.isprintable() or not _is_below(path, code):
                    text = f"{path!r:.200} is no file below the folder of deliveries in {code}/, like {code}/rows.csv"
                    yield Unfit("BAD_PATH", text, name)


@dataclass(frozen=True, slots=True)
class Table:
    """A table or view in an agency's own PostgreSQL, by the name that `GATEWAY_CONNECTIONS` has for that."""

    connection: str
    schema: str
    table: str

    @property
    def properties(self) -> dict[str, Any]:
        """As the graph keeps it."""
        named = {"connection": self.connection, "schema": self.schema, "table": self.table}
        return {"kind": SourceKind.POSTGRES.value, **named}

    def faults(self, code: str) -> Iterator[Unfit]:
        """Why the agency with this code cannot have its rows there."""
        if self.connection != code and not _is_below(self.connection, code):
            text = f"{self.connection!r:.200} is no connection of this agency's; its are called {code}, or {code}/…"
            yield Unfit("BAD_CONNECTION", text, "connection")
        for name, value in (("schema", self.schema), ("table", self.table)):
            if not 1 <= len(value.encode(errors="replace")) <= _LONGEST_NAME or "\0" in value:
                yield Unfit("BAD_TABLE", f"a {name} has a name of 1 to {_LONGEST_NAME} bytes", name)


Stated = Delivered | Table


def _is_below(path: str, code: str) -> bool:
    first, *rest = path.split("/")
    return first == code and bool(rest) and not {"", ".", ".."} & {first, *rest}
