"""fsck is silent on what the writers write, and finds each invariant once it is broken."""

from dataclasses import replace
from typing import Final

import pytest

from gateway.catalog import Derivation, create_entries, withdraw, write_derivations, write_entries
from gateway.catalog.fsck import check_graph
from gateway.catalog.fsck_rules import Difference
from gateway.graph import Graph, make_id
from gateway.vocabulary import OpenType, Sensitivity, ShareType
from tests.catalog.entries import ENTRY, entry, ground

_DATASET: Final = make_id("ds_", ENTRY.identifier)
_INSPECTOR: Final = make_id("fd_", ENTRY.identifier, "inspector")
_WATER: Final = make_id("ag_", "water")
_TALLY: Final = f"AGENCY_THEME|{_WATER}|ENVI|UO|UNCONDITIONAL|OPEN"


async def differences(graph: Graph) -> list[tuple[str, str]]:
    found: list[Difference] = []
    await check_graph(graph, found.append)
    return sorted((d.id, d.check) for d in found)


async def test_clean_after_every_kind_of_write(graph: Graph) -> None:
    await ground(graph)
    await create_entries(graph, [entry(n) for n in range(10, 15)])
    await write_entries(graph, [entry(n) for n in range(8)])
    law = frozenset({Sensitivity.BY_LAW})
    await write_entries(
        graph,
        [
            entry(1, open_type=OpenType.NOT_OPEN, sensitivity=law, agency="power"),
            entry(2, share_type=ShareType.CONDITIONAL, share_conditions="同意", fields=ENTRY.fields[1:]),
        ],
    )
    await withdraw(graph, [entry(n).identifier for n in (2, 3, 4)])
    await write_entries(graph, [entry(3)])
    await write_derivations(graph, [Derivation(entry(1).identifier, entry(3).identifier, asserter="water")])
    assert await differences(graph) == []
    assert await check_graph(graph, print) == 13


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        ("MATCH (d:Dataset) SET d.accessClass = 'NN_L'", {(_DATASET, "accessClass"), (_TALLY, "tally")}),
        ("MATCH (d:Dataset) SET d:Class_DRAFT", {(_DATASET, "labels")}),
        ("MATCH (d:Dataset) REMOVE d:Class_UO", {(_DATASET, "labels")}),
        ("MATCH (d:Dataset) SET d.agency = 'ag_x'", {(_DATASET, "agency"), (_TALLY, "tally")}),
        ("MATCH (d:Dataset) SET d.jurisdiction = 'ju_x'", {(_DATASET, "jurisdiction")}),
        ("MATCH (d:Dataset)-[r:PROVIDED_BY]->() DELETE r", {(_DATASET, "PROVIDED_BY")}),
        ("MATCH (d:Dataset) SET d.status = 'GONE'", {(_DATASET, "status")}),
        ("MATCH (d:Dataset) SET d.formats = ['CSV', 'TAPE']", {(_DATASET, "formats")}),
        ("MATCH (d:Dataset) SET d.sensitivity = ['PERSONAL']", {(_DATASET, "tier")}),
        ("MATCH (d:Dataset) SET d.version = 7", {(_DATASET, "version")}),
        ("MATCH (v:DatasetVersion) SET v.recordedTo = v.recordedFrom", {(_DATASET, "current versions")}),
        (
            (
                "MATCH (d:Dataset) CREATE (d)-[:HAS_VERSION]->"
                "(:DatasetVersion {id: 'dv_x', n: 1, recordedTo: '9999-12-31T23:59:59.999Z'})"
            ),
            {(_DATASET, "current versions")},
        ),
        (f"MATCH (f:Field {{id: '{_INSPECTOR}'}}) SET f.accessClass = 'UO'", {(_INSPECTOR, "accessClass")}),
        (f"MATCH (f:Field {{id: '{_INSPECTOR}'}}) SET f.openType = 'OPEN'", {(_INSPECTOR, "openType")}),
        (f"MATCH (f:Field {{id: '{_INSPECTOR}'}}) SET f.sensitivity = []", {(_INSPECTOR, "sensitivity")}),
        (
            f"MATCH ()-[r:HAS_FIELD]->(f:Field {{id: '{_INSPECTOR}'}}) DELETE r",
            {(_INSPECTOR, "accessClass of an ended field")},
        ),
        ("MATCH (t:Tally) SET t.n = 2", {(_TALLY, "tally")}),
        ("MATCH (t:Tally) DELETE t", {(_TALLY, "tally")}),
        ("MATCH (t:Tally) SET t.jurisdiction = 'ju_x'", {(_TALLY, "tally's jurisdiction")}),
        (
            "MATCH (a:Agency {code: 'water'})-[r:IN]->() DELETE r",
            {(_WATER, "jurisdiction"), (_DATASET, "jurisdiction")},
        ),
        ("MATCH (a:Agency {code: 'water'}) SET a.kind = 'CLUB'", {(_WATER, "kind")}),
        ("MATCH (j:Jurisdiction {code: '621000'}) SET j.level = 'MOON'", {(make_id("ju_", "621000"), "level")}),
    ],
)
async def test_each_broken_invariant_is_reported_by_id(
    graph: Graph, damage: str, expected: set[tuple[str, str]]
) -> None:
    await ground(graph)
    await write_entries(graph, [replace(ENTRY)])
    assert await differences(graph) == []
    await graph.run(damage)
    assert expected <= set(await differences(graph))


async def test_a_node_without_an_id_is_found(graph: Graph) -> None:
    await graph.run("CREATE (:Dataset {identifier: 'lost'})")
    assert [check for _, check in await differences(graph)] == ["id"]
