"""The database dies, or stops answering, in the midst of queries: 503, and all is right again without a restart."""

import signal
import threading
import time
from typing import Final, Self

import httpx

from gateway.graph import make_id
from tests.app.process import START, until
from tests.http.served import GOOD, Served, refusal
from tests.http.socket import Socket

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


def _unavailable(answer: httpx.Response) -> None:
    error = refusal(answer, 503)
    assert (error["extensions"]["code"], error["message"]) == ("UNAVAILABLE", UNAVAILABLE)
    assert int(answer.headers["retry-after"]) > 0


def _status(served: Served, path: str) -> int:
    return served.client.get(path).status_code


def test_a_killed_database_is_503_until_it_is_back_by_itself(served: Served) -> None:
    right = {who: served.ask(PAGE, None, who) for who in (None, "staff@water")}
    java = served.java()
    with Socket(served, "staff@water") as socket, Askers(served, 3) as askers:
        socket.follow()
        until(lambda: len(askers.answers) > 8, 10, "queries are answered")
        java.kill()
        until(lambda: _status(served, "/readyz") == 503, 10, "not ready")
        assert _status(served, "/healthz") == 200
        until(lambda: _status(served, "/readyz") == 200, START, "ready again")
        after = len(askers.answers)
        until(lambda: len(askers.answers) > after + 8, 30, "queries are answered again")
        served.cypher(CASE, id="cs_after", agency=make_id("ag_", "water"))
        assert socket.told()["accessRequest"]["id"] == "cs_after", "who follows goes on following"
        served.cypher("MATCH (c:Case {id: 'cs_after'}) DELETE c")
    assert served.java().pid != java.pid
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
