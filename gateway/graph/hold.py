"""A file that one process holds at a time, until it lets go or ends, however it ends (flock)."""

import os
from fcntl import LOCK_EX, LOCK_NB, flock
from io import TextIOWrapper
from pathlib import Path


class Held(Exception):
    """Somebody else holds it; `holder` is the process id found in the file, or `unknown`."""

    def __init__(self, holder: str) -> None:
        self.holder = holder
        super().__init__(f"held by process {holder}")


class Hold:
    """The lock on one path, whose folder exists."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: TextIOWrapper | None = None

    @property
    def held(self) -> bool:
        """Whether this object holds the lock."""
        return self._file is not None

    def acquire(self) -> None:
        """Take the lock.

        Raises:
            Held: somebody else has it.
        """
        # Not truncated on opening: until the lock is ours, the pid inside is the holder's.
        file = os.fdopen(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600), "r+")
        try:
            flock(file, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            holder = file.read().strip() or "unknown"
            file.close()
            raise Held(holder) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        self._file = file

    def release(self) -> None:
        """Give it back. Harmless when it was not held."""
        if self._file is not None:
            self._file.truncate(0)
            self._file.close()
            self._file = None
