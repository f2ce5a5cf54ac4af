"""Each limit refuses what is past it, names itself and its value, and lets pass what is within."""

import time
from typing import Any, Final

import pytest
from graphql import GraphQLError, OperationDefinitionNode, get_introspection_query, parse

from gateway.schema import build_schema
from gateway.schema.comparisons import COMPARISONS
from gateway.schema.limits import Bounds, Limits
from gateway.schema.sizes import MOST, nodes
from tests.plan.asking import Gateway
from tests.plan.plans import Recorder

LIMITS: Final = Limits(tokens=400, depth=6, aliases=5, root_fields=4, directives=3, nodes=2000)


async def asked(query: str, variables: dict[str, Any] | None = None, limits: Limits = LIMITS) -> list[GraphQLError]:
    """The errors; a refused document must not reach the graph."""
    recorder = Recorder()
    result = await Gateway(recorder, limits).ask(query, variables)
    errors = result.errors or []
    if any("code" in (e.extensions or {}) for e in errors):
        assert not recorder.seen
        assert result.data is None
    return errors


async def refusal(query: str, variables: dict[str, Any] | None = None, limits: Limits = LIMITS) -> dict[str, Any]:
    """The extensions of the one refusal."""
    (error,) = await asked(query, variables, limits)
    extensions = dict(error.extensions or {})
    assert str(extensions["most"]) in error.message
    assert f"GATEWAY_MAX_{extensions['limit'].upper()}" in error.message
    return extensions


def _nest(levels: int) -> str:
    return '{ dataset(id: "x") { provider { ' + "parent { " * levels + "name" + " }" * levels + " } } }"


@pytest.mark.parametrize(
    ("query", "limit"),
    [
        (_nest(4), "depth"),
        (_nest(1000), "depth"),
        ("{ dataset(identifier: " + "[" * 1000 + "]" * 1000 + ") { id } }", "depth"),
        ("{ " + " ".join(f"a{i}: __typename" for i in range(6)) + " }", "aliases"),
        ("{ me { " + " ".join(f"a{i}: name" for i in range(6)) + " } }", "aliases"),
        ("{ " + "me { name } " * 5 + "}", "root_fields"),
        ("{ me { name " + "@include(if: true) " * 4 + "} }", "directives"),
        ("{ me { name " + "@skip(if: false) " * 10_000 + "} }", "directives"),
        ("{ me { " + "name " * 500 + "} }", "tokens"),
        ("{ " + " ".join(f"a{i}: __typename" for i in range(10_000)) + " }", "tokens"),
        ("{ datasets(first: 100) { nodes { fields(first: 100) { nodes { name } } } } }", "nodes"),
        ("{ datasets(first: 1000000000) { nodes { title } } }", "nodes"),
        ("{ datasets(last: 100) { nodes { derivedFrom(last: 100) { edges { cursor } } } } }", "nodes"),
    ],
)
async def test_what_is_past_a_limit_is_refused(query: str, limit: str) -> None:
    found = await refusal(query)
    assert (found["code"], found["limit"]) == (f"LIMIT_{limit.upper()}", limit)
    assert found["most"] == getattr(LIMITS, limit)


@pytest.mark.parametrize(
    "query",
    [
        '{ dataset(id: "x") { provider { parent { parent { parent { name } } } } } }',
        "{ " + " ".join(f"a{i}: __typename" for i in range(4)) + " }",
        "{ me { name @include(if: true) @skip(if: false) id @include(if: true) } }",
        "{ datasets(first: 100) { nodes { title } } }",
    ],
)
async def test_what_is_within_the_limits_passes(query: str) -> None:
    assert not [e for e in await asked(query) if "limit" in (e.extensions or {})]


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        ("query($n: Int) { datasets(first: $n) { nodes { fields(first: $n) { nodes { id } } } } }", {"n": 100}),
        ("query($n: Int = 100) { datasets(first: $n) { nodes { fields(first: $n) { nodes { id } } } } }", {}),
        ("query($n: Int) { datasets(first: $n, last: 100) { nodes { fields(last: 100) { nodes { id } } } } }", {}),
        (
            "query($i: [ID!]!) { nodes(ids: $i) { ... on Agency { datasets(first: 100) { nodes { id } } } } }",
            {"i": ["x"] * 50},
        ),
        (
            "query($r: [_Any!]!) { _entities(representations: $r) { ... on Agency { datasets { nodes { id } } } } }",
            {"r": [{"__typename": "Agency", "id": "x"}] * 200},
        ),
        (
            "{ datasets(first: 100) { ...F } } fragment F on DatasetConnection { nodes { fields { nodes { id } } } }",
            {},
        ),
    ],
)
async def test_nodes_are_counted_through_variables_defaults_lists_and_fragments(
    query: str, variables: dict[str, Any]
) -> None:
    assert (await refusal(query, variables))["limit"] == "nodes"


@pytest.mark.parametrize("first", [100, 0, 7])
def test_page_sizes_multiply(first: int) -> None:
    document = parse("query($n: Int) { datasets(first: $n) { nodes { fields(first: 3) { nodes { id } } } } }")
    (operation,) = document.definitions
    assert isinstance(operation, OperationDefinitionNode)
    assert nodes(document, operation, {"n": first}) == 1 + max(first, 1) * (1 + 1 + 3)


def _bomb(levels: int) -> str:
    fragments = [
        f"fragment F{i} on Agency {{ a: parent {{ ...F{i + 1} }} b: parent {{ ...F{i + 1} }} }}" for i in range(levels)
    ]
    return '{ agency(code: "x") { ...F0 } } ' + " ".join(fragments) + f" fragment F{levels} on Agency {{ name }}"


async def test_a_fragment_bomb_is_counted_without_going_off() -> None:
    start = time.process_time()
    wide = Limits(tokens=10**5, depth=100, aliases=10**6, nodes=10**6)
    assert (await refusal(_bomb(40), {}, wide))["limit"] == "aliases"
    pages = " ".join(
        f"fragment F{i} on Agency {{ datasets(first: 100) {{ nodes {{ provider {{ ...F{i + 1} }} }} }} }}"
        for i in range(20)
    )
    text = '{ agency(code: "x") { ...F0 } } ' + pages + " fragment F20 on Agency { name }"
    assert (await refusal(text, {}, wide))["limit"] == "nodes"
    assert time.process_time() - start < 60, "exponential: this would not end at all"


async def test_counts_have_a_ceiling() -> None:
    document = parse("{ datasets(first: 9) { nodes { fields(first: " + "9" * 300 + ") { nodes { id } } } } }")
    (operation,) = document.definitions
    assert isinstance(operation, OperationDefinitionNode)
    assert nodes(document, operation, {}) == MOST


@pytest.mark.parametrize(
    "query",
    [
        '{ agency(code: "x") { ...A } } fragment A on Agency { parent { ...A } }',
        '{ agency(code: "x") { ...A } } fragment A on Agency { ...B } fragment B on Agency { ...A }',
        '{ agency(code: "x") { ...A } } fragment A on Agency { name ...A }',
    ],
)
async def test_a_circular_fragment_is_refused(query: str) -> None:
    errors = await asked(query)
    assert any("Cannot spread fragment" in e.message for e in errors)


async def test_a_long_chain_of_fragments_is_refused_without_exhausting_the_stack() -> None:
    chain = " ".join(f"fragment F{i} on Agency {{ ...F{i + 1} }}" for i in range(3000))
    text = '{ agency(code: "x") { ...F0 } } ' + chain + " fragment F3000 on Agency { name }"
    assert (await refusal(text, {}, Limits(tokens=10**5)))["limit"] == "depth"
    inline = '{ agency(code: "x") { ' + "... { " * 3000 + "name" + " }" * 3000 + " } }"
    assert (await refusal(inline, {}, Limits(tokens=10**5)))["limit"] == "depth"


@pytest.mark.parametrize(
    "query",
    [
        "{ me { " + "id " * 4900 + "} }",
        '{ agency(code: "x") { ' + "parent { id } " * 1200 + "} }",
        '{ agency(code: "x") { ' + "datasets(first: 1) { totalCount } datasets(first: 2) { totalCount } " * 200 + "} }",
        "{ me { " + " ".join(f"...F{i}" for i in range(500)) + " } }"
        + " ".join(f"fragment F{i} on Me {{ id }}" for i in range(500)),
    ],
)  # fmt: skip
async def test_repetitions_are_not_compared_without_end(query: str) -> None:
    (error,) = await asked(query, {}, Limits())
    assert error.extensions == {"code": "LIMIT_COMPARISONS", "limit": "comparisons", "most": COMPARISONS}
    assert f"at most {COMPARISONS} comparisons" in error.message


async def test_what_people_repeat_is_compared() -> None:
    wide = " ".join(f"a{i}: datasets(first: 1) {{ totalCount nodes {{ id title }} }}" for i in range(20))
    for query in ("{ " + wide + " " + wide + " }", get_introspection_query()):
        assert not [e for e in await asked(query, {}, Limits(root_fields=40)) if e.path is None]


def test_long_documents_are_checked_and_few_of_them_kept() -> None:
    bounds = Bounds(Limits(), build_schema()._schema, suggestions=True)
    bounds._known.most = 10_000
    short = "{ me { id } }"
    kept = bounds.known(short)
    for i in range(20):
        assert not bounds.known(f'{{ agency(code: "{i}") {{ id }} }} #' + "x" * 20_000).errors
    assert bounds.known(short) is kept, "one that is too long to be kept pushes nothing out"
    for i in range(20):
        assert not bounds.known(f'{{ agency(code: "{i}") {{ id }} }} #' + "x" * 2_000).errors
    assert bounds._known.weight <= 10_000
    assert bounds.known(short) is not kept


async def test_introspection_can_be_off() -> None:
    query = "{ __schema { types { name } } }"
    assert not await asked(query)
    errors = await asked(query, {}, Limits(introspection=False))
    assert errors
    assert all("introspection" in error.message for error in errors)
    assert not await asked("{ __typename }", {}, Limits(introspection=False))


@pytest.mark.parametrize("first", [-1, 101, 10**9, -(10**9)])
@pytest.mark.parametrize("argument", ["first", "last"])
async def test_a_page_size_out_of_range_is_refused(argument: str, first: int) -> None:
    wide = Limits(nodes=10**18)
    for query, variables in (
        (f"{{ datasets({argument}: {first}) {{ totalCount }} }}", {}),
        (f"query($n: Int) {{ datasets({argument}: $n) {{ totalCount }} }}", {"n": first}),
    ):
        (error,) = await asked(query, variables, wide)
        assert (error.extensions or {})["code"] == "INVALID_PAGE"
        assert f"datasets.{argument}: from 0 to 100" in error.message


async def test_first_and_last_together_are_refused() -> None:
    (error,) = await asked("{ datasets(first: 1, last: 1) { totalCount } }")
    assert (error.extensions or {})["code"] == "INVALID_PAGE"
