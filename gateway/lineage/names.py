"""What systems call datasets, jobs and runs, and the keys that these have in the graph."""

from hashlib import sha256
from typing import Final, NamedTuple

LONGEST: Final = 1_000
"""Characters of a namespace, and of a name. With the agency they fit into one key of an index."""
_LOCK: Final = 3
"""Hexadecimal digits of a lock: 4,096 of them, so that a run with 10^5 inputs does not hold as many."""
_SEPARATOR: Final = "\x1f"
"""No name holds it: names with control characters are refused."""


class Name(NamedTuple):
    """What a system calls a dataset or a job: unique within its namespace."""

    namespace: str
    name: str

    @property
    def key(self) -> str:
        """The same for everybody who uses the name."""
        return key(*self)

    @property
    def lock(self) -> str:
        """What is held while edges are drawn to what the name stands for, or that changes. Some names share one."""
        return self.key[:_LOCK]

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


def is_name(text: str) -> bool:
    """Whether something can be called so: not too long, no control character, and no half of a character."""
    return 0 < len(text) <= LONGEST and not any(
        char < " " or char == "\x7f" or "\ud800" <= char <= "\udfff" for char in text
    )


def key(*parts: str) -> str:
    """A key of 128 bits for parts of which none holds U+001F, in an order that counts."""
    return sha256(_SEPARATOR.join(parts).encode()).hexdigest()[:32]
