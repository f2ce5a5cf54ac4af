"""Queries that ask for too much, or for a page that cannot be: each names the limit and its value, and nothing runs."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import pytest

from gateway.identity.development import ISSUER as DEVELOPMENT
from tests.app.process import until
from tests.http.conftest import RESPONSE, SHAPES, TIMEOUT
from tests.http.served import Served, refusal
from tests.identity.tokens import ES256, ISSUER, claims

DEEP: Final = '{ agency(code: "x") ' + "{ parent " * 1000 + "{ id } " + "}" * 1000 + " }"
PAGES: Final = "fields(first: 100) { nodes { dataset { %s } } }"
LIMITS: Final[dict[str, tuple[str, str, str, int]]] = {
    "10,000 aliases": ("{ " + " ".join(f"a{i}: __typename" for i in range(10_000)) + " }", "tokens", "tokens", 5000),
    "101 aliases": ("{ me { " + " ".join(f"a{i}: id" for i in range(101)) + " } }", "101 aliases", "aliases", 100),
    "depth 1,000": (DEEP, "more than 15 levels of depth", "depth", 15),
    "depth in a value": ("{ node(id: " + "[" * 1000 + "]" * 1000 + ") { id } }", "levels of depth", "depth", 15),
    "tokens": ("{ me { " + "id " * 5000 + "} }", "more than 5000 tokens", "tokens", 5000),
    "root fields": ("{ " + "me { id } " * 21 + "}", "21 root fields", "root_fields", 20),
    "directives": ("{ me { id " + "@skip(if: false) " * 51 + "} }", "more than 50 directives", "directives", 50),
    "nodes": (
        "{ datasets(first: 100) { nodes { " + PAGES % (PAGES % "id") + " } } }",
        "nodes; at most 50000", "nodes", 50_000,
    ),
    "10^9 nodes": ("{ datasets(first: 1000000000) { nodes { id } } }", "1000000001 nodes", "nodes", 50_000),
}  # fmt: skip

# The query and its variables; then code, and what the message says.
DEEPEST: Final[Any] = json.loads("[" * 900 + "]" * 900)
WORDS: Final = " ".join(f"w{i}" for i in range(17))
PAGE: Final = "from 0 to 100 (GATEWAY_MAX_PAGE_SIZE), this is "
MISTAKES: Final[dict[str, tuple[str, Any, str, str]]] = {
    "10^9": ("{ datasets(first: 1000000000) { totalCount } }", None, "INVALID_PAGE", f"{PAGE}1000000000."),
    "negative": ("{ datasets(first: -1) { totalCount } }", None, "INVALID_PAGE", f"datasets.first: {PAGE}-1."),
    "101 by variable": (
        "query($n: Int) { search(query: \"水\", last: $n) { totalCount } }", {"n": 101},
        "INVALID_PAGE", f"search.last: {PAGE}101.",
    ),
    "below the root": (
        '{ agency(code: "water") { datasets(first: -5) { totalCount } } }', None,
        "INVALID_PAGE", f"datasets.first: {PAGE}-5.",
    ),
    "first and last": (
        "{ datasets(first: 1, last: 1) { totalCount } }", None,
        "INVALID_PAGE", "datasets: give first or last, not both.",
    ),
    "no 32 bits": ("{ datasets(first: 10000000000) { totalCount } }", None, "INVALID_QUERY", "non 32-bit"),
    "5,000 digits": (
        "{ datasets(first: " + "9" * 5000 + ") { totalCount } }", None,
        "NUMBER_TOO_LONG", "A number has at most 400 digits.",
    ),
    "no number": (
        "query($n: Int) { datasets(first: $n) { totalCount } }", {"n": "many"},
        "INVALID_QUERY", "Variable '$n' has invalid value",
    ),
    "variable missing": (
        "query($n: ID!) { node(id: $n) { id } }", {}, "INVALID_QUERY", "Variable '$n' has invalid value",
    ),
    "101 ids": (
        "query($i: [ID!]!) { nodes(ids: $i) { id } }", {"i": ["ds_x"] * 101},
        "TOO_MANY_IDS", "nodes: at most 100 ids, these are 101.",
    ),
    "1,001 representations": (
        "query($r: [_Any!]!) { _entities(representations: $r) { __typename } }",
        {"r": [{"__typename": "Dataset", "id": "x"}] * 1001},
        "TOO_MANY_REPRESENTATIONS", "representations: at most 1000, these are 1001.",
    ),
    "no representation": (
        "query($r: [_Any!]!) { _entities(representations: $r) { __typename } }",
        {"r": [{"__typename": "Dataset", "id": "x"}, {"__typename": "Me", "id": "x"}]},
        "BAD_REPRESENTATION", "representations[1]: needs __typename and one key of",
    ),
    "two keys": (
        '{ dataset(id: "x", identifier: "y") { id } }', None,
        "ONE_KEY", "dataset: give exactly one of id, identifier.",
    ),
    "no key": ("{ agency { id } }", None, "ONE_KEY", "agency: give exactly one of id, code."),
    "257 characters": (
        "query($q: String!) { search(query: $q) { totalCount } }", {"q": "x" * 257},
        "QUERY_TOO_LONG", "search.query: at most 256 characters, this has 257.",
    ),
    "17 words": (
        "query($q: String) { datasets(filter: {text: $q}) { totalCount } }", {"q": WORDS},
        "QUERY_TOO_LONG", "datasets.filter.text: at most 16 different words, this has 17.",
    ),
    "repetitions": (
        "{ me { " + "id " * 4900 + "} }", None, "LIMIT_COMPARISONS", "at most 100000 comparisons are made.",
    ),
    "a representation full of lists": (
        "query($r: [_Any!]!) { _entities(representations: $r) { __typename } }", {"r": [DEEPEST]},
        "BAD_REPRESENTATION", "representations[0]: needs __typename",
    ),
    "circular fragment": (
        '{ agency(code: "x") { ...A } } fragment A on Agency { ...B } fragment B on Agency { ...A }', None,
        "INVALID_QUERY", "Cannot spread fragment 'A' within itself via 'B'.",
    ),
    "unused fragment": (
        "{ __typename } fragment A on Agency { id }", None, "INVALID_QUERY", "Fragment 'A' is never used.",
    ),
    "undefined fragment": ('{ agency(code: "x") { ...A } }', None, "INVALID_QUERY", "Unknown fragment 'A'."),
}  # fmt: skip

BY_TITLE: Final = "query($after: String) { datasets(first: 2, after: $after, orderBy: {field: TITLE}) { %s } }"
CURSOR: Final = "pageInfo { endCursor } nodes { title }"


@pytest.mark.parametrize("name", LIMITS)
def test_a_document_past_a_limit_is_refused(served: Served, name: str) -> None:
    query, words, limit, most = LIMITS[name]
    error = refusal(served.send(query))
    assert error["extensions"] == {"code": f"LIMIT_{limit.upper()}", "limit": limit, "most": most}
    assert words in error["message"]
    assert error["message"].endswith(f"at most {most} are allowed (GATEWAY_MAX_{limit.upper()}).")


@pytest.mark.parametrize("name", MISTAKES)
def test_what_cannot_be_answered_is_refused(served: Served, name: str) -> None:
    query, variables, code, words = MISTAKES[name]
    error = refusal(served.send(query, variables))
    assert error["extensions"]["code"] == code
    assert words in error["message"]


def test_a_page_of_nothing_is_empty_and_says_what_follows(served: Served) -> None:
    page = "totalCount nodes { id } edges { cursor } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
    found = served.ask("{ first: datasets(first: 0) { %s } last: datasets(last: 0) { %s } }" % (page, page))  # noqa: UP031
    for name, following in (("first", True), ("last", False)):
        assert (found[name]["nodes"], found[name]["edges"]) == ([], [])
        assert found[name]["totalCount"] == served.good["datasets"]["totalCount"]
        info = found[name]["pageInfo"]
        assert (info["hasNextPage"], info["hasPreviousPage"]) == (following, not following)
        assert info["startCursor"] is info["endCursor"] is None


@pytest.mark.parametrize(
    ("field", "declared"),
    [
        ("datasets(after: $c, orderBy: {field: MODIFIED})", "another order"),
        ("datasets(after: $c, orderBy: {field: TITLE, direction: DESC})", "the other direction"),
        ("datasets(after: $c, orderBy: {field: TITLE}, filter: {theme: [SOCI]})", "another filter"),
        ("agencies(after: $c)", "another list"),
        ('search(query: "水", after: $c)', "a search"),
        ("datasets(before: $c)", "no order"),
    ],
)
def test_a_cursor_of_another_list_is_refused(served: Served, field: str, declared: str) -> None:
    cursor = served.ask(BY_TITLE % CURSOR)["datasets"]["pageInfo"]["endCursor"]
    error = refusal(served.send(f"query($c: String) {{ {field} {{ totalCount }} }}", {"c": cursor}))
    assert error["extensions"]["code"] == "INVALID_CURSOR", declared
    assert error["message"].startswith(field.partition("(")[0])


@pytest.mark.parametrize("cursor", ["", "x", ".", "..", "AAAA", "\x00", "x" * 3000, "000000000000.ds_x.y", "%00"])
def test_a_forged_cursor_is_refused(served: Served, cursor: str) -> None:
    error = refusal(served.send(BY_TITLE % CURSOR, {"after": cursor}))
    assert error["extensions"]["code"] == "INVALID_CURSOR"
    assert error["message"].startswith("datasets.after: this is no cursor of this list.")


def test_a_cursor_with_another_place_in_it_only_begins_elsewhere_in_the_same_list(served: Served) -> None:
    whole = served.ask("{ datasets(first: 100, orderBy: {field: TITLE}) { nodes { title } } }")["datasets"]["nodes"]
    digest, identifier, _ = served.ask(BY_TITLE % CURSOR)["datasets"]["pageInfo"]["endCursor"].split(".", 2)
    for value in ("", "\x00", "' OR 1=1 //", "}) RETURN 1 //"):
        page = served.ask(BY_TITLE % CURSOR, {"after": f"{digest}.{identifier}.{value}"})["datasets"]["nodes"]
        assert page == [title for title in whole if title["title"] > value][:2]


def test_a_response_past_the_limit_is_refused_whole(strict: Served) -> None:
    answer = strict.send("{ datasets(first: 100) { nodes { id title titleEn description category } } }")
    error = refusal(answer)
    assert answer.json()["data"] is None
    assert error["extensions"] == {"code": "LIMIT_RESPONSE", "most": RESPONSE}
    assert f"at most {RESPONSE} are allowed (GATEWAY_MAX_RESPONSE_BYTES)" in error["message"]


def test_new_shapes_of_query_are_counted_per_caller(strict: Served) -> None:
    for person in ("officer@gaj", "head@gaj"):
        strict.cypher(
            "MATCH (p:Person)-[:KNOWN_AS]->(:Identity {iss: $old, sub: $sub}) MERGE (i:Identity {iss: $iss, sub: $sub})"
            " MERGE (p)-[:KNOWN_AS]->(i) RETURN 1",
            old=DEVELOPMENT, iss=ISSUER, sub=person,
        )  # fmt: skip
    token = ES256.token(claims(sub="officer@gaj"))
    error: dict[str, Any] | None = None
    # The minute may begin anew in the midst of it.
    for i in range(2 * SHAPES + 1):
        answer = strict.send(f"{{ me {{ a{i}: id }} }}", token=token)
        if "errors" in answer.json():
            error = refusal(answer)
            break
    assert error is not None
    assert i >= SHAPES
    assert error["extensions"]["code"] == "TOO_MANY_NEW_QUERIES"
    assert f"More than {SHAPES} new shapes of query in a minute (GATEWAY_NEW_SHAPES_PER_MINUTE)" in error["message"]
    assert strict.ask("{ me { a0: id } }", token=token)["me"]["a0"].startswith("pe_")
    assert strict.ask("{ me { other: id } }", token=ES256.token(claims(sub="head@gaj")))["me"]["other"]


# So many ways from one jurisdiction to the others that following them all never ends.
MAZE: Final = (
    "UNWIND range(1, 14) AS i CREATE (:Jurisdiction:Maze {id: 'maze' + i, code: 'maze' + i, name: 'x', level: 'CITY'})"
    " WITH count(*) AS n MATCH (a:Maze), (b:Maze) WHERE a <> b CREATE (a)-[:PART_OF]->(b) RETURN count(*)"
)
RUNNING: Final = "SHOW TRANSACTIONS YIELD currentQuery WHERE currentQuery CONTAINS $way RETURN currentQuery"
WAY: Final = "[:PART_OF*0..]->(:Jurisdiction {id: $p"


def test_an_operation_past_the_time_limit_is_refused_and_ended_in_neo4j_too(strict: Served) -> None:
    strict.cypher(MAZE)
    assert strict.cypher(RUNNING, way=WAY) == []
    try:
        with ThreadPoolExecutor() as pool:
            asking = pool.submit(strict.send, '{ datasets(filter: {jurisdiction: "maze1"}) { totalCount } }')
            until(lambda: bool(strict.cypher(RUNNING, way=WAY)), TIMEOUT, "Neo4j is at it")
            error = refusal(asking.result())
        until(lambda: not strict.cypher(RUNNING, way=WAY), 5, "Neo4j has ended it")
    finally:
        strict.cypher("MATCH (m:Maze) DETACH DELETE m RETURN count(*)")
    assert error["extensions"] == {"code": "LIMIT_TIME", "most": TIMEOUT}
    assert error["message"] == f"The query took longer than {TIMEOUT:g} seconds (GATEWAY_QUERY_TIMEOUT); ask for less."
