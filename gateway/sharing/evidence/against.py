"""What a verifier trusts, and a stranger's export that is checked against it, step by step."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from gateway.audit.event import canonical
from gateway.audit.tlog import Verifier
from gateway.rules import Calendar
from gateway.sharing.evidence.archive import Files
from gateway.signing import Trust, read_list


@dataclass(frozen=True, slots=True)
class Against:
    """What a verifier trusts, from elsewhere."""

    roots: bytes
    timestamp_roots: bytes
    key: Verifier
    lists: tuple[bytes, ...] = ()
    """Revocation lists that count besides those of the export."""
    calendar: Calendar = field(default_factory=Calendar)


class Checking:
    """One export under way; `found` is told of what does not hold.

    Raises:
        TrustUnusable: roots or lists of the verifier's cannot be read.
    """

    def __init__(self, files: Files, against: Against, found: Callable[[str], None]) -> None:
        self._files = files
        self._against = against
        self._found = found
        lists = tuple(read_list(data, "a revocation list of yours") for data in against.lists)
        self._trust = replace(Trust.parse(against.roots, against.timestamp_roots), revocation_lists=lists)

    def _taken(self, *steps: Callable[[], Iterator[str]]) -> Iterator[str]:
        """What each step says, numbered. Whatever a stranger's bytes do to one, the next is taken."""
        for number, step in enumerate(steps, 1):
            try:
                for line in step():
                    yield f"{number}. {line}"
            except Exception as problem:  # noqa: BLE001 - the bytes are a stranger's; what cannot be read does not hold
                self._found(f"step {number}: it cannot be read ({type(problem).__name__}: {problem})")

    def _json(self, path: str) -> Any:
        """A file that is canonical JSON, so that each of its bytes says something."""
        found = orjson.loads(self._files[path])
        if canonical(found) != self._files[path]:
            raise ValueError(f"{path} is not in its canonical form")
        return found
