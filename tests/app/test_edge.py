"""Every request has an id, a log line that gives nothing away, headers, and a count."""

import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from gateway.identity.development import ISSUER, development_token
from gateway.settings import Settings
from tests.app.serving import Endpoint, ScriptedGraph, gateway

Logs = Callable[[], list[dict[str, Any]]]


async def test_a_well_formed_request_id_is_taken_over(settings: Settings) -> None:
    async with gateway(settings) as client:
        answer = await client.get("/healthz", headers={"X-Request-ID": "abc-123.DEF_4"})
    assert answer.headers.get_list("x-request-id") == ["abc-123.DEF_4"]


@pytest.mark.parametrize("bad", ["short", "x" * 65, "with space in it", '"><script>alert(1)', "id;drop-table"])
async def test_any_other_request_id_is_replaced(settings: Settings, bad: str) -> None:
    async with gateway(settings) as client:
        answer = await client.get("/healthz", headers={"X-Request-ID": bad})
    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["x-request-id"])


async def test_two_requests_have_two_ids(settings: Settings) -> None:
    async with gateway(settings) as client:
        first, second = [(await client.get("/healthz")).headers["x-request-id"] for _ in range(2)]
    assert first != second


async def test_answers_carry_security_headers_and_are_not_stored(settings: Settings) -> None:
    async with gateway(settings) as client:
        for path in ("/graphql", "/nowhere"):
            answer = await client.get(path)
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["cache-control"] == "no-store"
            assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


async def test_one_line_per_request_says_what_happened(settings: Settings, logs: Logs) -> None:
    async with gateway(settings) as client:
        answer = await client.post("/graphql?query={secretQuery}", content=b"{}")
    (line,) = [line for line in logs() if line["event"] == "request"]
    assert line["request_id"] == answer.headers["x-request-id"]
    assert (line["method"], line["path"], line["status"]) == ("POST", "/graphql", 200)
    assert line["ms"] > 0
    assert line["subject"] is None


async def test_logs_hold_no_token_no_query_no_value_and_no_name(settings: Settings, logs: Logs) -> None:
    token = development_token(settings.state, settings.audience, "center", lifetime=60)
    person = {"id": "pe_known", "name": "王小明", "appointments": []}
    graph, endpoint = ScriptedGraph({(ISSUER, "center"): person}), Endpoint()
    async with gateway(settings, graph, endpoint) as client:
        headers = {"Authorization": f"Bearer {token}", "Cookie": "session=cookievalue"}
        await client.post("/graphql?query=queryinaddress", content=b'{"variables": "bodyvalue"}', headers=headers)
        await client.get("/graphql", headers={"Authorization": f"Bearer {token[:-4]}AAAA"})
        endpoint.failure = RuntimeError("valueinmessage")
        await client.post("/graphql", content=b"bodyvalue", headers=headers)
    lines = logs()
    written = repr(lines)
    assert [line["status"] for line in lines if line["event"] == "request"] == [200, 401, 500]
    for secret in (token, token.split(".")[2], "cookievalue", "queryinaddress", "bodyvalue", "valueinmessage"):
        assert secret not in written
    for name in ("center", "王小明", "pe_known"):
        assert name not in written


async def test_lines_of_one_caller_can_be_told_from_anothers(settings: Settings, logs: Logs) -> None:
    people: dict[tuple[str, str], Any] = {
        (ISSUER, n): {"id": f"pe_{n}", "name": n, "appointments": []} for n in ("a", "b")
    }
    async with gateway(settings, ScriptedGraph(people)) as client:
        for name in ("a", "a", "b"):
            token = development_token(settings.state, settings.audience, name, lifetime=60)
            await client.get("/graphql", headers={"Authorization": f"Bearer {token}"})
    first, second, third = [line["subject"] for line in logs() if line["event"] == "request"]
    assert first == second != third


async def test_metrics_count_requests_by_route_and_nothing_that_callers_choose(settings: Settings) -> None:
    async with gateway(settings) as client:
        before = _sample(await client.get("/metrics"), 'route="/graphql",status="200"')
        await client.post("/graphql", content=b"{}")
        await client.get("/made/up/path")
        await client.request("MADEUP", "/graphql")
        answer = await client.get("/metrics")
    assert _sample(answer, 'route="/graphql",status="200"') == before + 1
    assert "made/up" not in answer.text
    assert "MADEUP" not in answer.text
    assert 'gateway_http_request_seconds_bucket{le="0.001",route="/graphql"}' in answer.text
    assert answer.headers["content-type"].startswith("text/plain")


def _sample(answer: httpx.Response, labels: str) -> float:
    for line in answer.text.splitlines():
        if line.startswith(f'gateway_http_requests_total{{method="POST",{labels}}}'):
            return float(line.split()[-1])
    return 0.0
