"""Putting a backup back, into an empty state directory and an empty graph."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from gateway.audit.copying import place_log
from gateway.audit.durable import sync
from gateway.audit.event import Cause
from gateway.audit.fsck import check_log
from gateway.audit.kinds import BackupRestored
from gateway.audit.log import UNFINISHED, Log, LogFolder, refuse_unfinished
from gateway.audit.recorder import sealed
from gateway.audit.reindex import reindex
from gateway.backup.errors import BackupError
from gateway.backup.keys import unseal
from gateway.backup.making import KEY_FOLDERS, LOG_KEY, STATE_KEYS
from gateway.backup.manifest import GRAPH, KEYS, LOG, Manifest
from gateway.graph import Graph
from gateway.graph.dump import Advance, Counts, is_empty, load
from gateway.settings import Settings


@dataclass(frozen=True, slots=True)
class Opened:
    """A backup that is whole and whose keys could be decrypted."""

    folder: Path
    manifest: Manifest
    keys: dict[str, bytes]


def open_backup(settings: Settings, folder: Path, passphrase: str) -> Opened:
    """Look whether a backup can be restored into the settings' state directory. Changes nothing.

    Raises:
        BackupError: the backup is not whole, its keys cannot be decrypted, or there is something in the way.
        LogDamaged: an earlier restore was interrupted.
    """
    manifest = Manifest.read(folder)
    manifest.check(folder)
    keys = {path.stem: unseal(path.read_text("ascii"), passphrase) for path in (folder / KEYS).iterdir()}
    refuse_unfinished(settings.state)
    if manifest.origin != settings.log_origin:
        raise BackupError(f"the backup's log is named {manifest.origin!r}: set GATEWAY_LOG_ORIGIN to that")
    if LogFolder(settings.state).path.exists():
        raise BackupError(f"{settings.state.resolve()} has a log already; name an empty directory with GATEWAY_STATE")
    return Opened(folder, manifest, keys)


async def restore_backup(settings: Settings, graph: Graph, cause: Cause, backup: Opened, advance: Advance) -> None:
    """Load the graph, put log, bodies and keys in their places, and say so in the log.

    A state directory in which this was interrupted cannot be used for anything else.

    Raises:
        BackupError: the graph is not empty, or the log of the backup does not hold.
        GraphError, LogError, OSError: something cannot be read or written.
    """
    manifest = backup.manifest
    if not await is_empty(graph):
        raise BackupError("the graph is not empty; a backup is restored into an empty one")
    staging = settings.state / UNFINISHED
    staging.mkdir(mode=0o700, parents=True)
    _restore_log(staging, backup, cause, advance)
    await load(graph, backup.folder / GRAPH, Counts(manifest.nodes, manifest.relationships), advance)
    for name, data in backup.keys.items():
        if (path := _place_of(settings.state, name)) is not None:
            path.parent.mkdir(mode=0o700, exist_ok=True)
            path.touch(0o600)
            path.write_bytes(data)
    os.sync()
    LogFolder(staging).path.rename(LogFolder(settings.state).path)
    shutil.rmtree(staging)
    sync(settings.state)


def _place_of(state: Path, name: str) -> Path | None:
    """Where a secret belongs; None for the log's key, which goes with the log."""
    for begin, folder in KEY_FOLDERS.items():
        if name.startswith(begin):
            return state / folder / name.removeprefix(begin)
    return state / STATE_KEYS[name] if name in STATE_KEYS else None


def _restore_log(state: Path, backup: Opened, cause: Cause, advance: Advance) -> None:
    """Make the copied log one that goes on: checked from its first entry, with the restore as its newest."""
    folder, manifest = LogFolder(state), backup.manifest
    place_log(backup.folder / LOG, folder, backup.keys[LOG_KEY])
    faults: list[str] = []
    counted = check_log(folder, faults.append, lambda done, total: advance("log entries", done, total))
    if faults or counted.entries != manifest.entries:
        said = "; ".join(faults[:3]) or f"it has {counted.entries} entries, not {manifest.entries}"
        raise BackupError(f"the log of the backup does not hold: {said}. Take another backup")
    log = Log(state, manifest.origin)
    log.open()
    try:
        event = BackupRestored(cause=cause, made=manifest.made, entries=manifest.entries, root=manifest.root)
        log.record([sealed(event)])
        log.publish()
        log.settle()
    finally:
        log.close()
    reindex(state, manifest.origin, faults.append)
