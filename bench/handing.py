"""DuckDB alone, in a process of its own: what handing an Arrow stream to another process costs by itself.

The engine's rows come from such a process because nothing that reads delivered files may be in the gateway's own.
"""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow as pa

THREADS: Final = 2
BATCH: Final = 16_384
"""Rows of a batch, with which DuckDB is fastest here."""
_PART: Final = 1 << 20
_GO: Final = b"g"


def stream(database: duckdb.DuckDBPyConnection, path: Path, sink: Any) -> None:
    """All rows of a Parquet file as an Arrow stream."""
    reader = database.sql(f"SELECT * FROM read_parquet('{path}')").to_arrow_reader(BATCH)
    with pa.ipc.new_stream(sink, reader.schema) as writer:
        for batch in reader:
            writer.write_batch(batch)


class Handing:
    """The process, and this side of what it writes to."""

    def __init__(self, line: socket.socket, size: int) -> None:
        self._line, self._size = line, size

    def take(self, out: Path) -> None:
        """Take one stream, and write it somewhere."""
        self._line.sendall(_GO)
        left = self._size
        with out.open("wb", buffering=0) as file:
            while left:
                part = self._line.recv(min(left, _PART))
                left -= len(part)
                file.write(part)


@contextmanager
def handing(database: duckdb.DuckDBPyConnection, path: Path) -> Iterator[Handing]:
    """Such a process for a file; it ends with the block."""
    counted = pa.MockOutputStream()
    stream(database, path, counted)
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _PART)
            argv = [sys.executable, "-m", "bench.handing", str(path), str(theirs.fileno())]
            process = subprocess.Popen(argv, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)
        try:
            yield Handing(ours, counted.size())
        finally:
            ours.shutdown(socket.SHUT_RDWR)
            process.wait()


def _main(path: Path, descriptor: int) -> None:
    database = duckdb.connect(config={"threads": THREADS})
    with socket.socket(fileno=descriptor) as line, os.fdopen(os.dup(descriptor), "wb", buffering=0) as sink:
        while line.recv(len(_GO)):
            stream(database, path, pa.PythonFile(sink, "w"))


if __name__ == "__main__":
    _main(Path(sys.argv[1]), int(sys.argv[2]))
