"""What stands in the public log for an event: a commitment that tells a stranger nothing of it.

The leaf is the RFC 8785 form of `{"commit": …, "id": …, "v": 1}`, where `commit` is, in hexadecimal, the SHA-256 over a
random salt of 16 bytes and the event's body. Who is given both can check; who is not cannot even guess at the body.
"""

import secrets
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import orjson

from gateway.audit.tlog import BadFormat

SALT_BYTES: Final = 16
_VERSION: Final = 1


def new_salts(count: int) -> list[bytes]:
    """A salt of its own for each of some events."""
    drawn = secrets.token_bytes(SALT_BYTES * count)
    return [drawn[i : i + SALT_BYTES] for i in range(0, len(drawn), SALT_BYTES)]


@dataclass(frozen=True, slots=True)
class Leaf:
    """The event's id and the commitment to its body."""

    id: str
    commit: str

    @classmethod
    def of(cls, event: str, salt: bytes, body: bytes) -> "Leaf":
        """The leaf of an event."""
        return cls(event, sha256(salt + body).hexdigest())

    @property
    def entry(self) -> bytes:
        """The bytes in the log."""
        return _entry(self.id, self.commit)

    @classmethod
    def parse(cls, entry: bytes) -> "Leaf":
        """Read an entry of the log.

        Raises:
            BadFormat: it is none that this gateway writes.
        """
        try:
            given: Any = orjson.loads(entry)
            leaf = cls(given["id"], given["commit"])
        except (orjson.JSONDecodeError, KeyError, TypeError):
            raise BadFormat("the entry is not a leaf of this log") from None
        if not isinstance(leaf.id, str) or not isinstance(leaf.commit, str) or leaf.entry != entry:
            raise BadFormat("the entry is not a leaf of this log")
        return leaf


def entry_of(event: str, salt: bytes, body: bytes) -> bytes:
    """The bytes in the log for an event."""
    return _entry(event, sha256(salt + body).hexdigest())


def _entry(event: str, commit: str) -> bytes:
    return orjson.dumps({"commit": commit, "id": event, "v": _VERSION})


def event_id(body: bytes) -> str:
    """The id that an event's canonical bytes state.

    Raises:
        BadFormat: they state none.
    """
    try:
        found: Any = orjson.loads(body)["id"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        found = None
    if not isinstance(found, str):
        raise BadFormat("the body states no event's id")
    return found
