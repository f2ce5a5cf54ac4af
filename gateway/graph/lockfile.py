"""The lock of the embedded Neo4j: which artefacts it is made of, and the SHA-256 of each.

One line each, `group:artifact:version[:classifier] sha256`, sorted, without addresses: where they come from is the
business of whoever fetches them, what they must be is ours.
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

NEO4J_VERSION: Final = "5.26.30"
LOCK: Final = Path(__file__).with_name("neo4j.lock")

_LINE: Final = re.compile(r"([\w.-]+):([\w.-]+):([\w.-]+)(?::([\w.-]+))? ([0-9a-f]{64})")


@dataclass(frozen=True, slots=True, order=True)
class Artefact:
    """One jar: its Maven coordinate and what its bytes must hash to."""

    group: str
    name: str
    version: str
    classifier: str
    sha256: str

    @property
    def coordinate(self) -> str:
        """`group:artifact:version[:classifier]`."""
        parts = (self.group, self.name, self.version, self.classifier)
        return ":".join(part for part in parts if part)

    @property
    def filename(self) -> str:
        """Name in the cache: the group is part of it, because two groups may use the same artefact name."""
        return self.coordinate.replace(":", "--") + ".jar"


def read_lock(path: Path = LOCK) -> tuple[Artefact, ...]:
    """The artefacts of the lock in its order, which is the order of the class path.

    Raises:
        ValueError: a line that is not of the form above; the message names it.
    """
    artefacts = []
    for number, line in enumerate(path.read_text("ascii").splitlines(), start=1):
        match = _LINE.fullmatch(line)
        if match is None:
            raise ValueError(f"{path.name}, line {number}: expected 'group:artifact:version[:classifier] sha256'")
        group, name, version, classifier, digest = match.groups(default="")
        artefacts.append(Artefact(group, name, version, classifier, digest))
    return tuple(artefacts)


def sha256_of(path: Path) -> str:
    """Hex digest of a file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
