"""Writes entries: all that has to stay true together changes in one transaction, or not at all.

INVARIANT: a Dataset's `accessClass`, its one `Class_…` label, its denormalised agency and jurisdiction, the effective
tiers and classes of its Fields, its one current version and the `Tally` counts. `fsck` recomputes each of them.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from neo4j import AsyncManagedTransaction

from gateway.audit.kinds import Change
from gateway.audit.outbox import Parcel
from gateway.audit.recording import Recording
from gateway.catalog import statements
from gateway.catalog.batches import LARGEST, Report, pieces, run_rows, unknown, value
from gateway.catalog.events import put_changes
from gateway.catalog.marks import mark
from gateway.catalog.model import Entry
from gateway.catalog.problems import Problem, Rejected
from gateway.catalog.rows import Row, StoredEntry, to_rows
from gateway.catalog.tallies import Place, place, tally_rows
from gateway.catalog.validate import validate_all
from gateway.catalog.versions import field_row, version_row
from gateway.classes import UNPUBLISHED, ClassKey, class_label
from gateway.graph.driver import Graph
from gateway.graph.times import now as clock
from gateway.vocabulary import FOREVER, Origin, Status

_TIMEOUT: Final = 300.0
"""Seconds for one transaction: a batch is larger work than a client's query."""


@dataclass(frozen=True, slots=True)
class Proposed:
    """An entry that is about to be written."""

    identifier: str
    agency: str
    """Id of who provides it."""
    published: bool
    """Whether it will be in the published catalogue."""
    was_published: bool
    fields: Sequence[Row]
    """As they will be stored."""


Check = Callable[[AsyncManagedTransaction, Sequence[Proposed]], Awaitable[Sequence[Problem]]]
"""Of a room above, which knows what entries depend on: what stands against writing some."""


async def write_entries(
    graph: Graph, batch: Sequence[Entry], *, recording: Recording | None = None, check: Check | None = None
) -> Report:
    """Create entries, or bring them to what is stated now; an entry that is so already is not touched.

    Each change makes a new version and closes the one before. A withdrawn entry comes back with a new version.

    Args:
        graph: a migrated graph that holds the agencies.
        batch: any number; every 2,000 are one transaction.
        recording: writes the events of what changes into the same transactions; None for a graph of a test's.
        check: what else must not stand against it.

    Raises:
        LogUnavailable: the changes are made, and their events wait for the log.
        Rejected: some entries are not valid (checked before anything is written), name an unknown agency, or do not
            pass the check (what earlier transactions wrote stays).
    """
    if problems := validate_all(batch):
        raise Rejected(problems)
    return await write_stored(graph, [to_rows(entry) for entry in batch], recording=recording, check=check)


async def write_stored(
    graph: Graph, batch: Sequence[StoredEntry], *, recording: Recording | None = None, check: Check | None = None
) -> Report:
    """`write_entries` for what was checked and prepared before.

    An imported entry never takes the place of one that was compiled here or comes from another source: those are left
    as they are, and the report names them as `taken`.
    """
    report = Report()
    for stored in pieces(batch, LARGEST):

        async def work(
            tx: AsyncManagedTransaction, stored: Sequence[StoredEntry] = stored
        ) -> tuple[Report, list[Parcel]]:
            return await _write(tx, stored, recording, check)

        found, parcels = await graph.write(work, timeout=_TIMEOUT)
        report += found
        if recording is not None:
            await recording.deliver(parcels)
    return report


async def withdraw(
    graph: Graph, identifiers: Sequence[str], *, source: str | None = None, recording: Recording | None = None
) -> tuple[str, ...]:
    """Take entries out of the published catalogue; description, fields and versions are kept.

    Args:
        graph: the catalogue.
        identifiers: any number; every 2,000 are one transaction.
        source: only what was imported from there.
        recording: see `write_entries`.

    Returns:
        The identifiers of those that were in it; unknown and withdrawn ones are passed over.
    """
    gone: tuple[str, ...] = ()
    for piece in pieces(sorted(set(identifiers)), LARGEST):

        async def work(
            tx: AsyncManagedTransaction, piece: Sequence[str] = piece
        ) -> tuple[tuple[str, ...], list[Parcel]]:
            return await _withdraw(tx, list(piece), source, recording)

        found, parcels = await graph.write(work, timeout=_TIMEOUT)
        gone += found
        if recording is not None:
            await recording.deliver(parcels)
    return gone


async def _write(
    tx: AsyncManagedTransaction, stored: Sequence[StoredEntry], recording: Recording | None, check: Check | None
) -> tuple[Report, list[Parcel]]:
    homes = dict(await value(tx, statements.HOMES, ids=sorted({entry.agency for entry in stored})))
    for entry in stored:
        if entry.agency not in homes:
            raise unknown(entry.identifier, "agency", "agency of this entry")
    # In the order of identifiers, so that two writers of the same entries do not wait for each other.
    ordered = sorted(({"identifier": e.identifier, "id": e.id} for e in stored), key=lambda row: row["identifier"])
    await run_rows(tx, statements.LOCK, ordered)
    moment = clock()
    before = await _before(tx, [entry.identifier for entry in stored])
    taken = tuple(entry.identifier for entry in stored if _of_others(entry, before[entry.identifier]))
    stored = [entry for entry in stored if entry.identifier not in taken]
    todo = [entry for entry in stored if not _same(entry, before[entry.identifier])]
    if check is not None and (problems := await check(tx, [_proposed(e, before[e.identifier]) for e in todo])):
        raise Rejected(problems)
    tally: Counter[Place] = Counter()
    rows = [_row(entry, before[entry.identifier], homes[entry.agency], moment) for entry in todo]
    for row, entry in zip(rows, todo, strict=True):
        tally[place(row["p"])] += 1
        if _exists(before[entry.identifier]):
            tally[place(before[entry.identifier])] -= 1
            homes.setdefault(before[entry.identifier]["agency"], before[entry.identifier]["jurisdiction"])
    await _write_parts(tx, todo, rows, moment)
    await _mark(tx, [(before[entry.identifier], entry) for entry in todo if _exists(before[entry.identifier])])
    await run_rows(tx, statements.TALLY, tally_rows(tally, homes))
    known = {name for name, held in before.items() if _exists(held)}
    changed = [entry.identifier for entry in todo]
    told = [(row["p"], Change.CHANGED if row["p"]["identifier"] in known else Change.CREATED) for row in rows]
    report = Report(
        tuple(name for name in changed if name not in known),
        tuple(name for name in changed if name in known),
        tuple(e.identifier for e in stored if e.identifier not in set(changed)),
        taken,
    )
    return report, await put_changes(tx, recording, told)


async def _write_parts(
    tx: AsyncManagedTransaction, todo: Sequence[StoredEntry], rows: Sequence[dict[str, Any]], moment: str
) -> None:
    ids = [{"id": entry.id, "fields": [field["id"] for field in entry.fields]} for entry in todo]
    await run_rows(tx, statements.CLOSE_VERSIONS, ids, now=moment, forever=FOREVER)
    await run_rows(tx, statements.UPDATE, rows)
    await run_rows(tx, statements.END_FIELDS, ids, unpublished=UNPUBLISHED)
    fields = [
        {"dataset": entry.id, "version": row["v"]["id"], **field_row(field)}
        for entry, row in zip(todo, rows, strict=True)
        for field in entry.fields
    ]
    retiered: list[str] = []
    for piece in pieces(fields, LARGEST):
        retiered += await value(tx, statements.FIELDS, rows=list(piece), unpublished=UNPUBLISHED)
    await mark(tx, (), changed=retiered)
    distributions = [{"dataset": entry.id, "p": item} for entry in todo for item in entry.distributions]
    await run_rows(tx, statements.DISTRIBUTIONS, distributions)


async def _mark(tx: AsyncManagedTransaction, changes: Sequence[tuple[dict[str, Any], StoredEntry]]) -> None:
    """Mark what was made from entries that are another agency's since, or that nobody may pass on any more."""
    moved = [entry.id for held, entry in changes if held["agency"] != entry.agency]
    barred = [
        entry.id
        for held, entry in changes
        if bool(held["noRedistribution"]) != bool(entry.properties.get("noRedistribution"))
    ]
    fields: list[str] = []
    for piece in pieces(moved):
        for some in await value(tx, statements.FIELDS_OF, ids=list(piece)):
            fields += some
    await mark(tx, moved, changed=[*moved, *barred, *fields])


async def _before(tx: AsyncManagedTransaction, identifiers: list[str]) -> dict[str, dict[str, Any]]:
    held: list[dict[str, Any]] = await value(tx, statements.BEFORE, identifiers=identifiers)
    return {str(entry["identifier"]): entry for entry in held}


def _exists(held: dict[str, Any]) -> bool:
    """Whether the entry was there before this transaction; `LOCK` has made the others, with nothing but their keys."""
    return held["accessClass"] is not None


def _proposed(entry: StoredEntry, held: dict[str, Any]) -> Proposed:
    published, before = entry.properties["accessClass"] != UNPUBLISHED, held["accessClass"]
    return Proposed(entry.identifier, entry.agency, published, before not in (None, UNPUBLISHED), entry.fields)


def _of_others(entry: StoredEntry, held: dict[str, Any]) -> bool:
    if not _exists(held) or entry.properties["origin"] != Origin.IMPORTED.value:
        return False
    return bool((held["origin"], held["source"]) != (Origin.IMPORTED.value, entry.properties["source"]))


def _same(entry: StoredEntry, held: dict[str, Any]) -> bool:
    return bool(held["digest"] == entry.digest and held["status"] == entry.properties["status"])


def _row(entry: StoredEntry, held: dict[str, Any], jurisdiction: str, moment: str) -> dict[str, Any]:
    version = int(held["version"] or 0) + 1
    properties = {"modified": moment, **entry.properties, "jurisdiction": jurisdiction, "version": version}
    return {
        "p": properties,
        "label": class_label(ClassKey(properties["accessClass"])),
        "oldLabels": held["labels"],
        "v": version_row(entry, version, moment),
    }


async def _withdraw(
    tx: AsyncManagedTransaction, identifiers: list[str], source: str | None, recording: Recording | None
) -> tuple[tuple[str, ...], list[Parcel]]:
    await value(tx, statements.LOCK_PRESENT, identifiers=identifiers)
    moment = clock()
    before = await _before(tx, identifiers)
    gone = [
        held
        for held in before.values()
        if held["status"] != Status.WITHDRAWN.value
        and (source is None or (held["origin"], held["source"]) == (Origin.IMPORTED.value, source))
    ]
    tally: Counter[Place] = Counter()
    for held in gone:
        tally[place(held)] -= 1
        tally[place(held | {"accessClass": UNPUBLISHED})] += 1
    rows = [{"id": held["id"], "oldLabels": held["labels"]} for held in gone]
    await run_rows(tx, statements.CLOSE_VERSIONS, rows, now=moment, forever=FOREVER)
    await run_rows(tx, statements.WITHDRAW, rows, unpublished=UNPUBLISHED, label=class_label(UNPUBLISHED))
    await run_rows(tx, statements.TALLY, tally_rows(tally, {h["agency"]: h["jurisdiction"] for h in gone}))
    told = [({**held, "recordDigest": held["digest"]}, Change.WITHDRAWN) for held in gone]
    return tuple(str(held["identifier"]) for held in gone), await put_changes(tx, recording, told)
