"""Keys come from where the operator says, at a rate that a stranger cannot raise."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from gateway.identity.errors import KeysUnavailable
from gateway.identity.keys import LAST_RESORT, MAX_AGE, MIN_INTERVAL, RETRY_INTERVAL, FetchedKeys, FixedKeys, read_jwks
from gateway.settings import Algorithm
from tests.app.serving import serving
from tests.identity.tokens import ES256, P384, RS256, STRANGER, WEAK_RSA, Signer, jwks


class Address:
    """An issuer's address: what it answers, and how often it was asked."""

    def __init__(self, document: Any) -> None:
        self.body = json.dumps(document).encode()
        self.status = 200
        self.asked: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "lifespan":
            raise NotImplementedError
        self.asked.append(scope["path"])
        location = [(b"location", b"/elsewhere")] if self.status == 302 else []
        await send({"type": "http.response.start", "status": self.status, "headers": location})
        await send({"type": "http.response.body", "body": self.body})


class Clock:
    """A clock that a test moves."""

    now = 1000.0

    def __call__(self) -> float:
        """The time."""
        return self.now


@asynccontextmanager
async def fetched(address: Address, clock: Clock) -> AsyncIterator[FetchedKeys]:
    async with serving(address) as client:
        keys = FetchedKeys(f"{client.base_url}/jwks.json", clock=clock)
        yield keys
        await keys.aclose()


async def test_keys_are_fetched_once_and_again_when_they_are_old() -> None:
    address, clock = Address(jwks(ES256)), Clock()
    async with fetched(address, clock) as keys:
        for _ in range(5):
            assert await keys.find("k1", Algorithm.ES256) is not None
        assert address.asked == ["/jwks.json"]
        clock.now += MAX_AGE + 1
        await keys.find("k1", Algorithm.ES256)
        assert len(address.asked) == 2


async def test_a_key_that_the_issuer_withdrew_stops_counting() -> None:
    address, clock = Address(jwks(ES256)), Clock()
    async with fetched(address, clock) as keys:
        assert await keys.find("k1", Algorithm.ES256) is not None
        address.body = json.dumps(jwks(Signer("ES256", STRANGER.key, "k2"))).encode()
        clock.now += MAX_AGE + 1
        assert await keys.find("k1", Algorithm.ES256) is None


async def test_an_unknown_key_id_fetches_again_but_not_more_often_than_the_cap() -> None:
    address, clock = Address(jwks(ES256)), Clock()
    async with fetched(address, clock) as keys:
        await keys.find("k1", Algorithm.ES256)
        address.body = json.dumps(jwks(ES256, Signer("ES256", STRANGER.key, "k2"))).encode()
        for attempt in range(50):
            assert await keys.find(f"made-up-{attempt}", Algorithm.ES256) is None
        assert len(address.asked) == 1
        clock.now += MIN_INTERVAL + 1
        assert await keys.find("k2", Algorithm.ES256) is not None
        assert len(address.asked) == 2


async def test_old_keys_serve_for_a_while_when_the_issuer_is_away_and_then_no_more() -> None:
    address, clock = Address(jwks(ES256)), Clock()
    async with fetched(address, clock) as keys:
        await keys.find("k1", Algorithm.ES256)
        address.status = 500
        clock.now += MAX_AGE + 1
        assert await keys.find("k1", Algorithm.ES256) is not None
        clock.now += LAST_RESORT
        with pytest.raises(KeysUnavailable):
            await keys.find("k1", Algorithm.ES256)


@pytest.mark.parametrize("status", [500, 404, 302])
async def test_without_any_keys_nobody_can_say_and_it_recovers_by_itself(status: int) -> None:
    address, clock = Address(jwks(ES256)), Clock()
    address.status = status
    async with fetched(address, clock) as keys:
        for _ in range(3):
            with pytest.raises(KeysUnavailable):
                await keys.find("k1", Algorithm.ES256)
        assert address.asked == ["/jwks.json"]
        address.status = 200
        clock.now += RETRY_INTERVAL + 1
        assert await keys.find("k1", Algorithm.ES256) is not None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"keys": 5}',
        b'{"keys": []}',
        json.dumps(jwks(ES256)).encode() + b" " * 2_000_000,
        b'{"keys": [{}]}',
    ],
)
async def test_an_address_that_answers_nonsense_is_like_none(body: bytes) -> None:
    address = Address({})
    address.body = body
    async with fetched(address, Clock()) as keys:
        with pytest.raises(KeysUnavailable):
            await keys.find("k1", Algorithm.ES256)


def test_keys_of_kinds_that_nobody_uses_here_are_left_out() -> None:
    strange: list[Any] = [{"kty": "AKP", "alg": "ML-DSA-44", "pub": "x"}, {"kty": "oct", "k": "c2VjcmV0"}, 5, {}]
    document = {"keys": [*strange, P384.public, WEAK_RSA.public, ES256.public, RS256.public]}
    assert [key.key_type for key in read_jwks(json.dumps(document).encode())] == ["EC", "RSA"]


@pytest.mark.parametrize("content", [None, "", "{", '{"keys": []}', '{"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}'])
def test_a_file_of_no_use_is_named(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "jwks.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ValueError, match=r"jwks\.json"):
        FixedKeys.from_file(path)
