"""Signed tree heads (c2sp.org/tlog-checkpoint)."""

import base64
from dataclasses import dataclass
from typing import Final

from gateway.audit.tlog.errors import BadFormat, NotProven
from gateway.audit.tlog.note import Signer, Verifier, sign_note, unbase64

LARGEST_SIZE: Final = 2**63 - 1
_HASH_BYTES: Final = 32


def number(text: str, what: str) -> int:
    """An ASCII decimal without leading zeroes.

    Raises:
        BadFormat: it is not that, or larger than any log.
    """
    if not (text.isascii() and text.isdigit()) or (len(text) > 1 and text[0] == "0") or len(text) > 19:
        raise BadFormat(f"{what} is not a decimal number")
    value = int(text)
    if value > LARGEST_SIZE:
        raise BadFormat(f"{what} is larger than any log")
    return value


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A log's name, its number of entries, and the root hash over them."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """The text that is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    def signed(self, *signers: Signer) -> bytes:
        """The checkpoint as a note."""
        return sign_note(self.text, signers)

    @classmethod
    def parse(cls, text: str) -> "Checkpoint":
        """Read a checkpoint's text; lines after the third are extensions that nobody here interprets.

        Raises:
            BadFormat: it is not one.
        """
        lines = text.split("\n")
        if len(lines) < 4 or lines[-1] or not all(lines[:-1]):
            raise BadFormat("a checkpoint is origin, size and root hash, a line each")
        root = unbase64(lines[2], "the checkpoint's root hash")
        if len(root) != _HASH_BYTES:
            raise BadFormat("the checkpoint's root hash has not 32 bytes")
        return cls(lines[0], number(lines[1], "the checkpoint's size"), root)

    @classmethod
    def open(cls, note: bytes, verifier: Verifier) -> "Checkpoint":
        """The checkpoint in a note that `verifier` signed. A key signs for the log of its own name alone.

        Raises:
            BadFormat: it is not a signed checkpoint.
            NotProven: the key has not signed it, or it is of a log of another name.
        """
        found = cls.parse(verifier.open(note))
        if found.origin != verifier.name:
            raise NotProven(f"the checkpoint is of {found.origin!r}, the key of {verifier.name!r}")
        return found
