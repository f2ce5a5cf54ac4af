"""The log of one state directory: what makes an entry durable, and how it gets into the tree.

An entry counts when its body is durable: that is the one fsync. Tiles and checkpoint follow from the bodies and are
written after it without waiting for the disk. Now and then `settle` makes the full tiles durable, with a mark behind
them. Whatever a crash takes is made again at the start, from the bodies after that mark, and has to come out the same.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gateway.audit.bodies import Bodies, Body
from gateway.audit.errors import LogDamaged, LogInUse
from gateway.audit.key import load_signers, write_signers
from gateway.audit.leaf import entry_of, event_id, new_salts
from gateway.audit.published import CHECKPOINT, KEY, Published
from gateway.audit.tlog import BadFormat, Checkpoint, NotProven, Signer
from gateway.audit.tlog.growing import Growing
from gateway.audit.tlog.tiles import ENTRIES, HEIGHT, WIDTH, Tile
from gateway.graph.hold import Held, Hold

_SETTLED: Final = "settled"
UNFINISHED: Final = "restoring"
"""A folder in a state directory that is there as long as it is being restored."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """An event as it goes into the log: its id and its canonical bytes (RFC 8785)."""

    id: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Edition:
    """What is to be published next: tiles that are new or longer, and the tree that they belong to."""

    tiles: list[tuple[Tile, bytes]]
    size: int
    root: bytes


class LogFolder:
    """Where the parts of a log lie below the state directory."""

    def __init__(self, state: Path) -> None:
        self.path = state.resolve() / "log"
        self.public = self.path / "public"
        self.bodies = self.path / "bodies"
        self.key = self.path / "key"
        self.index = self.path / "index"


def mark_settled(folder: LogFolder, size: int) -> None:
    """Note that the full tiles of a log of this size are durable."""
    Published(folder.path).write(_SETTLED, str(size // WIDTH * WIDTH).encode(), durable=True)


def refuse_unfinished(state: Path) -> None:
    """Whether a state directory is one that can be used: not one that was being restored when somebody was killed.

    Raises:
        LogDamaged: it is not.
    """
    if (state / UNFINISHED).exists():
        raise LogDamaged(
            f"a restore into {state} was interrupted. Remove that directory (and empty the database, if it is one of "
            "your own), and restore again."
        )


class Log:
    """The one writer of a log.

    While one thread is in `record`, another one may `grow` and `take`, and a third may `write` and `settle`. The other
    calls have to be alone.
    """

    def __init__(self, state: Path, origin: str) -> None:
        self.folder = LogFolder(state)
        self._origin = origin
        self._hold = Hold(self.folder.path / "lock")
        self._bodies = Bodies(self.folder.bodies)
        self._published = Published(self.folder.public)
        self._tree = Growing()
        self._waiting: deque[tuple[str, Body]] = deque()
        """Events that are durable and not in the tree yet."""
        self._published_size = self._settled_size = 0
        self.is_new = False
        """Whether the last `open` found a log without entries: its first one is to say which key signs it."""
        self.dropped = 0
        """Bytes of a torn last write that the last `open` cut off."""

    def open(self) -> int:
        """Become the writer, and bring tiles and checkpoint up to the bodies. Returns the number of entries.

        Raises:
            LogInUse: another process is the writer.
            LogDamaged: bodies, tiles and checkpoint do not fit together. Nothing was changed.
            OSError: something cannot be read or written.
        """
        refuse_unfinished(self.folder.path.parent)
        self.folder.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            self._hold.acquire()
        except Held as held:
            raise LogInUse(f"the log in {self.folder.path} is written by another process ({held.holder})") from None
        try:
            self._signers = load_signers(self.folder.key, self._origin)
            self._recover(known=0)
            self.is_new = self._bodies.size == 0
            self._published.write(KEY, f"{self.vkey}\n".encode())
        except BaseException:
            self.close()
            raise
        return self._bodies.size

    def close(self) -> None:
        """Stop being the writer."""
        self._bodies.close()
        self._hold.release()

    @property
    def size(self) -> int:
        """The number of durable entries."""
        return self._bodies.size

    @property
    def vkey(self) -> str:
        """The verifier key of this log."""
        return self.signers[0].verifier.vkey

    @property
    def signers(self) -> tuple[Signer, ...]:
        """The keys that sign its checkpoints, the youngest first."""
        return self._signers

    def sign_with(self, signers: Sequence[Signer]) -> None:
        """Let these keys sign from here on, the youngest first. Everything is published."""
        write_signers(self.folder.key, signers)
        self._signers = tuple(signers)
        self._published.write(KEY, f"{self.vkey}\n".encode())
        self.write(self.take())

    def record(self, events: Sequence[Sealed]) -> int:
        """Append events, durably. Returns the index of the first; the checkpoint covers them after `publish`.

        Raises:
            OSError: they cannot be written. `repair` has to come next.
        """
        bodies = [Body(salt, event.body) for salt, event in zip(new_salts(len(events)), events, strict=True)]
        first = self._bodies.append(bodies)
        self._waiting.extend(zip((event.id for event in events), bodies, strict=True))
        return first

    def grow(self) -> None:
        """Put what was recorded into the tree."""
        waiting = [self._waiting.popleft() for _ in range(len(self._waiting))]
        self._tree.extend([entry_of(event, body.salt, body.data) for event, body in waiting])

    def take(self) -> Edition:
        """What has changed in the tree since the last call."""
        return Edition(list(self._tree.changed()), self._tree.size, self._tree.root())

    def write(self, edition: Edition) -> None:
        """Write the tiles and the checkpoint of the tree as it was, each edition once and in order.

        Raises:
            OSError: they cannot be written. `repair` has to come next.
        """
        for tile, data in edition.tiles:
            self._published.write(tile.path, data)
        head = Checkpoint(self._origin, edition.size, edition.root)
        self._published.write(CHECKPOINT, head.signed(*self._signers))
        self._published_size = edition.size

    def publish(self) -> None:
        """Let the published log cover all that was recorded.

        Raises:
            OSError: it cannot be written. `repair` has to come next.
        """
        self.grow()
        self.write(self.take())

    @property
    def settled(self) -> int:
        """The number of entries whose tiles are durable, and whose bodies no start needs."""
        return self._settled_size

    @property
    def unsettled(self) -> int:
        """The number of entries in full tiles that a power cut could take, and that the bodies would bring back."""
        return self._published_size // WIDTH * WIDTH - self._settled_size

    def settle(self) -> None:
        """Make full tiles durable, so that the next start need not make them again.

        Raises:
            OSError: it cannot be done now; nothing is lost by that.
        """
        size = self._published_size // WIDTH * WIDTH
        tiles = list(_unsettled_tiles(self._settled_size, size))
        self._published.settle(tiles)
        mark_settled(self.folder, size)
        self._settled_size = size
        # Not before: a start after a power cut may need the partial forms of a tile whose full one was lost.
        for tile in tiles:
            if tile.width == WIDTH:
                self._published.drop_partial(tile)

    def repair(self) -> None:
        """Go back to what is durable after a failed `record` or `write`, and try the tiles again.

        Raises:
            LogDamaged, OSError: it still cannot be written.
        """
        self._recover(known=self._bodies.size, exactly=True)

    def _recover(self, known: int, *, exactly: bool = False) -> None:
        settled = self._settled_size = self._settled()
        head = self._head()
        self.dropped = self._bodies.open(max(known, settled, head.size if head else 0), exactly=exactly)
        self._waiting.clear()
        try:
            self._tree = Growing.load(settled, self._published.read)
        except (FileNotFoundError, BadFormat) as problem:
            raise LogDamaged(f"the tiles of the first {settled} entries cannot be read: {problem}", None) from None
        if head is not None and head.size < settled:
            head = None  # settled tiles are younger than what a power cut left of the checkpoint
        if head is not None:
            self._grow(head.size)
            self._agree(head)
        self._grow(self._bodies.size)
        self.write(self.take())

    def _grow(self, size: int) -> None:
        """Put bodies into the tree until it is of this size."""
        while (at := self._tree.size) < size:
            bodies = self._bodies.scan(at, min(at + WIDTH, size))
            self._tree.extend([_entry(index, body) for index, body in bodies])

    def _agree(self, head: Checkpoint) -> None:
        if self._tree.root() != head.root:
            message = f"the bodies and tiles of the first {head.size} entries do not make the published checkpoint"
            raise LogDamaged(message, None)

    def _head(self) -> Checkpoint | None:
        """The published checkpoint; None where a power cut left none, or an empty file in its place."""
        note = self._published.checkpoint()
        if not note:
            return None
        problem: BadFormat | NotProven | None = None
        for signer in self._signers:  # the youngest may have been about to sign it
            try:
                return Checkpoint.open(note, signer.verifier)
            except (BadFormat, NotProven) as found:
                problem = found
        raise LogDamaged(f"the published checkpoint is not this log's: {problem}") from None

    def _settled(self) -> int:
        try:
            return int((self.folder.path / _SETTLED).read_text("ascii"))
        except FileNotFoundError:
            return 0
        except ValueError:
            raise LogDamaged(f"{self.folder.path / _SETTLED} does not hold a number") from None


def _entry(index: int, body: Body | None) -> bytes:
    if body is None:
        raise LogDamaged(f"the body of entry {index} was erased before its tile was settled", index)
    return entry_of(event_id(body.data), body.salt, body.data)


def _unsettled_tiles(old: int, new: int) -> Iterator[Tile]:
    """The tiles of a tree of `new` entries, a multiple of 256, that one of `old` has not."""
    for level in range(ENTRIES, HEIGHT):
        before, after = (size >> (HEIGHT * max(level, 0)) for size in (old, new))
        yield from (Tile(level, index) for index in range(before // WIDTH, after // WIDTH))
        if after % WIDTH and before != after:
            yield Tile(level, after // WIDTH, after % WIDTH)
