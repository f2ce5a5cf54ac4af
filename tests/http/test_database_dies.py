"""The database dies, or stops answering, in the midst of queries: 503, and all is right again without a restart."""

import json
import signal
import threading
import time
from pathlib import Path
from typing import Final, Self

import httpx

from gateway.graph import make_id
from gateway.vocabulary import FOREVER
from tests.app.process import START, until
from tests.http.desk import Desk
from tests.http.partner import Partner, registered
from tests.http.served import GOOD, Served, refusal
from tests.http.socket import Socket
from tests.http.test_lineage import token
from tests.lineage.reporting import event

PAGE: Final = "{ datasets(first: 100) { nodes { title fields(first: 20) { nodes { name title } } } } }"
UNAVAILABLE: Final = "a service that the gateway needs is away; try again in some seconds"
CASE: Final = """
CREATE (:Case {id: $id, kind: 'APPLICATION', state: 'WITHDRAWN', version: 2, purpose: 'SERVICE', consumer: $agency,
  provider: 'ag_nobody', consumerJurisdiction: 'ju', providerJurisdiction: 'ju', jurisdictions: [],
  dataset: 'ds_nothing', filedAt: toString(datetime.realtime('Z')), movedAt: toString(datetime.realtime('Z'))})
"""


class Askers:
    """Clients that ask the same again and again, some with a token, until they are told to stop.

    Each answer has to come within the client's patience, whatever it says.
    """

    def __init__(self, served: Served, number: int) -> None:
        self.answers: list[httpx.Response] = []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(served, i)) for i in range(number)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, served: Served, number: int) -> None:
        while not self._stop.is_set():
            self.answers.append(served.send(PAGE, None, "staff@water" if number % 2 else None))
            time.sleep(0.05)


class Reports:
    """A system that reports run after run of a job, each until it is taken; every other has one source more."""

    def __init__(self, served: Served, token: str) -> None:
        self.taken = 0
        self.refused = 0
        self._served = served
        self._headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._report)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _report(self) -> None:
        while not self._stop.is_set():
            n = self.taken
            when = f"2026-01-01T{n // 60:02}:{n % 60:02}:00.000Z"
            one = event(f"dying-{n}", when, inputs=["a", "b"] if n % 2 else ["a"], outputs=["dying"], job="dying")
            answer = self._served.client.post("/lineage/events", content=json.dumps(one), headers=self._headers)
            self.taken += answer.status_code == 201
            self.refused += answer.status_code != 201
            time.sleep(0.05)


_REPORTED: Final = """
MATCH (:External {name: 'dying'})-[e:DERIVED_FROM {job: 'scheduler/dying', recordedTo: $forever}]->(s)
WITH s.name AS source, count(e) AS edges
RETURN [source, edges]
"""


def _unavailable(answer: httpx.Response) -> None:
    error = refusal(answer, 503)
    assert (error["extensions"]["code"], error["message"]) == ("UNAVAILABLE", UNAVAILABLE)
    assert int(answer.headers["retry-after"]) > 0


def _status(served: Served, path: str) -> int:
    return served.client.get(path).status_code


def test_a_killed_database_is_503_until_it_is_back_by_itself(served: Served, tmp_path: Path) -> None:
    right = {who: served.ask(PAGE, None, who) for who in (None, "staff@water")}
    java = served.java()
    client, key = registered(Desk(served, tmp_path, "water"))
    reporting = Reports(served, token(Partner(served, client, key, "", {})))
    with Socket(served, "staff@water") as socket, Askers(served, 3) as askers, reporting:
        socket.follow()
        until(lambda: reporting.taken > 2, 10, "reports are taken")
        until(lambda: len(askers.answers) > 8, 10, "queries are answered")
        java.kill()
        until(lambda: _status(served, "/readyz") == 503, 10, "not ready")
        assert _status(served, "/healthz") == 200
        until(lambda: _status(served, "/readyz") == 200, START, "ready again")
        after = len(askers.answers)
        until(lambda: len(askers.answers) > after + 8, 30, "queries are answered again")
        taken = reporting.taken
        until(lambda: reporting.taken > taken + 2, 30, "reports are taken again")
        served.cypher(CASE, id="cs_after", agency=make_id("ag_", "water"))
        assert socket.told()["accessRequest"]["id"] == "cs_after", "who follows goes on following"
        served.cypher("MATCH (c:Case {id: 'cs_after'}) DELETE c")
    assert served.java().pid != java.pid
    assert reporting.refused
    once = {"a": 1, "b": reporting.taken // 2}
    assert dict(served.cypher(_REPORTED, forever=FOREVER)) == once, "nothing is lost and nothing doubled"
    refused = [answer for answer in askers.answers if answer.status_code != 200]
    assert refused
    for answer in refused:
        _unavailable(answer)
    for answer in askers.answers:
        if answer.status_code == 200:
            assert answer.json()["data"] in right.values()
    assert served.ask(PAGE, None, "staff@water") == right["staff@water"]
    assert served.gateway.process.poll() is None
    assert "Traceback" not in served.gateway.err


def test_a_database_that_says_nothing_is_503_too(strict: Served) -> None:
    java = strict.java()
    java.send_signal(signal.SIGSTOP)
    try:
        _unavailable(strict.send(GOOD))
        assert _status(strict, "/readyz") == 503
        assert _status(strict, "/healthz") == 200
    finally:
        java.send_signal(signal.SIGCONT)
    until(lambda: _status(strict, "/readyz") == 200, 20, "ready again")
