"""One Java process of the embedded Neo4j: starting it, finding its port, ending it."""

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import psutil

from gateway.graph.errors import ServerFailed

START_TIMEOUT: Final = 90.0
STOP_TIMEOUT: Final = 25.0
_POLL: Final = 0.05


def spawn(command: Sequence[str], log: Path, *, detached: bool) -> tuple[subprocess.Popen[bytes], psutil.Process]:
    """Start Java in a session of its own, so that Ctrl-C reaches the gateway alone, which then stops it in order.

    Returns:
        The child (Java itself when `detached`, else the nanny that ends Java when this process is gone) and Java.
    """
    with log.open("ab") as output:
        if detached:
            child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
            )
            return child, psutil.Process(child.pid)
        nanny = [sys.executable, "-I", "-S", str(Path(__file__).with_name("nanny.py")), *command]
        child = subprocess.Popen(
            nanny, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=output, start_new_session=True
        )
    assert child.stdout is not None
    with child.stdout as said:
        pid = said.readline().strip()
    try:
        return child, psutil.Process(int(pid))
    except (ValueError, psutil.Error) as problem:
        child.kill()
        raise ServerFailed(f"Java could not be started; see {log}") from problem


def wait_for_port(java: psutil.Process, home: Path) -> int:
    """The port on which Neo4j speaks Bolt, as soon as it listens.

    The log does not tell a port that the system chose, the process's own sockets do.

    Raises:
        ServerFailed: Java ended, or nothing listened in time; the message ends with what Neo4j said last.
    """
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline:
        try:
            if java.status() == psutil.STATUS_ZOMBIE:
                break
            for socket in java.net_connections("tcp"):
                if socket.status == psutil.CONN_LISTEN:
                    return int(socket.laddr.port)
        except psutil.NoSuchProcess:
            break
        time.sleep(_POLL)
    raise ServerFailed(f"the embedded Neo4j did not start. {_last_words(home)}")


def end(java: psutil.Process) -> None:
    """Ask Java to stop; kill it when it does not. Harmless when it is gone."""
    try:
        java.terminate()
        java.wait(STOP_TIMEOUT)
    except psutil.NoSuchProcess:
        return
    except psutil.TimeoutExpired:
        java.kill()
        java.wait(STOP_TIMEOUT)


def _last_words(home: Path) -> str:
    lines: list[str] = []
    for name in ("console.log", "neo4j.log"):
        try:
            lines += (home / "logs" / name).read_text("utf-8", "replace").splitlines()[-8:]
        except OSError:
            continue
    return "Neo4j said last:\n  " + "\n  ".join(lines) if lines else "It said nothing."
