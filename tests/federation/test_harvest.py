"""The whole import against a real graph: what it writes, that it is idempotent, and that it survives being killed."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from gateway.catalog import Code as Unfit
from gateway.catalog import (
    JurisdictionSpec,
    Problem,
    Proposed,
    to_rows,
    withdraw,
    write,
    write_jurisdictions,
    write_stored,
)
from gateway.federation.dcat_us import read_record
from gateway.federation.harvest import HarvestRefused, Source, harvest
from gateway.federation.harvested import Harvested
from gateway.federation.inventory import parse_inventory
from gateway.federation.mapping import to_entry
from gateway.federation.problems import Code
from gateway.federation.publishers import publisher_code
from gateway.federation.report import Report
from gateway.federation.rule import DEFAULT_RULE, uniform_rule
from gateway.graph import Graph, make_id
from gateway.vocabulary import ShareType
from tests.federation.inventories import inventory, record
from tests.support.tallies import tallies

OURS = Source("waterworks")

_NODES = """
MATCH (n) WHERE NOT n:Migration
RETURN collect([labels(n), properties(n), COUNT { (n)-->() }, COUNT { (n)<--() }])
"""
_EDGES = "MATCH (a)-[r]->(b) RETURN collect([a.id, type(r), properties(r), b.id])"
_CLOCKS = {"validFrom", "validTo", "recordedFrom", "recordedTo"}


async def world(graph: Graph, *, clocks: bool = True) -> list[str]:
    """Everything in the graph in a comparable form; without `clocks`, without the times of writing."""
    nodes = [
        [sorted(labels), {key: value for key, value in properties.items() if clocks or key not in _CLOCKS}, out, into]
        for labels, properties, out, into in await graph.read(_NODES)
    ]
    return sorted(json.dumps(row, sort_keys=True) for row in [*nodes, *(await graph.read(_EDGES))])


async def load(graph: Graph, *records: Any, source: Source = OURS, **catalog: Any) -> Report:
    return await harvest(graph, parse_inventory(inventory(*records, **catalog)), source)


def harvested() -> Harvested:
    found, _, _ = read_record(record(title="Forged"), 0)
    assert found is not None
    return found


async def dataset(graph: Graph, identifier: str = "water-quality") -> dict[str, Any]:
    found = await graph.read(
        "MATCH (d:Dataset {identifier: $i}) "
        "RETURN d{.*, labels: labels(d), versions: COUNT { (d)-[:HAS_VERSION]->() }}",
        {"i": identifier},
    )
    assert found is not None
    return dict(found)


async def check_bookkeeping(graph: Graph) -> None:
    """Class, label, fields' classes and tallies agree for every dataset."""
    rows = await graph.read("MATCH (d:Dataset) RETURN collect([d{.*}, labels(d)])")
    for entry, labels in rows:
        assert sorted(labels) == sorted(["Dataset", f"Class_{entry['accessClass']}"])
        assert (entry["accessClass"] == "DRAFT") == (entry["status"] == "WITHDRAWN")
    place = ("agency", "theme", "accessClass", "shareType", "openType")
    assert await tallies(graph) == Counter("|".join(entry[name] for name in place) for entry, _ in rows)
    fields = "MATCH (d:Dataset)-[:HAS_FIELD]->(f:Field) WHERE f.accessClass <> d.accessClass RETURN count(f)"
    assert await graph.read(fields) == 0
    current = """MATCH (d:Dataset)
    WITH d, COUNT { (d)-[:HAS_VERSION]->(:DatasetVersion {recordedTo: $forever}) } AS open
    WHERE open <> CASE d.status WHEN 'WITHDRAWN' THEN 0 ELSE 1 END RETURN count(d)"""
    assert await graph.read(current, {"forever": "9999-12-31T23:59:59.999Z"}) == 0


async def test_an_entry_says_where_it_comes_from_and_what_it_lacks(graph: Graph) -> None:  # R8.1
    report = await load(graph, record(rights="The dataset contains PII", accessLevel="non-public"))
    assert (report.loaded, report.agencies) == (1, 2)
    entry = await dataset(graph)
    assert entry["id"] == make_id("ds_", "water-quality")
    assert (entry["origin"], entry["status"], entry["source"]) == ("IMPORTED", "PUBLISHED", "waterworks")
    assert (entry["shareType"], entry["openType"], entry["sensitivity"]) == ("CONDITIONAL", "NOT_OPEN", ["PERSONAL"])
    assert (entry["accessClass"], entry["accessLevel"]) == ("CN_P", "non-public")
    assert entry["importRule"].startswith("dcat-us-1: accessLevel non-public → shareType CONDITIONAL")
    assert entry["missingElements"] == ["ATTRIBUTES", "SHARE_TYPE", "SHARE_MODE"]
    assert entry["rights"] == "The dataset contains PII"
    assert (entry["modified"], entry["refreshedAt"]) == ("2024-03-01T00:00:00.000Z",) * 2
    assert entry["staleAt"] == "2024-04-01T00:00:00.000Z"
    assert entry["shareConditions"]
    await check_bookkeeping(graph)


async def test_publishers_stand_in_their_hierarchy_and_jurisdiction(graph: Graph) -> None:
    await load(graph, record())
    path = """MATCH (d:Dataset)-[:PROVIDED_BY]->(a)-[:PART_OF]->(b:Agency)-[:IN]->(j:Jurisdiction)<-[:IN]-(a)
    RETURN [a.name, b.name, j.level, j.code, a.kind, a.origin,
      a.jurisdiction = j.id, d.agency = a.id, d.jurisdiction = j.id]"""
    expected = ["Water Office", "Department of Works", "EXTERNAL", "external:waterworks", "BY_REFERENCE", "IMPORTED"]
    assert await graph.read(path) == [*expected, True, True, True]


async def test_a_jurisdiction_of_the_graph_can_be_chosen_and_must_exist(graph: Graph) -> None:
    with pytest.raises(HarvestRefused, match="QY"):
        await load(graph, record(), source=Source("waterworks", jurisdiction="QY"))
    assert await world(graph) == []

    await write_jurisdictions(graph, [JurisdictionSpec("QY", "City", "CITY")])
    await load(graph, record(), source=Source("waterworks", jurisdiction="QY"))
    assert (await dataset(graph))["jurisdiction"] == make_id("ju_", "QY")


async def test_fields_and_distributions_follow_their_entry(graph: Graph) -> None:
    columns = [{"title": "id", "type": "integer"}, {"title": "day", "type": "date"}]
    await load(
        graph, record(distribution=[{"format": "CSV", "field": columns, "downloadURL": "https://example.org/a"}])
    )
    await check_bookkeeping(graph)
    await load(graph, record(distribution=[{"format": "CSV", "field": columns[1:]}, {"format": "API"}]))
    names = "MATCH (:Dataset)-[:HAS_FIELD]->(f:Field) RETURN collect([f.name, f.dataType, f.position, f.accessClass])"
    assert await graph.read(names) == [["day", "DATE", 0, "UO"]]
    listed = "MATCH (v:DatasetVersion)-[:LISTS]->(f:Field) WITH v, f ORDER BY v.n, f.name RETURN collect([v.n, f.name])"
    assert await graph.read(listed) == [[1, "day"], [1, "id"], [2, "day"]]
    assert await graph.read("MATCH (f:Field {name: 'id'}) RETURN f.accessClass") == "DRAFT"
    assert await graph.read("MATCH (:Dataset)-->(p:Distribution) RETURN count(p)") == 2
    assert await graph.read("MATCH (p:Distribution) RETURN count(p)") == 2


async def test_importing_again_changes_nothing(graph: Graph) -> None:
    records = [record(str(n), modified=None if n % 2 else "2024-01-01") for n in range(5)]
    first = await load(graph, *records)
    before, requests = await world(graph), graph.requests
    second = await load(graph, *records)
    assert (first.loaded, second.loaded, second.unchanged, second.updated) == (5, 0, 5, 0)
    assert graph.requests - requests <= 3
    assert await world(graph) == before


async def test_a_changed_record_is_a_new_version_and_the_old_one_stays(graph: Graph) -> None:
    await load(graph, record(), record("other"))
    report = await load(graph, record(title="A better title", accessLevel="restricted public"), record("other"))
    assert (report.updated, report.unchanged) == (1, 1)
    entry = await dataset(graph)
    assert (entry["title"], entry["accessClass"], entry["version"], entry["versions"]) == ("A better title", "CC", 2, 2)
    versions = """MATCH (:Dataset {identifier: 'water-quality'})-[:HAS_VERSION]->(v) WITH v ORDER BY v.n
    RETURN collect([v.n, v.recordedTo = '9999-12-31T23:59:59.999Z', v.snapshot CONTAINS 'A better title'])"""
    assert await graph.read(versions) == [[1, False, False], [2, True, True]]
    await check_bookkeeping(graph)


async def test_a_record_that_is_gone_is_withdrawn_and_one_that_returns_is_published_again(graph: Graph) -> None:
    await load(graph, record(), record("other"))
    report = await load(graph, record("other"))
    assert (report.withdrawn, report.unchanged) == (1, 1)
    entry = await dataset(graph)
    assert (entry["status"], entry["accessClass"], entry["title"]) == ("WITHDRAWN", "DRAFT", "Title of water-quality")
    await check_bookkeeping(graph)
    assert (await load(graph, record("other"))).withdrawn == 0
    report = await load(graph, record(), record("other"))
    assert (report.republished, report.loaded) == (1, 0)
    entry = await dataset(graph)
    assert (entry["status"], entry["accessClass"], entry["versions"]) == ("PUBLISHED", "UO", 2)
    await check_bookkeeping(graph)


async def test_a_record_that_is_broken_today_keeps_its_entry(graph: Graph) -> None:
    await load(graph, record())
    report = await load(graph, record(accessLevel="sesame"))
    assert (report.rejected, report.withdrawn) == (1, 0)
    assert (await dataset(graph))["status"] == "PUBLISHED"


async def test_bad_records_are_reported_and_the_others_load(graph: Graph) -> None:
    report = await load(graph, 1, record(), record("b", title=None), record(), record("c", description="x" * 5_000_000))
    assert (report.loaded, report.rejected, report.total) == (1, 4, 5)
    assert [(problem.index, problem.code, problem.field) for problem in report.rejections] == [
        (0, Code.NOT_AN_OBJECT, None),
        (2, Code.MISSING, "title"),
        (3, Code.DUPLICATE_IDENTIFIER, "identifier"),
        (4, Code.TOO_LONG, "description"),
    ]


async def test_an_identifier_of_another_source_is_never_overwritten(graph: Graph) -> None:
    await load(graph, record())
    before = await world(graph)
    report = await load(graph, record(title="Stolen"), source=Source("thief"))
    assert [(problem.code, problem.index) for problem in report.rejections] == [(Code.IDENTIFIER_TAKEN, 0)]
    assert (await dataset(graph))["title"] == "Title of water-quality"
    assert set(before) <= set(await world(graph))
    report = await load(graph, record(), source=Source("thief", prefix="thief/"))
    assert report.loaded == 1
    assert (await dataset(graph, "thief/water-quality"))["source"] == "thief"


async def test_an_entry_that_an_agency_compiled_is_neither_overwritten_nor_withdrawn(graph: Graph) -> None:
    await load(graph, record(), record("other"))

    async def adopt(tx: Any) -> None:
        await tx.run("MATCH (d:Dataset {identifier: 'water-quality'}) SET d.origin = 'NATIVE'")

    await graph.write(adopt)
    assert (await load(graph, record("other"))).withdrawn == 0
    report = await load(graph, record(title="x"), record("other"))
    assert [problem.code for problem in report.rejections] == [Code.IDENTIFIER_TAKEN]
    assert (await dataset(graph))["status"] == "PUBLISHED"


async def test_an_identifier_taken_while_importing_is_still_not_overwritten(graph: Graph) -> None:
    forged = to_entry(harvested(), DEFAULT_RULE, source="thief", agency=publisher_code("waterworks", "Water Office"))
    await load(graph, record())
    assert (await write_stored(graph, [to_rows(forged)])).taken == ("water-quality",)
    assert await withdraw(graph, ["water-quality"], source="thief") == ()
    assert (await dataset(graph))["source"] == "waterworks"


async def test_a_file_without_records_withdraws_nothing_unless_told(graph: Graph) -> None:
    await load(graph, record())
    with pytest.raises(HarvestRefused, match="--allow-empty"):
        await load(graph)
    assert (await dataset(graph))["status"] == "PUBLISHED"
    assert (await load(graph, source=Source("waterworks", allow_empty=True))).withdrawn == 1


async def test_another_rule_is_a_change_of_every_entry(graph: Graph) -> None:
    await load(graph, record())
    rule = uniform_rule(ShareType.NON_SHARED, (("A law", "Art. 1"),))
    assert (await load(graph, record(), source=Source("waterworks", rule=rule))).updated == 1
    entry = await dataset(graph)
    assert (entry["accessClass"], entry["legalBasis"]) == ("NO", ["A law\x1fArt. 1"])


async def test_an_interrupted_import_is_finished_by_running_it_again(
    graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.federation.harvest._BATCH", 2)
    old = [record(str(n)) for n in range(9)]
    new = [record(str(n), title=f"New {n}", accessLevel="non-public") for n in range(3, 12)]
    await load(graph, *old)
    await load(graph, *new)
    clean = await world(graph, clocks=False)
    await graph.run("MATCH (n) WHERE NOT n:Migration DETACH DELETE n")

    await load(graph, *old)
    for survived in range(1, 8):
        left = survived

        def dying(work: Any) -> Any:
            async def run(*things: Any, **named: Any) -> Any:
                nonlocal left
                result = await work(*things, **named)
                left -= 1
                if left < 0:
                    raise KeyboardInterrupt
                return result

            return run

        with pytest.MonkeyPatch.context() as patch:
            # Within the transaction, so that what dies is half of a batch.
            patch.setattr(write, "_write", dying(write._write))
            patch.setattr(write, "_withdraw", dying(write._withdraw))
            try:
                await load(graph, *new)
            except KeyboardInterrupt:
                await check_bookkeeping(graph)
                continue
            break
    else:
        pytest.fail("the import never came to its end")
    assert await world(graph, clocks=False) == clean


async def test_the_report_counts_every_record_once(graph: Graph) -> None:
    await load(graph, record("a"), record("b"), record("c"))
    report = await load(graph, record("a"), record("b", title="New"), record("d"), record("d"), None)
    assert report.total == report.loaded + report.updated + report.unchanged + report.republished + report.rejected
    as_json = json.loads(json.dumps(report.as_json()))
    assert (as_json["loaded"], as_json["updated"], as_json["unchanged"], as_json["withdrawn"]) == (1, 1, 1, 1)
    assert as_json["rejections"][0]["code"] == "DUPLICATE_IDENTIFIER"
    assert "DUPLICATE_IDENTIFIER" in report.as_text()


async def test_a_record_that_may_not_be_published_is_reported_and_the_others_load(graph: Graph) -> None:  # R17.2
    async def check(_: Any, proposed: Sequence[Proposed]) -> list[Problem]:
        assert all(one.published for one in proposed)
        bad = [one.identifier for one in proposed if one.identifier == "b"]
        return [Problem(one, Unfit.BELOW_SOURCES, "fields[0]", "it was made from stricter data") for one in bad]

    file = parse_inventory(inventory(record("a"), record("b"), record("c")))
    report = await harvest(graph, file, OURS, check=check)
    assert (report.total, report.loaded, report.rejected) == (3, 2, 1)
    assert [(one.code, one.index, one.identifier) for one in report.problems] == [(Code.BELOW_SOURCES, 1, "b")]
    assert sorted(await graph.read("MATCH (d:Dataset) RETURN collect(d.identifier)")) == ["a", "c"]
