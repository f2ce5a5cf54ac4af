"""The lock of the embedded Neo4j is obeyed to the byte."""

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from jgo.maven import PythonResolver

from gateway.graph import jars
from gateway.graph.errors import ChecksumMismatch, FetchFailed
from gateway.graph.lockfile import LOCK, NEO4J_VERSION, Artefact, read_lock

GOOD = b"the locked bytes"


def _artefact(name: str = "thing") -> Artefact:
    return Artefact("org.example", name, "1.0", "", hashlib.sha256(GOOD).hexdigest())


@pytest.fixture
def lock(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Lock `artefacts`, and let the repository answer `content`. Returns the list of what gets fetched."""

    def prepare(*artefacts: Artefact, content: bytes = GOOD) -> list[str]:
        fetched: list[str] = []

        def fetch(artefact: Artefact, into: Path) -> Path:
            fetched.append(artefact.coordinate)
            path = into / artefact.filename
            path.write_bytes(content)
            return path

        monkeypatch.setattr(jars, "read_lock", lambda: artefacts)
        monkeypatch.setattr(jars, "fetch", fetch)
        return fetched

    return prepare


def test_the_lock_names_neo4j_and_carries_no_address() -> None:
    artefacts = read_lock()
    assert f"org.neo4j:neo4j:{NEO4J_VERSION}" in {artefact.coordinate for artefact in artefacts}
    assert len({artefact.filename for artefact in artefacts}) == len(artefacts)
    assert "//" not in LOCK.read_text("ascii")


@pytest.mark.parametrize("line", ["a:b:1", "a:b:1 123", "a:b " + "0" * 64, "../x:b:1 " + "0" * 64, ""])
def test_a_broken_lock_is_refused_by_line(tmp_path: Path, line: str) -> None:
    path = tmp_path / "broken.lock"
    path.write_text(f"a:b:1 {'0' * 64}\n{line}\n", "ascii")
    with pytest.raises(ValueError, match=r"broken\.lock, line 2"):
        read_lock(path)


def test_what_is_missing_is_fetched_once_and_progress_told(lock: Callable[..., list[str]], tmp_path: Path) -> None:
    fetched = lock(_artefact("one"), _artefact("two"))
    told: list[tuple[int, int]] = []
    paths = jars.class_path(tmp_path, lambda done, total: told.append((done, total)))
    assert [path.read_bytes() for path in paths] == [GOOD, GOOD]
    assert sorted(told) == [(1, 2), (2, 2)]
    jars.class_path(tmp_path)
    assert len(fetched) == 2


def test_a_jar_that_is_not_the_locked_one_is_refused_and_not_kept(
    lock: Callable[..., list[str]], tmp_path: Path
) -> None:
    lock(_artefact(), content=b"something else")
    with pytest.raises(ChecksumMismatch, match=r"org\.example:thing:1\.0 as fetched has SHA-256"):
        jars.class_path(tmp_path)
    assert list(tmp_path.rglob("*.jar")) == []


def test_a_jar_changed_in_the_cache_is_fetched_anew(lock: Callable[..., list[str]], tmp_path: Path) -> None:
    fetched = lock(_artefact())
    (path,) = jars.class_path(tmp_path)
    path.write_bytes(b"changed afterwards")
    assert jars.class_path(tmp_path)[0].read_bytes() == GOOD
    assert len(fetched) == 2


def test_two_gateways_fetch_into_one_cache_once(lock: Callable[..., list[str]], tmp_path: Path) -> None:
    fetched = lock(*(_artefact(f"n{n}") for n in range(20)))
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: jars.class_path(tmp_path), range(2))
    assert first == second
    assert len(fetched) == 20


def test_what_the_repository_lacks_is_named_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: object, **__: object) -> None:
        raise RuntimeError("not found in remote repositories")

    monkeypatch.setattr(PythonResolver, "download", unreachable)
    with pytest.raises(FetchFailed, match=r"org\.example:thing:1\.0 .* GATEWAY_NEO4J_URI"):
        jars.fetch(_artefact(), tmp_path)
