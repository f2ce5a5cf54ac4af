"""Files that the settings name are read before anything is started."""

from pathlib import Path

import pytest

from tests.app.process import command


@pytest.mark.parametrize(
    ("option", "content", "said"),
    [
        ("RULES", "- 7", "GATEWAY_RULES: {path}: rule set 1: expected basis"),
        ("CALENDAR", "2027: {}", "GATEWAY_CALENDAR: {path}: 2027: name the notice"),
    ],
)
def test_rules_and_calendars_of_no_use_stop_the_start(tmp_path: Path, option: str, content: str, said: str) -> None:
    path = tmp_path / "file.yaml"
    path.write_text(content)
    told = command(tmp_path / "state", "serve", **{option: str(path)}, PORT="0")
    assert told.returncode == 1
    assert said.format(path=path) in told.stderr
    assert not (tmp_path / "state" / "neo4j").exists()


def test_trust_roots_of_no_use_stop_the_start(tmp_path: Path) -> None:
    path = tmp_path / "roots.pem"
    path.write_text("no certificate")
    given = {"TRUST_ROOTS": str(path), "TIMESTAMP_ROOTS": str(path), "PORT": "0"}
    told = command(tmp_path / "state", "serve", **given)
    assert told.returncode == 1
    assert "GATEWAY_TRUST_ROOTS" in told.stderr
    assert "Traceback" not in told.stderr
