"""`gateway neo4j start|stop|status`."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main
from typer.testing import CliRunner

from gateway.cli import build_app, main
from gateway.graph import stop_detached
from tests.support.database import SHORT_LIVED


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A state directory that the command line is pointed at; nothing runs on it afterwards."""
    path = tmp_path / "state"
    for name, value in {"GATEWAY_STATE": str(path), **SHORT_LIVED}.items():
        monkeypatch.setenv(name, value)
    yield path
    stop_detached(path)


def test_start_status_stop(state: Path) -> None:
    app, run = build_app(), CliRunner().invoke
    started = run(app, ["neo4j", "start"])
    assert started.stdout.startswith("bolt://127.0.0.1:"), started.output
    assert (state / "neo4j.password").read_text() not in started.output
    assert run(app, ["neo4j", "start"]).stdout == started.stdout, "a second start finds the first"
    assert run(app, ["neo4j", "status"]).stdout.startswith(started.stdout.strip())
    assert run(app, ["neo4j", "stop"]).exit_code == 0
    assert run(app, ["neo4j", "status"]).exit_code == 1


def test_status_of_nothing_says_how_to_start(state: Path) -> None:
    result = CliRunner().invoke(build_app(), ["neo4j", "status"])
    assert result.exit_code == 1
    assert "gateway neo4j start" in result.stderr


def test_with_a_neo4j_of_ones_own_the_embedded_one_is_refused(
    state: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GATEWAY_NEO4J_URI", "bolt://127.0.0.1:7687")
    monkeypatch.setenv("GATEWAY_NEO4J_PASSWORD", "secret-of-the-owner")
    monkeypatch.setattr("sys.argv", ["gateway", "neo4j", "start"])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr().err
    assert ended.value.code == 1
    assert "GATEWAY_NEO4J_URI is set" in said
    assert "Traceback" not in said
    assert "secret-of-the-owner" not in said


def test_every_command_has_help() -> None:
    pending: list[tuple[str, object]] = [("gateway", typer.main.get_command(build_app()))]
    while pending:
        name, current = pending.pop()
        assert getattr(current, "help", None), f"{name} has no help"
        pending += [(f"{name} {key}", inner) for key, inner in getattr(current, "commands", {}).items()]
