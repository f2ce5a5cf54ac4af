"""kill -9 at random moments, of the gateway and of Neo4j, under clients that retry by idempotency key.

After every kill: no acknowledged change is missing from graph or log, none is in it twice, and the log verifies and
begins with the checkpoint from before. `make crash KILLS=N` says how many kills.
"""

import json
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Final

import psutil

from gateway.audit.fsck import check_log
from gateway.audit.log import LogFolder
from gateway.audit.reading import FolderSource
from gateway.audit.tlog import Verifier
from gateway.audit.verify import verify
from gateway.identity.development import development_token
from tests.app.process import Gateway, command
from tests.crash.clients import Client, running
from tests.http.served import database
from tests.http.test_log import OWN
from tests.support.logged import logged

KILLS: Final = int(os.environ.get("GATEWAY_TEST_KILLS", "20"))
CLIENTS: Final = 4
EVERY: Final = 5
"""Every so many kills Neo4j is killed instead, which then takes longer to come back."""


def key(state: Path) -> Verifier:
    return Verifier.parse((LogFolder(state).public / "key").read_text())


def test_no_kill_takes_or_doubles_an_acknowledged_change(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    chance = random.Random(os.environ.get("GATEWAY_TEST_SEED", "kills"))
    state = tmp_path / "state"
    assert command(state, "neo4j", "start").returncode == 0  # by itself, so that killing a gateway leaves it running
    try:
        gateway = Gateway(state).announced()
        with database(gateway) as graph:
            rows, _, _ = graph.execute_query(OWN, {"code": "water"}, database_="neo4j")
            graph.execute_query("MATCH (d:Dataset) REMOVE d.refreshedAt", database_="neo4j")
        token = development_token(state, "urn:gateway:api", "staff@water", lifetime=86_400)
        clients = [Client(row[0], gateway.port, token) for row in rows[:CLIENTS]]
        assert len(clients) == CLIENTS
        try:
            with running(clients):
                for kill in range(1, KILLS + 1):
                    time.sleep(chance.uniform(0.2, 2.5))
                    gateway = _kill(gateway, state, java=kill % EVERY == 0)
                    time.sleep(chance.uniform(0.0, 0.3))
                    _holds(clients, state)
        finally:
            gateway.end(signal.SIGTERM)
            gateway.__exit__(None, None, None)
        _ended(clients, state)
    finally:
        command(state, "neo4j", "stop")
    changes = sum(len(client.acknowledged) for client in clients)
    assert changes > KILLS
    record_property("kills", KILLS)
    record_property("acknowledged changes", changes)


def _kill(gateway: Gateway, state: Path, *, java: bool) -> Gateway:
    if java:
        process = psutil.Process(json.loads((state / "instance.json").read_text())["pid"])
        process.kill()
        process.wait(30)
    gateway.__exit__(None, None, None)  # kill -9, and its output is closed
    if java:
        assert command(state, "neo4j", "start").returncode == 0
    return Gateway(state, PORT=str(gateway.port)).announced()


def _holds(clients: list[Client], state: Path) -> None:
    """While changes go on: what had been acknowledged before we look is there, once, and the log verifies."""
    before = {event for client in clients for event in list(client.acknowledged.values())}
    older = LogFolder(state).path / "kept-checkpoint"
    kept = older.read_bytes() if older.exists() else None
    note = (LogFolder(state).public / "checkpoint").read_bytes()
    verify(FolderSource(LogFolder(state).public), key(state), older=kept, note=note)
    older.write_bytes(note)
    counted = Counter(body["id"] for body in logged(state))
    assert all(counted[event] == 1 for event in before)
    assert all(n == 1 for n in counted.values())


def _ended(clients: list[Client], state: Path) -> None:
    """When everything has stopped: graph and log say the same."""
    faults: list[str] = []
    check_log(LogFolder(state), faults.append)
    assert faults == []
    bodies = [body for body in logged(state) if body["kind"] == "data.refreshed"]
    assert all(n == 1 for n in Counter(body["id"] for body in bodies).values())
    with Gateway(state) as gateway, database(gateway.announced()) as graph:
        for client in clients:
            mine = [body for body in bodies if body["about"]["datasets"] == [client.dataset]]
            stated = [body["data"]["refreshedAt"] for body in mine]
            assert stated == sorted({*stated})  # in the order in which they were made, and each once
            assert {body["id"] for body in mine} >= {*client.acknowledged.values()}
            rows, _, _ = graph.execute_query(
                "MATCH (d:Dataset {id: $id}) RETURN d.refreshedAt", {"id": client.dataset}, database_="neo4j"
            )
            assert rows[0][0] == stated[-1]
        rows, _, _ = graph.execute_query("RETURN COUNT { (:Idempotency) }, COUNT { (:Outbox) }", database_="neo4j")
        assert tuple(rows[0]) == (len(bodies), 0)
        gateway.end(signal.SIGTERM)
    assert [body["id"] for body in logged(state) if body["kind"] == "data.refreshed"] == [b["id"] for b in bodies]
