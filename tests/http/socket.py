"""A client of graphql-transport-ws that says exactly what it is told to, and expects one answer after another."""

import json
from collections.abc import Mapping
from typing import Any, Final, Self

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.http.served import Served

PROTOCOL: Final = "graphql-transport-ws"
FOLLOW: Final = """
subscription Follow($id: ID) { caseChanged(accessRequest: $id) {
  changedAt accessRequest { id state version availableActions provider { code } } grant { id state version } } }
"""
_PATIENCE: Final = 15.0


class Socket:
    """One socket to a gateway. With `who` or `token` it begins as them, with neither as the public."""

    def __init__(
        self,
        served: Served,
        who: str | None = None,
        *,
        token: str | None = None,
        begin: bool = True,
        protocol: str | None = PROTOCOL,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self._token = token or (served.token(who) if who else None)
        self._begin = begin
        self._connect = connect(
            served.address.replace("http://", "ws://") + "/graphql",
            subprotocols=[Subprotocol(protocol)] if protocol else None,
            additional_headers=headers,
            open_timeout=_PATIENCE,
            close_timeout=_PATIENCE,
            compression=None,
        )
        self._socket: ClientConnection

    def __enter__(self) -> Self:
        self._socket = self._connect.__enter__()
        if self._begin:
            payload = {"payload": {"Authorization": f"Bearer {self._token}"}} if self._token else {}
            self.send("connection_init", **payload)
            assert self.receive() == {"type": "connection_ack"}
        return self

    def __exit__(self, *_: object) -> None:
        self._connect.__exit__(None, None, None)

    @property
    def request_id(self) -> str:
        """The id that the gateway logs it by."""
        assert self._socket.response is not None
        return self._socket.response.headers["x-request-id"]

    def send(self, kind: str, **members: Any) -> None:
        """A message."""
        self.say(json.dumps({"type": kind, **members}))

    def say(self, text: str | bytes) -> None:
        """A frame as it is."""
        self._socket.send(text)

    def receive(self) -> dict[str, Any]:
        """The next message, which has to be text."""
        text = self._socket.recv(timeout=_PATIENCE)
        assert isinstance(text, str)
        found: dict[str, Any] = json.loads(text)
        return found

    def subscribe(self, query: str = FOLLOW, name: str = "1", **variables: Any) -> None:
        """Begin a subscription."""
        self.send("subscribe", id=name, payload={"query": query, "variables": variables})

    def follow(self, identifier: str | None = None, name: str = "1") -> Self:
        """Follow a case, or all; it has begun when this returns."""
        self.subscribe(name=name, id=identifier)
        self.send("ping", payload={"after": name})
        assert self.receive() == {"type": "pong", "payload": {"after": name}}
        return self

    def told(self, name: str = "1") -> Any:
        """The change that is told next."""
        message = self.receive()
        assert (message["type"], message["id"], set(message["payload"])) == ("next", name, {"data"}), message
        return message["payload"]["data"]["caseChanged"]

    def error(self, name: str = "1") -> dict[str, Any]:
        """The one error by which a subscription ends."""
        message = self.receive()
        assert (message["type"], message["id"]) == ("error", name), message
        (found,) = message["payload"]
        return dict(found)

    def closed(self) -> tuple[int, str]:
        """With which code and reason it is closed, nothing being said before."""
        with pytest.raises(ConnectionClosed) as closed:
            print(self.receive())
        assert closed.value.rcvd is not None
        return closed.value.rcvd.code, closed.value.rcvd.reason


def refused(served: Served, headers: Mapping[str, str]) -> tuple[int, str]:
    """With which status and code a socket is not opened."""
    with pytest.raises(InvalidStatus) as answer, Socket(served, headers=headers):
        pass
    response = answer.value.response
    assert response.headers["x-request-id"]
    assert response.headers["cache-control"] == "no-store"
    (error,) = json.loads(response.body or b"")["errors"]
    return response.status_code, error["extensions"]["code"]


def figure(served: Served, name: str) -> float:
    """What `/metrics` says."""
    lines = served.client.get("/metrics").text.splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith(f"{name} "))


def open_sockets(served: Served) -> float:
    """How many are open."""
    return figure(served, "gateway_sockets_open")
