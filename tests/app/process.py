"""`gateway serve` as a process of its own, the way an operator starts it."""

import json
import os
import random
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import httpx
import psutil
from typer.testing import CliRunner

from gateway.cli import build_app
from tests.support.database import CACHE, SHORT_LIVED

START = 120.0
"""Seconds that a start may take before a test gives up; how long it should take is the benchmarks' business."""
DEMO_ROWS: Final = 1_000
"""Of what the city's agencies deliver; of a million rows nobody here sees more."""
_BUSY: Final = 6
_CHOSEN_BY_HAND: Final = (10_000, 32_000)
"""Ports below those that systems give to who leaves the choice to them."""


def environment(state: Path, **variables: str) -> dict[str, str]:
    """This process's environment with these settings alone."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}
    given = {"STATE": str(state), "CACHE": str(CACHE), "DEMO_ROWS": str(DEMO_ROWS), **variables}
    return {**kept, **SHORT_LIVED, **{f"GATEWAY_{name}": value for name, value in given.items()}}


def command(state: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run one `gateway` command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "gateway.cli", *arguments],
        env=environment(state, **variables),
        capture_output=True,
        text=True,
        timeout=START,
        check=False,
    )


def command_here(state: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """The same within this process, which spares the second that a start takes. Not from within an event loop."""
    given = {name: None for name in os.environ if name.startswith("GATEWAY_")} | environment(state, **variables)
    found = CliRunner().invoke(build_app(), list(arguments), env=given)
    if found.exception is not None and not isinstance(found.exception, SystemExit):
        raise found.exception
    return subprocess.CompletedProcess(list(arguments), found.exit_code, found.stdout, found.stderr)


def free_port() -> int:
    """A port that nobody has, and that the system gives to nobody who leaves the choice to it, before it is used."""
    while True:
        port = random.SystemRandom().randrange(*_CHOSEN_BY_HAND)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def until(holds: Callable[[], bool], seconds: float, what: str) -> None:
    """Wait for something to become true: within `seconds`, and on a busy machine many times as long."""
    deadline = time.monotonic() + _BUSY * seconds
    while not holds():
        assert time.monotonic() < deadline, f"not within {_BUSY} x {seconds} s: {what}"
        time.sleep(0.05)


class Gateway:
    """One gateway on `state`; killed at the end if a test left it running."""

    def __init__(self, state: Path, **variables: str) -> None:
        self.state = state
        self.port = int(variables.pop("PORT", 0)) or free_port()
        self._out = (state.parent / f"{state.name}-{self.port}.out").open("w+")
        self._err = (state.parent / f"{state.name}-{self.port}.err").open("w+")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gateway.cli", "serve"],
            env=environment(state, PORT=str(self.port), **variables),
            stdout=self._out,
            stderr=self._err,
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._out.close()
        self._err.close()

    @property
    def out(self) -> str:
        """Its standard output so far."""
        return Path(self._out.name).read_text("utf-8")

    @property
    def err(self) -> str:
        """Its standard error so far."""
        return Path(self._err.name).read_text("utf-8")

    def announced(self) -> Self:
        """Wait until it says that it answers."""
        until(lambda: "answers at" in self.out or self.process.poll() is not None, START, "the announcement")
        assert self.process.poll() is None, self.err
        return self

    def get(self, path: str) -> httpx.Response:
        """Ask it something."""
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", timeout=30)

    def query(self, text: str, token: str | None = None) -> Any:
        """The answer to a query."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        answer = httpx.post(f"http://127.0.0.1:{self.port}/graphql", json={"query": text}, headers=headers, timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def end(self, signum: signal.Signals) -> int:
        """Send a signal and wait for the end; the exit code."""
        self.process.send_signal(signum)
        return self.process.wait(60)

    def java(self) -> psutil.Process:
        """The database's process."""
        return psutil.Process(json.loads((self.state / "instance.json").read_text())["pid"])

    def family(self) -> list[psutil.Process]:
        """The gateway and everything that it started."""
        me = psutil.Process(self.process.pid)
        return [me, *me.children(recursive=True)]

    def curl(self) -> list[str]:
        """The command line that the announcement offers, as a shell would split it."""
        line = re.search(r"^\s*(curl .*)$", self.out, re.MULTILINE)
        assert line is not None
        return shlex.split(line[1])


def gone(processes: list[psutil.Process]) -> bool:
    """Whether none of them runs any more."""
    return not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in processes)
