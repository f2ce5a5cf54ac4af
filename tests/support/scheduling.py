"""How tests are dealt out to several workers: what shares a server stays together, and what takes longest begins first.

Each worker is a process with a Neo4j of its own.
"""

from collections.abc import Sequence
from typing import Any, Final

from xdist.scheduler import LoadScopeScheduling

TOGETHER: Final = "tests/http/"
"""A folder whose modules share gateways for the whole run."""
FIRST: Final = (
    TOGETHER,
    "tests/app/test_serve.py",
    "tests/sharing/test_model.py",
    "tests/properties/",
    "tests/graph/test_embedded.py",
    "tests/plan/test_differential.py",
    "tests/cli/",
)
"""What takes longest: begun at the end it would leave the other workers with nothing to do."""


def place(nodeid: str) -> int:
    """Where a test belongs in the order of a run; those of the same place stay as they are."""
    return next((i for i, path in enumerate(FIRST) if nodeid.startswith(path)), len(FIRST))


class Scheduling(LoadScopeScheduling):  # type: ignore[misc]  # xdist states no types
    """A module is one worker's, and so is all that shares a gateway; in the order of the run."""

    def __init__(self, config: Any, log: Any) -> None:
        config.option.loadscopereorder = False
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        return TOGETHER if nodeid.startswith(TOGETHER) else nodeid.partition("::")[0]


def in_order(items: Sequence[Any]) -> list[Any]:
    """Tests in the order of a run."""
    return sorted(items, key=lambda item: place(item.nodeid))
