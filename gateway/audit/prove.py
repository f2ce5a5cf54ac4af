"""The evidence that one event is in the log, complete enough to be checked without asking anybody."""

from dataclasses import dataclass
from typing import Final

from gateway.audit.bodies import Bodies, Body
from gateway.audit.index import Index
from gateway.audit.leaf import Leaf
from gateway.audit.log import LogFolder
from gateway.audit.published import KEY, Published
from gateway.audit.tlog import Checkpoint, Proof, Verifier
from gateway.audit.tlog.tiles import ENTRIES, WIDTH, Tiles, entries, tile_at
from gateway.audit.tlog.tree import inclusion

PROOF: Final = "event.tlog-proof"
LEAF: Final = "leaf.json"
BODY: Final = "body.json"
SALT: Final = "salt.bin"


class NoSuchEvent(Exception):
    """No event of that id is in the log."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """An event's proof and leaf, and its body with the salt unless it was erased."""

    proof: Proof
    leaf: Leaf
    body: Body | None

    def files(self) -> dict[str, bytes]:
        """As files that go together."""
        found = {PROOF: str(self.proof).encode(), LEAF: self.leaf.entry}
        if self.body is not None:
            found |= {BODY: self.body.data, SALT: self.body.salt}
        return found


def prove(folder: LogFolder, event: str) -> Evidence:
    """The evidence for an event, under the checkpoint that is published now.

    Raises:
        NoSuchEvent: the log has none of this id, or has not published it yet.
    """
    index = Index(folder.index).find(event)
    if index is None:
        raise NoSuchEvent(f"no event {event!r} is in the log")
    return prove_entry(folder, index)


def prove_entry(folder: LogFolder, index: int, note: bytes | None = None) -> Evidence:
    """The evidence for the entry at an index, under a checkpoint of this log, without one under the published one.

    Raises:
        NoSuchEvent: no checkpoint covers it yet.
    """
    published = Published(folder.public)
    note = note or published.checkpoint()
    if note is None:
        raise NoSuchEvent("the log has no checkpoint yet")
    head = Checkpoint.open(note, Verifier.parse((folder.public / KEY).read_text("utf-8")))
    if index >= head.size:
        raise NoSuchEvent(f"no checkpoint covers entry {index} yet; try again in a moment")
    tiles = Tiles(head.size, published.read)
    path = inclusion(index, head.size, tiles.subtree)
    entry = entries(published.read(tile_at(ENTRIES, index // WIDTH, head.size)))[index % WIDTH]
    return Evidence(Proof(index, tuple(path), note), Leaf.parse(entry), Bodies(folder.bodies).read(index))
