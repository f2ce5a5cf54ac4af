"""Writing whole and making durable, as the files of the log need it."""

import os
import secrets
from pathlib import Path
from typing import Final

_COPIED: Final = 1 << 20


def write_all(descriptor: int, data: bytes | bytearray) -> None:
    """Write everything, however many writes that takes."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def sync(path: Path) -> None:
    """Make a file's bytes, or a folder's names, durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def put(path: Path, data: bytes, *, mode: int, durable: bool) -> None:
    """Put a file in its place, whole or not at all. A `durable` one survives a power cut, its name included.

    Raises:
        OSError: it cannot be written; what was there before is still there.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        try:
            write_all(descriptor, data)
            if durable:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    if durable:
        sync(path.parent)


def copy_beginning(path: Path, to: Path, length: int) -> None:
    """Copy the first bytes of a file, which may be growing, into a new one for its owner alone.

    Raises:
        OSError: it cannot be read or written, or is shorter.
    """
    with path.open("rb") as source, os.fdopen(os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as copy:
        left = length
        while left and (data := source.read(min(left, _COPIED))):
            copy.write(data)
            left -= len(data)
    if left:
        raise OSError(f"{path} ends {left} bytes before what was written to it")
