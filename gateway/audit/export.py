"""Events with their proofs in a folder that can be checked without the gateway, and checking such a folder."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from gateway.audit.index import Index, Place, Question, Scope
from gateway.audit.leaf import Leaf, event_id
from gateway.audit.log import LogFolder
from gateway.audit.prove import BODY, LEAF, PROOF, SALT, Evidence, NoSuchEvent, prove_entry
from gateway.audit.published import CHECKPOINT, KEY, Published
from gateway.audit.tlog import BadFormat, NotProven, Proof, Verifier

EVENTS: Final = "events"
_PAGE: Final = 500

README: Final = f"""# Events of a log, with their proofs

`{EVENTS}/` has a folder for each event: `{LEAF}` is its entry in the log, `{PROOF}` proves that this entry is in
the log (c2sp.org/tlog-proof@v1, with the checkpoint inside), `{BODY}` is what happened and `{SALT}` the salt.
An event whose body was erased has its leaf and its proof alone.

Everything with one command, and the log's key as you have it from elsewhere (the file `{KEY}` only says which it was):

    gateway log check . --key KEY

The body of one event by hand: this is the `commit` that its leaf states

    cat {SALT} {BODY} | sha256sum

and its leaf: the proof's lines lead from SHA-256 over a zero byte and the leaf to the root hash in the checkpoint at
the proof's end (RFC 6962, section 2.1.1), which is signed by the key (c2sp.org/signed-note).
"""


def export_events(
    folder: LogFolder,
    to: Path,
    *,
    agency: str | None = None,
    since: int = 0,
    advance: Callable[[int], None] = lambda _: None,
) -> int:
    """Write the events of an agency (all, without one) since an instant (milliseconds) into a new folder.

    All are proven under the checkpoint that was published when the export began. Returns how many there are.

    Raises:
        NoSuchEvent: the log has no checkpoint yet.
        FileExistsError: the folder is there already.
    """
    note = _checkpoint(folder)
    to.mkdir(parents=True)
    count = 0
    for place in _places(Index(folder.index), agency, None, since):
        evidence = _evidence(folder, place.index, note)
        if evidence is None:
            continue
        inside = to / EVENTS / evidence.leaf.id
        inside.mkdir(parents=True)
        for name, data in evidence.files().items():
            (inside / name).write_bytes(data)
        count += 1
        advance(count)
    for name, data in _around(folder, note).items():
        (to / name).write_bytes(data)
    return count


def case_evidence(folder: LogFolder, case: str, also: Iterable[str]) -> tuple[list[Evidence], dict[str, bytes]]:
    """The events of a case and some others, by their ids, in the order of the log; and what goes around them.

    All are proven under the checkpoint that is published now. Events that are younger, and ids that the log has not,
    are left out.

    Raises:
        NoSuchEvent: the log has no checkpoint yet.
    """
    note, index = _checkpoint(folder), Index(folder.index)
    places = {place.index for place in _places(index, None, case, 0)}
    places |= {place for one in also if (place := index.find(one)) is not None}
    found = (_evidence(folder, place, note) for place in sorted(places))
    return [one for one in found if one is not None], _around(folder, note)


def _checkpoint(folder: LogFolder) -> bytes:
    note = Published(folder.public).checkpoint()
    if note is None:
        raise NoSuchEvent("the log has no checkpoint yet")
    return note


def _evidence(folder: LogFolder, index: int, note: bytes) -> Evidence | None:
    try:
        return prove_entry(folder, index, note)
    except NoSuchEvent:
        return None  # younger than the checkpoint


def _around(folder: LogFolder, note: bytes) -> dict[str, bytes]:
    return {CHECKPOINT: note, KEY: (folder.public / KEY).read_bytes(), "README.md": README.encode()}


def _places(index: Index, agency: str | None, case: str | None, since: int) -> Iterator[Place]:
    groups = tuple(
        frozenset((scope, name) for scope in scopes)
        for name, scopes in ((agency, (Scope.AGENCY, Scope.BARE_AGENCY)), (case, (Scope.CASE,)))
        if name is not None
    )
    after = None
    while page := index.page(Question(groups, since), _PAGE, after=after, oldest_first=True):
        yield from page
        after = page[-1]


def check_export(folder: Path, verifier: Verifier, found: Callable[[str], None], advance: Callable[[int], None]) -> int:
    """Check an export. Returns how many events it has; `found` is told of each that `check_event` does not pass."""
    count = 0
    for inside in sorted((folder / EVENTS).iterdir() if (folder / EVENTS).is_dir() else ()):
        count += 1
        try:
            files = {name: (inside / name).read_bytes() for name in _FILES if (inside / name).exists()}
            check_event(inside.name, files, verifier)
        except (BadFormat, NotProven) as problem:
            found(f"{inside.name}: {problem}")
        except OSError as problem:
            found(f"{inside.name}: cannot be read ({type(problem).__name__})")
        advance(count)
    return count


@dataclass(frozen=True, slots=True)
class Logged:
    """An event that is in a log."""

    index: int
    id: str
    said: dict[str, Any] | None
    """What it states; None where its body is not there."""
    checkpoint: bytes
    """The checkpoint that it was proven under."""


def check_events(files: Mapping[str, bytes], verifier: Verifier, found: Callable[[str], None]) -> list[Logged]:
    """The events of an export, given as the bytes of its files by their paths, that hold, in the order of the log.

    `found` is told of each that does not hold (see `check_event`).
    """
    grouped: dict[str, dict[str, bytes]] = defaultdict(dict)
    for path, data in files.items():
        top, _, rest = path.partition("/")
        if top == EVENTS:
            name, _, file = rest.partition("/")
            grouped[name][file] = data
    held = []
    for name, group in sorted(grouped.items()):
        try:
            held.append(check_event(name, group, verifier))
        except (BadFormat, NotProven) as problem:
            found(f"{name}: {problem}")
    return sorted(held, key=lambda one: one.index)


_FILES: Final = (LEAF, PROOF, BODY, SALT)


def check_event(name: str, files: Mapping[str, bytes], verifier: Verifier) -> Logged:
    """Check one event of an export by its files.

    1. the proof leads from the leaf to a checkpoint that the key signed;
    2. the leaf is that of the event by which its folder is named;
    3. the body states that event, and with the salt it is the one that the leaf commits to.

    Raises:
        BadFormat: one of the files is not there, or something else.
        NotProven: one of these does not hold.
    """
    for needed in (LEAF, PROOF, *((BODY, SALT) if files.keys() & {BODY, SALT} else ())):
        if needed not in files:
            raise BadFormat(f"{needed} is not there")
    entry = files[LEAF]
    try:
        proof = Proof.parse(files[PROOF].decode())
    except UnicodeDecodeError:
        raise BadFormat("the proof is not UTF-8") from None
    proof.check(entry, verifier)  # 1
    leaf = Leaf.parse(entry)
    if leaf.id != name:  # 2
        raise NotProven(f"the leaf is that of another event, {leaf.id}")
    if BODY not in files:
        return Logged(proof.index, name, None, proof.checkpoint)
    body, salt = files[BODY], files[SALT]
    if event_id(body) != leaf.id or Leaf.of(leaf.id, salt, body) != leaf:  # 3
        raise NotProven("the body is not the one that was logged")
    return Logged(proof.index, name, orjson.loads(body), proof.checkpoint)
