"""The key that notices are signed with, in the state directory for its owner alone, and for nothing else.

Written as the Standard Webhooks specification has it: `whsk_` and `whpk_`, and base64.
"""

import os
import secrets
from base64 import b64decode, b64encode
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.audit.durable import sync, write_all

KEY_FILE: Final = "webhooks.key"
_PRIVATE_KEY: Final = "whsk_"
_PUBLIC_KEY: Final = "whpk_"


class KeyUnusable(Exception):
    """The file holds no key."""


@dataclass(frozen=True, slots=True)
class NoticeKey:
    """An Ed25519 key."""

    private: Ed25519PrivateKey

    @classmethod
    def load(cls, state: Path) -> Self:
        """The key of a state directory. Whoever comes first makes it; everybody then reads the same one.

        Raises:
            KeyUnusable: the file holds something else.
            OSError: it cannot be read or written.
        """
        path = state / KEY_FILE
        if not path.exists():
            _make(path)
        try:
            text = path.read_text("ascii").strip()
            if not text.startswith(_PRIVATE_KEY):
                raise ValueError
            return cls(Ed25519PrivateKey.from_private_bytes(b64decode(text.removeprefix(_PRIVATE_KEY), validate=True)))
        except ValueError:
            raise KeyUnusable(f"{path} holds no key of webhooks; put the right one back") from None

    @property
    def public(self) -> str:
        """What receivers verify with."""
        return f"{_PUBLIC_KEY}{b64encode(self.private.public_key().public_bytes_raw()).decode()}"

    def sign(self, content: bytes) -> str:
        """A signature, as the header has it."""
        return f"v1a,{b64encode(self.private.sign(content)).decode()}"


def _make(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    raw = Ed25519PrivateKey.generate().private_bytes_raw()
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        write_all(descriptor, f"{_PRIVATE_KEY}{b64encode(raw).decode()}\n".encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    # A link, not a rename: it fails when another process was first, whose key then counts.
    with suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()
    sync(path.parent)
