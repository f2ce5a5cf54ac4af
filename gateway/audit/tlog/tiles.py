"""Tiles and entry bundles: where they lie and what is in them (c2sp.org/tlog-tiles)."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from gateway.audit.tlog.errors import BadFormat
from gateway.audit.tlog.tree import node_hash

HEIGHT: Final = 8
WIDTH: Final = 1 << HEIGHT
HASH_BYTES: Final = 32
LONGEST_ENTRY: Final = 0xFFFF
ENTRIES: Final = -1
"""The level of entry bundles, which lie beside the tiles of level 0."""

_PATH: Final = re.compile(r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/){0,5}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")


@dataclass(frozen=True, slots=True)
class Tile:
    """A tile, or with level `ENTRIES` an entry bundle. `width` below 256 means a partial one."""

    level: int
    index: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """Its path below the log's prefix."""
        digits = str(self.index)
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        groups = [digits[i : i + 3] for i in range(0, len(digits), 3)]
        name = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
        level = "entries" if self.level == ENTRIES else str(self.level)
        return f"tile/{level}/{name}" + ("" if self.width == WIDTH else f".p/{self.width}")

    @classmethod
    def parse(cls, path: str) -> "Tile":
        """The tile of a path.

        Raises:
            BadFormat: no tile has that path.
        """
        found = _PATH.fullmatch(path)
        if found is None:
            raise BadFormat("there is no tile of that path")
        level, name, width = found.groups()
        tile = cls(
            ENTRIES if level == "entries" else int(level),
            int(name.replace("/", "").replace("x", "")),
            WIDTH if width is None else int(width),
        )
        if tile.path != path or tile.level >= 64:
            raise BadFormat("there is no tile of that path")
        return tile


def tiles_of(size: int) -> Iterator[Tile]:
    """Every tile of a tree of `size` entries, bundles first; at each level the partial one last."""
    for level in range(ENTRIES, HEIGHT):
        count = size >> (HEIGHT * max(level, 0))
        if count == 0:
            return
        yield from (Tile(level, index) for index in range(count // WIDTH))
        if count % WIDTH:
            yield Tile(level, count // WIDTH, count % WIDTH)


def tile_at(level: int, index: int, size: int) -> Tile:
    """The tile of that place in a tree of `size` entries, partial if it is.

    Raises:
        IndexError: such a tree has none there.
    """
    width = min(WIDTH, (size >> (HEIGHT * max(level, 0))) - index * WIDTH)
    if width < 1:
        raise IndexError(f"a log of {size} entries has no tile {index} at level {level}")
    return Tile(level, index, width)


def hashes(tile: bytes) -> list[bytes]:
    """The hashes in a tile."""
    return [tile[i : i + HASH_BYTES] for i in range(0, len(tile), HASH_BYTES)]


def bundle(entries: Iterable[bytes]) -> bytes:
    """Entries as a bundle."""
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def entries(data: bytes) -> list[bytes]:
    """The entries in a bundle.

    Raises:
        BadFormat: its lengths do not come out.
    """
    found, at = [], 0
    while at < len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        if at + 2 > len(data) or end > len(data):
            raise BadFormat("the entry bundle ends in the middle of an entry")
        found.append(data[at + 2 : end])
        at = end
    return found


def beginning(tile: Tile, whole: bytes) -> bytes:
    """The bytes of a partial tile, out of those of the full one: with it, the partial one may be gone.

    Raises:
        BadFormat: it is an entry bundle whose lengths do not come out.
    """
    if tile.level == ENTRIES:
        return bundle(entries(whole)[: tile.width])
    return whole[: tile.width * HASH_BYTES]


def subtree_hash(level_hashes: Sequence[bytes]) -> bytes:
    """The hash over a power of two of neighbouring hashes."""
    row = level_hashes
    while len(row) > 1:
        row = [node_hash(row[i], row[i + 1]) for i in range(0, len(row), 2)]
    return row[0]


TileReader = Callable[["Tile"], bytes]
"""The bytes at a tile's path; raises FileNotFoundError where there is nothing."""


class Tiles:
    """Hashes of the tree of `size` entries, out of its tiles; each tile is read once as long as it is kept."""

    KEPT: Final = 256

    def __init__(self, size: int, read: TileReader) -> None:
        self.size = size
        self._read = read
        self._kept: dict[tuple[int, int], bytes] = {}

    def subtree(self, height: int, index: int) -> bytes:
        """See `tree.Subtree`."""
        level, above = divmod(height, HEIGHT)
        first = index << above
        place, at = divmod(first, WIDTH)
        found = hashes(self._tile(level, place))[at : at + (1 << above)]
        if len(found) != 1 << above:
            raise IndexError(f"a log of {self.size} entries has no complete subtree there")
        return subtree_hash(found)

    def _tile(self, level: int, index: int) -> bytes:
        data = self._kept.get((level, index))
        if data is None:
            tile = tile_at(level, index, self.size)
            data = self._read(tile)
            if len(data) != tile.width * HASH_BYTES:
                raise BadFormat(f"{tile.path} has {len(data)} bytes, not {tile.width * HASH_BYTES}")
            if len(self._kept) >= self.KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[level, index] = data
        return data
