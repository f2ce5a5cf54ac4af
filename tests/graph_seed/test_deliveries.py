"""What the city's agencies deliver: real files, the same for the same seed, as the catalogue describes them (R12)."""

import hashlib
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from gateway.catalog.fsck import check_graph
from gateway.catalog.fsck_rules import Difference
from gateway.delivery import Engine, FileFormat, Files, open_file
from gateway.graph import Graph
from gateway.masks import Audience, MaskKind, read_kept
from gateway.sources import Comparison, Expected, compare
from gateway.vocabulary import DataType, SourceKind, Status
from graph_seed import Delivering, deliveries, load_city, reading
from graph_seed.city import entries

ROWS = 1_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everything that is delivered, of a thousand rows."""
    folder = tmp_path_factory.mktemp("deliveries")
    deliver_all(folder)
    return folder


@pytest.fixture(scope="module")
async def engine(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Engine]:
    async with Engine(folder, tmp_path_factory.mktemp("spill")) as engine:
        yield engine


def deliver_all(folder: Path) -> None:
    made = deliveries.database()
    for one in deliveries.deliveries(ROWS):
        deliveries.deliver(made, folder, one)


def read(statement: str) -> list[tuple[Any, ...]]:
    return duckdb.execute(statement).fetchall()


def digests(folder: Path) -> dict[str, str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_at_least_25_published_datasets_of_every_tier_are_delivered() -> None:
    todo = list(deliveries.deliveries(10**6))
    assert len(todo) == len(reading.deliveries()) >= 25
    assert {one.variant.status for one in todo} == {Status.PUBLISHED}
    assert all(1_000 <= one.rows <= 10**6 for one in todo)
    assert sum(one.rows == 10**6 for one in todo) in (1, 2)
    assert {one.format for one in todo} == {*FileFormat}
    tiers = Counter(one.variant.line.tier.partition("_")[0] for one in todo)
    assert {"UO", "UC", "UN", "CC", "CN", "NN"} <= tiers.keys()
    assert tiers["UO"] >= 10
    assert any(one.documents for one in todo)


def test_the_same_seed_delivers_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    deliver_all(tmp_path)
    assert digests(tmp_path) == digests(folder)
    deliver_all(tmp_path)  # once more in the same place, as after an interruption
    assert digests(tmp_path) == digests(folder)


def test_rows_do_not_depend_on_how_many_there_are(folder: Path, tmp_path: Path) -> None:
    (one,) = (one for one in deliveries.deliveries(30_000) if one.variant.line.key == "kqzl")
    deliveries.deliver(deliveries.database(), tmp_path, one)
    more, few = (read(f"FROM '{at / one.path}' LIMIT {ROWS}") for at in (tmp_path, folder))
    assert more == few
    assert len({*more}) == ROWS


@pytest.mark.parametrize("key", [line.key for line in reading.deliveries()])
async def test_what_is_delivered_is_as_the_catalogue_says(engine: Engine, folder: Path, key: str) -> None:  # R12
    (one,) = (one for one in deliveries.deliveries(ROWS) if one.variant.line.key == key)
    (entry,) = (row for row in entries() if row.properties["identifier"] == one.variant.identifier)
    fields = [Expected(field["name"], DataType(field["dataType"])) for field in entry.fields]
    source = Files(folder, (one.path,), FileFormat(one.format))
    assert await compare(engine, source, fields) == Comparison()
    assert [name for name, _ in await engine.describe(source)] == [field.name for field in fields]
    assert one.path.startswith(f"{one.variant.agency.code}/")


def test_whole_files_are_there_and_the_first_rows_are_about_them(folder: Path) -> None:
    (one,) = (one for one in deliveries.deliveries(ROWS) if one.documents)
    said = read(f"SELECT file_name, file_size, sha256 FROM read_csv('{folder / one.path}')")
    for name, size, digest in said[: len(one.documents)]:
        file = open_file(folder, one.path_of(name))
        file.close()
        assert file.size == size
        assert hashlib.sha256((folder / one.path_of(name)).read_bytes()).hexdigest() == digest
    assert {name.rpartition(".")[2] for name in one.documents} == {"pdf", "mp4"}


def test_masks_of_either_audience_go_with_their_fields() -> None:  # R23.1
    found: Counter[tuple[Audience, MaskKind]] = Counter()
    for entry in entries():
        for field in entry.fields:
            for audience, mask in read_kept(field.get("masks")).items():
                assert mask.faults(DataType(field["dataType"])) == []
                found[audience, mask.kind] += 1
    assert {kind for audience, kind in found if audience is Audience.SHARING} == {*MaskKind}
    assert {kind for audience, kind in found if audience is Audience.OPENING} >= {*MaskKind} - {MaskKind.HASH}
    fields = {(line.key, name) for line in reading.datasets() for name in _names(line.groups)}
    assert {(line.key, line.field) for line in reading.masks()} <= fields


def _names(groups: str) -> set[str]:
    return {line.name for group in groups.split() for line in reading.field_groups()[group]}


async def test_a_loaded_city_is_connected_and_holds_together(graph: Graph, tmp_path: Path) -> None:
    await load_city(graph, None, Delivering(tmp_path, ROWS))
    found: list[dict[str, object]] = await graph.read("MATCH (s:Source)-[:OF]->(d) RETURN collect(s {.*, d: d.status})")
    assert len(found) == len(reading.deliveries())
    assert {(one["kind"], one["d"], one["faults"]) for one in found} == {(SourceKind.FILES, Status.PUBLISHED, "[]")}
    differences: list[Difference] = []
    await check_graph(graph, differences.append)
    assert differences == []


async def test_an_interrupted_delivery_is_done_again_with_the_city(
    graph: Graph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as broken:
        broken.setattr(deliveries, "deliver", full)
        with pytest.raises(OSError, match="no space"):
            await load_city(graph, None, Delivering(tmp_path, ROWS))
    await load_city(graph, None, Delivering(tmp_path, ROWS))
    assert await graph.read("MATCH (s:Source) RETURN count(s)") == len(reading.deliveries())


async def test_nothing_is_delivered_where_nobody_wants_it(graph: Graph, tmp_path: Path) -> None:
    await load_city(graph, None, Delivering(tmp_path, 0))
    assert digests(tmp_path) == {}
    assert await graph.read("MATCH (s:Source) RETURN count(s)") == 0
