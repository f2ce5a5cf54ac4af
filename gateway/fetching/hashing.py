"""The keys of masks that hash: one for each grant, all from one secret of the state directory (R23.1).

Equal values are equal under one grant, and nobody can join what two grants gave.
"""

import secrets
from contextlib import suppress
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gateway.audit.durable import put

KEY_FILE: Final = "masks.key"
_LENGTH: Final = 32


class KeyUnusable(Exception):
    """The file holds no secret."""


def load_secret(state: Path) -> bytes:
    """The secret of a state directory. Whoever comes first makes it; everybody then reads the same one.

    Raises:
        KeyUnusable: the file holds something else.
        OSError: it cannot be read or written.
    """
    path = state / KEY_FILE
    if not path.exists():
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_name(f"{KEY_FILE}.{secrets.token_hex(4)}")
        put(draft, secrets.token_hex(_LENGTH).encode(), mode=0o600, durable=True)
        # A link, not a rename: it fails when another process was first, whose secret then counts.
        with suppress(FileExistsError):
            path.hardlink_to(draft)
        draft.unlink()
    try:
        secret = bytes.fromhex(path.read_text("ascii").strip())
        if len(secret) != _LENGTH:
            raise ValueError
    except ValueError:
        raise KeyUnusable(f"{path} holds no secret of masks; put the right one back") from None
    return secret


def hash_key(secret: bytes, purpose: str) -> bytes:
    """The key of one grant, or of one dataset towards the public."""
    return HKDF(SHA256(), _LENGTH, None, f"gateway mask {purpose}".encode()).derive(secret)
