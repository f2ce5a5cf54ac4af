"""The log over starts, crashes and damage: what was acknowledged is there, and nothing is repaired silently."""

import shutil
import threading
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.audit.errors import LogDamaged, LogInUse
from gateway.audit.fsck import check_log
from gateway.audit.log import Log, LogFolder, Sealed
from gateway.audit.prove import prove_entry
from gateway.audit.reading import FolderSource
from gateway.audit.tlog import Checkpoint, Verifier
from gateway.audit.verify import Tampered, verify
from tests.audit.samples import sealed

ORIGIN = "test.example/log"


def opened(state: Path) -> Log:
    log = Log(state, ORIGIN)
    log.open()
    return log


def write(log: Log, count: int, step: int = 5) -> list[Sealed]:
    events = [sealed(i) for i in range(count)]
    for i in range(0, count, step):
        log.record(events[i : i + step])
        log.publish()
    return events


def faults(state: Path) -> list[str]:
    found: list[str] = []
    check_log(LogFolder(state), found.append)
    return found


def key(state: Path) -> Verifier:
    return Verifier.parse((LogFolder(state).public / "key").read_text())


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Sealed]]:
    """A closed log of 600 entries, of which 512 are settled. Copy it before changing it."""
    state = tmp_path_factory.mktemp("log")
    log = opened(state)
    events = write(log, 600, 9)
    log.settle()
    log.close()
    return state, events


def copied(written: tuple[Path, list[Sealed]], to: Path) -> Path:
    shutil.copytree(written[0], to, dirs_exist_ok=True)
    return to


def test_what_was_recorded_can_be_verified_and_proven(written: tuple[Path, list[Sealed]]) -> None:
    state, events = written
    shown = verify(FolderSource(LogFolder(state).public), key(state))
    assert shown.head.size == 600
    assert faults(state) == []
    for index in (0, 255, 256, 511, 512, 599):
        evidence = prove_entry(LogFolder(state), index)
        assert evidence.body is not None
        assert evidence.body.data == events[index].body
        assert evidence.leaf.id == events[index].id
        assert evidence.proof.check(evidence.leaf.entry, key(state)).size == 600


def test_one_process_writes(tmp_path: Path) -> None:
    first = opened(tmp_path)
    with pytest.raises(LogInUse):
        opened(tmp_path)
    first.close()
    opened(tmp_path).close()


def test_a_log_keeps_its_name_and_its_key(tmp_path: Path) -> None:
    first = opened(tmp_path)
    vkey = first.vkey
    assert first.is_new
    write(first, 1)
    assert (tmp_path / "log" / "key").stat().st_mode & 0o777 == 0o600
    first.close()
    again = opened(tmp_path)
    assert again.vkey == vkey
    assert not again.is_new
    again.close()
    with pytest.raises(LogDamaged, match="GATEWAY_LOG_ORIGIN"):
        Log(tmp_path, "other.example/log").open()


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(data=st.data())
def test_a_crash_at_any_point_takes_nothing_that_was_acknowledged(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Whatever of the tiles, marks and checkpoint a crash leaves behind, the bodies bring the same log back."""
    state = tmp_path_factory.mktemp("crash")
    log = opened(state)
    count = data.draw(st.integers(1, 700))
    events = write(log, count, data.draw(st.integers(1, 200)))
    if data.draw(st.booleans()):
        log.settle()
    kept = Checkpoint.open((LogFolder(state).public / "checkpoint").read_bytes(), key(state))
    log.record([sealed(10_000)])  # durable, not published
    log.close()
    settled = LogFolder(state).path / "settled"
    bound = int(settled.read_text()) if settled.exists() else 0
    lost = [path for path in LogFolder(state).public.rglob("*") if path.is_file() and _is_unsettled(path, state, bound)]
    for path in data.draw(st.lists(st.sampled_from(lost), unique=True)) if lost else []:
        path.unlink()
    torn = data.draw(st.binary(max_size=40))
    with max((LogFolder(state).bodies).glob("*.log")).open("ab") as file:
        file.write(torn)

    again = opened(state)
    assert again.size == count + 1
    assert again.dropped == len(torn)
    again.close()
    shown = verify(FolderSource(LogFolder(state).public), key(state), older=kept.signed(*again.signers))
    assert shown.head.size == count + 1
    assert faults(state) == []
    last = prove_entry(LogFolder(state), count - 1)
    assert last.body is not None
    assert last.body.data == events[-1].body


def _is_unsettled(path: Path, state: Path, settled: int) -> bool:
    """Whether a power cut may take this public file: checkpoint and key, and tiles beyond the mark."""
    name = path.relative_to(LogFolder(state).public).as_posix()
    if name in ("checkpoint", "key"):
        return name == "checkpoint"
    level, index = name.split("/")[1], int(name.split("/")[2].partition(".")[0])
    return level in ("entries", "0") and index * 256 >= settled


def test_an_empty_checkpoint_is_what_a_power_cut_leaves(written: tuple[Path, list[Sealed]], tmp_path: Path) -> None:
    state = copied(written, tmp_path)
    (LogFolder(state).public / "checkpoint").write_bytes(b"")
    opened(state).close()
    assert faults(state) == []


@pytest.mark.parametrize(
    "name", ["checkpoint", "tile/0/000", "tile/1/000.p/2", "tile/entries/000", "tile/entries/002.p/88"]
)
def test_a_flipped_bit_in_a_public_file_is_found(written: tuple[Path, list[Sealed]], tmp_path: Path, name: str) -> None:
    state = copied(written, tmp_path)
    path = LogFolder(state).public / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 4
    path.write_bytes(data)
    assert faults(state)
    assert path.read_bytes() == bytes(data)  # never mended by looking


@settings(max_examples=60, deadline=None)
@given(index=st.integers(0, 599), data=st.data())
def test_a_changed_entry_is_named_by_its_index(
    written: tuple[Path, list[Sealed]], tmp_path_factory: pytest.TempPathFactory, index: int, data: st.DataObject
) -> None:
    state = copied(written, tmp_path_factory.mktemp("flip"))
    public = LogFolder(state).public
    names = [f"tile/entries/{index // 256:03d}", f"tile/0/{index // 256:03d}"]
    full = index < 512
    path = public / (data.draw(st.sampled_from(names)) + ("" if full else ".p/88"))
    raw = bytearray(path.read_bytes())
    size = len(raw) // (256 if full else 88)  # leaves are all of one length, as hashes are
    at = (index % 256) * size + data.draw(st.integers(2, size - 1))
    raw[at] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(raw)
    with pytest.raises(Tampered) as tampered:
        verify(FolderSource(public), key(state))
    assert tampered.value.index == index
    assert any(f"entry {index}" in fault for fault in faults(state))


@settings(max_examples=60, deadline=None)
@given(index=st.integers(0, 599), data=st.data())
def test_a_changed_body_or_salt_is_named_by_its_index(
    written: tuple[Path, list[Sealed]], tmp_path_factory: pytest.TempPathFactory, index: int, data: st.DataObject
) -> None:
    state = copied(written, tmp_path_factory.mktemp("flip"))
    path = LogFolder(state).bodies / "000000.log"
    raw = bytearray(path.read_bytes())
    events = written[1]
    start = sum(25 + len(event.body) for event in events[:index])
    at = start + data.draw(st.integers(0, 24 + len(events[index].body)))
    raw[at] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(raw)
    found = faults(state)
    assert len(found) == 1
    assert f"entry {index}" in found[0] or f"of entry {index} " in found[0]


def test_a_body_exchanged_for_a_well_formed_one_is_found(written: tuple[Path, list[Sealed]], tmp_path: Path) -> None:
    """A CRC can be made by anybody; the commitment cannot."""
    state = copied(written, tmp_path)
    events = written[1]
    path = LogFolder(state).bodies / "000000.log"
    start = sum(25 + len(event.body) for event in events[:300])
    raw = path.read_bytes()
    head, body = raw[start : start + 25], events[300].body
    forged = body.replace(b"OFFICER", b"AUDITOR")
    record = head[:4] + zlib.crc32(head[8:25] + forged).to_bytes(4, "big") + head[8:25] + forged
    path.write_bytes(raw[:start] + record + raw[start + len(record) :])
    assert faults(state) == ["entry 300: its body is not the one that was logged"]


def test_a_log_whose_settled_tiles_do_not_make_its_checkpoint_is_not_opened(
    written: tuple[Path, list[Sealed]], tmp_path: Path
) -> None:
    state = copied(written, tmp_path)
    path = LogFolder(state).public / "tile/1/000.p/2"
    path.write_bytes(bytes(64))
    with pytest.raises(LogDamaged):
        opened(state)
    assert path.read_bytes() == bytes(64)


def test_a_log_that_lost_acknowledged_entries_is_not_opened(written: tuple[Path, list[Sealed]], tmp_path: Path) -> None:
    state = copied(written, tmp_path)
    path = LogFolder(state).bodies / "000000.log"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(LogDamaged) as damage:
        opened(state)
    assert damage.value.index == 599


def test_a_rewritten_log_is_not_consistent_with_a_checkpoint_from_before(tmp_path: Path) -> None:
    """Whoever holds the key can sign another history; whoever kept a checkpoint notices."""
    honest, forged = tmp_path / "honest", tmp_path / "forged"
    log = opened(honest)
    write(log, 300)
    older = (LogFolder(honest).public / "checkpoint").read_bytes()
    log.close()
    (forged / "log").mkdir(parents=True)
    shutil.copy(honest / "log" / "key", forged / "log" / "key")
    other = opened(forged)
    write(other, 301)
    other.close()
    with pytest.raises(Tampered, match="rewritten"):
        verify(FolderSource(LogFolder(forged).public), key(forged), older=older)


def test_an_erased_body_leaves_the_log_valid(written: tuple[Path, list[Sealed]], tmp_path: Path) -> None:
    state = copied(written, tmp_path)
    log = opened(state)
    log._bodies.erase(100)
    log.close()
    assert verify(FolderSource(LogFolder(state).public), key(state)).head.size == 600
    found: list[str] = []
    assert check_log(LogFolder(state), found.append).erased == 1
    assert found == []


def test_settling_leaves_the_full_tiles_alone_and_drops_their_parts(tmp_path: Path) -> None:
    log = opened(tmp_path)
    write(log, 300, 50)
    public = LogFolder(tmp_path).public
    assert (public / "tile/0/000.p").exists()
    log.settle()
    assert not (public / "tile/0/000.p").exists()
    assert not (public / "tile/entries/000.p").exists()
    assert (public / "tile/1/000.p/1").exists()
    assert log.unsettled == 0
    log.close()
    opened(tmp_path).close()
    assert faults(tmp_path) == []


def test_a_log_has_the_tiles_of_its_own_size_and_needs_no_others(tmp_path: Path) -> None:
    """Whoever verifies asks for no tile of a size that was never published."""
    log = opened(tmp_path)
    log.record([sealed(i) for i in range(600)])
    log.publish()
    public = LogFolder(tmp_path).public
    assert not (public / "tile/1/000.p/1").exists()
    assert verify(FolderSource(public), key(tmp_path)).head.size == 600
    log.close()
    assert faults(tmp_path) == []


def test_a_reader_never_sees_half_of_anything(tmp_path: Path) -> None:
    """Whoever verifies while entries are written and settled finds a log that holds, every time."""
    log = opened(tmp_path)
    log.record([sealed()])
    log.publish()
    ended, sizes, problems = threading.Event(), [], []

    def read() -> None:
        while not ended.is_set():
            try:
                sizes.append(verify(FolderSource(LogFolder(tmp_path).public), key(tmp_path)).head.size)
            except Exception as problem:  # noqa: BLE001  # whatever it is, it is the test's to tell
                problems.append(problem)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for i in range(150):
        log.record([sealed(i * 10 + j) for j in range(1 + i % 17)])
        log.publish()
        if i % 20 == 19:
            log.settle()
    ended.set()
    for reader in readers:
        reader.join()
    log.close()
    assert problems == []
    assert len({*sizes}) > 3


def test_a_signed_checkpoint_with_another_root_is_not_this_logs(tmp_path: Path) -> None:
    log = opened(tmp_path)
    write(log, 10)
    public = LogFolder(tmp_path).public
    (public / "checkpoint").write_bytes(Checkpoint(ORIGIN, 10, bytes(32)).signed(*log.signers))
    log.close()
    with pytest.raises(Tampered, match="root of the checkpoint"):
        verify(FolderSource(public), key(tmp_path))
