"""A backup that is not what was written, or lacks something, is refused before anything is put in its place."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway import notices
from gateway.audit.copying import covering
from gateway.audit.event import OPERATOR, Cause
from gateway.audit.log import UNFINISHED, Log, LogFolder
from gateway.backup import BackupError, make_backup, making, open_backup, restore_backup
from gateway.backup.keys import seal, unseal
from gateway.backup.manifest import MANIFEST, Manifest
from gateway.fetching import load_secret
from gateway.graph import Graph, GraphError
from gateway.notices import NoticeKey
from gateway.oauth import TokenKeys
from gateway.settings import Settings
from gateway.signing import DevelopmentAuthority
from gateway.signing.development import FOLDER
from tests.support.database import empty

PASSPHRASE = "correct horse battery"
CAUSE = Cause(OPERATOR, "0" * 64)
ORIGIN = "localhost/log"


def nothing(*_: object) -> None:
    pass


async def restored(state: Path, graph: Graph, backup: Path) -> None:
    opened = open_backup(at(state), backup, PASSPHRASE)
    await restore_backup(at(state), graph, CAUSE, opened, nothing)


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def at(state: Path, **more: Any) -> Settings:
    return Settings(state=state, **more)


@pytest.fixture
async def backup(graph: Graph, tmp_path: Path) -> Path:
    await graph.run("CREATE (:Dataset {id: 'ds_1'})-[:HAS_FIELD]->(:Field {id: 'fd_1'})")
    await make_backup(at(tmp_path / "state"), graph, CAUSE, tmp_path / "backup", PASSPHRASE, nothing)
    await empty(graph)
    return tmp_path / "backup"


async def test_the_development_authority_comes_back_and_its_keys_are_never_plain(graph: Graph, tmp_path: Path) -> None:
    state, to = tmp_path / "state", tmp_path / "to"
    issued = DevelopmentAuthority(state).issue("officer")
    DevelopmentAuthority(state).revoke(issued.certificate)
    await make_backup(at(state), graph, CAUSE, tmp_path / "backup", PASSPHRASE, nothing)
    files = {path.name: path.read_bytes() for path in (state / FOLDER).iterdir()}
    copied = b"".join(path.read_bytes() for path in (tmp_path / "backup").rglob("*") if path.is_file())
    assert b"PRIVATE KEY" not in copied
    await restored(to, graph, tmp_path / "backup")
    assert {path.name: path.read_bytes() for path in (to / FOLDER).iterdir()} == files
    assert all(path.stat().st_mode & 0o077 == 0 for path in (to / FOLDER).iterdir())


async def test_the_keys_of_tokens_and_the_secret_of_masks_come_back(graph: Graph, tmp_path: Path) -> None:
    state, to = tmp_path / "state", tmp_path / "to"
    keys, secret = TokenKeys(state), load_secret(state)
    keys.rotate()
    await make_backup(at(state), graph, CAUSE, tmp_path / "backup", PASSPHRASE, nothing)
    copied = [path.read_bytes() for path in (tmp_path / "backup").rglob("*") if path.is_file()]
    assert not any(secret.hex().encode() in data or b"PRIVATE KEY" in data for data in copied)
    await restored(to, graph, tmp_path / "backup")
    assert len(keys.jwks["keys"]) == 2
    assert TokenKeys(to).load().jwks == keys.jwks
    assert load_secret(to) == secret


async def test_the_key_of_webhooks_comes_back_and_is_never_plain(graph: Graph, tmp_path: Path) -> None:
    state, to = tmp_path / "state", tmp_path / "to"
    key = NoticeKey.load(state).public
    secret = (state / notices.KEY_FILE).read_text().strip().removeprefix("whsk_").encode()
    await make_backup(at(state), graph, CAUSE, tmp_path / "backup", PASSPHRASE, nothing)
    copied = [path.read_bytes() for path in (tmp_path / "backup").rglob("*") if path.is_file()]
    assert not any(secret in data for data in copied)
    await restored(to, graph, tmp_path / "backup")
    assert NoticeKey.load(to).public == key
    assert (to / notices.KEY_FILE).stat().st_mode & 0o077 == 0


async def test_a_backup_comes_back(graph: Graph, backup: Path, tmp_path: Path) -> None:
    to = tmp_path / "to"
    await restored(to, graph, backup)
    assert await graph.read("MATCH (:Dataset {id: 'ds_1'})-[:HAS_FIELD]->(f:Field) RETURN f.id") == "fd_1"
    assert LogFolder(to).key.read_bytes() == LogFolder(tmp_path / "state").key.read_bytes()
    assert not (to / UNFINISHED).exists()
    log = Log(to, ORIGIN)
    assert log.open() == Manifest.read(backup).entries + 1
    log.close()


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def _manifest(**changed: Any) -> Callable[[Path], None]:
    def change(backup: Path) -> None:
        path = backup / MANIFEST
        path.write_text(json.dumps(json.loads(path.read_text()) | changed))

    return change


@pytest.mark.parametrize(
    ("spoil", "match"),
    [
        (lambda b: _flip(b / "graph" / "nodes.jsonl.gz"), "not the file that was written"),
        (lambda b: _flip(b / "keys" / "log.jwe"), "not the file that was written"),
        (lambda b: (b / "keys" / "log.jwe").unlink(), "cannot be read"),
        (lambda b: (b / MANIFEST).unlink(), "not a whole backup"),
        (lambda b: (b / MANIFEST).write_text("{}"), "not the manifest"),
        (_manifest(format=2), "has format 2"),
        (_manifest(origin="other.example/log"), "other.example/log"),
        (_manifest(entries=5), "does not hold"),
        (lambda b: _flip(next((b / "log" / "bodies").glob("*.log"))), "does not hold"),
        (lambda b: (b / "log" / "public" / "checkpoint").write_bytes(b""), "does not hold"),
        (_manifest(nodes=99), "holds"),
    ],
)
async def test_a_backup_that_is_not_whole_is_refused(
    graph: Graph, backup: Path, tmp_path: Path, spoil: Callable[[Path], None], match: str
) -> None:
    spoil(backup)
    with pytest.raises((BackupError, GraphError), match=match):
        await restored(tmp_path / "to", graph, backup)
    assert not LogFolder(tmp_path / "to").path.exists()


async def test_nothing_is_written_over(graph: Graph, backup: Path, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="has a log already"):
        await restored(tmp_path / "state", graph, backup)
    with pytest.raises(BackupError, match="is there already"):
        await make_backup(at(tmp_path / "state"), graph, CAUSE, backup, PASSPHRASE, nothing)
    await graph.run("CREATE (:Dataset {id: 'ds_2'})")
    with pytest.raises(BackupError, match="graph is not empty"):
        await restored(tmp_path / "to", graph, backup)
    assert not (tmp_path / "to").exists()


async def test_graph_and_log_are_copied_within_one_pause(
    graph: Graph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the log would tell of changes that the graph does not have."""
    held = []
    real = covering

    async def watched(folder: LogFolder, index: int) -> bytes:
        held.append(await graph.read("MATCH (p:Pause) WHERE p.until > timestamp() RETURN true"))
        return await real(folder, index)

    monkeypatch.setattr(making, "covering", watched)
    await make_backup(at(tmp_path / "state"), graph, CAUSE, tmp_path / "backup", PASSPHRASE, nothing)
    assert held == [True]


async def test_a_backup_that_cannot_be_made_leaves_nothing(graph: Graph, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="at least 12"):
        await make_backup(at(tmp_path / "state"), graph, CAUSE, tmp_path / "backup", "short", nothing)
    await graph.run("CREATE (:Dataset {odd: date()})")
    with pytest.raises(GraphError, match="'odd'"):
        await make_backup(at(tmp_path / "state"), graph, CAUSE, tmp_path / "backup", PASSPHRASE, nothing)
    assert names(tmp_path) == ["state"]
    assert await graph.read("MATCH (p:Pause) RETURN count(p)") == 0


@given(st.binary(max_size=300))
@settings(max_examples=3, deadline=None)
def test_a_key_comes_back_with_its_passphrase_alone(key: bytes) -> None:
    sealed = seal(key, PASSPHRASE)
    assert unseal(sealed, PASSPHRASE) == key
    header, rest = sealed.split(".", 1)
    for broken in (sealed, f"{header}.{'A' if rest[0] != 'A' else 'B'}{rest[1:]}", "", "a.b.c.d.e", sealed[:-4]):
        with pytest.raises(BackupError):
            unseal(broken, "another passphrase" if broken == sealed else PASSPHRASE)
