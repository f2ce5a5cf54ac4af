"""What an operator does to a log that rests: new keys that old ones vouch for, and bodies that are gone for good."""

import json
from pathlib import Path

import pytest

from gateway.audit.event import OPERATOR, Cause, about_of
from gateway.audit.index import Index, Question, Scope
from gateway.audit.key import read_signers
from gateway.audit.log import Log, LogFolder, Sealed
from gateway.audit.prove import NoSuchEvent, prove_entry
from gateway.audit.reading import FolderSource
from gateway.audit.tlog import NotProven, Verifier
from gateway.audit.upkeep import NotErasable, erase_body, retire_keys, rotate_key
from gateway.audit.verify import verify
from tests.app.process import command_here
from tests.audit.samples import ABOUT, event, sealed
from tests.audit.test_log import faults, key

ORIGIN = "localhost/log"
CAUSE = Cause(OPERATOR, "0" * 64)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A closed log of 300 events that are in the index."""
    events = [event(i) for i in range(300)]
    log = Log(tmp_path, ORIGIN)
    log.open()
    log.record([Sealed(one.id, one.body) for one in events])
    log.publish()
    log.close()
    Index(log.folder.index).add(enumerate(one.body for one in events))
    return tmp_path


def holds(state: Path, verifier: Verifier, *, older: bytes | None = None) -> int:
    return verify(FolderSource(LogFolder(state).public), verifier, older=older).head.size


def bodies(state: Path, first: int) -> list[tuple[str, dict[str, object]]]:
    evidence = (prove_entry(LogFolder(state), i) for i in range(first, holds(state, key(state))))
    said = [json.loads(one.body.data) for one in evidence if one.body is not None]
    return [(one["kind"], one["data"]) for one in said]


def test_a_new_key_signs_beside_the_old_one_until_that_is_retired(state: Path) -> None:
    old, before = key(state), (LogFolder(state).public / "checkpoint").read_bytes()
    new = Verifier.parse(rotate_key(state, ORIGIN, CAUSE))
    assert new != old
    assert key(state) == new
    assert holds(state, old, older=before) == holds(state, new) == 301
    assert LogFolder(state).key.stat().st_mode & 0o777 == 0o600
    log = Log(state, ORIGIN)  # and so after the next start
    log.open()
    log.record([sealed(500)])
    log.publish()
    log.close()
    assert holds(state, old, older=before) == holds(state, new) == 302
    assert retire_keys(state, ORIGIN, CAUSE) == [old.vkey]
    assert holds(state, new) == 303
    with pytest.raises(NotProven):
        holds(state, old)
    assert [one.verifier for one in read_signers(LogFolder(state).key)] == [new]
    assert retire_keys(state, ORIGIN, CAUSE) == []
    kinds = [(kind, data) for kind, data in bodies(state, 300) if kind.startswith("log.")]
    assert kinds == [("log.key-made", {"vkey": new.vkey}), ("log.key-retired", {"vkey": old.vkey})]
    assert faults(state) == []


def test_a_log_goes_on_when_the_new_key_has_not_signed_before_a_crash(state: Path) -> None:
    before = (LogFolder(state).public / "checkpoint").read_bytes()
    new = Verifier.parse(rotate_key(state, ORIGIN, CAUSE))
    (LogFolder(state).public / "checkpoint").write_bytes(before)
    log = Log(state, ORIGIN)
    log.open()
    log.close()
    assert holds(state, new) == 301


def test_an_erased_body_is_gone_and_its_erasure_is_an_event(state: Path) -> None:
    place = Index(LogFolder(state).index).page(Question(), 300, oldest_first=True)[7]
    body = prove_entry(LogFolder(state), place.index).body
    assert body is not None
    identifier = json.loads(body.data)["id"]
    assert erase_body(state, ORIGIN, CAUSE, identifier, "个人信息") == place.index
    assert prove_entry(LogFolder(state), place.index).body is None
    stored = b"".join(path.read_bytes() for path in LogFolder(state).bodies.glob("*.log"))
    assert body.data not in stored
    assert body.salt not in stored
    ((kind, data),) = bodies(state, 300)
    erasure = prove_entry(LogFolder(state), 300).body
    assert erasure is not None
    assert about_of(erasure.data) == about_of(body.data) == ABOUT
    assert (kind, data) == ("log.body-erased", {"event": identifier, "index": place.index, "reason": "个人信息"})
    assert holds(state, key(state)) == 301
    assert faults(state) == []
    with pytest.raises(NotErasable, match="already"):
        erase_body(state, ORIGIN, CAUSE, identifier, "again")
    log = Log(state, ORIGIN)
    assert log.open() == 301
    log.close()


def test_what_the_next_start_needs_or_what_is_not_there_is_not_erased(state: Path) -> None:
    place = Index(LogFolder(state).index).page(Question(), 1)[0]
    body = prove_entry(LogFolder(state), place.index).body
    assert body is not None
    with pytest.raises(NotErasable, match="among the last 44 events"):
        erase_body(state, ORIGIN, CAUSE, json.loads(body.data)["id"], "x")
    with pytest.raises(NoSuchEvent):
        erase_body(state, ORIGIN, CAUSE, event().id, "x")
    assert holds(state, key(state)) == 300


def test_the_commands(state: Path) -> None:
    old = key(state).vkey
    rotated = command_here(state, "log", "rotate-key")
    assert rotated.stdout.strip() == key(state).vkey != old, rotated.stderr
    assert command_here(state, "log", "retire-keys").stdout.strip() == old
    index = Index(LogFolder(state).index)
    place = index.page(Question(), 300, oldest_first=True)[7]
    body = prove_entry(LogFolder(state), place.index).body
    assert body is not None
    identifier = json.loads(body.data)["id"]
    erased = command_here(state, "log", "erase", identifier, "--reason", "测试")
    assert erased.returncode == 0, erased.stderr
    assert f"entry {place.index} is erased" in erased.stderr
    assert place not in index.page(Question((frozenset({(Scope.ALL, "")}),)), 400)
    again = command_here(state, "log", "erase", identifier, "--reason", "测试")
    assert (again.returncode, "no event" in again.stderr) == (1, True)
    log = Log(state, ORIGIN)
    log.open()
    for arguments in (["rotate-key"], ["retire-keys"], ["erase", identifier, "--reason", "x"], ["reindex"]):
        refused = command_here(state, "log", *arguments)
        assert (refused.returncode, "is written by another process" in refused.stderr) == (1, True)
    log.close()
