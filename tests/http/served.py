"""A gateway that really serves, its people's tokens, its database and its log, and short ways to ask."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, Self

import httpx
import neo4j
import psutil

from gateway.graph.state import StateDirectory
from gateway.identity.development import development_token
from tests.app.process import Gateway, until

JSON: Final = {"Content-Type": "application/json"}
GOOD: Final = "{ datasets(first: 2) { totalCount nodes { title } } }"
"""A query that is right; its answer must be the same whatever was asked before."""


class Served:
    """One gateway, as its clients and its operator see it."""

    def __init__(self, gateway: Gateway, database: neo4j.Driver, java: Callable[[], psutil.Process]) -> None:
        self.gateway = gateway
        self.java = java
        self.address = f"http://127.0.0.1:{gateway.port}"
        self.client = httpx.Client(base_url=self.address, timeout=60)
        self._database = database
        self._tokens: dict[str, str] = {}
        self.good = self.ask(GOOD)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    def post(self, content: Any, headers: Mapping[str, str] = JSON) -> httpx.Response:
        """A request whose body is sent as it is."""
        return self.client.post("/graphql", content=content, headers=headers)

    def send(
        self, query: Any, variables: Any = None, who: str | None = None, *, token: str | None = None, **more: Any
    ) -> httpx.Response:
        """A query as JSON, with a token of the development issuer for `who`, or with the one that is given."""
        token = token or (self.token(who) if who else None)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return self.client.post(
            "/graphql", json={"query": query, "variables": variables, **more}, headers={**JSON, **headers}
        )

    def ask(self, query: str, variables: Any = None, who: str | None = None, *, token: str | None = None) -> Any:
        """The data of a query that has to succeed."""
        answer = self.send(query, variables, who, token=token)
        assert answer.status_code == 200, answer.text
        found = answer.json()
        assert "errors" not in found, found["errors"]
        return found["data"]

    def token(self, who: str) -> str:
        """A token of the development issuer, the same one for the same person."""
        if who not in self._tokens:
            self._tokens[who] = development_token(self.gateway.state, "urn:gateway:api", who, lifetime=3600)
        return self._tokens[who]

    def cypher(self, statement: str, **parameters: Any) -> list[Any]:
        """The first value of each record, straight from the database."""
        records, _, _ = self._database.execute_query(statement, parameters, database_="neo4j")
        return [record[0] for record in records]

    def log(self, event: str, answer: httpx.Response) -> list[dict[str, Any]]:
        """The lines with this event about one answer, once its last line is written: that is after it was sent."""
        identifier = answer.headers["x-request-id"]
        until(lambda: any(line["event"] == "request" for line in self._lines(identifier)), 5, "the request is logged")
        return [line for line in self._lines(identifier) if line["event"] == event]

    def _lines(self, identifier: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.gateway.err.splitlines() if f'"{identifier}"' in line]


@contextmanager
def database(gateway: Gateway) -> Iterator[neo4j.Driver]:
    """The embedded database of a running gateway."""
    address = StateDirectory(gateway.state).address()
    assert address is not None
    auth = (address.user, address.password.get_secret_value())
    with neo4j.GraphDatabase.driver(address.uri, auth=auth, notifications_min_severity="OFF") as driver:
        yield driver


def refusal(answer: httpx.Response, status: int = 200) -> dict[str, Any]:
    """The first error of a refused request: its `message`, and the `extensions` with a stable code."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    found = answer.json()
    assert not found.get("data") or not any(found["data"].values()), found
    error: dict[str, Any] = found["errors"][0]
    assert error["message"]
    assert error["extensions"]["code"] not in ("INTERNAL", ""), error
    return error
