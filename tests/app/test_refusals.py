"""What the application refuses by itself: bodies too large, other hosts, unexpected errors, a graph that is away."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from gateway.app.body import BodyLimit
from gateway.graph import GraphTimeout, GraphUnavailable
from gateway.identity.development import development_token
from gateway.settings import Settings
from tests.app.serving import Endpoint, ScriptedGraph, gateway
from tests.support.waiting import eventually

Logs = Callable[[], list[dict[str, Any]]]


async def _chunks(size: int) -> AsyncIterator[bytes]:
    for _ in range(size // 1000):
        yield b"x" * 1000


async def test_a_body_of_the_limit_passes_whole(settings: Settings) -> None:
    async with gateway(settings) as client:
        announced = await client.post("/graphql", content=b"x" * settings.max_body_bytes)
        chunked = await client.post("/graphql", content=_chunks(settings.max_body_bytes))
    assert announced.text == chunked.text == f"public PUBLIC {settings.max_body_bytes}"


@pytest.mark.parametrize("size", [1_001_000, 10_000_000])
@pytest.mark.parametrize("chunked", [False, True])
async def test_a_larger_body_is_refused_naming_the_limit(settings: Settings, size: int, chunked: bool) -> None:
    endpoint = Endpoint()
    endpoint.failure = AssertionError("a body too large came through")
    async with gateway(settings, endpoint=endpoint) as client:
        answer = await client.post("/graphql", content=_chunks(size) if chunked else b"x" * size)
    assert answer.status_code == 413
    (error,) = answer.json()["errors"]
    assert "1000000 bytes (GATEWAY_MAX_BODY_BYTES)" in error["message"]
    assert error["extensions"] == {"code": "BODY_TOO_LARGE", "limit": 1_000_000}


async def test_a_caller_who_stops_sending_is_let_go(settings: Settings, logs: Logs) -> None:
    async with gateway(settings) as client:
        reader, writer = await asyncio.open_connection("127.0.0.1", client.base_url.port)
        writer.write(b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf")
        await writer.drain()
        await asyncio.sleep(0.1)
        writer.close()
        await writer.wait_closed()
        assert await reader.read() == b""
        await eventually(lambda: any(line["event"] == "request" for line in logs()))
    assert [line["status"] for line in logs() if line["event"] == "request"] == [499]


async def test_a_body_that_does_not_end_is_refused_in_time(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BodyLimit, "patience", 0.2)
    async with gateway(settings) as client:
        reader, writer = await asyncio.open_connection("127.0.0.1", client.base_url.port)
        writer.write(b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf")
        answer = await asyncio.wait_for(reader.read(), 10)
        writer.close()
        await writer.wait_closed()
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"BODY_TOO_SLOW" in answer


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1:1", "[::1]:8000", "[::1]", "LOCALHOST"])
async def test_loopback_names_are_served(settings: Settings, host: str) -> None:
    async with gateway(settings) as client:
        assert (await client.get("/graphql", headers={"Host": host})).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:8000", "", "evil:x"]
)
async def test_other_hosts_are_misdirected(settings: Settings, host: str) -> None:
    async with gateway(settings) as client:
        answer = await client.get("/graphql", headers={"Host": host})
        probe = await client.get("/readyz", headers={"Host": host})
    assert answer.status_code == 421
    assert answer.json()["errors"][0]["extensions"]["code"] == "MISDIRECTED"
    assert probe.status_code == 200


async def test_two_host_headers_are_a_bad_request(settings: Settings) -> None:
    async with gateway(settings) as client:
        reader, writer = await asyncio.open_connection("127.0.0.1", client.base_url.port)
        writer.write(b"GET /graphql HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n")
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
    assert answer.startswith(b"HTTP/1.1 400 ")


async def test_configured_hosts_are_served_and_loopback_is_then_not(settings: Settings) -> None:
    configured = Settings(state=settings.state, allowed_hosts=("data.example.org", "*.gov.example"))
    async with gateway(configured) as client:
        for host, status in [
            ("data.example.org", 200),
            ("qy.gov.example:443", 200),
            ("gov.example", 421),
            ("evilgov.example", 421),
            ("localhost", 421),
        ]:
            assert (await client.get("/graphql", headers={"Host": host})).status_code == status, host


async def test_unexpected_errors_leave_as_an_id_that_the_log_knows(settings: Settings, logs: Logs) -> None:
    endpoint = Endpoint()
    endpoint.failure = RuntimeError("password=hunter2")
    async with gateway(settings, endpoint=endpoint) as client:
        answer = await client.post("/graphql", content=b"{}")
    assert answer.status_code == 500
    (error,) = answer.json()["errors"]
    request_id = answer.headers["x-request-id"]
    assert error["extensions"] == {"code": "INTERNAL", "id": request_id}
    assert "hunter2" not in answer.text
    (line,) = [line for line in logs() if line["event"] == "failed"]
    assert (line["request_id"], line["error"]) == (request_id, "RuntimeError")
    assert any("serving.py" in frame for frame in line["where"])


async def test_a_graph_that_is_away_is_503_with_retry_after_and_not_401(settings: Settings) -> None:
    graph = ScriptedGraph()
    graph.failure = GraphUnavailable("bolt://10.0.0.7:7687 is down")
    token = development_token(settings.state, settings.audience, "center", lifetime=60)
    async with gateway(settings, graph) as client:
        answer = await client.get("/graphql", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert answer.json()["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
    assert "10.0.0.7" not in answer.text


async def test_a_query_that_took_too_long_names_the_limit(settings: Settings) -> None:
    endpoint = Endpoint()
    endpoint.failure = GraphTimeout("too long (GATEWAY_QUERY_TIMEOUT)")
    async with gateway(settings, endpoint=endpoint) as client:
        answer = await client.get("/graphql")
    assert answer.status_code == 504
    assert "GATEWAY_QUERY_TIMEOUT" in answer.text


async def test_unknown_paths_and_the_root_lead_to_graphql(settings: Settings) -> None:
    async with gateway(settings) as client:
        assert (await client.get("/nowhere")).json()["errors"][0]["extensions"]["code"] == "NOT_FOUND"
        assert (await client.get("/")).headers["location"] == "/graphql"


async def test_debugging_also_shows_the_message(settings: Settings, logs: Logs) -> None:
    logging.getLogger().setLevel(logging.DEBUG)
    endpoint = Endpoint()
    endpoint.failure = RuntimeError("what happened")
    async with gateway(settings, endpoint=endpoint) as client:
        await client.post("/graphql", content=b"{}")
    (line,) = [line for line in logs() if line["event"] == "failed"]
    assert line["message"] == "what happened"
