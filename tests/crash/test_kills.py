"""kill -9 at random moments, of the gateway and of Neo4j, under clients that retry by idempotency key.

After every kill: no acknowledged change is missing from graph or log, none is in it twice, and the log verifies and
begins with the checkpoint from before. `make crash KILLS=N` says how many kills.
"""

import json
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import httpx
import psutil

from gateway.audit.fsck import check_log
from gateway.audit.log import LogFolder
from gateway.audit.reading import FolderSource
from gateway.audit.tlog import Verifier
from gateway.audit.verify import verify
from gateway.graph.times import instant
from gateway.identity.development import development_token
from tests.app.process import Gateway, command
from tests.http.served import database
from tests.http.test_log import OWN, REFRESH
from tests.support.logged import logged

KILLS: Final = int(os.environ.get("GATEWAY_TEST_KILLS", "20"))
CLIENTS: Final = 4
EVERY: Final = 5
"""Every so many kills Neo4j is killed instead, which then takes longer to come back."""
_START: Final = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Client:
    """Makes one change after the other on a dataset of its own, each until it is acknowledged."""

    dataset: str
    port: int
    token: str
    acknowledged: dict[str, str] = field(default_factory=dict)
    """Event by the instant that was stated."""
    pending: int = 0
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        n = 0
        with httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=20) as client:
            while not self.stop.is_set():
                n += 1
                at = instant(_START + timedelta(seconds=n))
                given = {"dataset": self.dataset, "refreshedAt": at, "idempotencyKey": f"crash-{self.dataset}-{n}"}
                while (made := self._try(client, given)) is None:
                    if self.stop.is_set():
                        return
                    time.sleep(0.05)
                self.acknowledged[at] = made

    def _try(self, client: httpx.Client, given: dict[str, str]) -> str | None:
        headers = {"Authorization": f"Bearer {self.token}"}
        body = {"query": REFRESH, "variables": {"input": given}}
        try:
            answer = client.post("/graphql", json=body, headers=headers)
        except httpx.HTTPError:
            return None
        if answer.status_code != 200 or "errors" in answer.json():
            return None
        made = answer.json()["data"]["recordRefresh"]
        codes = [problem["code"] for problem in made["problems"]]
        if codes == []:
            return str(made["event"])
        assert codes[0] in ("LOG_PENDING", "LOG_UNAVAILABLE"), made
        self.pending += codes[0] == "LOG_PENDING"
        return None


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
        threads = [threading.Thread(target=client.run) for client in clients]
        for thread in threads:
            thread.start()
        try:
            for kill in range(1, KILLS + 1):
                time.sleep(chance.uniform(0.2, 2.5))
                gateway = _kill(gateway, state, java=kill % EVERY == 0)
                time.sleep(chance.uniform(0.0, 0.3))
                _holds(clients, state)
        finally:
            for client in clients:
                client.stop.set()
            for thread in threads:
                thread.join()
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
