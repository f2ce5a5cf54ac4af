"""What an operator may do to a log while no gateway writes it. Whatever it is, it is an event of the log first."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.audit.bodies import Bodies
from gateway.audit.event import Cause, Event, about_of
from gateway.audit.index import Index
from gateway.audit.kinds import BodyErased, LogKeyMade, LogKeyRetired
from gateway.audit.log import Log, Sealed
from gateway.audit.prove import NoSuchEvent
from gateway.audit.tlog import Signer


class NotErasable(Exception):
    """A body that cannot be erased, or not now; the message says why."""


def rotate_key(state: Path, origin: str, cause: Cause) -> str:
    """Make a new signing key. The one before goes on signing beside it, for those who know no other yet.

    Returns:
        The new verifier key.

    Raises:
        LogInUse, LogDamaged, OSError: see `Log.open`.
    """
    with _opened(state, origin) as log:
        signer = Signer.generate(origin)
        _record(log, LogKeyMade(cause=cause, vkey=signer.verifier.vkey))
        log.sign_with([signer, *log.signers])
        return log.vkey


def retire_keys(state: Path, origin: str, cause: Cause) -> list[str]:
    """Throw all signing keys but the youngest away. Returns their verifier keys.

    Raises:
        LogInUse, LogDamaged, OSError: see `Log.open`.
    """
    with _opened(state, origin) as log:
        youngest, *others = log.signers
        retired = [signer.verifier.vkey for signer in others]
        _record(log, *(LogKeyRetired(cause=cause, vkey=vkey) for vkey in retired))
        log.sign_with([youngest])
        return retired


def erase_body(state: Path, origin: str, cause: Cause, event: str, reason: str) -> int:
    """Erase what the log holds of an event besides its leaf. The index is to be made anew after it.

    Returns:
        The index of the event's entry.

    Raises:
        NoSuchEvent: the log has none of this id.
        NotErasable: it is erased, or its entry is too young.
        LogInUse, LogDamaged, OSError: see `Log.open`.
    """
    with _opened(state, origin) as log:
        index, bodies = Index(log.folder.index).find(event), Bodies(log.folder.bodies)
        if index is None:
            raise NoSuchEvent(f"no event {event!r} is in the log")
        body = bodies.read(index)
        if body is None:
            raise NotErasable(f"the body of {event} is erased already")
        log.settle()
        if index >= log.settled:  # the next start makes the last, unfinished tile from its bodies
            raise NotErasable(f"{event} is among the last {log.size - log.settled} events; try again when more follow")
        concerned = about_of(body.data)
        _record(log, BodyErased(cause=cause, about=concerned, event=event, index=index, reason=reason))
        bodies.erase(index)
        return index


@contextmanager
def _opened(state: Path, origin: str) -> Iterator[Log]:
    log = Log(state, origin)
    log.open()
    try:
        yield log
    finally:
        log.close()


def _record(log: Log, *events: Event) -> None:
    if events:
        log.record([Sealed(event.id, event.body) for event in events])
        log.publish()
