"""Checking a whole log without trusting whoever serves it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from gateway.audit.reading import LogSource
from gateway.audit.tlog import BadFormat, Checkpoint, Verifier
from gateway.audit.tlog.growing import Growing
from gateway.audit.tlog.tiles import ENTRIES, HASH_BYTES, WIDTH, Tile, entries, hashes, tile_at

Advance = Callable[[int, int], None]
"""Told after every bundle: how many entries are done, of how many."""


class Tampered(Exception):
    """The log is not what its checkpoint says. `index` is the first entry concerned, where one can be named."""

    def __init__(self, message: str, index: int | None = None) -> None:
        super().__init__(message)
        self.index = index


@dataclass(frozen=True, slots=True)
class Verified:
    """What was shown: the checkpoint, and the older one with which it is consistent."""

    head: Checkpoint
    older: Checkpoint | None = None


def verify(
    source: LogSource,
    verifier: Verifier,
    *,
    older: bytes | None = None,
    advance: Advance = lambda *_: None,
    note: bytes | None = None,
) -> Verified:
    """Check a log from its first entry to its checkpoint, with a key that the caller knows from elsewhere.

    1. the checkpoint is signed by the key, for the key's own log;
    2. every entry is there, and hashes to its place in the tiles of level 0;
    3. every other tile follows from the tiles below it;
    4. together they make the checkpoint's root;
    5. with an `older` checkpoint: the same key signed it, and its root is that of the first entries of this log.

    Raises:
        BadFormat, NotProven: a checkpoint is none, or not signed by the key (1, 5).
        Tampered: 2 to 5 do not hold.
        Unreadable: something is not there.
    """
    head = Checkpoint.open(source.checkpoint() if note is None else note, verifier)  # 1
    before = None if older is None else Checkpoint.open(older, verifier)  # 5
    if before is not None and before.size > head.size:
        raise Tampered(f"the log has {head.size} entries; it had {before.size}: some were taken away")
    tree = Growing()
    _compare(before, tree)
    for first, found in bundles(source, head.size):  # 2
        at = before.size - first if before is not None and first < before.size <= first + len(found) else 0
        tree.extend(found[:at])
        _compare(before, tree)  # 5
        tree.extend(found[at:])
        _check_tiles(source, tree.completed())  # 2, 3
        advance(first + len(found), head.size)
    _check_tiles(source, tree.partial())  # 2, 3
    if tree.root() != head.root:  # 4
        raise Tampered("the entries and tiles fit together, and do not make the root of the checkpoint")
    return Verified(head, before)


def bundles(source: LogSource, size: int) -> Iterator[tuple[int, list[bytes]]]:
    """The entries of a log of this size, bundle by bundle, each with the index of its first.

    Raises:
        Tampered: a bundle does not hold what it should.
        Unreadable: one is not there.
    """
    for first in range(0, size, WIDTH):
        tile = tile_at(ENTRIES, first // WIDTH, size)
        try:
            found = entries(source.tile(tile))
        except BadFormat as problem:
            raise Tampered(f"{tile.path}: {problem}", first) from None
        if len(found) != tile.width:
            raise Tampered(f"{tile.path} holds {len(found)} entries, not {tile.width}", first + len(found))
        yield first, found


def _compare(before: Checkpoint | None, tree: Growing) -> None:
    if before is not None and before.size == tree.size and before.root != tree.root():
        raise Tampered(f"the first {before.size} entries are not those of the older checkpoint: they were rewritten")


def _check_tiles(source: LogSource, tiles: Iterable[tuple[Tile, bytes]]) -> None:
    for tile, expected in tiles:
        if tile.level == ENTRIES:
            continue
        found = source.tile(tile)
        if found != expected:
            raise _difference(tile, found, expected)


def _difference(tile: Tile, found: bytes, expected: bytes) -> Tampered:
    if len(found) != len(expected):
        return Tampered(f"{tile.path} has {len(found)} bytes, not {tile.width * HASH_BYTES}")
    pairs = zip(hashes(found), hashes(expected), strict=True)
    at = next(i for i, (one, other) in enumerate(pairs) if one != other)
    place = tile.index * WIDTH + at
    if tile.level:
        span = f"entries {place << (8 * tile.level)} to {((place + 1) << (8 * tile.level)) - 1}"
        return Tampered(f"{tile.path}: its hash over {span} is not that of the tile below", place << (8 * tile.level))
    return Tampered(f"entry {place}: its hash is not the one in {tile.path}; one of both was changed", place)
