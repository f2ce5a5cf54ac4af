"""What a log says."""

import json
from pathlib import Path
from typing import Any

from gateway.audit.bodies import Bodies
from gateway.audit.log import LogFolder


def logged(state: Path) -> list[Any]:
    """Every event in the log of a state directory, in its order."""
    store, size = Bodies(LogFolder(state).bodies), 0
    while store.exists(size):
        size += 1
    return [json.loads(body.data) for _, body in store.scan(0, size) if body is not None]
