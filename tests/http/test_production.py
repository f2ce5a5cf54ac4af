"""Production mode helps nobody to look around, errors of ours leave as an id, and the log gives nothing away."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest

from tests.http.served import Served, refusal

INTROSPECTION: Final = (
    "{ __schema { types { name } } }",
    '{ __type(name: "Dataset") { name } }',
    "{ me { __typename } __schema { queryType { name } } }",
)


@pytest.mark.parametrize(
    "query",
    INTROSPECTION,
)
def test_introspection_is_off(strict: Served, served: Served, query: str) -> None:
    error = refusal(strict.send(query))
    assert error["extensions"]["code"] == "INVALID_QUERY"
    assert "introspection" in error["message"]
    assert served.ask(query)


def test_the_name_of_a_type_is_no_introspection(strict: Served) -> None:
    assert strict.ask("{ __typename }") == {"__typename": "Query"}


MISSPELT: Final = (
    "{ datasetz { totalCount } }",
    "{ datasets(frist: 1) { totalCount } }",
    "{ datasets(filter: {theem: [SOCI]}) { totalCount } }",
    "{ datasets(filter: {theme: [SOCIAL]}) { totalCount } }",
    "query($f: DatasetFilters) { datasets(filter: $f) { totalCount } }",
    '{ node(id: "x") { ... on Datasets { id } } }',
)


@pytest.mark.parametrize("query", MISSPELT)
def test_nothing_is_suggested(strict: Served, served: Served, query: str) -> None:
    assert "Did you mean" not in strict.send(query).text
    assert refusal(strict.send(query))["extensions"]["code"] == "INVALID_QUERY"
    assert "Did you mean" in served.send(query).text


@pytest.mark.parametrize("value", [{"theem": ["SOCI"]}, {"theme": ["SOCIAL"]}])
def test_nothing_is_suggested_for_a_variable_either(strict: Served, served: Served, value: Any) -> None:
    query = "query($f: DatasetFilter) { datasets(filter: $f) { totalCount } }"
    assert "Did you mean" not in strict.send(query, {"f": value}).text
    assert refusal(strict.send(query, {"f": value}))["extensions"]["code"] == "INVALID_QUERY"
    assert "Did you mean" in served.send(query, {"f": value}).text


def test_the_schema_is_not_given_out(strict: Served, served: Served) -> None:
    error = refusal(strict.send("{ _service { sdl } }"))
    assert error["extensions"]["code"] == "SDL_OFF"
    assert "GATEWAY_FEDERATION_SDL" in error["message"]
    assert "type Dataset" in served.ask("{ _service { sdl } }")["_service"]["sdl"]


def test_there_is_no_ide(strict: Served, served: Served) -> None:
    page = {"Accept": "text/html"}
    assert served.client.get("/graphql", headers=page).headers["content-type"].startswith("text/html")
    assert refusal(strict.client.get("/graphql", headers=page), 404)["extensions"]["code"] == "NOT_FOUND"
    for path in ("/graphql/ide/graphiql.js", "/graphql/ide/../../pyproject.toml", "/graphql/"):
        assert refusal(strict.client.get(path), 404)["extensions"]["code"] == "NOT_FOUND"


@contextmanager
def _broken(served: Served, code: Any) -> Iterator[None]:
    """A graph that no gateway wrote: an agency's code is not a text."""
    change = "MATCH (a:Agency {id: $id}) SET a.code = $code RETURN a.id"
    (identifier,) = served.cypher("MATCH (a:Agency {code: 'water'}) RETURN a.id")
    served.cypher(change, id=identifier, code=code)
    try:
        yield
    finally:
        served.cypher(change, id=identifier, code="water")


@pytest.mark.parametrize("name", ["served", "strict"])
def test_an_error_within_a_query_leaves_as_an_id_that_the_log_knows(name: str, request: pytest.FixtureRequest) -> None:
    gateway: Served = request.getfixturevalue(name)
    with _broken(gateway, [1, 2]):
        answer = gateway.send("{ agencies(first: 100) { edges { cursor } } }")
    assert answer.status_code == 200
    assert answer.json()["data"] is None
    (error,) = answer.json()["errors"]
    identifier = answer.headers["x-request-id"]
    assert error["extensions"] == {"code": "INTERNAL", "id": identifier}
    assert error["message"] == f"Something went wrong on our side. Report it with this id: {identifier}."
    assert error["path"] == ["agencies"]
    (line,) = gateway.log("unexpected error", answer)
    assert line["level"] == "error"
    assert line["where"]
    assert gateway.log("request", answer)[0]["status"] == 200


@pytest.mark.parametrize("name", ["served", "strict"])
def test_an_error_around_a_query_leaves_as_an_id_that_the_log_knows(name: str, request: pytest.FixtureRequest) -> None:
    gateway: Served = request.getfixturevalue(name)
    with _broken(gateway, b"\xff"):
        answer = gateway.send("{ agencies(first: 100) { nodes { code } } }")
    assert answer.status_code == 500
    (error,) = answer.json()["errors"]
    identifier = answer.headers["x-request-id"]
    assert error["extensions"] == {"code": "INTERNAL", "id": identifier}
    assert error["message"] == f"something went wrong here; the operator finds it as {identifier}"
    (line,) = gateway.log("failed", answer)
    assert line["error"]
    assert gateway.log("request", answer)[0]["status"] == 500


MARKS: Final = ("querymark", "variablemark", "operationmark", "addressmark", "cursormark", "searchmark", "headermark")
MARKED: Final = (
    "query operationmark($q: String!, $c: String) { search(query: $q, after: $c) { querymark: totalCount } }"
)
SENT: Final[tuple[dict[str, Any], ...]] = (
    {"query": MARKED, "variables": {"q": "searchmark"}},
    {"query": MARKED, "variables": {"q": "searchmark", "c": "cursormark"}},
    {"query": MARKED, "variables": {"q": ["variablemark"]}},
    {"query": MARKED, "variables": "variablemark"},
    {"query": "{ querymark }"},
    {"query": "{ querymark "},
    {"query": MARKED, "operationName": "operationmark2"},
)
FAILING: Final = {"query": "query operationmark { agencies(first: 100) { edges { querymark: cursor } } }"}


def test_the_log_holds_no_query_no_variable_no_token_and_no_name(served: Served) -> None:
    token, client = served.token("staff@water"), served.client
    me = served.ask("{ me { id name agency { id name } } }", None, "staff@water")["me"]
    headers = {"Authorization": f"Bearer {token}", "X-Mark": "headermark", "Cookie": "headermark=1"}
    answers = [client.post("/graphql", json=one, headers=headers) for one in SENT]
    answers.append(client.get("/graphql?query={addressmark}", headers=headers))
    answers.append(client.get("/graphql", headers={"Authorization": f"Bearer {token}mark"}))
    answers.append(client.post("/graphql", content=b"{querymark", headers=headers))
    with _broken(served, [1, 2]):
        answers.append(client.post("/graphql", json=FAILING, headers=headers))
    for answer in answers:
        (line,) = served.log("request", answer)
        assert set(line) == {"request_id", "method", "path", "status", "ms", "subject", "event", "level", "time"}
    assert served.log("unexpected error", answers[-1])
    written = served.gateway.err
    names = (me["id"], me["name"], me["agency"]["id"], me["agency"]["name"], "staff@water")
    for secret in (*MARKS, *names, token, *token.split(".")[1:]):
        assert secret not in written
