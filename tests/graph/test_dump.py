"""What is dumped and loaded is the same graph, whatever is in it; and a damaged dump is not loaded as a whole one."""

import gzip
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.graph import Graph, GraphError
from gateway.graph.dump import NODES, RELATIONSHIPS, Counts, DumpUnreadable, dump, load
from tests.support.database import empty

NAMES = st.sampled_from(["text", "名称", "a b", "list"])
SCALARS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    st.integers(-(2**63), 2**63 - 1),
    st.booleans(),
    st.floats(allow_nan=False, allow_infinity=False),
)
PROPERTIES = st.dictionaries(NAMES, SCALARS | st.lists(st.text(max_size=5).filter(lambda t: "\x00" not in t)))
GRAPHS = st.lists(st.tuples(st.sets(st.sampled_from(["Dataset", "Field", "类"])), PROPERTIES), max_size=6).flatmap(
    lambda nodes: st.tuples(
        st.just(nodes),
        st.lists(
            st.tuples(*[st.integers(0, max(len(nodes) - 1, 0))] * 2, st.sampled_from(["HAS", "派生"]), PROPERTIES),
            max_size=8 if nodes else 0,
        ),
    )
)
# Nodes by a number of the test's own, so that two graphs can be compared.
EVERYTHING = """
MATCH (n) WHERE NOT n:Migration AND NOT n:Pause
OPTIONAL MATCH (n)-[r]->(m)
WITH n, [one IN collect([m.nr, type(r), properties(r)]) WHERE one[1] IS NOT NULL] AS out
RETURN collect([n.nr, labels(n), properties(n), out])
"""


def nothing(*_: object) -> None:
    pass


async def everything(graph: Graph) -> list[Any]:
    found = await graph.read(EVERYTHING)
    return sorted([[n, sorted(labels), props, sorted(out, key=repr)] for n, labels, props, out in found], key=repr)


async def fill(graph: Graph, nodes: list[Any], edges: list[Any]) -> None:
    for number, (labels, properties) in enumerate(nodes):
        text = "".join(f":`{label}`" for label in labels)
        await graph.run(f"CREATE (n{text}) SET n = $p", {"p": properties | {"nr": number}})
    for one, other, kind, properties in edges:
        text = f"MATCH (a {{nr: $a}}) MATCH (b {{nr: $b}}) CREATE (a)-[r:`{kind}`]->(b) SET r = $p"
        await graph.run(text, {"a": one, "b": other, "p": properties})


@given(given_graph=GRAPHS)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
async def test_every_graph_comes_back_as_it_was(
    graph: Graph, tmp_path_factory: pytest.TempPathFactory, given_graph: tuple[list[Any], list[Any]]
) -> None:
    folder = tmp_path_factory.mktemp("dump")
    await empty(graph)
    await fill(graph, *given_graph)
    before, migrations = await everything(graph), await graph.read("MATCH (m:Migration) RETURN count(m)")
    counts = await dump(graph, folder, nothing)
    assert counts == Counts(len(given_graph[0]) + migrations, len(given_graph[1]))
    await empty(graph)
    await load(graph, folder, counts, nothing)
    assert await everything(graph) == before
    assert await graph.read("MATCH (m:Migration) RETURN count(m)") == migrations


@pytest.fixture
async def dumped(graph: Graph, tmp_path: Path) -> Counts:
    await fill(graph, [({"Dataset"}, {}), ({"Field"}, {})], [(0, 1, "HAS", {})])
    counts = await dump(graph, tmp_path, nothing)
    await empty(graph)
    return counts


async def test_a_graph_that_holds_something_is_not_loaded_over(graph: Graph, dumped: Counts, tmp_path: Path) -> None:
    await fill(graph, [({"Dataset"}, {})], [])
    with pytest.raises(GraphError, match="not empty"):
        await load(graph, tmp_path, dumped, nothing)


async def test_a_dump_that_is_cut_off_or_changed_is_not_taken_for_whole(
    graph: Graph, dumped: Counts, tmp_path: Path
) -> None:
    for name in (NODES, RELATIONSHIPS):
        whole = (tmp_path / name).read_bytes()
        lines = gzip.decompress(whole)
        for broken in (whole[:-10], b"", gzip.compress(lines[: lines.rindex(b"[", 0, -3)]), gzip.compress(b"{\n")):
            (tmp_path / name).write_bytes(broken)
            with pytest.raises(DumpUnreadable):
                await load(graph, tmp_path, dumped, nothing)
            await empty(graph)
        (tmp_path / name).write_bytes(whole)


async def test_what_json_cannot_say_is_refused_by_name(graph: Graph, tmp_path: Path) -> None:
    for value in ("datetime()", "1.0 / 0.0", "[date()]"):
        await graph.run(f"CREATE (:Dataset {{odd: {value}}})")
        with pytest.raises(GraphError, match="'odd' holds a"):
            await dump(graph, tmp_path, nothing)
        await empty(graph)
