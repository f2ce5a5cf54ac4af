"""Asking a running gateway over HTTP, as any client does."""

from collections.abc import Mapping
from typing import Any, Final, Self

import httpx

from gateway.settings import Settings

_TIMEOUT: Final = 30.0


class NoAnswer(Exception):
    """What was asked was not answered; the text says what to do."""


class NotBelieved(NoAnswer):
    """The gateway does not believe the token."""


class Client:
    """A client of the gateway at an address."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._client = httpx.Client(timeout=_TIMEOUT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def ask(self, token: str | None, query: str, variables: dict[str, Any]) -> dict[str, Any]:
        """The data of a query; without a token, as the public.

        Raises:
            NoAnswer: there is no gateway there, or it has errors.
        """
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        try:
            response = self._client.post(self.address, json={"query": query, "variables": variables}, headers=headers)
        except (httpx.TransportError, httpx.InvalidURL) as problem:
            raise NoAnswer(f"nothing answers at {self.address} ({problem}). Start a gateway: make run") from None
        if response.status_code == httpx.codes.UNAUTHORIZED:
            raise NotBelieved(f"the gateway at {self.address} does not believe the token.")
        try:
            answer = response.json()
        except ValueError:
            answer = None
        if not isinstance(answer, dict) or not isinstance(answer.get("data"), dict) or answer.get("errors"):
            raise NoAnswer(
                f"{self.address} answers {response.status_code}, but not as a gateway does: {response.text[:300]}"
            )
        data: dict[str, Any] = answer["data"]
        return data

    def fetch(self, token: str | None, path: str, parameters: Mapping[str, Any]) -> bytes:
        """What lies at a path of the gateway's, beside GraphQL.

        Raises:
            NoAnswer: there is no gateway there, or it refuses.
        """
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        given = {name: str(value) for name, value in parameters.items() if value is not None}
        address = f"{self.address.removesuffix('/graphql')}{path}"
        try:
            response = self._client.get(address, params=given, headers=headers)
        except (httpx.TransportError, httpx.InvalidURL) as problem:
            raise NoAnswer(f"nothing answers at {self.address} ({problem}). Start a gateway: make run") from None
        if response.status_code != httpx.codes.OK:
            raise NoAnswer(f"{address} answers {response.status_code}: {response.text[:300]}")
        return response.content

    def log_key(self) -> str:
        """The verifier key, as the gateway itself gives it: whoever means to check has it from elsewhere."""
        return self._client.get(self.address.removesuffix("/graphql") + "/log/key").text


def address_of(settings: Settings) -> str:
    """Where a gateway with these settings answers."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{settings.port}/graphql"
