"""`gateway import FILE` as a person or a script meets it."""

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gateway.cli import build_app
from gateway.graph import Graph
from tests.federation.inventories import inventory, record
from tests.support.database import DatabaseSettings
from tests.support.logged import logged

_COUNT = "MATCH (n) WHERE NOT n:Migration RETURN count(n)"


@pytest.fixture
def folder(tmp_path: Path, database: DatabaseSettings, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GATEWAY_STATE", str(database.state))
    return tmp_path


async def run(*arguments: str | Path) -> Result:
    """The command in a thread of its own: it brings its own event loop."""
    return await asyncio.to_thread(CliRunner().invoke, build_app(), ["import", *map(str, arguments)])


async def test_a_file_is_imported_and_the_report_says_what_happened(graph: Graph, folder: Path) -> None:
    file = folder / "waterworks.json"
    file.write_bytes(inventory(record(), record("b", accessLevel="?")))
    result = await run(file, "--json", folder / "report.json")
    assert result.exit_code == 0
    assert "loaded 1" in result.stdout
    assert "record 1 (b): accessLevel" in result.stdout
    report = json.loads((folder / "report.json").read_text())
    assert (report["source"], report["loaded"], report["rejected"]) == ("waterworks", 1, 1)
    assert report["rejections"][0] | {"message": ""} == {
        "code": "UNKNOWN_ACCESS_LEVEL",
        "index": 1,
        "identifier": "b",
        "field": "accessLevel",
        "message": "",
    }


async def test_the_json_report_can_go_to_standard_output(graph: Graph, folder: Path) -> None:
    file = folder / "waterworks.json"
    file.write_bytes(inventory(record()))
    result = await run(file, "--json", "-", "--source", "elsewhere")
    assert json.loads(result.stdout)["source"] == "elsewhere"


async def test_a_rule_and_options_reach_the_entries(graph: Graph, folder: Path) -> None:
    file = folder / "waterworks.json"
    file.write_bytes(inventory(record(accessLevel=None)))
    options = ["--share", "NON_SHARED", "--basis", "A law | Art. 1", "--assume", "restricted public", "--prefix", "w/"]
    assert (await run(file, *options)).exit_code == 0
    entry = await graph.read("MATCH (d:Dataset {identifier: 'w/water-quality'}) RETURN [d.accessClass, d.legalBasis]")
    assert entry == ["NC", ["A law\x1fArt. 1"]]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "EMPTY"),
        (inventory(record())[:-40], "NOT_JSON"),
        (b'{"dataset": ' + b"[" * 1_000_000, "TOO_DEEP"),
        (b'{"dataset": 1}', "NOT_AN_INVENTORY"),
        (inventory(record()).decode().encode("utf-16"), "NOT_UTF8"),
        (inventory(record(description="x" * 10_000)), "TOO_LARGE"),
        (None, "CANNOT_OPEN"),
    ],
)
async def test_an_unreadable_file_leaves_the_graph_unchanged(
    graph: Graph, folder: Path, content: bytes | None, code: str
) -> None:
    file = folder / "broken.json"
    if content is not None:
        file.write_bytes(content)
    result = await run(file, "--max-bytes", "9000000" if code == "TOO_DEEP" else "9000")
    assert result.exit_code == 1
    assert f"[{code}]" in result.stderr
    assert "Nothing was changed" in result.stderr
    assert "Traceback" not in result.output
    assert await graph.read(_COUNT) == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--share", "NON_SHARED"], "R16.3a"),
        (["--basis", "no separator"], "TITLE|CITATION"),
        (["--jurisdiction", "NOWHERE"], "NOWHERE"),
        (["--source", " "], "--source"),
        (["--rule", "/dev/null"], "/dev/null"),
        (["--rule", "/dev/null", "--share", "CONDITIONAL"], "leave out"),
    ],
)
async def test_a_wrong_option_changes_nothing_and_says_why(
    graph: Graph, folder: Path, options: list[str], message: str
) -> None:
    file = folder / "waterworks.json"
    file.write_bytes(inventory(record()))
    result = await run(file, *options)
    assert result.exit_code == 1
    assert message in result.stderr
    assert await graph.read(_COUNT) == 0


async def test_every_change_of_an_import_is_in_the_log_and_nothing_else(  # R8.3
    graph: Graph, folder: Path, database: DatabaseSettings
) -> None:
    file = folder / "waterworks.json"

    def since(before: int) -> list[tuple[str, ...]]:
        found = [body for body in logged(database.state)[before:] if body["kind"].startswith("catalog.")]
        changes = [body["data"] for body in found if body["kind"] == "catalog.entry-changed"]
        totals = [body["data"] for body in found if body["kind"] == "catalog.imported"]
        assert [one["source"] for one in totals] == ["waterworks"]
        assert all(body["actor"]["kind"] == "OPERATOR" for body in found)
        assert all(body["about"]["agencies"] and body["about"]["jurisdictions"] for body in found[:-1])
        return sorted((one["identifier"], one["change"], str(one["n"])) for one in changes)

    file.write_bytes(inventory(record("a"), record("b"), record("c")))
    start = len(logged(database.state))
    assert (await run(file)).exit_code == 0
    assert since(start) == [("a", "CREATED", "1"), ("b", "CREATED", "1"), ("c", "CREATED", "1")]

    again = len(logged(database.state))
    assert (await run(file)).exit_code == 0
    assert since(again) == []

    file.write_bytes(inventory(record("a", title="Another title"), record("b")))
    changed = len(logged(database.state))
    assert (await run(file)).exit_code == 0
    assert since(changed) == [("a", "CHANGED", "2"), ("c", "WITHDRAWN", "1")]
    assert await graph.read("MATCH (o:Outbox) RETURN count(o)") == 0
