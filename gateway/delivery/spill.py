"""Where DuckDB puts what does not fit into memory: a folder for each gateway process, and none left behind for long.

DuckDB calls its files the same in every process, so two must never share a folder. A folder is locked by whoever uses
it; one that can be locked was left by a process that was killed, and is removed by the next.
"""

import fcntl
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

_PREFIX: Final = "rows-"


class Spill:
    """A folder of one's own below another."""

    def __init__(self, parent: Path) -> None:
        """Make it, and remove what dead processes left."""
        parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        for old in parent.glob(f"{_PREFIX}*"):
            with suppress(OSError):  # somebody's, or gone by now
                os.close(_locked(old))
                shutil.rmtree(old)
        while True:
            self.path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
            with suppress(OSError):  # somebody took it for a left one before it was locked
                self._lock = _locked(self.path)
                if self.path.exists():
                    return

    def remove(self) -> None:
        """Remove it."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)


def _locked(folder: Path) -> int:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
