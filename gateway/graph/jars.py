"""Fetching the jars of the embedded Neo4j into the shared cache, and believing none of them unchecked.

jgo speaks Maven without Maven. It is given the lock's exact coordinates, never asked to resolve a tree: that takes
a minute of small files, and its answer could differ from what was locked.
"""

import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from fcntl import LOCK_EX, flock
from pathlib import Path
from typing import Final

import requests
from jgo.maven import MavenContext, PythonResolver

from gateway.graph.errors import ChecksumMismatch, FetchFailed
from gateway.graph.lockfile import NEO4J_VERSION, Artefact, read_lock, sha256_of

PARALLEL: Final = 16
ATTEMPTS: Final = 3

Progress = Callable[[int, int], None]
"""Called with (artefacts done, artefacts in all) after each one, from any thread."""


def class_path(cache: Path, progress: Progress | None = None) -> list[Path]:
    """Paths of every jar of the lock, each with the bytes that the lock names; what is missing is fetched first.

    Every start hashes all of them (a tenth of a second): what lies in a cache is not trusted to be what was put there.

    Raises:
        ChecksumMismatch: a jar as fetched is not the locked one.
        FetchFailed: a jar cannot be had; what was fetched before stays.
    """
    artefacts = read_lock()
    folder = cache / f"neo4j-{NEO4J_VERSION}"
    folder.mkdir(parents=True, exist_ok=True)
    missing = _missing(folder, artefacts)
    if missing:
        with _exclusive(folder / ".lock"):
            # Another gateway may have fetched them while this one waited for its turn.
            _fetch_all(folder, _missing(folder, missing), progress)
    return [folder / artefact.filename for artefact in artefacts]


def fetch(artefact: Artefact, into: Path) -> Path:
    """Fetch one artefact into the Maven-shaped folder `into`, unchecked.

    Raises:
        FetchFailed: the repository does not have it, or cannot be reached.
    """
    context = MavenContext(repo_cache=into, resolver=PythonResolver(), timeout=60)
    component = context.project(artefact.group, artefact.name).at_version(artefact.version)
    wanted = component.artifact(artefact.classifier, "jar")
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return wanted.resolve()
        except (requests.RequestException, RuntimeError) as problem:
            if wanted.cached_path is not None:
                wanted.cached_path.unlink(missing_ok=True)
            if attempt == ATTEMPTS:
                raise FetchFailed(
                    f"{artefact.coordinate} could not be fetched from the Maven repository ({type(problem).__name__}). "
                    "Check the network and start again: what was fetched is kept. "
                    "Or set GATEWAY_NEO4J_URI to use a Neo4j of your own."
                ) from problem
    raise AssertionError("unreachable")


def _missing(folder: Path, artefacts: Sequence[Artefact]) -> list[Artefact]:
    with ThreadPoolExecutor(PARALLEL) as pool:
        good = pool.map(lambda artefact: _good(folder, artefact), artefacts)
        return [artefact for artefact, ok in zip(artefacts, good, strict=True) if not ok]


def _good(folder: Path, artefact: Artefact) -> bool:
    path = folder / artefact.filename
    return path.is_file() and sha256_of(path) == artefact.sha256


def _fetch_all(folder: Path, artefacts: Sequence[Artefact], progress: Progress | None) -> None:
    staging = Path(tempfile.mkdtemp(prefix=".fetching-", dir=folder))
    done = 0
    counting = threading.Lock()

    def one(artefact: Artefact) -> None:
        nonlocal done
        path = fetch(artefact, staging)
        if (found := sha256_of(path)) != artefact.sha256:
            raise ChecksumMismatch(
                f"{artefact.coordinate} as fetched has SHA-256 {found}, the lock says {artefact.sha256}. "
                "It was thrown away. Somebody between here and the repository changes files, or the lock is wrong."
            )
        # Only checked files get their final name, so a killed fetch leaves nothing that looks complete.
        path.replace(folder / artefact.filename)
        with counting:
            done += 1
            if progress is not None:
                progress(done, len(artefacts))

    pool = ThreadPoolExecutor(PARALLEL)
    try:
        for future in [pool.submit(one, artefact) for artefact in artefacts]:
            future.result()
    finally:
        pool.shutdown(cancel_futures=True)
        shutil.rmtree(staging, ignore_errors=True)


@contextmanager
def _exclusive(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        flock(file, LOCK_EX)
        yield
