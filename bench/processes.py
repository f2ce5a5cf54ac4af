"""Programs that the bench starts on loopback, and stops again by their own pid."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
_START: Final = 300.0
_STOP: Final = 60.0


class Unusable(Exception):
    """Something that the bench needs is missing or did not start; the message says what to do."""


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(name: str, argv: Sequence[str], env: Mapping[str, str], log: Path, ready: str) -> Iterator[None]:
    """A server that is up once the URL `ready` answers with anything below 500, for as long as the block runs."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as out:
        process = subprocess.Popen(
            argv, cwd=ROOT, env={**os.environ, **env}, stdin=subprocess.DEVNULL, stdout=out, stderr=out
        )
    try:
        _await(name, process, log, ready)
        yield
    finally:
        process.terminate()
        try:
            process.wait(_STOP)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await(name: str, process: "subprocess.Popen[bytes]", log: Path, ready: str) -> None:
    until = time.monotonic() + _START
    while time.monotonic() < until:
        if process.poll() is not None:
            raise Unusable(f"{name} ended at its start; its log is {log}:\n{log.read_text('utf-8', 'replace')[-2000:]}")
        try:
            with urllib.request.urlopen(ready, timeout=5):
                return
        except urllib.error.HTTPError as answer:
            if answer.code < 500:
                return
        except OSError:
            pass
        time.sleep(0.2)
    raise Unusable(f"{name} was not ready after {_START:.0f} s; its log is {log}")


def uvicorn(factory: str, port: int) -> list[str]:
    """The command line that serves `factory` with one worker, the way the gateway is served."""
    return [
        *(sys.executable, "-m", "uvicorn", "--factory", factory, "--host", "127.0.0.1", "--port", str(port)),
        *("--loop", "uvloop", "--http", "httptools", "--ws", "none", "--no-access-log", "--log-level", "warning"),
    ]
