"""The right edge of a growing tree: what is needed to append, whatever the size, and the tiles that change."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from gateway.audit.tlog.tiles import ENTRIES, HEIGHT, WIDTH, Tile, TileReader, Tiles, bundle, entries, hashes
from gateway.audit.tlog.tree import EMPTY, leaf_hash, node_hash


@dataclass(slots=True)
class Growing:
    """A tree that grows by entries.

    It holds the partial tile of each level and the entries of the last bundle: at most some hundred hashes. What a
    batch of appends completed or changed is handed out by `changed`, full tiles once and partial ones as they are.
    """

    size: int = 0
    _edge: list[tuple[int, bytes]] = field(default_factory=list)
    """The complete subtrees that make up the tree, the largest first, as (height, hash)."""
    _tiles: list[list[bytes]] = field(default_factory=list)
    _bundle: list[bytes] = field(default_factory=list)
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
        at = 0
        for height in reversed(range(size.bit_length())):
            if size >> height & 1:
                tree._edge.append((height, stored.subtree(height, at >> height)))
                at += 1 << height
        level = 0
        while size >> (HEIGHT * level):
            count = size >> (HEIGHT * level)
            width = count % WIDTH
            tree._tiles.append(hashes(read(Tile(level, count // WIDTH, width))) if width else [])
            level += 1
        if size % WIDTH:
            tree._bundle = entries(read(Tile(ENTRIES, size // WIDTH, size % WIDTH)))
        return tree

    def append(self, entry: bytes) -> int:
        """Append an entry of at most 65,535 bytes. Returns its index."""
        index = self.size
        self.size += 1
        self._bundle.append(entry)
        self._touched.add(ENTRIES)
        if len(self._bundle) == WIDTH:
            self._full.append((Tile(ENTRIES, index // WIDTH), bundle(self._bundle)))
            self._bundle = []
            self._touched.discard(ENTRIES)
        height, found = 0, leaf_hash(entry)
        self._keep(height, found)
        while self._edge and self._edge[-1][0] == height:
            found = node_hash(self._edge.pop()[1], found)
            height += 1
            if height % HEIGHT == 0:
                self._keep(height, found)
        self._edge.append((height, found))
        return index

    def root(self) -> bytes:
        """The root hash."""
        if not self._edge:
            return EMPTY
        found = self._edge[-1][1]
        for _, left in reversed(self._edge[:-1]):
            found = node_hash(left, found)
        return found

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
        if self._bundle:
            yield self._partial(ENTRIES)
        yield from (self._partial(level) for level, row in enumerate(self._tiles) if row)

    def _partial(self, level: int) -> tuple[Tile, bytes]:
        if level == ENTRIES:
            return Tile(level, self.size // WIDTH, len(self._bundle)), bundle(self._bundle)
        row = self._tiles[level]
        return Tile(level, (self.size >> (HEIGHT * level)) // WIDTH, len(row)), b"".join(row)

    def _keep(self, height: int, found: bytes) -> None:
        level = height // HEIGHT
        if level == len(self._tiles):
            self._tiles.append([])
        row = self._tiles[level]
        row.append(found)
        self._touched.add(level)
        if len(row) == WIDTH:
            index = (self.size >> (HEIGHT * level)) // WIDTH - 1
            self._full.append((Tile(level, index), b"".join(row)))
            self._tiles[level] = []
            self._touched.discard(level)
