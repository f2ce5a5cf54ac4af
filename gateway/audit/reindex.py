"""Making the index anew."""

from pathlib import Path

from gateway.audit.bodies import Bodies, Body
from gateway.audit.fsck import Found, fault_of
from gateway.audit.index import Index
from gateway.audit.log import Log
from gateway.audit.reading import FolderSource
from gateway.audit.tlog.tiles import WIDTH
from gateway.audit.verify import Advance, bundles


def reindex(state: Path, origin: str, found: Found, advance: Advance = lambda *_: None) -> int:
    """Throw the index away and make it from the bodies. Returns the number of entries.

    A body that is missing, damaged or not the one that its leaf commits to is named and left out; an erased one is left
    out as it should be.

    Raises:
        LogInUse: a gateway is writing the log.
        LogDamaged: the log cannot be opened at all.
    """
    log = Log(state, origin)
    log.open()
    try:
        index, bodies = Index(log.folder.index), Bodies(log.folder.bodies)
        index.clear()
        for first, leaves in bundles(FolderSource(log.folder.public), log.size):
            good = []
            for at, body in bodies.states(first, first + len(leaves)):
                if (fault := fault_of(at, body, leaves[at - first])) is not None:
                    found(fault)
                elif isinstance(body, Body):
                    good.append((at, body.data))
            index.add(good)
            advance(min(first + WIDTH, log.size), log.size)
        return log.size
    finally:
        log.close()
