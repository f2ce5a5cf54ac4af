"""The restore drill (R30): a backup made under load, restored elsewhere, gives the same answers and log."""

import json
import signal
import stat
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from gateway.audit.fsck import check_log
from gateway.audit.log import UNFINISHED, LogFolder
from gateway.audit.reading import FolderSource
from gateway.audit.tlog import Verifier
from gateway.audit.verify import verify
from gateway.identity.development import KEY_FILE, development_token
from gateway.notices import KEY_FILE as WEBHOOKS_KEY_FILE
from tests.app.process import Gateway, command, environment, until
from tests.crash.clients import Client, running
from tests.http.served import database
from tests.http.test_log import OWN
from tests.support.logged import logged

CLIENTS: Final = 3
PASSPHRASE: Final = "correct horse battery"
CALLERS: Final = (None, "staff@gaj", "head@wjw", "staff@water", "center", "supervisor", "auditor")
QUERIES: Final = (
    """{ datasets(first: 50) { totalCount nodes { id title shareType openType status provider { name }
    access { fetch { allowed requirement reason { zh en } } } fields(first: 10) { nodes { name shareType } } } } }""",
    "{ agencies(first: 100) { totalCount nodes { id name parent { name } } } }",
    '{ search(query: "水", first: 20) { nodes { __typename } } }',
)
EVENT: Final = "query E($id: ID!) { auditEvent(id: $id) { id kind index time outcome datasets body salt leaf } }"


@contextmanager
def reading(gateway: Gateway, answers: list[float]) -> Iterator[None]:
    """Somebody who reads all the while, with how long each answer took."""
    stop = threading.Event()

    def run() -> None:
        while not stop.is_set():
            began = time.monotonic()
            gateway.query("{ datasets(first: 5) { totalCount nodes { title } } }")
            answers.append(time.monotonic() - began)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def answers(gateway: Gateway, state: Path) -> Any:
    tokens = {name: development_token(state, "urn:gateway:api", name, lifetime=3_600) for name in CALLERS if name}
    found = [[gateway.query(query, tokens.get(name or "")) for query in QUERIES] for name in CALLERS]
    assert [answer["errors"] for one in found for answer in one if "errors" in answer] == []
    return found


def key(state: Path) -> Verifier:
    return Verifier.parse((LogFolder(state).public / "key").read_text())


@pytest.fixture(scope="module")
def passphrase(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("passphrase") / "passphrase"
    file.write_text(f"{PASSPHRASE}\n")
    return file


def test_a_backup_made_under_load_gives_the_same_answers_elsewhere(
    tmp_path: Path, passphrase: Path, record_property: Callable[[str, object], None]
) -> None:
    state, elsewhere, to = tmp_path / "state", tmp_path / "elsewhere", tmp_path / "backup"
    options = ("--passphrase-file", str(passphrase))
    with Gateway(state) as gateway:
        with database(gateway.announced()) as graph:
            rows, _, _ = graph.execute_query(OWN, {"code": "water"}, database_="neo4j")
            graph.execute_query("MATCH (d:Dataset) REMOVE d.refreshedAt", database_="neo4j")
        token = development_token(state, "urn:gateway:api", "staff@water", lifetime=86_400)
        clients = [Client(row[0], gateway.port, token) for row in rows[:CLIENTS]]
        times: list[float] = []
        with running(clients):
            until(lambda: all(len(client.acknowledged) > 20 for client in clients), 60, "changes")
            older = (LogFolder(state).public / "checkpoint").read_bytes()
            before = {event for client in clients for event in list(client.acknowledged.values())}
            with reading(gateway, times):
                made = command(state, "backup", str(to), *options)
            assert made.returncode == 0, made.stderr
            counts = [len(client.acknowledged) for client in clients]
            until(
                lambda: all(len(client.acknowledged) > n for client, n in zip(clients, counts, strict=True)),
                60,
                "more changes",
            )
        said = answers(gateway, state)
        events = sorted(before)[:20]
        told = [_event(gateway, token, event) for event in events]
        assert command(state, "fsck").returncode == 0
        gateway.end(signal.SIGTERM)
    assert len(times) > 20  # reading went on
    assert max(times) < 10

    _no_secret_lies_open(state, to)
    wrong = tmp_path / "wrong"
    wrong.write_text("another passphrase")
    refused = command(elsewhere, "restore", str(to), "--passphrase-file", str(wrong))
    assert refused.returncode == 1
    assert "another passphrase" in refused.stderr
    assert not LogFolder(elsewhere).path.exists()

    restored = command(elsewhere, "restore", str(to), *options)
    assert restored.returncode == 0, restored.stderr
    again = command(elsewhere, "restore", str(to), *options)
    assert again.returncode == 1
    assert "has a log already" in again.stderr
    with Gateway(elsewhere) as gateway:
        assert answers(gateway.announced(), elsewhere) == said
        assert [_event(gateway, token, event) for event in events] == told  # a token of before is still good
        assert command(elsewhere, "fsck").returncode == 0
        with database(gateway) as graph:
            stated, _, _ = graph.execute_query(
                "MATCH (d:Dataset) WHERE d.id IN $ids RETURN d.id, d.refreshedAt",
                {"ids": [client.dataset for client in clients]},
                database_="neo4j",
            )
        gateway.end(signal.SIGTERM)
    shown = verify(FolderSource(LogFolder(elsewhere).public), key(state), older=older)
    assert shown.older is not None
    faults: list[str] = []
    check_log(LogFolder(elsewhere), faults.append)
    assert faults == []
    _graph_and_log_agree(elsewhere, dict(map(tuple, stated)), before)
    for path in (LogFolder(elsewhere).key, elsewhere / KEY_FILE, elsewhere / WEBHOOKS_KEY_FILE):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    record_property("changes before the backup", len(before))
    record_property("answers while it was made", len(times))


def _event(gateway: Gateway, token: str, event: str) -> Any:
    return gateway.query(EVENT.replace("query E($id: ID!) ", "").replace("$id", json.dumps(event)), token)


def _no_secret_lies_open(state: Path, to: Path) -> None:
    secrets = [
        LogFolder(state).key.read_text().strip().rpartition("+")[2],
        json.loads((state / KEY_FILE).read_text())["d"],
        (state / WEBHOOKS_KEY_FILE).read_text().strip().removeprefix("whsk_"),
    ]
    for path in to.rglob("*"):
        data = path.read_bytes() if path.is_file() else b""
        assert not any(secret.encode() in data for secret in secrets), path


def _graph_and_log_agree(state: Path, stated: dict[str, str], before: set[str]) -> None:
    """The graph says of each dataset what its last event says; and what was acknowledged before is there once."""
    bodies = logged(state)
    assert all(n == 1 for n in Counter(body["id"] for body in bodies).values())
    assert {body["id"] for body in bodies} >= before
    kinds = [body["kind"] for body in bodies]
    assert kinds.index("backup.made") < kinds.index("backup.restored")
    for dataset, at in stated.items():
        mine = [body for body in bodies if body["kind"] == "data.refreshed" and body["about"]["datasets"] == [dataset]]
        assert [body["data"]["refreshedAt"] for body in mine] == sorted(body["data"]["refreshedAt"] for body in mine)
        assert mine[-1]["data"]["refreshedAt"] == at


def test_a_restore_that_was_killed_leaves_nothing_that_could_be_taken_for_whole(
    tmp_path: Path, passphrase: Path
) -> None:
    state, elsewhere, to = tmp_path / "state", tmp_path / "elsewhere", tmp_path / "backup"
    options = ("--passphrase-file", str(passphrase))
    assert command(state, "seed").returncode == 0
    made = command(state, "backup", str(to), *options)  # without a gateway, and with the folder that a kill left
    assert made.returncode == 0, made.stderr
    arguments = [sys.executable, "-m", "gateway.cli", "restore", str(to), *options]
    with subprocess.Popen(arguments, env=environment(elsewhere), stderr=subprocess.DEVNULL) as restoring:
        until((elsewhere / UNFINISHED).exists, 60, "the restore has begun")
        restoring.kill()
    with Gateway(elsewhere) as gateway:
        until(lambda: gateway.process.poll() is not None, 60, "the refusal")
        assert gateway.process.returncode == 1
        assert "was interrupted" in gateway.err
    again = command(elsewhere, "restore", str(to), *options)
    assert again.returncode == 1
    assert "was interrupted" in again.stderr
