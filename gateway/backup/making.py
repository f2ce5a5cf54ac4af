"""Making a backup while the gateway serves: reading goes on, changes wait until the graph is copied."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

from gateway import notices
from gateway.audit.copying import copy_log, covering
from gateway.audit.durable import sync
from gateway.audit.event import Cause
from gateway.audit.kinds import BackupMade
from gateway.audit.log import LogFolder
from gateway.audit.recorder import Recorder
from gateway.backup.errors import BackupError
from gateway.backup.keys import check_passphrase, seal
from gateway.backup.manifest import GRAPH, KEYS, Manifest, digests_of
from gateway.fetching import hashing
from gateway.graph import Graph
from gateway.graph.dump import Advance, dump
from gateway.graph.pause import paused
from gateway.graph.times import instant
from gateway.identity import development
from gateway.oauth import keys as token_keys
from gateway.settings import Settings
from gateway.signing import development as development_authority

LOG_KEY: Final = "log"
STATE_KEYS: Final = {
    "development-issuer": development.KEY_FILE,
    "webhooks": notices.KEY_FILE,
    "masks": hashing.KEY_FILE,
}
"""Keys that lie in the state directory itself: their names in a backup, and their files."""
KEY_FOLDERS: Final = {"authority.": development_authority.FOLDER, "token.": token_keys.FOLDER}
"""Folders of keys: what the names of their files in a backup begin with."""


async def make_backup(
    settings: Settings, graph: Graph, cause: Cause, to: Path, passphrase: str, advance: Advance
) -> Manifest:
    """Copy graph, log, bodies and keys into a folder that is not there yet.

    The graph is as it was at one moment, and the log says what is in the graph, no more and no less.

    Raises:
        BackupError: the folder is there, or the passphrase is too short.
        GraphError, LogError, OSError: something cannot be read or written. The folder is not made.
    """
    check_passphrase(passphrase)
    with _folder(to) as draft:
        async with Recorder(settings.state, settings.log_origin) as recorder, paused(graph):
            made = instant(datetime.now(UTC))
            counts = await dump(graph, draft / GRAPH, advance)
            files = digests_of(draft, GRAPH)
            # Within the pause: of what was changed after it the log says nothing either. Events of changes from
            # before it are in the log by now, or in the graph's outbox.
            [index] = await recorder.record(
                BackupMade(cause=cause, nodes=counts.nodes, relationships=counts.relationships, digests=files)
            )
            note = await covering(recorder.folder, index)
        head = copy_log(recorder.folder, LogFolder(draft), note, lambda done, total: advance("log files", done, total))
        _seal_keys(settings.state, draft / KEYS, passphrase)
        manifest = Manifest(
            made=made,
            release=version("public-data-gateway"),
            origin=head.origin,
            nodes=counts.nodes,
            relationships=counts.relationships,
            entries=head.size,
            root=head.root.hex(),
            files=files | digests_of(draft, KEYS),
        )
        manifest.write(draft)
    return manifest


@contextmanager
def _folder(to: Path) -> Iterator[Path]:
    """A folder that gets its name when everything in it is durable."""
    if to.exists():
        raise BackupError(f"{to} is there already; name a new folder")
    draft = to.with_name(f".{to.name}.unfinished")
    shutil.rmtree(draft, ignore_errors=True)  # what a killed one left
    for folder in (draft, draft / GRAPH, draft / KEYS):
        folder.mkdir(mode=0o700, parents=True)
    try:
        yield draft
        os.sync()
        draft.rename(to)
        sync(to.parent)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def _seal_keys(state: Path, to: Path, passphrase: str) -> None:
    own = {name: state / file for name, file in STATE_KEYS.items()}
    more = {
        f"{begin}{path.name}": path for begin, folder in KEY_FOLDERS.items() for path in (state / folder).glob("[!.]*")
    }
    for name, path in {LOG_KEY: LogFolder(state).key, **own, **more}.items():
        if path.exists():
            (to / f"{name}.jwe").write_text(seal(path.read_bytes(), passphrase), "ascii")
