"""What a backup says of itself: written last, so that a folder with a manifest is a whole backup."""

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from gateway.backup.errors import BackupError

MANIFEST: Final = "manifest.json"
GRAPH: Final = "graph"
LOG: Final = "log"
KEYS: Final = "keys"
FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class Manifest:
    """A backup of a moment."""

    made: str
    """When, in UTC."""
    release: str
    """The gateway's version."""
    origin: str
    """The name of its log."""
    nodes: int
    relationships: int
    entries: int
    """Of the log."""
    root: str
    """The log's root hash over these, in hexadecimal."""
    files: dict[str, str]
    """SHA-256 of each file that is not part of the log, which has its own hashes."""
    format: int = FORMAT

    def write(self, folder: Path) -> None:
        """Into a backup's folder."""
        (folder / MANIFEST).write_bytes(orjson.dumps(asdict(self), option=orjson.OPT_INDENT_2))

    @classmethod
    def read(cls, folder: Path) -> "Manifest":
        """From a backup's folder.

        Raises:
            BackupError: it is none, or one of a gateway of another time.
        """
        try:
            given: Any = orjson.loads((folder / MANIFEST).read_bytes())
            if given["format"] != FORMAT:
                raise BackupError(f"the backup has format {given['format']}; this gateway reads {FORMAT}")
            return cls(**given)
        except OSError as problem:
            raise BackupError(f"{folder} is not a whole backup: {MANIFEST}: {problem.strerror}") from None
        except (orjson.JSONDecodeError, KeyError, TypeError):
            raise BackupError(f"{folder / MANIFEST} is not the manifest of a backup") from None

    def check(self, folder: Path) -> None:
        """Whether the files are those that were written.

        Raises:
            BackupError: one is not.
        """
        for name, expected in self.files.items():
            try:
                found = digest_of(folder / name)
            except OSError as problem:
                raise BackupError(f"{folder / name} cannot be read: {problem.strerror}") from None
            if found != expected:
                raise BackupError(f"{folder / name} is not the file that was written; take another backup")


def digests_of(backup: Path, part: str) -> dict[str, str]:
    """The digest of each file of a part, by its path in the backup."""
    return {f"{part}/{path.name}": digest_of(path) for path in sorted((backup / part).iterdir())}


def digest_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
