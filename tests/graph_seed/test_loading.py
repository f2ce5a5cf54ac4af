"""What is in the graph after loading: the derived properties agree with what they derive from."""

from typing import Any

import pytest

from gateway.graph import Graph
from graph_seed import SeedRefused, city, is_needed, load_city, load_scaled
from tests.support.tallies import tallies

_COUNTED = """
MATCH (d:Dataset)-[:PROVIDED_BY]->(a:Agency)-[:IN]->(:Jurisdiction)
WITH a.id + '|' + d.theme + '|' + d.accessClass + '|' + d.shareType + '|' + d.openType AS key, count(*) AS n
RETURN collect([key, n])
"""
_WRONG = """
MATCH (d:Dataset)-[:PROVIDED_BY]->(a:Agency)-[:IN]->(j:Jurisdiction)
WHERE NOT ('Class_' + d.accessClass) IN labels(d) OR size(labels(d)) <> 2 OR d.agency <> a.id OR d.jurisdiction <> j.id
RETURN collect(d.id)
"""


async def _check(graph: Graph, entries: int) -> None:
    counted: Any = await graph.read(_COUNTED)
    assert sum(n for _, n in counted) == entries
    assert await tallies(graph) == dict(counted)
    assert await graph.read(_WRONG) == []


async def test_the_city_loads_once_and_agrees_with_itself(graph: Graph) -> None:
    assert await is_needed(graph)
    assert await load_city(graph) == len(city.entries())
    await _check(graph, len(city.entries()))
    datasets, fields = city.derivations()
    assert await graph.read("MATCH ()-[e:DERIVED_FROM]->() RETURN count(e)") == len(datasets) + len(fields)
    assert not await is_needed(graph)
    with pytest.raises(SeedRefused, match="already holds entries"):
        await load_city(graph)


async def test_an_interrupted_load_starts_over(graph: Graph) -> None:
    await load_city(graph)
    await graph.run("MATCH (s:Seed) SET s.done = false WITH s MATCH (d:Dataset:Class_UO) DETACH DELETE d")
    assert await is_needed(graph)
    await load_city(graph)
    await _check(graph, len(city.entries()))


async def test_a_scaled_world_agrees_with_itself(graph: Graph) -> None:
    await load_scaled(graph, 1_500, public_share=0.1)
    await _check(graph, 1_500)
