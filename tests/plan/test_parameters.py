"""Nothing that a client sends becomes text of a statement, and no variable of theirs takes the place of one of ours."""

import random
from typing import Any, Final

import pytest

from gateway.graph import Graph
from tests.plan.asking import CALLERS, Gateway
from tests.plan.plans import Recorder
from tests.support.loading import load
from tests.support.world import build_world

INJECTIONS: Final = (
    "' OR 1=1 //",
    '" OR true //',
    "`}) MATCH (n) DETACH DELETE n //",
    "'}) RETURN 1 UNION MATCH (n) RETURN n //",
    "$f_DISCOVER_0",
    "\\u0027 OR true",
    "a\x00b",
    "\x00",
    "\ufffe",
    "𝕏" * 50,
    "{{}}",
    "%s",
    "x" * 1000,
)

# Every argument that takes any text, with the variable's type.
ARGUMENTS: Final = (
    ("node(id: $x) { id }", "ID!"),
    ("nodes(ids: [$x]) { id }", "ID!"),
    ("agency(id: $x) { id }", "ID"),
    ("agency(code: $x) { id }", "String"),
    ("dataset(id: $x) { id }", "ID"),
    ("dataset(identifier: $x) { id }", "String"),
    ("datasets(filter: {agency: $x}) { totalCount nodes { id } facets { theme { count } } }", "ID"),
    ("datasets(filter: {jurisdiction: $x}) { totalCount nodes { id } }", "ID"),
    ("datasets(filter: {text: $x}) { totalCount nodes { id } }", "String"),
    ("agencies(filter: {jurisdiction: $x}) { totalCount nodes { id } }", "ID"),
    ("search(query: $x) { totalCount nodes { __typename } }", "String!"),
    ("datasets(after: $x) { nodes { id } }", "String"),
    ("datasets(before: $x) { nodes { id } }", "String"),
    ('search(query: "水", after: $x) { totalCount }', "String"),
    ("explainAccess(target: $x, action: FETCH) { allowed }", "ID!"),
    ('_entities(representations: [{__typename: "Dataset", id: $x}]) { __typename }', "String!"),
)


@pytest.fixture(scope="module")
async def filled(module_graph: Graph) -> Graph:
    await load(module_graph, build_world(random.Random(8), datasets=14))
    return module_graph


@pytest.mark.parametrize(("field", "declared"), ARGUMENTS)
async def test_cypher_in_any_argument_is_only_text(filled: Graph, field: str, declared: str) -> None:
    gateway, recorder = Gateway(filled), Recorder(filled)
    gateway.planner.reader = recorder
    before = await filled.read("MATCH (n) RETURN count(n)")
    answers, texts = [], set()
    for given in INJECTIONS:
        recorder.seen.clear()
        result = await gateway.ask(f"query($x: {declared}) {{ r: {field} }}", {"x": given}, CALLERS["staff"])
        for error in result.errors or ():
            assert (error.extensions or {}).get("code") in ("INVALID_CURSOR", "QUERY_TOO_LONG"), error
        answers.append(result.data)
        texts |= {statement for statement, _, _ in recorder.seen}
    assert await filled.read("MATCH (n) RETURN count(n)") == before
    # Whatever was given, the same statement was sent, and nothing was found.
    assert len(texts) <= 1
    for text in texts:
        assert not any(given in text for given in INJECTIONS if len(given) > 4 and not given.startswith("$"))
    for answer in answers:
        assert "ds_" not in str(answer)
        assert "'allowed': True" not in str(answer)


@pytest.mark.parametrize(("field", "declared"), ARGUMENTS)
async def test_a_literal_goes_the_same_way_as_a_variable(filled: Graph, field: str, declared: str) -> None:
    if "representations" in field:
        return  # a literal of a scalar without a form of its own cannot hold quotes within quotes here
    gateway, recorder = Gateway(filled), Recorder(filled)
    gateway.planner.reader = recorder
    await gateway.ask(f"query($x: {declared}) {{ r: {field} }}", {"x": "供水 marked"})
    await gateway.ask("{ r: " + field.replace("$x", '"供水 marked"') + " }")
    assert len({statement for statement, _, _ in recorder.seen}) <= 1
    assert not any("marked" in statement for statement, _, _ in recorder.seen)


_INTERNAL: Final = (
    "a_DISCOVER",
    "a_INSPECT",
    "f_DISCOVER_0",
    "f_DISCOVER_1",
    "f_INSPECT_1",
    "s_agency",
    "s_id",
    "s_jurisdictions",
    "s_grantees",
    "s_roles",
    "p0_n",
    "p0_c",
    "p0_f_text",
    "key",
    "keys_Dataset_id",
    "now",
    "forever",
    "v1",
)


@pytest.mark.parametrize("name", _INTERNAL)
async def test_a_variable_named_like_an_internal_parameter_has_no_effect(filled: Graph, name: str) -> None:
    gateway = Gateway(filled)
    body = "{ datasets(first: 100, filter: {stale: $%s}) { totalCount nodes { id description } } me { name roles } }"
    expected = await gateway.data(f"query($other: Boolean) {body % 'other'}", {}, CALLERS["staff"])
    for given in (None, ...):
        variables: dict[str, Any] = {} if given is ... else {name: given}
        assert await gateway.data(f"query(${name}: Boolean) {body % name}", variables, CALLERS["staff"]) == expected
    text = f"query(${name}: [ID!]!) {{ nodes(ids: ${name}) {{ id }} }}"
    everything = list((await filled.read("MATCH (d:Dataset) RETURN collect(d.id)")) or ())
    data = await gateway.data(text, {name: everything[:50]})
    known = await gateway.data("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": everything[:50]})
    assert data == known
    assert None in data["nodes"]


async def test_an_undeclared_variable_never_reaches_the_graph(filled: Graph) -> None:
    gateway, recorder = Gateway(filled), Recorder(filled)
    gateway.planner.reader = recorder
    forged = {"f_DISCOVER_0": {"DRAFT": True}, "s_agency": "ag_x", "p0_n": 10**6}
    await gateway.data("{ datasets(first: 1) { nodes { id } } }", forged)
    ((_, parameters, _),) = recorder.seen
    assert parameters.get("s_agency") is None
    assert parameters["p0_n"] == 1
    assert "DRAFT" not in parameters["f_DISCOVER_0"]


async def test_a_key_of_a_response_is_never_text_of_a_statement(filled: Graph) -> None:
    gateway, recorder = Gateway(filled), Recorder(filled)
    gateway.planner.reader = recorder
    await gateway.data("{ marked: datasets { alsoMarked: nodes { markedToo: title } } }")
    assert not any("marked" in statement.lower() for statement, _, _ in recorder.seen)
