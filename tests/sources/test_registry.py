"""Datasets are connected to what their own agencies deliver, and to nothing else (R12)."""

import os
from datetime import date

import pyarrow as pa
import pytest

from gateway.audit.ledger import Denied
from gateway.catalog import FieldSpec, write_entries
from gateway.delivery import Column, Fetch, FileFormat, Form
from gateway.graph import make_id
from gateway.identity import PUBLIC, Profile, Subject
from gateway.sources import Delivered, Stated, Table, connected, told_sources
from gateway.vocabulary import DataType, Role
from tests.catalog.entries import entry
from tests.sources.depot import CAUSE, ENTRY, GOOD, Depot

SOURCE = make_id("so_", ENTRY.identifier)


async def test_what_is_as_the_catalogue_says_is_connected_without_a_difference(depot: Depot) -> None:
    stated = depot.csv("water/good.csv", GOOD)
    assert await depot.connect(stated) == []
    found = await depot.source()
    assert found is not None
    assert found["connectedAt"] == found["checkedAt"]
    kept = {name: value for name, value in found.items() if not name.endswith("At")}
    assert kept == {"id": SOURCE, **stated.properties, "unknown": 0, "faults": []}
    ((kind, data),) = depot.events()
    assert (kind, data["source"], data["held"], data["differences"]) == ("source.registered", SOURCE, "FILES", [])


async def test_a_field_that_is_not_delivered_is_told(depot: Depot) -> None:
    assert await depot.connect(depot.csv("water/x.csv", {"station": ["甲"], "day": ["2026-01-01"]})) == [
        "MISSING level"
    ]
    found = await depot.source()
    assert found is not None
    assert found["faults"] == [{"kind": "MISSING", "column": "level"}]


async def test_a_column_that_the_catalogue_does_not_know_is_counted_and_never_leaves(depot: Depot) -> None:
    stated = depot.csv("water/x.csv", {**GOOD, "id_number": [7, 8]})
    assert await depot.connect(stated) == ["UNKNOWN id_number"]
    found = await depot.source()
    assert found is not None
    assert found["unknown"] == 1
    columns = tuple(Column(one.name, one.data_type or DataType.STRING) for one in ENTRY.fields)
    async with await depot.registry.trying.engine.open(
        Fetch(depot.registry.trying.sources.of(found), columns, Form.CSV)
    ) as rows:
        data = b"".join([piece.data async for piece in rows])
    assert b"id_number" not in data
    assert b"2026-01-02" in data


@pytest.mark.parametrize(
    ("column", "values"),
    [("level", [1, "a lot"]), ("day", ["2026-01-01", "yesterday"]), ("level", ["1.5", 2]), ("day", ["2026-02-30", ""])],
)
async def test_a_value_of_another_type_is_told_by_its_column(depot: Depot, column: str, values: list[str]) -> None:
    assert await depot.connect(depot.csv("water/x.csv", {**GOOD, column: values})) == [f"TYPE {column}"]


async def test_every_column_of_another_type_is_told(depot: Depot) -> None:
    columns = {"station": pa.array([1, 2]), "level": pa.array(["1", "2"]), "day": pa.array([date(2026, 1, 1)] * 2)}
    assert await depot.connect(depot.parquet("water/x.parquet", columns)) == ["TYPE station", "TYPE level"]
    columns |= {"station": pa.array(["甲", "乙"]), "level": pa.array([1, 2])}
    assert await depot.connect(depot.parquet("water/x.parquet", columns)) == []


async def test_an_agencys_own_database_is_connected_and_compared(depot: Depot) -> None:
    good = depot.table("readings", "station text, level bigint, day date", "'甲', 1, '2026-01-01'")
    assert await depot.connect(good) == []
    found = await depot.source()
    assert found is not None
    assert (found["kind"], found["connection"], found["table"]) == ("POSTGRES", "water", "readings")
    assert depot.server.dsn not in str(found)
    bad = depot.table("others", "station text, level text, note text", "'甲', '1', 'x'")
    assert await depot.connect(bad) == ["MISSING day", "TYPE level", "UNKNOWN note"]
    assert await depot.refused(Table("water", "public", "nowhere")) == "SOURCE_GONE"


@pytest.mark.parametrize(
    "path",
    [
        "power/theirs.csv",
        "water/../power/theirs.csv",
        "../water/good.csv",
        "/etc/passwd",
        "water",
        "water/",
        "water//good.csv",
        "./water/good.csv",
        "water/./good.csv",
        "good.csv",
        "WATER/good.csv",
        "water/\x00",
        "",
        "water2/good.csv",
    ],
)
async def test_only_files_of_the_agencys_own_folder_are_connected(depot: Depot, path: str) -> None:
    depot.csv("power/theirs.csv", GOOD)
    stated = depot.csv("water/good.csv", GOOD)
    assert await depot.refused(Delivered(FileFormat.CSV, (path,))) == "BAD_PATH"
    assert await depot.refused(Delivered(FileFormat.CSV, stated.paths, (path,))) == "BAD_PATH"
    assert await depot.source() is None
    assert [(kind, data["code"]) for kind, data in depot.events()] == [("change.refused", "BAD_PATH")] * 2


async def test_nor_is_what_a_link_leads_to(depot: Depot) -> None:
    depot.csv("power/theirs.csv", GOOD)
    ours = depot.csv("water/good.csv", GOOD)
    for name, to in (("link.csv", "../power/theirs.csv"), ("folder", "../power")):
        link = depot.folder / "water" / name
        link.unlink(missing_ok=True)
        link.symlink_to(to)
    second = depot.folder / "water" / "second.csv"
    second.unlink(missing_ok=True)
    os.link(depot.folder / "power" / "theirs.csv", second)
    for path in ("water/link.csv", "water/folder/theirs.csv", "water/second.csv", "water/absent.csv"):
        assert await depot.refused(Delivered(FileFormat.CSV, (path,))) == "SOURCE_GONE"
        assert await depot.refused(Delivered(FileFormat.CSV, ours.paths, (path,))) == "SOURCE_GONE"
    assert await depot.source() is None


@pytest.mark.parametrize("name", ["power", "power/water", "waterworks", "water/../power", "water/", ""])
async def test_only_the_agencys_own_database_is_connected(depot: Depot, name: str) -> None:
    depot.table("readings", "station text, level bigint, day date")
    assert await depot.refused(Table(name, "public", "readings")) == "BAD_CONNECTION"


@pytest.mark.parametrize(
    ("stated", "code"),
    [
        (Delivered(FileFormat.CSV, ()), "BAD_PATH"),
        (Delivered(FileFormat.CSV, ("water/good.csv",) * 2), "BAD_PATH"),
        (Delivered(FileFormat.CSV, tuple(f"water/{n}" for n in range(201))), "BAD_PATH"),
        (Table("water", "", "t"), "BAD_TABLE"),
        (Table("water", "public", "t" * 64), "BAD_TABLE"),
        (Table("water/more", "public", "t"), "SOURCE_GONE"),
    ],
)
async def test_what_cannot_be_a_source_is_refused(depot: Depot, stated: Stated, code: str) -> None:
    assert await depot.refused(stated) == code


async def test_a_dataset_that_is_not_there_cannot_be_connected(depot: Depot) -> None:
    assert await depot.refused(depot.csv("water/good.csv", GOOD), "621000/water/404") == "NOT_FOUND"


async def test_a_check_tells_what_has_changed_on_either_side(depot: Depot) -> None:
    stated = depot.csv("water/x.csv", GOOD)
    await depot.connect(stated)
    assert await depot.check() == []
    depot.csv("water/x.csv", {**GOOD, "level": ["high", "low"]})
    assert await depot.check() == ["TYPE level"]
    depot.csv("water/x.csv", GOOD)
    await write_entries(depot.registry.graph, [entry(1, fields=(*ENTRY.fields[:2], FieldSpec("rain")))])
    assert await depot.check() == ["MISSING rain", "UNKNOWN day"]
    depot.removed("water/x.csv")
    assert await depot.check() == ["UNREADABLE"]
    found = await depot.source()
    assert found is not None
    assert found["faults"] == [{"kind": "UNREADABLE", "column": None}]
    assert found["checkedAt"] > found["connectedAt"]
    assert [kind for kind, _ in depot.events()] == ["source.registered", *["source.checked"] * 4]


async def test_a_document_that_is_gone_is_told(depot: Depot) -> None:
    stated = depot.csv("water/x.csv", GOOD)
    await depot.connect(Delivered(stated.format, stated.paths, (depot.written("water/a.pdf", b"%PDF-"),)))
    depot.removed("water/a.pdf")
    assert await depot.check() == ["UNREADABLE"]


async def test_connecting_again_takes_the_place_of_what_was_there(depot: Depot) -> None:
    await depot.connect(depot.csv("water/x.csv", GOOD))
    await depot.connect(depot.table("readings", "station text, level bigint, day date"))
    (one,) = await connected(depot.registry.graph)
    assert (one.id, one.kind, one.agency) == (SOURCE, "POSTGRES", "water")
    found = await depot.source()
    assert found is not None
    assert "paths" not in found
    assert await connected(depot.registry.graph, "power") == []


async def test_what_is_removed_is_connected_no_more(depot: Depot) -> None:
    await depot.connect(depot.csv("water/x.csv", GOOD))
    await depot.remove()
    assert await depot.source() is None
    assert depot.events()[-1] == ("source.removed", {"source": SOURCE})
    for again in (depot.remove, depot.check):
        with pytest.raises(Denied) as denied:
            await again()
        assert denied.value.code == "NOT_FOUND"


async def test_a_repeated_command_is_one_change(depot: Depot) -> None:
    stated = depot.csv("water/x.csv", GOOD)
    made = [await depot.registry.register(CAUSE, ENTRY.identifier, stated, "the-same-key") for _ in range(2)]
    assert made[0] == made[1]
    assert len(depot.events()) == 1


async def test_provider_center_and_the_providers_supervisors_are_told_and_nobody_else(depot: Depot) -> None:
    await depot.connect(depot.csv("water/x.csv", {**GOOD, "secret": [1, 2]}))
    agency, home, other = make_id("ag_", "water"), make_id("ju_", "621000"), make_id("ag_", "power")
    asked = (make_id("ds_", ENTRY.identifier), agency, home)

    def who(agency: str, role: Role, *over: str) -> Subject:
        return Subject("pe_x", "x", agency, "ap_x", over, profile=Profile(frozenset({role})))

    for subject, told in (
        (who(agency, Role.STAFF), True),
        (who(other, Role.CENTER), True),
        (who(other, Role.SUPERVISOR, home), True),
        (who(other, Role.SUPERVISOR, make_id("ju_", "621002")), False),
        (who(other, Role.AUDITOR, home), False),
        (who(other, Role.OFFICER), False),
        (PUBLIC, False),
    ):
        (found,) = await told_sources(depot.registry.graph, subject, [asked])
        assert (found is not None) is told, subject
    (found,) = await told_sources(depot.registry.graph, who(agency, Role.STAFF), [asked])
    assert found is not None
    assert found["differences"] == [{"kind": "UNKNOWN", "column": "secret"}]
