"""What is no good over a WebSocket: mistakes in the protocol, documents past the limits, strangers' pages, too many."""

import json
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from tests.app.process import until
from tests.http.conftest import PAGES, SOCKETS, SUBSCRIPTIONS
from tests.http.served import Served, refusal
from tests.http.socket import FOLLOW, Socket, open_sockets, refused

INIT = json.dumps({"type": "connection_init"})


@pytest.mark.parametrize("protocol", [None, "graphql-ws"])
def test_other_protocols_are_not_spoken(served: Served, protocol: str | None) -> None:
    with Socket(served, protocol=protocol, begin=False) as socket:
        assert socket.closed() == (4406, "Subprotocol not acceptable; it has to be graphql-transport-ws")


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        ([{"type": "subscribe", "id": "1", "payload": {"query": FOLLOW}}], 4401),
        ([{"type": "complete", "id": "1"}], 4401),
        ([{"type": "connection_init", "payload": ["token"]}], 4400),
        ([{"type": "connection_init", "payload": {"Authorization": "a", "authorization": "b"}}], 4403),
        ([INIT, INIT], 4429),
        ([INIT, INIT.encode()], 4400),
        ([INIT, "no JSON"], 4400),
        ([INIT, "[]"], 4400),
        ([INIT, "{}"], 4400),
        ([INIT, {"type": 1}], 4400),
        ([INIT, {"type": "start", "id": "1", "payload": {"query": FOLLOW}}], 4400),
        ([INIT, {"type": "subscribe", "payload": {"query": FOLLOW}}], 4400),
        ([INIT, {"type": "subscribe", "id": "", "payload": {"query": FOLLOW}}], 4400),
        ([INIT, {"type": "subscribe", "id": "x" * 101, "payload": {"query": FOLLOW}}], 4400),
    ],
)
def test_mistakes_in_the_protocol_close_the_socket(served: Served, frames: list[Any], code: int) -> None:
    with Socket(served, begin=False) as socket:
        for frame in frames:
            socket.say(json.dumps(frame) if isinstance(frame, dict) else frame)
        if frames[0] == INIT:
            assert socket.receive() == {"type": "connection_ack"}
        closed, reason = socket.closed()
        assert (closed, bool(reason)) == (code, True)


def test_an_id_is_taken_until_the_subscription_ends(served: Served) -> None:
    with Socket(served, "auditor") as socket:
        socket.follow()
        socket.send("complete", id="1")
        socket.follow()
        socket.subscribe()
        assert socket.closed() == (4409, "Subscriber for 1 already exists")


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"query": "{ me { id } }"}, "SUBSCRIPTION_NEEDED"),
        ({"query": 'mutation { withdrawRequest(input: {}) { problems { code } } }'}, "SUBSCRIPTION_NEEDED"),
        ({"query": "subscription { caseChanged { nothing } }"}, "INVALID_QUERY"),
        ({"query": "subscription { a: caseChanged { changedAt } b: caseChanged { changedAt } }"}, "INVALID_QUERY"),
        ({"query": "subscription { caseChanged(accessRequest: 1.5) { changedAt } }"}, "INVALID_QUERY"),
        ({"query": FOLLOW, "variables": {"id": {}}}, "INVALID_QUERY"),
        ({"query": FOLLOW, "variables": []}, "BAD_REQUEST"),
        ({"query": FOLLOW, "operationName": "Other"}, "OPERATION_UNKNOWN"),
        ({"query": "subscription {"}, "INVALID_SYNTAX"),
        ({"query": " ".join(["subscription {", "x " * 6_000, "}"])}, "LIMIT_TOKENS"),
        ({"query": "subscription { caseChanged " + "{ accessRequest { grant" * 10 + "{ id }" + "}}" * 10 + "}"},
         "LIMIT_DEPTH"),
        ({"query": ""}, "QUERY_MISSING"),
        ({}, "QUERY_MISSING"),
        (None, "BAD_REQUEST"),
    ],
)  # fmt: skip
def test_what_cannot_be_run_is_an_error_and_the_socket_stays(served: Served, payload: Any, code: str) -> None:
    with Socket(served) as socket:
        socket.send("subscribe", id="1", payload=payload)
        error = socket.error()
        assert error["message"]
        assert error["extensions"]["code"] == code
        socket.subscribe()
        assert socket.receive() == {"type": "complete", "id": "1"}


def test_a_subscription_is_refused_over_http_with_how_to_send_it(served: Served) -> None:
    error = refusal(served.send(FOLLOW), 400)
    assert error["extensions"]["code"] == "WEBSOCKET_NEEDED"
    assert "graphql-transport-ws" in error["message"]


def test_a_message_past_the_limit_closes_the_socket(served: Served) -> None:
    with Socket(served) as socket:
        socket.send("ping", payload={"x": "x" * 1_000_001})
        code, _ = socket.closed()
        assert code == 1009


def test_there_are_so_many_subscriptions_and_sockets_and_no_more(strict: Served) -> None:
    with Socket(strict) as socket:
        for number in range(SUBSCRIPTIONS + 1):
            socket.subscribe(name=str(number))
            assert socket.receive() == {"type": "complete", "id": str(number)}, "those that have ended do not count"
    until(lambda: open_sockets(strict) == 0, 5, "it is closed")
    with ExitStack() as stack:
        for _ in range(SOCKETS):
            stack.enter_context(Socket(strict))
        assert refused(strict, {}) == (503, "LIMIT_SOCKETS")
    until(lambda: open_sockets(strict) == 0, 5, "they are closed")
    with Socket(strict) as socket:
        socket.send("ping")
        assert socket.receive() == {"type": "pong"}


def test_subscriptions_of_one_socket_are_bounded(served: Served) -> None:
    with Socket(served, "auditor") as socket:
        for number in range(20):
            socket.follow(name=str(number))
        socket.subscribe(name="more")
        assert socket.error("more")["extensions"]["code"] == "LIMIT_SUBSCRIPTIONS"
        socket.send("complete", id="7")
        socket.follow(name="more")


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "https://127.0.0.1.evil.example", PAGES])
def test_a_page_of_a_strangers_cannot_open_a_socket(served: Served, origin: str) -> None:
    assert refused(served, {"Origin": origin}) == (403, "FOREIGN_ORIGIN")


def test_pages_of_our_own_and_of_those_that_may_can(served: Served, strict: Served) -> None:
    for gateway, origin in ((served, served.address), (strict, PAGES), (strict, strict.address)):
        with Socket(gateway, headers={"Origin": origin}) as socket:
            socket.send("ping")
            assert socket.receive() == {"type": "pong"}
    assert refused(strict, {"Origin": f"{PAGES}.evil.example"}) == (403, "FOREIGN_ORIGIN")


def test_a_socket_to_another_name_or_place_is_not_opened(served: Served) -> None:
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    misdirected = httpx.get(f"{served.address}/graphql", headers={**upgrade, "Host": "evil.example"})
    assert (misdirected.status_code, misdirected.json()["errors"][0]["extensions"]["code"]) == (421, "MISDIRECTED")
    for path in ("/", "/log/checkpoint", "/metrics"):
        answer = httpx.get(f"{served.address}{path}", headers=upgrade)
        assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (404, "NOT_FOUND")
