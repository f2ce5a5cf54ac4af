"""Sockets that go wrong: clients that do not begin, mistakes of ours, a graph that is away."""

from collections.abc import Callable
from typing import Any, cast

import httpx
import pytest
from starlette.types import Receive, Scope, Send
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from gateway.graph import GraphUnavailable
from gateway.identity.development import development_token
from gateway.schema.sockets import PROTOCOL, Sockets
from gateway.schema.streams import Streams
from gateway.settings import Settings
from tests.app.serving import Endpoint, ScriptedGraph, gateway

Logs = Callable[[], list[dict[str, Any]]]


async def _closed(client: httpx.AsyncClient, *messages: str) -> tuple[int, str]:
    """How a socket is closed after these messages."""
    address = str(client.base_url).replace("http://", "ws://") + "/graphql"
    async with connect(address, subprotocols=[Subprotocol(PROTOCOL)]) as socket:
        for message in messages:
            await socket.send(message)
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code, closed.value.rcvd.reason


def _sockets() -> Sockets:
    """As they are served, but that no test here comes to a subscription."""
    return Sockets(cast(Streams, None), 1)


async def test_a_client_that_does_not_begin_is_let_go(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Sockets, "patience", 0.2)
    async with gateway(settings, endpoint=_sockets()) as client:
        assert await _closed(client) == (4408, "Connection initialisation timeout")


async def test_while_the_graph_is_away_a_client_is_told_to_come_again(settings: Settings) -> None:
    graph = ScriptedGraph()
    graph.failure = GraphUnavailable("away")
    token = development_token(settings.state, settings.audience, "center", lifetime=60)
    async with gateway(settings, graph, _sockets()) as client:
        message = f'{{"type": "connection_init", "payload": {{"Authorization": "Bearer {token}"}}}}'
        assert await _closed(client, message) == (1013, "A service that the gateway needs is away")


async def test_a_mistake_of_ours_closes_the_socket_and_says_nothing(settings: Settings, logs: Logs) -> None:
    async def failing(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.accept", "subprotocol": PROTOCOL})
        raise RuntimeError("valueinmessage")

    async with gateway(settings, endpoint=failing) as client:
        assert await _closed(client) == (1011, "something went wrong here")
    lines = logs()
    (failed,) = [line for line in lines if line["event"] == "failed"]
    (ended,) = [line for line in lines if line["event"] == "socket"]
    assert failed["request_id"] == ended["request_id"]
    assert (ended["status"], ended["code"]) == (101, 1011)
    assert "valueinmessage" not in repr(lines)


@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [(GraphUnavailable("away"), 503, b"UNAVAILABLE"), (RuntimeError("valueinmessage"), 500, b"INTERNAL")],
)
async def test_one_that_cannot_be_opened_is_answered_like_a_request(
    settings: Settings, logs: Logs, failure: Exception, status: int, code: bytes
) -> None:
    endpoint = Endpoint()
    endpoint.failure = failure
    async with gateway(settings, endpoint=endpoint) as client:
        with pytest.raises(InvalidStatus) as refused:
            await _closed(client)
    response = refused.value.response
    assert response.status_code == status
    assert response.body is not None
    assert code in response.body
    assert b"valueinmessage" not in response.body
    (line,) = [line for line in logs() if line["event"] == "socket"]
    assert (line["status"], line["request_id"]) == (status, response.headers["x-request-id"])
