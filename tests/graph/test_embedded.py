"""The embedded Neo4j lives and dies with its gateway, and loses nothing (design section 5)."""

import asyncio
import json
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import psutil
import pytest

from gateway.graph import EmbeddedNeo4j, nanny, open_graph, running_graph, stop_detached
from gateway.graph.errors import GraphUnavailable, ServerFailed, StateInUse
from gateway.graph.state import Instance, StateDirectory
from tests.support.database import ENDLESS, SHORT_LIVED, DatabaseSettings

NANNY: Final = Path(nanny.__file__)


@dataclass(frozen=True, slots=True)
class Gateway:
    """A gateway in a process of its own."""

    process: subprocess.Popen[str]
    java: psutil.Process

    @property
    def nanny(self) -> psutil.Process:
        (nanny,) = psutil.Process(self.process.pid).children()
        return nanny


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DatabaseSettings:
    for name, value in SHORT_LIVED.items():
        monkeypatch.setenv(name, value)
    return DatabaseSettings(state=tmp_path / "state")


@pytest.fixture
def launch(settings: DatabaseSettings) -> Iterator[Callable[[], Gateway]]:
    """Start a gateway on `settings`. What still runs at the end is ended."""
    started: list[Gateway] = []

    def start() -> Gateway:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.graph.gateway_process", str(settings.state)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        with process.stdout as said:
            java = psutil.Process(json.loads(said.readline())["java"])
        started.append(Gateway(process, java))
        return started[-1]

    yield start
    for gateway in started:
        gateway.process.terminate()
        gateway.process.wait()
        if gateway.java.is_running():
            gateway.java.kill()


async def _mark(settings: DatabaseSettings) -> None:
    async with open_graph(settings) as graph:
        await graph.run("CREATE (:Mark {text: 'acknowledged'})")


async def _marks(settings: DatabaseSettings) -> int:
    async with open_graph(settings) as graph:
        return int(await graph.read("MATCH (m:Mark) RETURN count(m)"))


def test_it_listens_on_loopback_only_and_nowhere_else(database: DatabaseSettings) -> None:
    running = StateDirectory(database.state).running()
    assert running is not None
    instance, java = running
    listening = [s.laddr for s in java.net_connections("inet") if s.status == psutil.CONN_LISTEN]
    assert [(address.ip.removeprefix("::ffff:"), address.port) for address in listening] == [
        ("127.0.0.1", instance.port)
    ]


def test_the_password_is_for_its_owner_alone(database: DatabaseSettings) -> None:
    for path in (database.state / "neo4j.password", database.state / "neo4j" / "data" / "dbms" / "auth.ini"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    password = (database.state / "neo4j.password").read_text()
    assert len(password) >= 43
    commands = [process.info["cmdline"] or [] for process in psutil.process_iter(["cmdline"])]
    assert not any(password in argument for command in commands for argument in command)


def test_a_second_gateway_on_the_same_state_is_refused(database: DatabaseSettings) -> None:
    with pytest.raises(StateInUse, match=r"in use by another gateway \(process \d+\).*GATEWAY_STATE"):
        EmbeddedNeo4j(database).start()
    with pytest.raises(StateInUse):
        stop_detached(database.state)
    assert StateDirectory(database.state).address() is not None, "the refused one must not harm the running one"


async def test_a_command_uses_the_server_that_runs(database: DatabaseSettings) -> None:
    before = StateDirectory(database.state).recorded()
    async with running_graph(database) as graph:
        assert await graph.available()
    assert StateDirectory(database.state).recorded() == before


async def test_kill_9_ends_java_and_loses_nothing_and_a_java_that_nobody_could_end_does_not_block(
    settings: DatabaseSettings, launch: Callable[[], Gateway]
) -> None:
    first = launch()
    await _mark(settings)
    first.process.kill()
    first.java.wait(60)

    second = launch()
    assert await _marks(settings) == 1
    await _mark(settings)
    second.nanny.kill()
    second.process.kill()
    second.process.wait()
    assert second.java.is_running()

    third = launch()
    assert not second.java.is_running()
    assert third.java.pid != second.java.pid
    assert await _marks(settings) == 2
    third.process.terminate()
    assert third.process.wait(60) == 0
    assert not third.java.is_running()
    assert StateDirectory(settings.state).recorded() is None


async def test_a_java_that_dies_is_started_again_where_drivers_look(settings: DatabaseSettings) -> None:
    server = EmbeddedNeo4j(settings)
    server.start()
    try:
        async with open_graph(settings) as graph:
            await graph.run("CREATE (:Mark)")
            assert server.pid is not None
            java = psutil.Process(server.pid)
            midway = asyncio.create_task(graph.read(ENDLESS))
            await asyncio.sleep(0.5)
            java.kill()
            with pytest.raises(GraphUnavailable):
                await midway
            assert not await graph.available()
            _wait_until(lambda: StateDirectory(settings.state).address() is not None)
            assert await graph.read("MATCH (m:Mark) RETURN count(m)") == 1
    finally:
        server.stop()
    assert StateDirectory(settings.state).running() is None


async def test_a_detached_server_is_taken_over_and_left_running(settings: DatabaseSettings) -> None:
    address = EmbeddedNeo4j(settings).start(detached=True)
    try:
        gateway = EmbeddedNeo4j(settings)
        assert gateway.start() == address
        with pytest.raises(StateInUse):
            EmbeddedNeo4j(settings).start()
        await _mark(settings)
        gateway.stop()
        assert await _marks(settings) == 1
    finally:
        assert stop_detached(settings.state)
    assert StateDirectory(settings.state).running() is None
    assert not stop_detached(settings.state)


def test_a_server_that_cannot_start_says_why_and_frees_the_state(settings: DatabaseSettings) -> None:
    with pytest.raises(ServerFailed, match="Invalid maximum heap size"):
        EmbeddedNeo4j(replace(settings, neo4j_heap="plenty")).start()
    state = StateDirectory(settings.state)
    state.acquire()
    state.release()
    assert state.recorded() is None


@pytest.mark.parametrize("detached", [True, False])
def test_a_signal_in_the_middle_of_a_start_leaves_no_java(
    settings: DatabaseSettings, monkeypatch: pytest.MonkeyPatch, detached: bool
) -> None:
    def interrupted(pid: int) -> None:
        seen.append(pid)
        raise KeyboardInterrupt

    seen: list[int] = []
    monkeypatch.setattr("gateway.graph.process.psutil.Process", interrupted)
    with pytest.raises(KeyboardInterrupt):
        EmbeddedNeo4j(settings).start(detached=detached)
    monkeypatch.undo()
    assert len(seen) == 1
    assert not psutil.pid_exists(seen[0])


def test_a_nanny_whose_parent_is_gone_ends_java_at_once() -> None:
    # The parent's death is an end of input and a broken pipe, in the moment before the pid is written.
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", str(NANNY), sys.executable, "-c", "import time; time.sleep(600)"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdout.close()
    process.stdin.close()
    assert process.wait(60) != 0


def test_a_pid_that_belongs_to_something_else_is_not_ours(settings: DatabaseSettings) -> None:
    me = psutil.Process()
    state = StateDirectory(settings.state)
    state.acquire()
    state.record(Instance(me.pid, me.create_time(), 1, detached=True))
    assert state.running() is None
    (state.path / "instance.json").write_text("{half")
    assert state.recorded() is None
    state.release()


def _wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not true():
        assert time.monotonic() < deadline, "did not come true within 120 s"
        time.sleep(0.1)
