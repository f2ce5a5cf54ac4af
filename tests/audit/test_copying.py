"""A copy of a log, taken while it grows, is the log as it was at the checkpoint, and can be gone on with."""

import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.audit import bodies as module
from gateway.audit.copying import copy_log, covering, place_log
from gateway.audit.errors import LogUnavailable
from gateway.audit.fsck import check_log
from gateway.audit.log import Log, LogFolder
from gateway.audit.reading import FolderSource
from gateway.audit.tlog import Verifier
from gateway.audit.verify import verify
from tests.audit.samples import sealed

ORIGIN = "test.example/log"


def key(folder: LogFolder) -> Verifier:
    return Verifier.parse((folder.public / "key").read_text())


@given(st.integers(1, 900), st.integers(0, 300), st.booleans())
@settings(max_examples=15, deadline=None)
def test_a_copy_is_the_log_of_its_checkpoint_and_goes_on(
    tmp_path_factory: pytest.TempPathFactory, size: int, more: int, settled: bool
) -> None:
    tmp = tmp_path_factory.mktemp("copy")
    state, copied, elsewhere = tmp / "state", tmp / "copied", tmp / "elsewhere"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "PER_FILE", 256)  # several files of bodies
        log = Log(state, ORIGIN)
        log.open()
        events = [sealed(i) for i in range(size + more)]
        log.record(events[:size])
        log.publish()
        note = (log.folder.public / "checkpoint").read_bytes()
        log.record(events[size:])
        log.publish()
        if settled:
            log.settle()  # the partial tiles of the checkpoint may be gone
        head = copy_log(log.folder, LogFolder(copied), note)
        assert head.size == size
        assert not LogFolder(copied).key.exists()
        place_log(LogFolder(copied).path, LogFolder(elsewhere), log.folder.key.read_bytes())
        log.close()

        faults: list[str] = []
        assert check_log(LogFolder(elsewhere), faults.append).entries == size
        restored = Log(elsewhere, ORIGIN)
        assert restored.open() == size
        restored.record([sealed(size + more)])
        restored.publish()
        restored.close()
        assert check_log(LogFolder(elsewhere), faults.append).entries == size + 1
        assert faults == []
        assert verify(FolderSource(LogFolder(elsewhere).public), key(LogFolder(state)), older=note).older == head
    shutil.rmtree(tmp)


def test_an_erased_body_stays_erased_in_a_copy(tmp_path: Path) -> None:
    log = Log(tmp_path / "state", ORIGIN)
    log.open()
    log.record([sealed(i) for i in range(300)])
    log.publish()
    module.Bodies(log.folder.bodies).erase(299)
    copy_log(log.folder, LogFolder(tmp_path / "copied"), (log.folder.public / "checkpoint").read_bytes())
    place_log(LogFolder(tmp_path / "copied").path, LogFolder(tmp_path / "to"), log.folder.key.read_bytes())
    log.close()
    faults: list[str] = []
    assert check_log(LogFolder(tmp_path / "to"), faults.append).erased == 1
    assert faults == []
    assert module.Bodies(LogFolder(tmp_path / "to").bodies).read(299) is None


async def test_a_checkpoint_that_does_not_come_is_not_waited_for_forever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = Log(tmp_path, ORIGIN)
    log.open()
    log.record([sealed(0)])
    log.publish()
    assert await covering(log.folder, 0)
    monkeypatch.setattr("gateway.audit.copying._PATIENCE", 0.1)
    with pytest.raises(LogUnavailable, match="entry 1"):
        await covering(log.folder, 1)
    log.close()
