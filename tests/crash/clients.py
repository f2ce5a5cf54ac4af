"""Clients that change something again and again, and remember what was acknowledged."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

import httpx

from gateway.graph.times import instant
from tests.http.test_log import REFRESH

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


@contextmanager
def running(clients: Sequence[Client]) -> Iterator[None]:
    """Clients at work until the end of the block."""
    threads = [threading.Thread(target=client.run) for client in clients]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for client in clients:
            client.stop.set()
        for thread in threads:
            thread.join()
