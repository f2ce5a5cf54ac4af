"""A seek is a seek, and a page follows its index, on an empty graph, a sparse one and a well-filled one."""

import random
from collections.abc import AsyncIterator
from itertools import product
from typing import Any, Final

import pytest

from gateway.graph import Graph, make_id
from tests.plan.asking import CALLERS, Gateway
from tests.plan.plans import Operator, Recorder, explain
from tests.support.database import empty
from tests.support.loading import load
from tests.support.world import build_world

pytestmark = pytest.mark.long
SORTS: Final = {"Sort", "Top", "PartialSort", "PartialTop"}
SCANS: Final = {"AllNodesScan", "NodeByLabelScan", "UnionNodeByLabelsScan", "NodeIndexScan", "NodeIndexContainsScan"}
SEEKS: Final = {"NodeUniqueIndexSeek"}
STARTS: Final = {"NodeIndexScan", "NodeIndexSeek", "NodeIndexSeekByRange", "NodeUniqueIndexSeekByRange"}
WHO: Final = ("public", "staff", "supervisor")
"""No relation, one that every page has to test, and one that is tested for what may be inspected."""

DATASET: Final = make_id("ds_", "621000/003")
AGENCY: Final = make_id("ag_", "a1")

_MANY: Final = """
UNWIND range(1, 4000) AS i
CREATE (d:Dataset {
  id: 'ds_' + right('aaaaaaaaaaaaaaaaaaaaaaaaaa' + toString(i), 26), identifier: 'many/' + i, title: '数据' + i % 97,
  status: 'PUBLISHED', origin: 'NATIVE', accessClass: ['UO', 'CC', 'NN_P', 'NN_CL'][i % 4], agency: $agencies[i % 6],
  jurisdiction: $home, shareType: 'UNCONDITIONAL', openType: 'OPEN', sensitivity: [], theme: 'ENER', legalBasis: [],
  keywords: [], formats: [], modified: '2025-01-01T00:00:00.' + right('00' + toString(i % 1000), 3) + 'Z',
  staleAt: '9999-12-31T23:59:59.999Z', missingElements: [], version: 1})
"""


@pytest.fixture(scope="module", params=["empty", "sparse", "filled"])
async def filled(request: pytest.FixtureRequest, shared_graph: Graph) -> AsyncIterator[Graph]:
    """The graph in three sizes: the planner decides by statistics, and must not need them."""
    await empty(shared_graph)
    if request.param != "empty":
        await load(shared_graph, build_world(random.Random(3), datasets=14))
    if request.param == "filled":
        agencies = [make_id("ag_", f"a{i}") for i in range(6)]
        await shared_graph.run(_MANY, {"agencies": agencies, "home": make_id("ju_", "621000")})
        await shared_graph.run("CALL db.resampleOutdatedIndexes()")
    await shared_graph.run("CALL db.clearQueryCaches()")
    yield shared_graph
    await empty(shared_graph)


async def plan_of(graph: Graph, query: str, variables: dict[str, Any], who: str, *, sparse: bool = False) -> Operator:
    """The plan of the one statement that answers a query."""
    gateway = Gateway(graph, sparse={"DRAFT": 10**6, "UO": 1} if sparse else None)
    recorder = Recorder()
    gateway.planner.reader = recorder
    await gateway.ask(query, variables, CALLERS[who])
    ((statement, parameters, _),) = recorder.seen
    return await explain(graph, statement, parameters)


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize(
    ("query", "variables"),
    [
        ("query($k: ID) { dataset(id: $k) { title provider { name } } }", {"k": DATASET}),
        ("query($k: String) { dataset(identifier: $k) { title description } }", {"k": "621000/003"}),
        ("query($k: ID) { agency(id: $k) { name } }", {"k": AGENCY}),
        ("query($k: String) { agency(code: $k) { name } }", {"k": "a1"}),
        ("query($k: ID!) { node(id: $k) { ... on Field { name dataset { title } } } }", {"k": make_id("fd_", "x")}),
        ("query($k: ID!) { nodes(ids: [$k, $k]) { id } }", {"k": DATASET}),
        (
            "query($k: [_Any!]!) { _entities(representations: $k) { __typename ... on Dataset { title } } }",
            {"k": [{"__typename": "Dataset", "identifier": "621000/003"}]},
        ),
        ("query($k: ID!) { explainAccess(target: $k, action: FETCH) { allowed } }", {"k": DATASET}),
    ],
)
async def test_one_object_is_found_by_a_seek(filled: Graph, query: str, variables: dict[str, Any], who: str) -> None:
    plan = await plan_of(filled, query, variables, who)
    assert plan.names & SEEKS, plan.names
    assert not plan.names & SCANS, plan.names


_PAGES: Final = {
    "first": "first: 5",
    "after": "first: 5, after: $c",
    "last": "last: 5",
    "before": "last: 5, before: $c",
}
_ORDERS: Final = [f"{{field: {f}, direction: {d}}}" for f, d in product(("ID", "TITLE", "MODIFIED"), ("ASC", "DESC"))]


async def _cursor(graph: Graph, text: str) -> str:
    """A cursor of the list, forged where the list is empty: only the digest in front has to be right."""
    recorder, gateway = Recorder(), Gateway(graph)
    gateway.planner.reader = recorder
    await gateway.ask(text.replace("$c", "null").replace("query(null: String)", "query"))
    prefixes = [v for _, parameters, _ in recorder.seen for k, v in parameters.items() if k.endswith("_c")]
    value = "" if "field: ID" in text else ".2025-01-01T00:00:00.000Z"
    return str(prefixes[-1]) + DATASET + value


def _text(page: str, order: str, around: str = "{}") -> str:
    listed = f"datasets({_PAGES[page]}, orderBy: {order}) {{ nodes {{ title }} pageInfo {{ hasNextPage endCursor }} }}"
    head = "query($c: String)" if "$c" in listed else "query"
    return f"{head} {{ {around.format(listed)} }}"


@pytest.mark.parametrize("order", _ORDERS)
@pytest.mark.parametrize("page", _PAGES)
async def test_a_page_follows_its_index(filled: Graph, page: str, order: str) -> None:
    text = _text(page, order)
    variables = {"c": await _cursor(filled, text)} if "$c" in text else {}
    for who in WHO:
        plan = await plan_of(filled, text, variables, who)
        assert not plan.names & SORTS, (who, plan.names)
        assert plan.names & STARTS, (who, plan.names)
        assert "NodeByLabelScan" not in plan.names, who


@pytest.mark.parametrize("order", _ORDERS)
@pytest.mark.parametrize("page", _PAGES)
async def test_the_page_of_an_agency_follows_its_index(filled: Graph, page: str, order: str) -> None:
    text = _text(page, order, f'agency(id: "{AGENCY}") {{{{ {{}} }}}}')
    variables = {"c": await _cursor(filled, _text(page, order))} if "$c" in text else {}
    for who in ("public", "staff"):
        plan = await plan_of(filled, text, variables, who)
        starts = {o.name for o in plan.all() if "Dataset(" in o.details}
        assert starts, (who, plan.names)
        assert starts <= {"NodeIndexSeek"}, (who, starts)
        assert not plan.names & SORTS, (who, plan.names)


@pytest.mark.parametrize("order", _ORDERS)
@pytest.mark.parametrize("page", _PAGES)
async def test_a_page_for_one_who_sees_few_is_merged_from_seeks(filled: Graph, page: str, order: str) -> None:
    text = _text(page, order)
    variables = {"c": await _cursor(filled, text)} if "$c" in text else {}
    for who in ("public", "staff"):
        plan = await plan_of(filled, text, variables, who, sparse=True)
        starts = {o.name for o in plan.all() if "Dataset(" in o.details}
        assert starts == {"NodeIndexSeek"}, (who, starts)
        # One Top is over the merged starts, each cut to a page by then; none is inside a start.
        for top in (o for o in plan.all() if o.name in SORTS):
            assert "Apply" in top.names, who
            assert "Limit" in top.names, who
        for apply in (o for o in plan.all() if o.name == "Apply"):
            assert not apply.children[-1].names & SORTS, who
