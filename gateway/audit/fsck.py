"""Whether a log's own files hold together: the public ones, the bodies behind them, and the index beside them."""

from collections.abc import Callable
from dataclasses import dataclass

from gateway.audit.bodies import Bodies, Body
from gateway.audit.errors import LogDamaged
from gateway.audit.key import read_signers
from gateway.audit.leaf import Leaf, event_id
from gateway.audit.log import LogFolder
from gateway.audit.reading import FolderSource, Unreadable
from gateway.audit.tlog import BadFormat, Checkpoint, NotProven
from gateway.audit.verify import Advance, Tampered, bundles, verify

Found = Callable[[str], None]
"""Told of each fault, in a sentence that names the entry."""


@dataclass(frozen=True, slots=True)
class Counted:
    """What was looked at."""

    entries: int
    erased: int


def check_log(folder: LogFolder, found: Found, advance: Advance = lambda *_: None) -> Counted:
    """Check everything and change nothing. Let nobody write meanwhile, or the last entries may look unfinished.

    1. the public log by itself, as a stranger would with our key;
    2. each body, with its salt, is the one that its leaf commits to;
    3. no body lies beyond the log, and none is missing.
    """
    source = FolderSource(folder.public)
    try:
        verifier = read_signers(folder.key)[0].verifier
        head = Checkpoint.open(source.checkpoint(), verifier)
    except (OSError, LogDamaged, BadFormat, NotProven, Unreadable) as problem:
        found(f"the checkpoint cannot be checked: {problem}")
        return Counted(0, 0)
    try:
        verify(source, verifier, advance=lambda done, total: advance(done, 2 * total))  # 1
    except (Tampered, BadFormat, NotProven, Unreadable) as problem:
        found(str(problem))
    erased = 0
    bodies = Bodies(folder.bodies)
    try:
        for first, entries in bundles(source, head.size):
            for index, body in bodies.states(first, first + len(entries)):  # 2
                erased += body is None
                if (fault := fault_of(index, body, entries[index - first])) is not None:
                    found(fault)
            advance(head.size + first + len(entries), 2 * head.size)
    except (Tampered, Unreadable):
        return Counted(head.size, erased)  # said above
    if bodies.exists(head.size):  # 3
        found(f"there is a body of entry {head.size}, which the log does not have; the next start takes it in")
    return Counted(head.size, erased)


def fault_of(index: int, body: Body | LogDamaged | None, entry: bytes) -> str | None:
    """What is wrong with the body of an entry; None when it is the one that was logged, or was erased."""
    if body is None:
        return None
    if isinstance(body, LogDamaged):
        return str(body)
    try:
        leaf = Leaf.of(event_id(body.data), body.salt, body.data)
    except BadFormat as problem:
        return f"entry {index}: {problem}"
    return None if leaf.entry == entry else f"entry {index}: its body is not the one that was logged"
