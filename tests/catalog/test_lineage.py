"""Derivations between datasets and between fields."""

import pytest

from gateway.catalog import Derivation, Rejected, write_derivations, write_entries
from gateway.graph import Graph
from tests.catalog.entries import entry, ground

A, B = entry(1).identifier, entry(2).identifier


async def test_a_target_derives_from_its_source_and_writing_again_adds_nothing(graph: Graph) -> None:
    await ground(graph)
    await write_entries(graph, [entry(1), entry(2)])
    batch = [
        Derivation(A, B, asserter="water"),
        Derivation(A, B, "station", "inspector", asserter="water", observed=True),
    ]
    for _ in range(2):
        assert await write_derivations(graph, batch) == 2
    found = await graph.read(
        "MATCH (t)-[e:DERIVED_FROM]->(s) WITH coalesce(t.identifier, t.name) AS x, coalesce(s.identifier, s.name) AS y"
        " RETURN collect([x, y])"
    )
    assert sorted(found) == [[B, A], ["inspector", "station"]]
    assert await graph.read("MATCH ()-[e:DERIVED_FROM]->() RETURN count(e.validFrom + e.recordedTo + e.id)") == 2


@pytest.mark.parametrize(
    "wrong", [Derivation(A, "nowhere"), Derivation(A, B, "station", "nowhere"), Derivation(A, B, "station")]
)
async def test_an_end_that_is_not_there_is_refused_and_nothing_is_written(graph: Graph, wrong: Derivation) -> None:
    await ground(graph)
    await write_entries(graph, [entry(1), entry(2)])
    with pytest.raises(Rejected):
        await write_derivations(graph, [Derivation(A, B), wrong])
    assert await graph.read("MATCH ()-[e:DERIVED_FROM]->() RETURN count(e)") == 0
