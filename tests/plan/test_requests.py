"""One statement per root field, and nothing comes back that was not asked for."""

import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import pytest
from graphql import get_introspection_query

from gateway.classes import CLASSES
from gateway.graph import Graph, make_id
from gateway.identity import Subject
from gateway.plan.planner import Source
from tests.plan.asking import CALLERS, Gateway
from tests.plan.plans import Recorder
from tests.plan.queries import Grower
from tests.support.loading import load
from tests.support.world import World, build_world

DATASET: Final = make_id("ds_", "621000/003")
AGENCY: Final = make_id("ag_", "a1")


@pytest.fixture(scope="module")
def world() -> World:
    return build_world(random.Random(5), datasets=14)


@pytest.fixture(scope="module")
async def filled(module_graph: Graph, world: World) -> Graph:
    await load(module_graph, world)
    return module_graph


_ROOTS: Final = [
    "me { name roles agency { name } appointments { role agency { name } } }",
    f'node(id: "{DATASET}") {{ id ... on Dataset {{ fields {{ nodes {{ name dataset {{ title }} }} }} }} }}',
    f'nodes(ids: ["{DATASET}", "{AGENCY}", "zz", "{DATASET}"]) {{ id }}',
    'agency(code: "a1") { name datasets { totalCount facets { theme { count } } nodes { title } } children { name } }',
    "agencies { totalCount nodes { name jurisdiction { name parent { name } } } }",
    'dataset(identifier: "621000/003") { derivedFrom { nodes { fields { totalCount } } } access { fetch { rule } } }',
    'datasets(filter: {text: "水"}) { totalCount pageInfo { endCursor } facets { agency { value { name } } } }',
    'search(query: "水") { totalCount edges { score node { ... on Field { name } ... on Dataset { title } } } }',
    "jurisdictions { name agencies { nodes { name } } }",
    f'explainAccess(target: "{DATASET}", action: FETCH) {{ allowed reason {{ zh }} }}',
]


@pytest.mark.parametrize("who", ["public", "staff", "supervisor"])
@pytest.mark.parametrize("root", _ROOTS)
async def test_a_root_field_is_one_statement(filled: Graph, root: str, who: str) -> None:
    gateway, before = Gateway(filled), filled.requests
    await gateway.data(f"{{ {root} }}", {}, CALLERS[who])
    assert filled.requests - before == 1


async def test_several_root_fields_are_one_statement_each(filled: Graph) -> None:
    gateway, before = Gateway(filled), filled.requests
    await gateway.data("{ " + " ".join(f"r{i}: {root}" for i, root in enumerate(_ROOTS)) + " __typename }")
    assert filled.requests - before == len(_ROOTS)


@pytest.mark.parametrize("number", [1, 3, 200])
async def test_entities_are_one_statement_however_many(filled: Graph, world: World, number: int) -> None:
    rows = [("Dataset", r) for r in world.datasets] + [("Agency", r) for r in world.agencies]
    rows += [("Field", r) for r in world.fields]
    wanted = [{"__typename": t, "id": r["id"]} for t, r in (rows * 10)[:number]]
    wanted += [{"__typename": "Dataset", "identifier": "621000/003"}, {"__typename": "Agency", "code": "a1"}]
    text = "query($r: [_Any!]!) { _entities(representations: $r) { __typename ... on Agency { name } } }"
    gateway, before = Gateway(filled), filled.requests
    data = await gateway.data(text, {"r": wanted}, CALLERS["center"])
    assert len(data["_entities"]) == len(wanted)
    assert data["_entities"][-1] == {"__typename": "Agency", "name": "机构1"}
    assert filled.requests - before == 1


async def test_what_the_graph_is_not_needed_for_asks_it_nothing(filled: Graph) -> None:
    gateway, before = Gateway(filled), filled.requests
    await gateway.data(get_introspection_query())
    await gateway.data("{ __typename _service { sdl } }")
    assert (await gateway.data('{ node(id: "nothing") { id } }')) == {"node": None}
    assert (await gateway.ask("{ dataset { id } }")).errors
    assert filled.requests == before


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ():
        yield from _texts(one)


async def test_nothing_unselected_is_ever_returned(filled: Graph, world: World) -> None:
    gateway, recorder = Gateway(filled), Recorder(filled)
    gateway.planner.reader = recorder
    core = gateway.schema._schema
    seen = 0
    keys: set[str] = set()

    def listening(source: Source) -> Source:
        async def ask(subject: Subject, asked: Sequence[Sequence[Any]], arguments: Mapping[str, Any]) -> Any:
            keys.update(*asked)  # which are asked of the graph for this, and go no further
            return await source(subject, asked, arguments)

        return ask

    gateway.planner.elsewhere = {name: listening(one) for name, one in gateway.planner.elsewhere.items()}
    for seed in range(35):
        query = Grower(core, world, random.Random(seed)).query()
        recorder.seen.clear()
        keys.clear()
        who = sorted(CALLERS)[seed % len(CALLERS)]
        result = await gateway.ask(query.text, query.variables, CALLERS[who])
        given = set(_texts(result.data)) | set(CLASSES) | {"Dataset", "Field", "Agency", "Jurisdiction"}
        if not result.errors:
            returned = {text for _, _, value in recorder.seen for text in _texts(value)}
            assert returned <= given | keys, query.text
            seen += len(returned)
    assert seen > 100


async def test_what_may_not_be_inspected_does_not_leave_the_graph(filled: Graph, world: World) -> None:
    gateway, recorder = Gateway(filled), Recorder(filled)
    gateway.planner.reader = recorder
    hidden = [d for d in world.datasets if d["accessClass"] in ("NN_CLP", "NN_P", "DRAFT", "NN_C")]
    for who in ("public", "head"):
        for row in world.datasets:
            data = await gateway.data(
                "query($i: ID!) { dataset(id: $i) { identifier description usagePolicy fields { nodes { name } } } }",
                {"i": row["id"]},
                CALLERS[who],
            )
            *_, (_, _, value) = recorder.seen
            if data["dataset"] is None:
                assert value is None
            elif data["dataset"]["description"] is None:
                assert row.get("description") not in list(_texts(value)) or row.get("description") is None
    assert hidden
