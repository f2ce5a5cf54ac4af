"""`gateway fsck` says what differs and what to do, and ends with 1."""

import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gateway.catalog import write_entries
from gateway.cli import build_app
from gateway.graph import Graph
from tests.catalog.entries import ENTRY, ground
from tests.support.database import DatabaseSettings


@pytest.fixture
def command(database: DatabaseSettings, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The command line is pointed at the tests' own server."""
    monkeypatch.setenv("GATEWAY_STATE", str(database.state))
    return database.state


async def fsck() -> Result:
    # The command has an event loop of its own.
    return await asyncio.to_thread(CliRunner().invoke, build_app(), ["fsck"])


async def test_a_sound_graph_passes(graph: Graph, command: Path) -> None:
    await ground(graph)
    await write_entries(graph, [ENTRY])
    result = await fsck()
    assert (result.exit_code, result.stdout) == (0, ""), result.output
    assert "1 entries checked; everything holds." in result.stderr


async def test_a_difference_is_named_with_what_to_do_next(graph: Graph, command: Path) -> None:
    await ground(graph)
    await write_entries(graph, [ENTRY])
    await graph.run("MATCH (d:Dataset) SET d:Class_NN_L")
    result = await fsck()
    assert result.exit_code == 1
    assert "labels: is [Class_NN_L, Class_UO], should be [Class_UO]" in result.stdout
    assert "1 differences: labels (1)" in result.stderr
    assert "gateway import" in result.stderr
