"""Proofs that travel by themselves (c2sp.org/tlog-proof)."""

import base64
from dataclasses import dataclass
from typing import Final

from gateway.audit.tlog.checkpoint import Checkpoint, number
from gateway.audit.tlog.errors import BadFormat
from gateway.audit.tlog.note import LARGEST, Verifier, unbase64
from gateway.audit.tlog.tree import check_inclusion, leaf_hash

HEADER: Final = "c2sp.org/tlog-proof@v1"
_LONGEST_PATH: Final = 63


@dataclass(frozen=True, slots=True)
class Proof:
    """The place of an entry, the path from it to the root, and the signed checkpoint with that root."""

    index: int
    path: tuple[bytes, ...]
    checkpoint: bytes

    def __str__(self) -> str:
        lines = [HEADER, f"index {self.index}", *(base64.b64encode(h).decode() for h in self.path), ""]
        return "\n".join(lines) + "\n" + self.checkpoint.decode()

    @classmethod
    def parse(cls, text: str) -> "Proof":
        """Read a proof. Its extra data is not authenticated, so nobody here looks at it.

        Raises:
            BadFormat: it is not one.
        """
        head, empty, checkpoint = text.partition("\n\n")
        lines = head.split("\n")
        if len(text) > 2 * LARGEST or not empty or lines.pop(0) != HEADER:
            raise BadFormat(f"a proof begins with {HEADER} and holds an empty line")
        if lines and lines[0].startswith("extra "):
            unbase64(lines.pop(0).removeprefix("extra "), "the proof's extra data")
        if not lines or not lines[0].startswith("index "):
            raise BadFormat("the proof does not say at which index its entry is")
        index = number(lines.pop(0).removeprefix("index "), "the proof's index")
        path = tuple(unbase64(line, "a hash of the proof") for line in lines)
        if len(path) > _LONGEST_PATH or any(len(h) != 32 for h in path):
            raise BadFormat("a hash of the proof has not 32 bytes, or there are more than any log has")
        return cls(index, path, checkpoint.encode())

    def check(self, entry: bytes, verifier: Verifier) -> Checkpoint:
        """Check that the log of this key holds `entry` at `index`. Returns the checkpoint that says so.

        1. the checkpoint is signed by the key, for the key's own log;
        2. the path leads from the entry at the index to the checkpoint's root.

        Raises:
            BadFormat: the checkpoint is not one.
            NotProven: one of these does not hold.
        """
        head = Checkpoint.open(self.checkpoint, verifier)  # 1
        check_inclusion(self.index, head.size, leaf_hash(entry), self.path, head.root)  # 2
        return head
