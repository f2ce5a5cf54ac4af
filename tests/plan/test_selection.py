"""Documents that mean the same share a statement, and those that do not never do."""

import random
from typing import Any

import pytest

from gateway.fetching.quotas import Used
from gateway.graph import Graph
from gateway.plan import Asker
from gateway.plan.cache import Bounded
from gateway.schema import Context
from tests.plan.asking import CALLERS, NO_CASES, NO_EVENTS, NO_FILING, NO_LEDGER, NO_REGISTRY, Gateway
from tests.plan.plans import Recorder
from tests.support.loading import load
from tests.support.world import build_world


@pytest.fixture(scope="module")
async def filled(module_graph: Graph) -> Graph:
    await load(module_graph, build_world(random.Random(9), datasets=14))
    return module_graph


@pytest.fixture
def gateway(filled: Graph) -> Gateway:
    found = Gateway(filled)
    found.planner.reader = Recorder(filled)
    return found


def sent(gateway: Gateway) -> list[str]:
    """The statements so far."""
    reader = gateway.planner.reader
    assert isinstance(reader, Recorder)
    return [statement for statement, _, _ in reader.seen]


async def first(gateway: Gateway, query: str, variables: dict[str, Any] | None = None) -> Any:
    data = await gateway.data(query, variables, CALLERS["center"])
    return data["datasets"]["nodes"][0]


async def test_one_document_with_other_conditions_gives_other_fields(gateway: Gateway) -> None:
    query = """
      query($s: Boolean!, $i: Boolean! = true) {
        datasets(first: 1) { nodes { id title @skip(if: $s) ...F @include(if: $i) } }
      } fragment F on Dataset { theme status @skip(if: $s) }"""
    for _ in range(2):
        assert set(await first(gateway, query, {"s": False})) == {"id", "title", "theme", "status"}
        assert set(await first(gateway, query, {"s": True})) == {"id", "theme"}
        assert set(await first(gateway, query, {"s": False, "i": False})) == {"id", "title"}
        assert set(await first(gateway, query, {"s": True, "i": False})) == {"id"}
    assert len(set(sent(gateway))) == 4


async def test_one_key_in_two_root_fields_and_two_documents_stays_apart(gateway: Gateway) -> None:
    one = await gateway.data(
        "{ a: datasets(first: 1) { nodes { x: title } } b: datasets(first: 1) { nodes { x: id } } }"
    )
    two = await gateway.data(
        "{ a: datasets(first: 1) { nodes { x: id } } b: datasets(first: 1) { nodes { x: title } } }"
    )
    assert (one["a"], one["b"]) == (two["b"], two["a"])
    assert one["a"] != one["b"]


async def test_fragments_of_one_name_in_two_documents_stay_apart(gateway: Gateway) -> None:
    for name in ("title", "theme", "id", "title"):
        node = await first(
            gateway, f"{{ datasets(first: 1) {{ nodes {{ ...F }} }} }} fragment F on Dataset {{ {name} }}"
        )
        assert list(node) == [name]


async def test_operations_of_one_document_stay_apart(filled: Graph) -> None:
    gateway = Gateway(filled)
    text = "query A { datasets(first: 1) { nodes { title } } } query B { datasets(first: 1) { nodes { id } } }"
    context = Context(
        Asker(CALLERS["center"], "test"),
        gateway.planner,
        NO_LEDGER,
        NO_EVENTS,
        NO_FILING,
        NO_CASES,
        "test",
        Used(),
        NO_REGISTRY,
        gateway.walker,
    )
    for name, key in (("A", "title"), ("B", "id"), ("A", "title")):
        result: Any = await gateway.schema.execute(text, operation_name=name, context_value=context)
        assert list(result.data["datasets"]["nodes"][0]) == [key]


async def test_one_alias_for_different_fields_of_different_types(gateway: Gateway) -> None:
    query = """
      query($q: String!) { search(query: $q, first: 100) { nodes {
        __typename ... on Dataset { same: title } ... on Field { same: name }
      } } }"""
    data = await gateway.data(query, {"q": "水"}, CALLERS["center"])
    assert {n["__typename"] for n in data["search"]["nodes"]} == {"Dataset", "Field"}
    assert all(isinstance(n["same"], str) for n in data["search"]["nodes"])


async def test_documents_that_mean_the_same_share_one_statement(gateway: Gateway) -> None:
    await first(gateway, "{ datasets(first: 1) { nodes { id title } } }")
    await first(
        gateway,
        "query Named($n: Int) { datasets(first: $n) { nodes { ...F } } } fragment F on Dataset { id title }",
        {"n": 2},
    )
    await first(gateway, "{ datasets(first: 3) { nodes { ... on Dataset { id } ... { title id } } } }")
    assert len(set(sent(gateway))) == 1


async def test_null_and_absent_are_kept_apart_from_values_only(gateway: Gateway) -> None:
    query = """
      query($f: DatasetFilter, $t: [Theme!], $n: Int) {
        datasets(first: $n, filter: $f) { totalCount } x: datasets(filter: {theme: $t}) { totalCount }
      }"""
    absent = await gateway.data(query, {}, CALLERS["center"])
    null = await gateway.data(query, {"f": None, "t": None, "n": None}, CALLERS["center"])
    inner = await gateway.data(query, {"f": {"theme": None, "text": None}}, CALLERS["center"])
    nothing = await gateway.data(query, {"f": {"theme": []}, "t": []}, CALLERS["center"])
    assert absent == null == inner
    assert nothing == {"datasets": {"totalCount": 0}, "x": {"totalCount": 0}}


async def test_a_skipped_list_sends_no_arguments_for_it(gateway: Gateway) -> None:
    query = """
      query($c: String, $s: Boolean!) {
        datasets(first: 1) { nodes { id fields(after: $c) @skip(if: $s) { totalCount } } }
      }"""
    assert list(await first(gateway, query, {"s": True, "c": "no cursor"})) == ["id"]
    result = await gateway.ask(query, {"s": False, "c": "no cursor"}, CALLERS["center"])
    assert result.errors


async def test_order_of_keys_is_that_of_the_selection(gateway: Gateway) -> None:
    query = """
      { datasets(first: 1) { totalCount __typename nodes { z: title ...F a: id } pageInfo { hasNextPage } } }
      fragment F on Dataset { m: theme z: title }"""
    data = await gateway.data(query)
    assert list(data["datasets"]) == ["totalCount", "__typename", "nodes", "pageInfo"]
    assert list(data["datasets"]["nodes"][0]) == ["z", "m", "a"]


async def test_the_caches_of_plans_have_an_end(filled: Graph) -> None:
    gateway = Gateway(filled)
    plans, selections = gateway.planner._plans, gateway.planner._selections
    plans.most, selections._trees.most, selections._numbers.most, selections._conditions.most = 1_000, 100, 20, 3
    for turn in range(8):
        data = await gateway.data(f"{{ datasets(first: 1) {{ nodes {{ k{turn}: id }} }} }}")
        assert list(data["datasets"]["nodes"][0]) == [f"k{turn}"]
    for cache in (plans, selections._trees, selections._numbers, selections._conditions):
        assert 0 < len(cache) < 8
        assert cache.weight <= cache.most


async def test_a_long_document_is_answered_and_not_kept(filled: Graph) -> None:
    gateway = Gateway(filled)
    kept = gateway.planner._selections._trees
    long = "x" * (kept.most * 5)
    for _ in range(2):
        assert await gateway.data(f'{{ agency(code: "{long}") {{ id }} }}') == {"agency": None}
    assert (len(kept), kept.weight) == (0, 0)
    assert await gateway.data('{ agency(code: "x") { id } }') == {"agency": None}
    assert len(kept) == 1


def test_a_bounded_mapping_weighs_what_it_keeps() -> None:
    kept: Bounded[str, str] = Bounded(10, len)
    for key, value in (("a", "1234"), ("b", "1234"), ("b", "12"), ("c", "1234")):
        kept[key] = value
    assert (dict(kept), kept.weight) == ({"a": "1234", "b": "12", "c": "1234"}, 10)
    kept["d"] = "1"
    assert (dict(kept), kept.weight) == ({"b": "12", "c": "1234", "d": "1"}, 7)
    kept["e"] = kept["d"] = "x" * 11
    assert (dict(kept), kept.weight) == ({"b": "12", "c": "1234"}, 6)
