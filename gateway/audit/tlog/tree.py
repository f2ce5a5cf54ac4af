"""The Merkle tree of RFC 6962, section 2.1: hashes, proofs from stored hashes, and their verification.

Making a proof and checking it share nothing but the two hashes: the checks are the iterative ones of RFC 9162, sections
2.1.3.2 and 2.1.4.2.
"""

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Final

from gateway.audit.tlog.errors import NotProven

EMPTY: Final = sha256(b"").digest()
"""The root of a tree without entries."""

Subtree = Callable[[int, int], bytes]
"""The hash of the complete subtree of a height at an index: over the entries `[index << height, index+1 << height)`."""


def leaf_hash(entry: bytes) -> bytes:
    """The hash of one entry."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash over two subtrees."""
    return sha256(b"\x01" + left + right).digest()


def root(size: int, subtree: Subtree) -> bytes:
    """The root hash over the first `size` entries."""
    return _range(0, size, subtree) if size else EMPTY


def inclusion(index: int, size: int, subtree: Subtree) -> list[bytes]:
    """The proof that the entry at `index` is among the first `size`: siblings from the leaf upwards.

    Raises:
        IndexError: it is not among them.
    """
    if not 0 <= index < size:
        raise IndexError(f"entry {index} is not among the first {size}")
    low, high, path = 0, size, []
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            path.append(_range(middle, high, subtree))
            high = middle
        else:
            path.append(_range(low, middle, subtree))
            low = middle
    return path[::-1]


def consistency(old: int, new: int, subtree: Subtree) -> list[bytes]:
    """The proof that the first `old` entries are still the beginning of the first `new`.

    Raises:
        IndexError: there is no such beginning.
    """
    if not 0 <= old <= new:
        raise IndexError(f"a log of {new} entries has no beginning of {old}")
    if old in (0, new):
        return []
    low, high, whole, path = 0, new, True, []
    while old != high:
        middle = low + _split(high - low)
        if old <= middle:
            path.append(_range(middle, high, subtree))
            high = middle
        else:
            path.append(_range(low, middle, subtree))
            low, whole = middle, False
    if not whole:
        path.append(_range(low, high, subtree))
    return path[::-1]


def _split(n: int) -> int:
    """The largest power of two below `n`."""
    return 1 << (n - 1).bit_length() - 1


def _range(low: int, high: int, subtree: Subtree) -> bytes:
    """The hash over a range that is a subtree of some tree: complete, or at its right edge."""
    n = high - low
    if n & (n - 1) == 0:
        height = n.bit_length() - 1
        return subtree(height, low >> height)
    middle = low + _split(n)
    return node_hash(_range(low, middle, subtree), _range(middle, high, subtree))


def check_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes], expected: bytes) -> None:
    """Check that the leaf with this hash is at `index` of a tree of `size` entries with this root.

    Raises:
        NotProven: it is not, as far as this proof shows.
    """
    failed = NotProven(f"the proof does not lead from entry {index} to the root over {size} entries")
    if not 0 <= index < size:
        raise failed
    fn, sn, found = index, size - 1, leaf
    for sibling in proof:
        if sn == 0:
            raise failed
        if fn & 1 or fn == sn:
            found = node_hash(sibling, found)
            while fn & 1 == 0 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            found = node_hash(found, sibling)
        fn, sn = fn >> 1, sn >> 1
    if sn or found != expected:
        raise failed


def check_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Check that the tree of `old` entries is the beginning of the one of `new`.

    Raises:
        NotProven: it is not, as far as this proof shows.
    """
    failed = NotProven(f"the log of {new} entries does not begin with the log of {old}: it was rewritten")
    if not 0 <= old <= new:
        raise failed
    if old in (0, new):
        if proof or (old == new and old_root != new_root) or (old == 0 and old_root != EMPTY):
            raise failed
        return
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not path:
        raise failed
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    first = second = path[0]
    for sibling in path[1:]:
        if sn == 0:
            raise failed
        if fn & 1 or fn == sn:
            first, second = node_hash(sibling, first), node_hash(sibling, second)
            while fn & 1 == 0 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            second = node_hash(second, sibling)
        fn, sn = fn >> 1, sn >> 1
    if sn or first != old_root or second != new_root:
        raise failed
