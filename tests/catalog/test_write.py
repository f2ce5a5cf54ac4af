"""Entries are created, updated and left alone as stated, with everything that hangs on them."""

import asyncio
from dataclasses import replace

import pytest

from gateway.catalog import Code, Entry, FieldSpec, Rejected, create_entries, withdraw, write_agencies, write_entries
from gateway.graph import Graph, make_id
from gateway.vocabulary import FOREVER, OpenType, Sensitivity, ShareType, Status
from tests.catalog.entries import ENTRY, WATER, entry, ground
from tests.catalog.reading import dataset, everything, fields, versions
from tests.support.tallies import tallies


async def test_an_entry_is_written_with_class_label_provider_and_stricter_fields(graph: Graph) -> None:
    await ground(graph)
    report = await write_entries(graph, [ENTRY])
    assert (report.created, report.updated, report.unchanged) == ((ENTRY.identifier,), (), ())
    found = await dataset(graph, ENTRY.identifier)
    assert found["accessClass"] == "UO"
    assert found["labels"] == ["Class_UO"]
    assert found["provider"] == ["water"]
    assert (found["agency"], found["jurisdiction"]) == (make_id("ag_", "water"), make_id("ju_", "621000"))
    assert found["staleAt"] == "2026-01-02T00:00:00.000Z"
    assert found["legalBasis"] == ["城市供水条例\x1f第二十条"]
    assert found["missingElements"] == []
    station, inspector = await fields(graph, ENTRY.identifier)
    assert (station["accessClass"], inspector["accessClass"]) == ("UO", "CN_P")
    assert inspector["ownShareType"] == "CONDITIONAL"
    assert await tallies(graph) == {f"{make_id('ag_', 'water')}|ENVI|UO|UNCONDITIONAL|OPEN": 1}


async def test_writing_again_changes_nothing(graph: Graph) -> None:
    await ground(graph)
    batch = [entry(n) for n in range(3)]
    await write_entries(graph, batch)
    before = await everything(graph)
    await ground(graph)
    report = await write_entries(graph, batch)
    assert report.unchanged == tuple(e.identifier for e in batch)
    assert await everything(graph) == before


async def test_a_change_makes_a_version_and_the_one_before_only_ends(graph: Graph) -> None:
    await ground(graph)
    await write_entries(graph, [ENTRY])
    (first,) = await versions(graph, ENTRY.identifier)
    report = await write_entries(graph, [replace(ENTRY, title="新名称", title_en=None, distributions=())])
    assert report.updated == (ENTRY.identifier,)
    ended, second = await versions(graph, ENTRY.identifier)
    assert ended == first | {"validTo": second["validFrom"], "recordedTo": second["recordedFrom"]}
    assert (second["n"], second["validTo"], second["recordedTo"]) == (2, FOREVER, FOREVER)
    found = await dataset(graph, ENTRY.identifier)
    assert (found["title"], found["version"]) == ("新名称", 2)
    assert "titleEn" not in found
    assert await graph.read("MATCH (p:Distribution) RETURN count(p)") == 0


async def test_a_stricter_dataset_takes_its_label_its_fields_and_its_tally_with_it(graph: Graph) -> None:
    await ground(graph)
    await write_entries(graph, [ENTRY])
    law = frozenset({Sensitivity.BY_LAW})
    await write_entries(graph, [replace(ENTRY, agency="power", open_type=OpenType.NOT_OPEN, sensitivity=law)])
    found = await dataset(graph, ENTRY.identifier)
    assert (found["labels"], found["provider"]) == (["Class_UN_L"], ["power"])
    assert found["jurisdiction"] == make_id("ju_", "621002")
    assert [f["accessClass"] for f in await fields(graph, ENTRY.identifier)] == ["UN_L", "CN_LP"]
    assert await tallies(graph) == {f"{make_id('ag_', 'power')}|ENVI|UN_L|UNCONDITIONAL|NOT_OPEN": 1}


async def test_a_dropped_field_is_kept_for_the_version_that_lists_it_and_can_return(graph: Graph) -> None:
    await ground(graph)
    await write_entries(graph, [ENTRY])
    await write_entries(graph, [replace(ENTRY, fields=(*ENTRY.fields[:1], FieldSpec("ph")))])
    assert [f["name"] for f in await fields(graph, ENTRY.identifier)] == ["station", "ph"]
    dropped = make_id("fd_", ENTRY.identifier, "inspector")
    listed = (
        "MATCH (v:DatasetVersion)-[:LISTS]->(f:Field {id: $id}) WITH f, collect(v.n) AS ns RETURN [ns, f.accessClass]"
    )
    assert await graph.read(listed, {"id": dropped}) == [[1], "DRAFT"]
    await write_entries(graph, [ENTRY])
    assert (await fields(graph, ENTRY.identifier))[1]["accessClass"] == "CN_P"
    assert sorted((await graph.read(listed, {"id": dropped}))[0]) == [1, 3]


async def test_withdrawn_is_kept_unpublished_and_comes_back_when_written(graph: Graph) -> None:
    await ground(graph)
    await write_entries(graph, [ENTRY])
    assert await withdraw(graph, [ENTRY.identifier, "nobody"]) == (ENTRY.identifier,)
    found = await dataset(graph, ENTRY.identifier)
    assert (found["status"], found["labels"], found["title"]) == ("WITHDRAWN", ["Class_DRAFT"], ENTRY.title)
    assert {f["accessClass"] for f in await fields(graph, ENTRY.identifier)} == {"DRAFT"}
    assert [key.split("|")[2] for key in await tallies(graph)] == ["DRAFT"]
    assert await withdraw(graph, [ENTRY.identifier]) == ()
    assert (await write_entries(graph, [ENTRY])).updated == (ENTRY.identifier,)
    assert (await dataset(graph, ENTRY.identifier))["labels"] == ["Class_UO"]
    assert [key.split("|")[2] for key in await tallies(graph)] == ["UO"]
    assert [v["recordedTo"] == FOREVER for v in await versions(graph, ENTRY.identifier)] == [False, True]


async def test_tallies_are_exact_with_two_writers_of_the_same_entries(graph: Graph) -> None:
    await ground(graph)
    ours = [entry(n) for n in range(30)]
    theirs = [
        replace(e, agency="power", share_type=ShareType.CONDITIONAL, share_conditions="同意") for e in reversed(ours)
    ]

    async def write(batch: list[Entry]) -> None:
        for start in range(0, 30, 5):
            await write_entries(graph, batch[start : start + 5])

    for _ in range(3):
        await asyncio.gather(write(ours), write(theirs))
        counted = await graph.read(
            "MATCH (d:Dataset) WITH d.agency + '|' + d.theme + '|' + d.accessClass + '|' + d.shareType + '|' +"
            " d.openType AS key, count(*) AS n RETURN collect([key, n])"
        )
        assert await tallies(graph) == dict(counted)
    assert sum((await tallies(graph)).values()) == 30


async def test_an_agency_that_moves_takes_its_entries_and_tallies_with_it(graph: Graph) -> None:
    await ground(graph)
    await write_entries(graph, [ENTRY])
    await write_agencies(graph, [replace(WATER, jurisdiction="621002")])
    home = make_id("ju_", "621002")
    assert (await dataset(graph, ENTRY.identifier))["jurisdiction"] == home
    homes = "MATCH (t:Tally) WHERE t.agency IS NOT NULL RETURN collect(t.jurisdiction)"
    assert await graph.read(homes) == [home, home]
    assert await graph.read("MATCH (:Agency {code: 'water'})-[:IN]->(j) RETURN collect(j.id)") == [home]


@pytest.mark.parametrize("write", [write_entries, create_entries])
async def test_an_unknown_agency_is_refused_and_nothing_is_written(graph: Graph, write: object) -> None:
    await ground(graph)
    assert callable(write)
    with pytest.raises(Rejected) as refused:
        await write(graph, [ENTRY, entry(2, agency="nobody")])
    assert refused.value.problems[0].code is Code.UNKNOWN_REFERENCE
    assert await graph.read("MATCH (d:Dataset) RETURN count(d)") == 0


async def test_created_entries_are_what_written_ones_are(graph: Graph) -> None:
    await ground(graph)
    batch = [entry(1), entry(2, status=Status.DRAFT)]
    moment = "2026-01-01T00:00:00.000Z"
    batch = [replace(e, modified=moment) for e in batch]
    assert await create_entries(graph, batch) == 2 * 5
    created = [await dataset(graph, e.identifier) for e in batch]
    parts = [await fields(graph, e.identifier) for e in batch]
    counted = await tallies(graph)
    assert (await write_entries(graph, batch)).unchanged == tuple(e.identifier for e in batch)
    await graph.run(
        "MATCH (n) WHERE n:Dataset OR n:Field OR n:DatasetVersion OR n:Tally OR n:Distribution DETACH DELETE n"
    )
    await write_entries(graph, batch)
    assert [await dataset(graph, e.identifier) for e in batch] == created
    assert [await fields(graph, e.identifier) for e in batch] == parts
    assert await tallies(graph) == counted


async def test_creating_what_is_there_is_refused(graph: Graph) -> None:
    await ground(graph)
    await create_entries(graph, [ENTRY])
    with pytest.raises(Rejected, match="write_entries"):
        await create_entries(graph, [ENTRY])
    assert sum((await tallies(graph)).values()) == 1
