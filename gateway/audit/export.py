"""Events with their proofs in a folder that can be checked without the gateway, and checking such a folder."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from gateway.audit.index import Index, Place, Question, Scope
from gateway.audit.leaf import Leaf, event_id
from gateway.audit.log import LogFolder
from gateway.audit.prove import BODY, LEAF, PROOF, SALT, NoSuchEvent, prove_entry
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
    case: str | None = None,
    since: int = 0,
    advance: Callable[[int], None] = lambda _: None,
) -> int:
    """Write the events of an agency or of a case (all, without one) since an instant (milliseconds) into a new folder.

    All are proven under the checkpoint that was published when the export began. Returns how many there are.

    Raises:
        NoSuchEvent: the log has no checkpoint yet.
        FileExistsError: the folder is there already.
    """
    note = Published(folder.public).checkpoint()
    if note is None:
        raise NoSuchEvent("the log has no checkpoint yet")
    to.mkdir(parents=True)
    count = 0
    for place in _places(Index(folder.index), agency, case, since):
        try:
            evidence = prove_entry(folder, place.index, note)
        except NoSuchEvent:
            continue  # younger than the checkpoint
        inside = to / EVENTS / evidence.leaf.id
        inside.mkdir(parents=True)
        for name, data in evidence.files().items():
            (inside / name).write_bytes(data)
        count += 1
        advance(count)
    (to / CHECKPOINT).write_bytes(note)
    (to / KEY).write_bytes((folder.public / KEY).read_bytes())
    (to / "README.md").write_text(README, "utf-8")
    return count


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
    """Check an export. Returns how many events it has; `found` is told of each that does not hold.

    1. the proof leads from the leaf to a checkpoint that the key signed;
    2. the leaf is that of the event by which its folder is named;
    3. the body states that event, and with the salt it is the one that the leaf commits to.
    """
    count = 0
    for inside in sorted((folder / EVENTS).iterdir() if (folder / EVENTS).is_dir() else ()):
        count += 1
        try:
            _check(inside, verifier)
        except (BadFormat, NotProven) as problem:
            found(f"{inside.name}: {problem}")
        except (OSError, UnicodeDecodeError) as problem:
            found(f"{inside.name}: cannot be read ({type(problem).__name__})")
        advance(count)
    return count


def _check(inside: Path, verifier: Verifier) -> None:
    entry = (inside / LEAF).read_bytes()
    Proof.parse((inside / PROOF).read_text("utf-8")).check(entry, verifier)  # 1
    leaf = Leaf.parse(entry)
    if leaf.id != inside.name:  # 2
        raise NotProven(f"the leaf is that of another event, {leaf.id}")
    if not (inside / BODY).exists() and not (inside / SALT).exists():
        return
    body, salt = (inside / BODY).read_bytes(), (inside / SALT).read_bytes()
    if event_id(body) != leaf.id or Leaf.of(leaf.id, salt, body) != leaf:  # 3
        raise NotProven("the body is not the one that was logged")
