"""The documents that officers sign: canonical bytes that say everything that matters, and say it once (R19)."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from gateway.audit.event import canonical

_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Document:
    """Canonical bytes (RFC 8785), of which a signature is made."""

    data: bytes

    @classmethod
    def of(cls, stated: Mapping[str, Any]) -> "Document":
        """The document that states this."""
        return cls(canonical({"v": _VERSION, **stated}))

    @property
    def digest(self) -> str:
        """SHA-256, in hexadecimal."""
        return hashlib.sha256(self.data).hexdigest()

    @property
    def stated(self) -> dict[str, Any]:
        """What it states."""
        found: dict[str, Any] = orjson.loads(self.data)
        return found

    @property
    def readable(self) -> str:
        """The same for a person, a line for each thing that is stated: nothing is left out and nothing is added."""
        return "\n".join(_lines(self.stated, ""))


def _lines(value: Any, path: str) -> list[str]:
    match value:
        case dict() if value:
            return [line for key, inner in value.items() for line in _lines(inner, f"{path}.{key}" if path else key)]
        case list() if value:
            return [line for i, inner in enumerate(value, 1) for line in _lines(inner, f"{path}.{i}")]
        case _:
            return [f"{path}: {orjson.dumps(value).decode()}"]
