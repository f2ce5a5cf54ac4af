"""Exported events hold by themselves, and a changed byte of any file of them does not."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.audit.export import EVENTS, check_export, export_events
from gateway.audit.index import Index
from gateway.audit.log import Log, LogFolder, Sealed
from gateway.audit.tlog import Signer, Verifier
from tests.app.process import command_here
from tests.audit.samples import MOMENT, event


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of 300 events of two agencies, and some that concern none."""
    found = tmp_path_factory.mktemp("export")
    log = Log(found, "localhost/log")
    log.open()
    events = [event(i) for i in range(300)]
    log.record([Sealed(one.id, one.body) for one in events])
    log.publish()
    log.settle()
    log._bodies.erase(7)
    log.close()
    Index(log.folder.index).add(enumerate(one.body for one in events))
    return found


def verifier(state: Path) -> Verifier:
    return Verifier.parse((LogFolder(state).public / "key").read_text())


def faults(folder: Path, key: Verifier) -> tuple[int, list[str]]:
    found: list[str] = []
    return check_export(folder, key, found.append, lambda _: None), found


def test_an_export_holds_and_has_what_was_asked_for(state: Path, tmp_path: Path) -> None:
    steps: list[int] = []
    count = export_events(LogFolder(state), tmp_path / "all", agency=None, since=0, advance=steps.append)
    assert count == len(steps) == 300
    assert faults(tmp_path / "all", verifier(state)) == (300, [])
    later = int(MOMENT.timestamp() * 1000) + 290_000
    assert export_events(LogFolder(state), tmp_path / "b", agency="ag_b", since=later, advance=steps.append) == 10
    assert export_events(LogFolder(state), tmp_path / "c", agency="ag_c", since=0, advance=steps.append) == 0
    with pytest.raises(FileExistsError):
        export_events(LogFolder(state), tmp_path / "b", agency=None, since=0, advance=steps.append)


def test_another_key_proves_nothing(state: Path, tmp_path: Path) -> None:
    export_events(LogFolder(state), tmp_path / "all", agency=None, since=0, advance=lambda _: None)
    count, found = faults(tmp_path / "all", Signer.generate("localhost/log").verifier)
    assert len(found) == count == 300


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(data=st.data())
def test_any_changed_byte_is_found(state: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    folder = tmp_path_factory.mktemp("changed") / "export"
    later = int(MOMENT.timestamp() * 1000) + 298_000
    export_events(LogFolder(state), folder, agency=None, since=later, advance=lambda _: None)
    path = data.draw(st.sampled_from(sorted((folder / EVENTS).glob("*/*"))))
    raw = bytearray(path.read_bytes())
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(raw)
    count, found = faults(folder, verifier(state))
    assert count == 2
    assert len(found) == 1
    assert found[0].startswith(path.parent.name)


def test_an_event_under_the_name_of_another_is_found(state: Path, tmp_path: Path) -> None:
    export_events(LogFolder(state), tmp_path / "x", agency=None, since=0, advance=lambda _: None)
    first, second, *_ = sorted((tmp_path / "x" / EVENTS).iterdir())
    first.rename(tmp_path / "away")
    second.rename(first)
    (found,) = faults(tmp_path / "x", verifier(state))[1]
    assert found.startswith(f"{first.name}: the leaf is that of another event")


def test_the_commands_write_and_check(state: Path, tmp_path: Path) -> None:
    told = command_here(state, "log", "export", "--to", str(tmp_path / "out"))
    assert told.returncode == 0, told.stderr
    key = verifier(state).vkey
    checked = command_here(state, "log", "check", str(tmp_path / "out"), "--key", key)
    assert (checked.returncode, checked.stdout) == (0, "")
    next((tmp_path / "out" / EVENTS).glob("*/body.json")).write_bytes(b"{}")
    failed = command_here(state, "log", "check", str(tmp_path / "out"), "--key", key)
    assert failed.returncode == 1
    assert "1 of 300 events do not hold" in failed.stderr
    assert command_here(state, "log", "check", str(tmp_path), "--key", key).returncode == 1
    assert command_here(state, "log", "export", "--to", str(tmp_path / "out")).returncode == 1
    proven = command_here(state, "log", "prove", event(0).id)
    assert (proven.returncode, proven.stdout) == (1, "")
