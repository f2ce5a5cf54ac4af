"""A log as it stood at a checkpoint, copied while it grows; and such a copy made a log that can be written again."""

import asyncio
import shutil
import time
from pathlib import Path
from typing import Final

from gateway.audit.bodies import Bodies
from gateway.audit.errors import LogUnavailable
from gateway.audit.log import LogFolder, mark_settled
from gateway.audit.published import CHECKPOINT, KEY, Published
from gateway.audit.tlog import Checkpoint, Verifier
from gateway.audit.tlog.tiles import tiles_of
from gateway.audit.verify import Advance

_PATIENCE: Final = 30.0
_POLL: Final = 0.05


async def covering(folder: LogFolder, index: int) -> bytes:
    """The published checkpoint, when it covers an entry that was appended.

    Raises:
        LogUnavailable: it does not come to cover it.
    """
    verifier = Verifier.parse((folder.public / KEY).read_text("utf-8"))
    end = time.monotonic() + _PATIENCE
    while True:
        note = Published(folder.public).checkpoint()
        if note and Checkpoint.open(note, verifier).size > index:
            return note
        if time.monotonic() > end:
            raise LogUnavailable(f"no checkpoint has come to cover entry {index}")
        await asyncio.sleep(_POLL)


def copy_log(folder: LogFolder, to: LogFolder, note: bytes, advance: Advance = lambda *_: None) -> Checkpoint:
    """Copy what a checkpoint covers, without the private key and the index.

    Raises:
        LogDamaged, OSError: something that it covers cannot be read.
    """
    source, copied = Published(folder.public), Published(to.public)
    head = Checkpoint.open(note, Verifier.parse((folder.public / KEY).read_text("utf-8")))
    tiles = list(tiles_of(head.size))
    for done, tile in enumerate(tiles, 1):
        copied.write(tile.path, source.read(tile))
        advance(done, len(tiles))
    Bodies(folder.bodies).copy(to.bodies, head.size)
    copied.write(KEY, (folder.public / KEY).read_bytes())
    copied.write(CHECKPOINT, note)
    mark_settled(to, head.size)
    return head


def place_log(copied: Path, folder: LogFolder, key: bytes) -> None:
    """Make a copy the log of a state directory that has none yet.

    Raises:
        FileExistsError: there is one.
    """
    shutil.copytree(copied, folder.path)
    folder.key.touch(0o600)
    folder.key.write_bytes(key)
