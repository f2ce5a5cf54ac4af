"""Delivered files by their paths: below the root, regular, and without a link on the way.

Who opens a file here holds a descriptor, and reads that file and no other, whatever happens to the path afterwards.
"""

import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from gateway.delivery.errors import SourceChanged, SourceGone

LONGEST_PATH: Final = 1_000
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
# A pipe would wait for its writer without O_NONBLOCK; regular files do not care.
_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Identity:
    """Which file, in which state: any writing, replacing or renaming changes it. Times in nanoseconds."""

    device: int
    inode: int
    size: int
    modified: int
    changed: int


@dataclass(frozen=True, slots=True)
class OpenFile:
    """An open file. Whoever has it closes it."""

    descriptor: int
    size: int
    """Bytes."""
    identity: Identity

    @property
    def version(self) -> str:
        """Names this state of this file, in hex."""
        return version_of([self.identity])

    def check(self) -> None:
        """Make sure that it is still what was opened.

        Raises:
            SourceChanged: it was written, replaced, renamed or removed since.
        """
        if _identity(os.fstat(self.descriptor)) != self.identity:
            raise SourceChanged("the file was changed while it was read; ask again")

    def close(self) -> None:
        """Close the descriptor."""
        with suppress(OSError):
            os.close(self.descriptor)


def open_file(root: Path, path: str) -> OpenFile:
    """Open a delivered file for reading.

    Args:
        root: the folder of the source. It is the operator's: links in it are followed.
        path: below the root, with `/` between its parts. Taken literally: there are no patterns.

    Raises:
        SourceGone: nothing there, or not a regular file of one name, or the path leads through a link or upwards.
    """
    parts = path.split("/")
    if len(path) > LONGEST_PATH or "\0" in path or any(part in {"", ".", ".."} for part in parts):
        raise SourceGone("a delivered file's path has only names between its slashes")
    at = -1
    try:
        at = os.open(root, _FOLDER)
        for part in parts[:-1]:
            below = os.open(part, _FOLDER | os.O_NOFOLLOW, dir_fd=at)
            os.close(at)
            at = below
        descriptor = os.open(parts[-1], _FILE, dir_fd=at)
    except (OSError, ValueError):  # a ValueError is a name that cannot be encoded
        raise SourceGone("the delivered file is not there, or its path leads through a link") from None
    finally:
        if at >= 0:
            os.close(at)
    found = os.fstat(descriptor)
    # A second name would be a link too, and whoever has it could write.
    if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
        os.close(descriptor)
        raise SourceGone("the delivered file is not a regular file with one name")
    return OpenFile(descriptor, found.st_size, _identity(found))


def version_of(identities: Iterable[Identity]) -> str:
    """Names the state of files in their order, in hex. It tells nothing of what it is made of."""
    text = ";".join(f"{i.device},{i.inode},{i.size},{i.modified},{i.changed}" for i in identities)
    return sha256(text.encode()).hexdigest()[:32]


def _identity(found: os.stat_result) -> Identity:
    return Identity(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
