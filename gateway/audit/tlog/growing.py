"""The right edge of a growing tree: what is needed to append, whatever the size, and the tiles that change."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from gateway.audit.tlog.tiles import ENTRIES, HEIGHT, WIDTH, Tile, TileReader, Tiles, bundle, entries, hashes
from gateway.audit.tlog.tree import EMPTY, leaf_hash, node_hash


@dataclass(slots=True)
class Growing:
    """A tree that grows by entries.

    It holds the partial tile of each level and the entries of the last bundle: at most some hundred hashes. What a
    batch of entries completed or changed is handed out by `changed`, full tiles once and partial ones as they are.
    """

    size: int = 0
    _edge: dict[int, bytes] = field(default_factory=dict)
    """The complete subtrees that make up the tree: hash by height, one for each bit of its size."""
    _rows: list[list[bytes]] = field(default_factory=list)
    """What is in the last tile of each level, from `ENTRIES` up."""
    _full: list[tuple[Tile, bytes]] = field(default_factory=list)
    _touched: set[int] = field(default_factory=set)

    @classmethod
    def load(cls, size: int, read: TileReader) -> "Growing":
        """The tree of `size` entries, from its tiles.

        Raises:
            FileNotFoundError: a tile at the right edge is not there.
            BadFormat: one has the wrong size.
        """
        tree = cls(size)
        stored = Tiles(size, read)
        for height in range(size.bit_length()):
            if size >> height & 1:
                tree._edge[height] = stored.subtree(height, (size >> height) - 1)
        level = ENTRIES
        while count := _count(size, level):
            width = count % WIDTH
            data = read(Tile(level, count // WIDTH, width)) if width else b""
            tree._rows.append(entries(data) if level == ENTRIES else hashes(data))
            level += 1
        return tree

    def extend(self, found: Sequence[bytes]) -> None:
        """Append entries of at most 65,535 bytes each."""
        if not found:
            return
        self._keep(ENTRIES, found)
        row, height = [leaf_hash(entry) for entry in found], 0
        while row:
            if height % HEIGHT == 0:
                self._keep(height // HEIGHT, row)
            if height in self._edge:
                row.insert(0, self._edge.pop(height))
            if len(row) % 2:
                self._edge[height] = row.pop()
            row = [node_hash(left, right) for left, right in zip(row[::2], row[1::2], strict=True)]
            height += 1
        self.size += len(found)

    def root(self) -> bytes:
        """The root hash."""
        found: bytes | None = None
        for height in sorted(self._edge):
            found = self._edge[height] if found is None else node_hash(self._edge[height], found)
        return EMPTY if found is None else found

    def changed(self) -> Iterator[tuple[Tile, bytes]]:
        """The tiles since the last call, full ones first. After it they count as written."""
        yield from self.completed()
        yield from (self._partial(level) for level in sorted(self._touched))
        self._touched = set()

    def completed(self) -> list[tuple[Tile, bytes]]:
        """The tiles that became full since the last call."""
        full, self._full = self._full, []
        return full

    def partial(self) -> Iterator[tuple[Tile, bytes]]:
        """The partial tiles at the right edge, of every level that has one."""
        yield from (self._partial(level) for level, row in enumerate(self._rows, ENTRIES) if row)

    def _partial(self, level: int) -> tuple[Tile, bytes]:
        row = self._rows[level - ENTRIES]
        return Tile(level, _count(self.size, level) // WIDTH, len(row)), _packed(level, row)

    def _keep(self, level: int, found: Sequence[bytes]) -> None:
        """Put what is new at a level into its tiles. The size is still the one before."""
        if level - ENTRIES == len(self._rows):
            self._rows.append([])
        row = self._rows[level - ENTRIES]
        row += found
        index = _count(self.size, level) // WIDTH
        full = len(row) // WIDTH * WIDTH
        for first in range(0, full, WIDTH):
            self._full.append((Tile(level, index + first // WIDTH), _packed(level, row[first : first + WIDTH])))
        del row[:full]
        if row:
            self._touched.add(level)
        else:
            self._touched.discard(level)


def _count(size: int, level: int) -> int:
    """How many entries or hashes there are at a level."""
    return size >> (HEIGHT * max(level, 0))


def _packed(level: int, row: Sequence[bytes]) -> bytes:
    return bundle(row) if level == ENTRIES else b"".join(row)
