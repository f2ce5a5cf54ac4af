"""`gateway serve` from the start to every kind of end. Each test starts where the one before left the state."""

import json
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import psutil
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from gateway.cli.serve import EXAMPLE, _called
from gateway.identity.development import development_token
from tests.app.process import START, Gateway, command, command_here, free_port, gone, until

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("serve") / "state"


@pytest.fixture(scope="module")
def running(state: Path) -> Iterator[Gateway]:
    """A gateway that several tests use; the last one ends it."""
    with Gateway(state) as gateway:
        yield gateway.announced()


def test_a_first_start_ends_with_an_address_a_token_and_a_query_that_works(running: Gateway) -> None:
    assert f"http://127.0.0.1:{running.port}/graphql" in running.out
    assert "gateway token --as center" in running.out
    page = running.query(EXAMPLE)
    assert "errors" not in page
    assert len(page["data"]["datasets"]["nodes"]) == 3
    if shutil.which("curl"):
        told = subprocess.run(running.curl(), capture_output=True, check=True, timeout=30)
        assert json.loads(told.stdout) == page

    listed = command(running.state, "token", "--list")
    assert listed.returncode == 0, listed.stderr
    assert "center" in listed.stdout
    token = command(running.state, "token", "--as", "center").stdout.strip()
    assert running.query("{ me { name roles } }", token)["data"]["me"]["roles"] == ["CENTER"]
    unknown = command(running.state, "token", "--as", "centre")
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert "center" in unknown.stderr

    for request in range(3):
        assert running.get("/readyz").status_code == 200, request
    assert len(running.family()) > 1
    assert "Traceback" not in running.err
    assert token not in running.err


def test_a_second_gateway_on_the_same_state_or_port_is_refused_and_harms_nothing(
    running: Gateway, tmp_path: Path
) -> None:
    same_state = command(running.state, "serve", PORT=str(free_port()))
    assert same_state.returncode == 1
    assert f"process {running.process.pid}" in same_state.stderr
    same_port = command(tmp_path / "other", "serve", PORT=str(running.port))
    assert same_port.returncode == 1
    assert f"port {running.port}" in same_port.stderr
    assert "GATEWAY_PORT" in same_port.stderr
    assert "Traceback" not in same_state.stderr + same_port.stderr
    assert running.get("/readyz").status_code == 200


def test_a_database_that_dies_is_503_until_it_is_back_by_itself(running: Gateway) -> None:
    running.java().kill()
    until(lambda: running.get("/readyz").status_code == 503, 10, "not ready")
    assert running.get("/healthz").status_code == 200
    until(lambda: running.get("/readyz").status_code == 200, START, "ready again")
    assert "errors" not in running.query(EXAMPLE)


def test_ctrl_c_stops_everything_and_closes_sockets_so_that_they_come_again(running: Gateway) -> None:
    family = running.family()
    token = development_token(running.state, "urn:gateway:api", "auditor", lifetime=60)
    with _socket(running) as socket:
        socket.send(json.dumps({"type": "connection_init", "payload": {"Authorization": f"Bearer {token}"}}))
        assert socket.recv(timeout=30) == '{"type":"connection_ack"}'
        query = {"query": "subscription { caseChanged { changedAt } }"}
        socket.send(json.dumps({"type": "subscribe", "id": "1", "payload": query}))
        socket.send(json.dumps({"type": "ping"}))
        assert socket.recv(timeout=30) == '{"type":"pong"}'
        assert running.end(signal.SIGINT) == 0
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(timeout=5)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1012
    until(lambda: gone(family), 10, "everything stopped")
    assert "Traceback" not in running.err
    assert "timeout graceful shutdown exceeded" not in running.err


def test_several_workers_share_the_port_and_the_figures_and_die_with_a_killed_gateway(state: Path) -> None:
    with Gateway(state, WORKERS="2") as gateway:
        gateway.announced()
        before = _graphql_count(gateway)
        for _ in range(20):
            gateway.query("{ me { name } }")
        assert _graphql_count(gateway) == before + 20

        first, second = _workers(gateway)
        with ExitStack() as stack:
            opened = 0
            while opened < 50 and not _serves(first, gateway):
                stack.enter_context(_socket(gateway))
                opened += 1
            until(lambda: _open_sockets(gateway) == opened, 5, "sockets are counted over all workers")
            first.kill()
            until(lambda: _open_sockets(gateway) < opened, 30, "those of a worker that died are not open any more")
        until(lambda: len(_workers(gateway)) == 2 and first not in _workers(gateway), 30, "a new worker")
        until(lambda: gateway.get("/readyz").status_code == 200, 30, "ready")
        assert second.is_running()

        family = gateway.family()
        gateway.end(signal.SIGKILL)
    with Gateway(state, WORKERS="2") as after:
        after.announced()
        assert "errors" not in after.query(EXAMPLE)
        assert gone(family)
        survivors = after.family()
        assert after.end(signal.SIGTERM) == 0
        until(lambda: gone(survivors), 10, "everything stopped")


def test_a_signal_during_the_start_stops_everything_too(tmp_path: Path) -> None:
    with Gateway(tmp_path / "state") as gateway:
        until(lambda: len(gateway.family()) > 2, START, "the database is starting")
        family = gateway.family()
        assert gateway.end(signal.SIGTERM) == 0
        until(lambda: gone(family), 30, "everything stopped")
        assert "answers at" not in gateway.out
        assert "Traceback" not in gateway.err


def test_what_cannot_start_says_why_before_anything_slow(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        refused = command(tmp_path / "state", "serve", PORT=str(taken.getsockname()[1]))
    assert refused.returncode == 1
    assert "in use by another program" in refused.stderr
    assert not (tmp_path / "state").exists()

    (tmp_path / "jwks.json").write_text('{"keys": []}')
    issuers = json.dumps([{"iss": "https://id.example.org", "jwks_file": str(tmp_path / "jwks.json")}])
    keyless = command(tmp_path / "state", "serve", PORT="0", ISSUERS=issuers)
    assert keyless.returncode == 1
    assert "GATEWAY_ISSUERS" in keyless.stderr
    assert "jwks.json" in keyless.stderr

    (tmp_path / "file").touch()
    nowhere = command(tmp_path / "file", "serve", PORT="0")
    assert nowhere.returncode == 1
    assert str(tmp_path / "file") in nowhere.stderr.replace("\n", "")

    wrong = command(tmp_path / "state", "serve", PORT="abc", NEO4J_PASSWORD="hunter2", PROT="1")
    assert wrong.returncode == 1
    assert "GATEWAY_PORT='abc'" in wrong.stderr
    assert "did you mean GATEWAY_PORT?" in wrong.stderr
    assert "hunter2" not in wrong.stderr + wrong.stdout
    assert "Traceback" not in refused.stderr + keyless.stderr + nowhere.stderr + wrong.stderr


def test_a_database_of_somebody_elses_that_is_away_is_named(tmp_path: Path) -> None:
    began = time.monotonic()
    away = command(
        tmp_path / "state", "serve", PORT="0", NEO4J_URI=f"bolt://127.0.0.1:{free_port()}", NEO4J_PASSWORD="hunter2"
    )
    assert away.returncode == 1
    assert "Neo4j cannot be reached" in away.stderr
    assert "hunter2" not in away.stderr
    assert time.monotonic() - began < START


def test_the_token_command_refuses_where_there_is_no_development_issuer(tmp_path: Path) -> None:
    issuers = json.dumps([{"iss": "https://id.example.org", "jwks_url": "https://id.example.org/jwks.json"}])
    for variables in ({"ISSUERS": issuers}, {"DEVELOPMENT_ISSUER": "off"}, {"PRODUCTION": "true"}):
        refused = command_here(tmp_path / "state", "token", "--as", "center", **variables)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert "development issuer is off" in refused.stderr
    for arguments in ([], ["--as", "center", "--list"], ["--as", "center", "--expires", "never"]):
        refused = command_here(tmp_path / "state", "token", *arguments)
        assert (refused.returncode, refused.stdout) == (1, "")


def test_a_token_can_be_made_without_a_running_gateway(tmp_path: Path) -> None:
    made = command(tmp_path / "state", "token", "--as", "center", "--expires", "90m")
    assert made.returncode == 0, made.stderr
    assert made.stdout.count(".") == 2
    assert "nobody checked the name" in made.stderr
    assert command(tmp_path / "state", "token", "--list").returncode == 1


def _socket(gateway: Gateway) -> AbstractContextManager[ClientConnection]:
    return connect(f"ws://127.0.0.1:{gateway.port}/graphql", subprotocols=[Subprotocol("graphql-transport-ws")])


def _open_sockets(gateway: Gateway) -> float:
    lines = gateway.get("/metrics").text.splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith("gateway_sockets_open "))


def _serves(worker: psutil.Process, gateway: Gateway) -> bool:
    """Whether somebody is connected to this worker."""
    found = worker.net_connections(kind="tcp")
    return any(one.status == psutil.CONN_ESTABLISHED and one.laddr.port == gateway.port for one in found)


def _graphql_count(gateway: Gateway) -> float:
    sample = 'gateway_http_requests_total{method="POST",route="/graphql",status="200"} '
    return sum(float(line.split()[-1]) for line in gateway.get("/metrics").text.splitlines() if line.startswith(sample))


def _workers(gateway: Gateway) -> list[psutil.Process]:
    found = []
    for process in gateway.family()[1:]:
        try:
            if "spawn_main" in " ".join(process.cmdline()):
                found.append(process)
        except psutil.Error:
            continue
    return found


@pytest.mark.parametrize(
    ("called", "known", "printed"),
    [
        (".venv/bin/gateway", None, ".venv/bin/gateway"),
        (".venv/bin/gateway", "/usr/bin/gateway", ".venv/bin/gateway"),
        ("/opt/gateway/bin/gateway", "/opt/gateway/bin/gateway", "gateway"),
        ("/opt/gateway/cli/__main__.py", None, "gateway"),
    ],
)
def test_the_command_is_printed_so_that_it_can_be_typed(
    monkeypatch: pytest.MonkeyPatch, called: str, known: str | None, printed: str
) -> None:
    monkeypatch.setattr("sys.argv", [called, "serve"])
    monkeypatch.setattr("shutil.which", lambda _: known)
    assert _called() == printed
