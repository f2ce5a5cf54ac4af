"""Writing whole and making durable, as the files of the log need it."""

import os
from pathlib import Path


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
