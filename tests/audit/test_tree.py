"""The tree, its tiles and its proofs, against the definitions of RFC 6962."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.audit.tlog import NotProven
from gateway.audit.tlog.growing import Growing
from gateway.audit.tlog.tiles import ENTRIES, WIDTH, Tile, Tiles, bundle, entries, tiles_of
from gateway.audit.tlog.tree import EMPTY, check_consistency, check_inclusion, consistency, inclusion, leaf_hash, root
from tests.audit import naive

SIZES = st.one_of(st.integers(1, 40), st.integers(250, 530), st.just(WIDTH), st.just(2 * WIDTH))


def grown(size: int, step: int = 7) -> tuple[Growing, dict[Tile, bytes], list[bytes]]:
    """A tree of some entries, with everything that it said had changed, put away as a folder would have it."""
    tree, given_ = Growing(), [b"entry %d" % i for i in range(size)]
    kept: dict[Tile, bytes] = {}
    for i in range(0, size, step):
        tree.extend(given_[i : i + step])
        if i % 3 == 0:
            kept.update(tree.changed())
    kept.update(tree.changed())
    assert tree.size == size
    return tree, kept, given_


def reader(kept: dict[Tile, bytes]) -> Callable[[Tile], bytes]:
    return lambda tile: kept[tile]


@settings(max_examples=40, deadline=None)
@given(SIZES, st.sampled_from([1, 7, 255, 256, 300, 1000]))
def test_root_and_tiles_are_those_of_the_definition(size: int, step: int) -> None:
    tree, kept, given_ = grown(size, step)
    assert tree.root() == naive.mth(given_)
    for tile in tiles_of(size):
        if tile.level == ENTRIES:
            assert entries(kept[tile]) == given_[tile.index * WIDTH : tile.index * WIDTH + tile.width]
        else:
            span = 256**tile.level
            start = tile.index * WIDTH
            wanted = [naive.mth(given_[i * span : (i + 1) * span]) for i in range(start, start + tile.width)]
            assert kept[tile] == b"".join(wanted)
    assert root(size, Tiles(size, reader(kept)).subtree) == tree.root()


@settings(max_examples=60, deadline=None)
@given(SIZES, st.data())
def test_proofs_are_those_of_the_definition_and_hold_for_nothing_else(size: int, data: st.DataObject) -> None:
    tree, kept, given_ = grown(size)
    subtree = Tiles(size, reader(kept)).subtree
    index = data.draw(st.integers(0, size - 1))
    path = inclusion(index, size, subtree)
    assert path == naive.path(index, given_)
    check_inclusion(index, size, leaf_hash(given_[index]), path, tree.root())
    old = data.draw(st.integers(1, size))
    steps = consistency(old, size, subtree)
    assert steps == naive.proof(old, given_)
    check_consistency(old, size, naive.mth(given_[:old]), tree.root(), steps)

    other = data.draw(st.integers(0, size - 1).filter(lambda i: i != index)) if size > 1 else 1
    with pytest.raises(NotProven):
        check_inclusion(other, size, leaf_hash(given_[index]), path, tree.root())
    with pytest.raises(NotProven):
        check_inclusion(index, size, leaf_hash(b"another"), path, tree.root())
    forged = naive.mth([*given_[: old - 1], b"another"])
    with pytest.raises(NotProven):
        check_consistency(old, size, forged, tree.root(), steps)
    checks: list[tuple[list[bytes], Callable[[list[bytes]], None]]] = [
        (path, lambda p: check_inclusion(index, size, leaf_hash(given_[index]), p, tree.root())),
        (steps, lambda p: check_consistency(old, size, naive.mth(given_[:old]), tree.root(), p)),
    ]
    for proof, check in checks:
        with pytest.raises(NotProven):
            check([*proof, bytes(32)])
        if proof:
            place = data.draw(st.integers(0, len(proof) - 1))
            with pytest.raises(NotProven):
                check([*proof[:place], bytes(32), *proof[place + 1 :]])
            with pytest.raises(NotProven):
                check(proof[:-1])


@settings(max_examples=30, deadline=None)
@given(SIZES, st.integers(1, 300))
def test_a_tree_that_is_loaded_grows_like_the_one_that_was_kept(size: int, more: int) -> None:
    tree, kept, given_ = grown(size)
    loaded = Growing.load(size, reader(kept))
    assert loaded.root() == tree.root()
    added = [b"more %d" % i for i in range(more)]
    given_ += added
    tree.extend(added)
    for entry in added:
        loaded.extend([entry])
    assert loaded.root() == tree.root() == naive.mth(given_)
    assert dict(loaded.changed()) == dict(tree.changed())


def test_a_tree_without_entries_has_its_own_root() -> None:
    assert Growing().root() == EMPTY == naive.mth([])
    assert list(tiles_of(0)) == []
    check_consistency(0, 5, EMPTY, naive.mth([b"1", b"2", b"3", b"4", b"5"]), [])
    with pytest.raises(NotProven):
        check_consistency(0, 5, bytes(32), naive.mth([b"1"]), [])


def test_a_tree_of_70000_has_the_tiles_that_the_specification_counts() -> None:  # c2sp.org/tlog-tiles, partial tiles
    tiles = [tile for tile in tiles_of(70_000) if tile.level != ENTRIES]
    assert [sum(1 for t in tiles if t.level == level and t.width == WIDTH) for level in (0, 1, 2)] == [273, 1, 0]
    assert [(t.level, t.width) for t in tiles if t.width < WIDTH] == [(0, 112), (1, 17), (2, 1)]


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_a_bundle_gives_back_its_entries(given_: list[bytes]) -> None:
    assert entries(bundle(given_)) == given_
