"""Notes, checkpoints, paths and proofs: what the specifications show, and what they rule out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit.tlog import BadFormat, Checkpoint, NotProven, Proof, Signer, Verifier
from gateway.audit.tlog.tiles import ENTRIES, Tile, entries
from gateway.audit.tlog.tree import EMPTY, leaf_hash

# The example of Go's package note, made by another implementation.
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_SECRET = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
GO_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
GO_NOTE = (
    f"{GO_TEXT}\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)


def test_a_note_signed_by_go_is_opened_and_signed_alike() -> None:
    assert Verifier.parse(GO_KEY).open(GO_NOTE.encode()) == GO_TEXT
    signer = Signer.parse(GO_SECRET)
    assert signer.verifier.vkey == GO_KEY
    assert signer.skey == GO_SECRET
    assert signer.sign(GO_TEXT) == GO_NOTE.encode()


def test_base64_has_one_spelling() -> None:
    """Another one would be another text for the same signature."""
    assert GO_NOTE.endswith("JnAM=\n")
    with pytest.raises(BadFormat, match="canonical"):
        Verifier.parse(GO_KEY).open(GO_NOTE.replace("JnAM=", "JnAN=").encode())


def test_other_signatures_beside_ours_are_passed_over() -> None:
    ours, other = Signer.generate("a.example/log"), Signer.generate("b.example/witness")
    note = ours.sign("text\n") + other.sign("text\n").partition(b"\n\n")[2]
    assert ours.verifier.open(note) == other.verifier.open(note) == "text\n"


@given(st.integers(0, len(GO_NOTE.encode()) - 1), st.integers(1, 255))
def test_no_byte_of_a_note_can_be_changed(at: int, by: int) -> None:
    changed = bytearray(GO_NOTE.encode())
    changed[at] ^= by
    with pytest.raises((BadFormat, NotProven)):
        Verifier.parse(GO_KEY).open(bytes(changed))


@pytest.mark.parametrize(
    "key",
    [
        "",
        "PeterNeumann",
        "PeterNeumann+c74f20a3",
        "Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+BBpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10T",
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TX",
    ],
)
def test_a_key_that_is_none_is_refused(key: str) -> None:
    with pytest.raises(BadFormat):
        Verifier.parse(key)


def test_a_checkpoint_counts_for_the_log_of_its_key_alone() -> None:
    signer = Signer.generate("a.example/log")
    head = Checkpoint("a.example/log", 7, EMPTY)
    assert Checkpoint.open(head.signed(signer), signer.verifier) == head
    with pytest.raises(NotProven):
        Checkpoint.open(Checkpoint("b.example/log", 7, EMPTY).signed(signer), signer.verifier)
    with pytest.raises(NotProven):
        Checkpoint.open(head.signed(Signer.generate("a.example/log")), signer.verifier)


@pytest.mark.parametrize(
    "text",
    ["", "a\n", "a\n1\n", "a\n01\nAAAA\n", "a\n-1\nAAAA\n", "a\n1\nAAAA\n", "a\n1\n" + "A" * 43 + "=", "a\n\n1\n",
     "a\n99999999999999999999\n" + "A" * 43 + "=\n"],
)  # fmt: skip
def test_a_text_that_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(BadFormat):
        Checkpoint.parse(text)


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0), "tile/0/000"),
        (Tile(0, 1_234_067), "tile/0/x001/x234/067"),
        (Tile(1, 999, 17), "tile/1/999.p/17"),
        (Tile(ENTRIES, 1000, 255), "tile/entries/x001/000.p/255"),
        (Tile(63, 0, 1), "tile/63/000.p/1"),
    ],
)
def test_a_tile_lies_where_the_specification_says(tile: Tile, path: str) -> None:
    assert tile.path == path
    assert Tile.parse(path) == tile


@pytest.mark.parametrize(
    "path",
    ["", "tile/0/0", "tile/00/000", "tile/64/000", "tile/0/x000/000", "tile/0/000.p/0", "tile/0/000.p/256",
     "tile/0/000.p/01", "tile/0/001/067", "tile/0/x001/x234", "tile/entries/../key", "tile/0/000/", "tile/0/٠٠٠"],
)  # fmt: skip
def test_no_other_path_is_a_tile(path: str) -> None:
    with pytest.raises(BadFormat):
        Tile.parse(path)


@given(st.integers(-1, 63), st.integers(0, 10**12), st.integers(1, 256))
def test_a_path_names_one_tile(level: int, index: int, width: int) -> None:
    tile = Tile(level, index, width)
    assert Tile.parse(tile.path) == tile


def test_a_bundle_cut_off_in_an_entry_is_refused() -> None:
    for data in (b"\0", b"\0\2a", b"\0\1ab"):
        with pytest.raises(BadFormat):
            entries(data)


def test_a_proof_travels_as_text_and_proves_its_entry_alone() -> None:
    signer = Signer.generate("a.example/log")
    note = Checkpoint("a.example/log", 1, leaf_hash(b"the entry")).signed(signer)
    text = str(Proof(0, (), note))
    assert text == f"c2sp.org/tlog-proof@v1\nindex 0\n\n{note.decode()}"
    assert Proof.parse(text).check(b"the entry", signer.verifier).size == 1
    with pytest.raises(NotProven):
        Proof.parse(text).check(b"another", signer.verifier)
    with pytest.raises(NotProven):
        Proof.parse(text).check(b"the entry", Signer.generate("a.example/log").verifier)
    extra = text.replace("\nindex", "\nextra AAAA\nindex", 1)
    assert Proof.parse(extra) == Proof.parse(text)


@pytest.mark.parametrize(
    "text",
    ["", "c2sp.org/tlog-proof@v1\n\n", "c2sp.org/tlog-proof@v2\nindex 0\n\nx", "c2sp.org/tlog-proof@v1\nindex -1\n\nx",
     "c2sp.org/tlog-proof@v1\nindex 00\n\nx", "c2sp.org/tlog-proof@v1\nindex 0\nAAAA\n\nx",
     "c2sp.org/tlog-proof@v1\nextra !\nindex 0\n\nx"],
)  # fmt: skip
def test_a_text_that_is_no_proof_is_refused(text: str) -> None:
    with pytest.raises(BadFormat):
        Proof.parse(text)
