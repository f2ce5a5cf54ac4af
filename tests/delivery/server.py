"""A real PostgreSQL on a socket of its own, as Debian packages it."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest

_BINARIES: Final = Path("/usr/lib/postgresql")
_ACCOUNTS: Final = ("postgres", "nobody")
_START: Final = 30.0


@dataclass(frozen=True, slots=True)
class Server:
    """A running server; `dsn` leads to its only database."""

    dsn: str

    def connect(self) -> "psycopg.Connection[Any]":
        """As the server's owner."""
        return psycopg.connect(self.dsn, autocommit=True)


@contextmanager
def running_server() -> Iterator[Server]:
    """Start it, and stop it at the end. Nothing is kept, and nothing is waited for on the disk."""
    binaries = _binaries()
    # A short path: a socket's has at most a hundred bytes.
    folder = Path(tempfile.mkdtemp(prefix="gw-pg-", dir="/tmp"))
    account = next(name for name in _ACCOUNTS if _exists(name)) if os.getuid() == 0 else None
    if account is not None:
        shutil.chown(folder, account)
    # The server refuses to run as root.
    as_account = [] if account is None else ["setpriv", f"--reuid={account}", "--regid=nogroup", "--clear-groups"]
    data = folder / "data"
    subprocess.run(
        [*as_account, binaries / "initdb", "-D", data, "-U", "owner", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8",
         "--no-sync"],
        check=True, capture_output=True, cwd="/",
    )  # fmt: skip
    options = {"listen_addresses": "", "unix_socket_directories": folder, "fsync": "off", "max_connections": 60}
    process = subprocess.Popen(
        [*as_account, binaries / "postgres", "-D", data, *(f"--{name}={value}" for name, value in options.items())],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/",
    )  # fmt: skip
    try:
        dsn = f"host={folder} user=owner dbname=postgres"
        _await(dsn, process)
        yield Server(dsn)
    finally:
        process.send_signal(2)  # ends its clients' connections and stops
        process.wait(_START)
        shutil.rmtree(folder)


def _binaries() -> Path:
    found = sorted(_BINARIES.glob("*/bin/postgres"))
    if not found:
        pytest.fail("PostgreSQL is not installed: run `make postgres` (Debian's packages), or install its server")
    return found[-1].parent


def _exists(account: str) -> bool:
    return subprocess.run(["id", account], capture_output=True, check=False).returncode == 0


def _await(dsn: str, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + _START
    while time.monotonic() < until and process.poll() is None:
        try:
            psycopg.connect(dsn).close()
            return
        except psycopg.OperationalError:
            time.sleep(0.05)
    pytest.fail("PostgreSQL did not start")
