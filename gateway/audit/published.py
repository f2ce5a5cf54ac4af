"""The folder that everybody may read: checkpoint, tiles and entry bundles, as they are served."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from gateway.audit.durable import put, sync
from gateway.audit.tlog.tiles import WIDTH, Tile, beginning

CHECKPOINT: Final = "checkpoint"
KEY: Final = "key"
"""The verifier key, for whoever wants to compare it with the one they have from elsewhere."""


class Published:
    """Files that appear whole or not at all: each is written beside its place and moved there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._made: set[Path] = set()

    def write(self, path: str, data: bytes, *, durable: bool = False) -> None:
        """Put a file in its place. A `durable` one survives a power cut, its name included.

        Raises:
            OSError: it cannot be written; what was there before is still there.
        """
        place = self.folder / path
        if place.parent not in self._made:
            place.parent.mkdir(parents=True, exist_ok=True)
            self._made.add(place.parent)
        put(place, data, mode=0o644, durable=durable)

    def settle(self, tiles: Sequence[Tile]) -> None:
        """Make tiles that were written durable, with their names.

        Raises:
            OSError: one of them cannot be.
        """
        places = [self.folder / tile.path for tile in tiles]
        for place in places:
            sync(place)
        folders = {parent for place in places for parent in place.parents if parent.is_relative_to(self.folder)}
        for folder in sorted(folders):
            sync(folder)

    def read(self, tile: Tile) -> bytes:
        """The bytes of a tile; of a partial one that is gone, the beginning of the full one.

        Raises:
            FileNotFoundError: neither is there.
        """
        try:
            return (self.folder / tile.path).read_bytes()
        except FileNotFoundError:
            if tile.width == WIDTH:
                raise
        data = (self.folder / Tile(tile.level, tile.index).path).read_bytes()
        return beginning(tile, data)

    def checkpoint(self) -> bytes | None:
        """The signed checkpoint, if there is one."""
        try:
            return (self.folder / CHECKPOINT).read_bytes()
        except FileNotFoundError:
            return None

    def drop_partial(self, tile: Tile) -> None:
        """Remove the partial forms of a tile that is full now."""
        folder = self.folder / f"{tile.path}.p"
        shutil.rmtree(folder, ignore_errors=True)
        self._made.discard(folder)
