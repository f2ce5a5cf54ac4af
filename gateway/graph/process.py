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
_POLL: Final = 0.1


def spawn(command: Sequence[str], log: Path) -> tuple[subprocess.Popen[bytes], psutil.Process]:
    """Start Java in a session of its own, so that Ctrl-C reaches the gateway alone, which then stops it in order.

    Returns:
        The nanny, which ends Java when this process is gone, and Java.
    """
    with log.open("ab") as output:
        nanny = subprocess.Popen(
            [sys.executable, "-I", "-S", str(Path(__file__).with_name("nanny.py")), *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=output,
            start_new_session=True,
        )
    try:
        assert nanny.stdout is not None
        with nanny.stdout as said:
            return nanny, psutil.Process(int(said.readline()))
    except BaseException as problem:
        # Ctrl-C can come at any moment; the nanny ends Java when its pipe closes.
        reap(nanny)
        if isinstance(problem, ValueError | psutil.Error):
            raise ServerFailed(f"Java could not be started. {_last_words(log.parent.parent)}") from problem
        raise


def reap(nanny: subprocess.Popen[bytes]) -> None:
    """Close the pipe to the nanny, which ends Java if it still runs, and wait until both are gone."""
    if nanny.stdin is not None:
        nanny.stdin.close()
    nanny.wait()


def dismiss(nanny: subprocess.Popen[bytes]) -> None:
    """Let the nanny go without ending Java."""
    assert nanny.stdin is not None
    with nanny.stdin as pipe:
        pipe.write(b"leave\n")
    nanny.wait()


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
        if not _gone(java):
            java.kill()
            _gone(java)
    except psutil.NoSuchProcess:
        return


def _gone(java: psutil.Process) -> bool:
    # psutil's own wait takes a zombie for alive; in a container nobody may reap what a killed gateway left.
    deadline = time.monotonic() + STOP_TIMEOUT
    while time.monotonic() < deadline:
        if not java.is_running() or java.status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(_POLL)
    return False


def _last_words(home: Path) -> str:
    lines: list[str] = []
    for name in ("console.log", "neo4j.log"):
        try:
            lines += (home / "logs" / name).read_text("utf-8", "replace").splitlines()[-8:]
        except OSError:
            continue
    return "Neo4j said last:\n  " + "\n  ".join(lines) if lines else "It said nothing."
