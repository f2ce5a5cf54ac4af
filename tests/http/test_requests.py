"""Requests that cannot be run: each is refused with its status, a stable code and words that say what to do."""

import ast
import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from gateway.schema import refusals
from gateway.schema.http import RESPONSE_TYPE
from tests.http.served import JSON, Served, refusal

QUERY: Final = b'{"query": "{ __typename }"}'
TWO: Final = "query A { __typename } query B { __typename }"
LIMIT: Final = 1_000_000

# The body, then status, code and message. Every refusal that the code knows is in one of the tables.
BODIES: Final[dict[str, tuple[bytes, int, str, str]]] = {
    "not JSON": (b"{nope", 400, "NOT_JSON", "The body is not valid JSON: unexpected character"),
    "nothing": (b"", 400, "NOT_JSON", "The body is not valid JSON: Input is a zero-length, empty document:"),
    "cut off": (QUERY[:-5], 400, "NOT_JSON", "The body is not valid JSON: unexpected end of data:"),
    "no UTF-8": (b'{"query": "\xff"}', 400, "NOT_JSON", "The body is not valid JSON:"),
    "NaN": (b'{"query": "{ __typename }", "variables": {"x": NaN}}', 400, "NOT_JSON", "The body is not valid JSON:"),
    "too deep": (b'{"query":' + b"[" * 100_000, 400, "NOT_JSON", "The body is not valid JSON:"),
    "list": (b"[" + QUERY + b"]", 400, "BATCHING_OFF", "One operation per request; a list of them is not taken."),
    "empty list": (b"[]", 400, "BATCHING_OFF", "One operation per request; a list of them is not taken."),
    **{
        name: (body, 400, "BAD_REQUEST", "The request body has to be a JSON object with the member query.")
        for name, body in {"null": b"null", "string": b'"{ __typename }"', "number": b"5", "true": b"true"}.items()
    },
    "no query": (b'{"variables": {}}', 400, "QUERY_MISSING", "The member query is missing or empty."),
    "null query": (b'{"query": null}', 400, "QUERY_MISSING", "The member query is missing or empty."),
    "empty query": (b'{"query": ""}', 400, "QUERY_MISSING", "The member query is missing or empty."),
    "query a number": (b'{"query": 5}', 400, "BAD_REQUEST", "The member query must be a string or null."),
    "query a list": (b'{"query": ["{ x }"]}', 400, "BAD_REQUEST", "The member query must be a string or null."),
    "variables a list": (
        b'{"query": "{ __typename }", "variables": [1]}', 400, "BAD_REQUEST",
        "The member variables must be an object or null.",
    ),
    "variables a string": (
        b'{"query": "{ __typename }", "variables": "{}"}', 400, "BAD_REQUEST",
        "The member variables must be an object or null.",
    ),
    "extensions a string": (
        b'{"query": "{ __typename }", "extensions": "{}"}', 400, "BAD_REQUEST",
        "The member extensions must be an object or null.",
    ),
    "operationName a list": (
        b'{"query": "{ __typename }", "operationName": ["A"]}', 400, "BAD_REQUEST",
        "The member operationName must be a string or null.",
    ),
    "operationName an object": (
        b'{"query": "{ __typename }", "operationName": {"a": 1}}', 400, "BAD_REQUEST",
        "The member operationName must be a string or null.",
    ),
    "operationName unknown": (
        json.dumps({"query": TWO, "operationName": "C"}).encode(), 400, "OPERATION_UNKNOWN",
        "operationName: the document has no operation named 'C'.",
    ),
    "only a fragment": (
        b'{"query": "fragment F on Me { name }"}', 400, "OPERATION_MISSING", "The document has no operation to run.",
    ),
    "several operations": (
        json.dumps({"query": TWO}).encode(), 200, "OPERATION_NAME_NEEDED",
        "The document has 2 operations; say by operationName which one to run.",
    ),
    "blank query": (b'{"query": " "}', 200, "INVALID_SYNTAX", "Syntax Error: Unexpected <EOF>."),
    "a mutation": (
        b'{"query": "mutation { x }"}', 200, "INVALID_QUERY", "Cannot query field 'x' on type 'Mutation'.",
    ),
    "a subscription": (
        b'{"query": "subscription { x }"}', 400, "WEBSOCKET_NEEDED",
        "A subscription is sent over a WebSocket at this address, by the protocol graphql-transport-ws.",
    ),
}  # fmt: skip

SIMPLE: Final = (
    "text/plain",
    "text/plain;application/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/graphql",
    "",
)
"""What a page of a stranger's can send without asking, and others that say nothing of JSON."""

WRONG_TYPE: Final = "Send the query as a JSON object with Content-Type: application/json."

# Method, query string, then status, code, message and the header Allow.
METHODS: Final[dict[str, tuple[str, str, int, str, str, str | None]]] = {
    "mutation by GET": (
        "GET", "query=mutation{x}", 405, "GET_NOT_ALLOWED",
        "A mutation cannot be sent by this method; send it by POST.", "POST",
    ),
    **{
        method: (method, "query={x}", 405, "METHOD_NOT_ALLOWED", "Only GET and POST are served here.", "GET, POST")
        for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE")
    },
    "unknown operation by GET": (
        "GET", "query=query A{__typename}&operationName=B", 400, "OPERATION_UNKNOWN",
        "operationName: the document has no operation named 'B'.", None,
    ),
    "variables no JSON": (
        "GET", "query={x}&variables={x", 400, "NOT_JSON", "The parameter variables is not valid JSON:", None,
    ),
    "variables a list": (
        "GET", "query={__typename}&variables=[1]", 400, "BAD_REQUEST",
        "The member variables must be an object or null.", None,
    ),
    "extensions a number": (
        "GET", "query={__typename}&extensions=5", 400, "BAD_REQUEST",
        "The member extensions must be an object or null.", None,
    ),
    "empty query": ("GET", "query=", 400, "QUERY_MISSING", "The member query is missing or empty.", None),
}  # fmt: skip

NO_PAGE: Final = "There is no page here; send a query."


@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_cannot_be_run_is_refused(served: Served, name: str) -> None:
    body, status, code, message = BODIES[name]
    error = refusal(served.post(body), status)
    assert error["extensions"]["code"] == code
    assert error["message"].startswith(message)
    assert code != "NOT_JSON" or re.search(r": line \d+ column \d+ \(char \d+\)\.$", error["message"])


@pytest.mark.parametrize("media_type", SIMPLE)
def test_a_body_that_is_not_called_json_is_refused(served: Served, media_type: str) -> None:
    error = refusal(served.post(QUERY, {"Content-Type": media_type}), 415)
    assert error["extensions"]["code"] == "UNSUPPORTED_CONTENT_TYPE"
    assert error["message"] == WRONG_TYPE


def test_a_body_without_a_content_type_is_refused(served: Served) -> None:
    assert refusal(served.post(QUERY, {}), 415)["extensions"]["code"] == "UNSUPPORTED_CONTENT_TYPE"


@pytest.mark.parametrize("name", METHODS)
def test_what_a_method_or_an_address_cannot_do_is_refused(served: Served, name: str) -> None:
    method, parameters, status, code, message, allow = METHODS[name]
    answer = served.client.request(method, "/graphql", params=parameters)
    error = refusal(answer, status)
    assert error["extensions"]["code"] == code
    assert error["message"].startswith(message)
    assert answer.headers.get("allow") == allow


def test_a_page_that_is_not_there_is_refused(strict: Served) -> None:
    error = refusal(strict.client.get("/graphql", headers={"Accept": "text/html"}), 404)
    assert (error["extensions"]["code"], error["message"]) == ("NOT_FOUND", NO_PAGE)


def test_every_refusal_that_the_code_knows_is_asked_for_above() -> None:
    known = set()
    for path in Path(refusals.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Refused":
                known.add((ast.literal_eval(node.args[0]), ast.literal_eval(node.args[1])))
    asked = {(status, code) for _, status, code, _ in BODIES.values()}
    asked |= {(status, code) for _, _, status, code, _, _ in METHODS.values()}
    assert len(known) > 5
    sockets = {(400, "SUBSCRIPTION_NEEDED"), (400, "LIMIT_SUBSCRIPTIONS")}
    alone = {(415, "UNSUPPORTED_CONTENT_TYPE"), (404, "NOT_FOUND")}
    assert known - asked == alone | sockets, "these have tests of their own"


def test_a_query_by_get_works(served: Served) -> None:
    parameters = {"query": "query A($n: Int) { datasets(first: $n) { nodes { title } } }", "variables": '{"n": 2}'}
    answer = served.client.get("/graphql", params={**parameters, "operationName": "A"})
    assert answer.status_code == 200
    assert answer.json()["data"]["datasets"]["nodes"] == served.good["datasets"]["nodes"]


def test_the_newer_media_type_says_by_status_that_nothing_ran(served: Served) -> None:
    accepted = {**JSON, "Accept": RESPONSE_TYPE}
    for body, status in ((b'{"query": "{ x }"}', 400), (b'{"query": "{"}', 400), (b"5", 400), (QUERY, 200)):
        answer = served.post(body, accepted)
        assert answer.status_code == status
        assert answer.headers["content-type"] == f"{RESPONSE_TYPE}; charset=utf-8"


def _parts(size: int) -> Iterator[bytes]:
    for _ in range(size // 50_000):
        yield b" " * 50_000


@pytest.mark.parametrize("chunked", [False, True], ids=["announced", "chunked"])
def test_a_body_of_ten_megabytes_is_refused(served: Served, chunked: bool) -> None:
    answer = served.post(_parts(10_000_000) if chunked else b" " * 10_000_000)
    error = refusal(answer, 413)
    assert error["extensions"] == {"code": "BODY_TOO_LARGE", "limit": LIMIT}
    assert error["message"] == f"the body is larger than {LIMIT} bytes (GATEWAY_MAX_BODY_BYTES)"


def test_a_body_of_the_limit_is_read(served: Served) -> None:
    padded = QUERY + b" " * (LIMIT - len(QUERY))
    assert served.post(padded).json() == {"data": {"__typename": "Query"}}
    assert refusal(served.post(padded + b" "), 413)["extensions"]["code"] == "BODY_TOO_LARGE"


def _raw(served: Served, head: str, body: bytes) -> bytes:
    """What comes back when the sender stops in the middle."""
    with socket.create_connection(("127.0.0.1", served.gateway.port), timeout=10) as line:
        line.sendall(f"POST /graphql HTTP/1.1\r\nHost: localhost\r\n{head}\r\n\r\n".encode() + body)
        line.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: line.recv(65_536), b""))


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ("Content-Type: application/json\r\nContent-Length: 1000", QUERY),
        ("Content-Type: application/json\r\nTransfer-Encoding: chunked", b"1b\r\n" + QUERY + b"\r\n"),
        ("Content-Type: application/json\r\nTransfer-Encoding: chunked", b"ff\r\n" + QUERY),
    ],
    ids=["announced", "between chunks", "within a chunk"],
)
def test_a_body_that_ends_in_the_middle_runs_nothing(served: Served, head: str, body: bytes) -> None:
    assert b'"data"' not in _raw(served, head, body)


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ("Content-Type: application/json\r\nTransfer-Encoding: chunked", b"zz\r\n" + QUERY + b"\r\n0\r\n\r\n"),
        ("Content-Type: application/json\r\nContent-Length: many", QUERY),
        ("Content-Type: application/json\r\nContent-Length: -1", QUERY),
    ],
)
def test_a_length_that_is_none_is_a_bad_request(served: Served, head: str, body: bytes) -> None:
    assert _raw(served, head, body).startswith(b"HTTP/1.1 400 ")


def test_a_long_mistake_is_not_sent_back_whole(served: Served) -> None:
    for query, variables in (
        ("{ " + "x" * 300_000 + " }", None),
        ("query($t: DateTime) { datasets(filter: {updatedSince: $t}) { totalCount } }", {"t": "x" * 300_000}),
    ):
        answer = served.send(query, variables)
        assert "xxx" in refusal(answer)["message"]
        assert len(answer.content) < 1_000


def test_answers_to_bad_requests_are_not_kept_by_caches(served: Served) -> None:
    answers: list[httpx.Response] = [served.post(b"5"), served.send("{ x }"), served.post(QUERY, {})]
    assert [answer.headers["cache-control"] for answer in answers] == ["no-store"] * 3
    assert all(answer.headers["x-content-type-options"] == "nosniff" for answer in answers)


def test_a_body_is_read_as_utf8_whatever_it_is_said_to_be(served: Served) -> None:
    body: Any = json.dumps({"query": '{ search(query: "水") { totalCount } }'}, ensure_ascii=False).encode()
    plain = served.post(body).json()
    assert plain["data"]["search"]["totalCount"] > 0
    assert served.post(body, {"Content-Type": "application/json; charset=latin-1"}).json() == plain
