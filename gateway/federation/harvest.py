"""One import from end to end: read everything, compare with the graph, write the difference.

Nothing is written before the whole file has been read. What is written goes batch by batch, each batch complete in
itself; an import that is killed is finished by running it again, because what is already there is found unchanged.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from gateway.audit.recording import Recording
from gateway.catalog import (
    AgencySpec,
    Check,
    JurisdictionSpec,
    Rejected,
    StoredEntry,
    to_rows,
    withdraw,
    write_agencies,
    write_jurisdictions,
    write_stored,
)
from gateway.catalog import Code as Unfit
from gateway.federation import statements
from gateway.federation.dcat_us import read_record
from gateway.federation.difference import Difference, Holder, Known, difference
from gateway.federation.harvested import Harvested
from gateway.federation.inventory import Inventory
from gateway.federation.mapping import to_entry
from gateway.federation.problems import Code, Problem, excerpt
from gateway.federation.publishers import Publisher, publisher_code, publisher_forest
from gateway.federation.report import Report
from gateway.federation.rule import DEFAULT_RULE, ImportRule
from gateway.graph import Graph
from gateway.vocabulary import AgencyKind, Origin, Status

Advance = Callable[[str, int, int], None]
"""Told after every step: what is being done, how much of it is done, and of how much."""

_BATCH: Final = 500
_LOOKUP: Final = 10_000
_LONGEST_NAME: Final = 100
T = TypeVar("T")


class HarvestRefused(Exception):
    """The import as a whole cannot be done; nothing was written. The message says what would be right."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where an inventory comes from and how it is to be taken.

    Raises:
        HarvestRefused: the name is blank, too long or not printable.
    """

    name: str
    """Names the catalogue. Entries belong to it, so an import under another name is another catalogue."""
    jurisdiction: str | None = None
    """Code of an existing jurisdiction; None makes one of level EXTERNAL for this source."""
    rule: ImportRule = DEFAULT_RULE
    prefix: str = ""
    allow_empty: bool = False

    def __post_init__(self) -> None:
        for what, text in (("source", self.name), ("prefix", self.prefix)):
            if len(text) > _LONGEST_NAME or not text.isprintable() or text != text.strip():
                raise HarvestRefused(f"--{what} {excerpt(text)}: expected up to {_LONGEST_NAME} printable characters.")
        if not self.name:
            raise HarvestRefused("--source is empty: give the catalogue a name.")


@dataclass(frozen=True, slots=True)
class _Reading:
    entries: dict[str, StoredEntry] = field(default_factory=dict)
    indices: dict[str, int] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    rejected: set[int] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)
    publishers: tuple[Publisher, ...] = ()


async def harvest(
    graph: Graph,
    inventory: Inventory,
    source: Source,
    advance: Advance = lambda *_: None,
    *,
    recording: Recording | None = None,
    check: Check | None = None,
) -> Report:
    """Make the graph say what the inventory says, and the log what that changed.

    Raises:
        HarvestRefused: an unknown jurisdiction, or an inventory without records where the graph has entries of it.
        GraphUnavailable: Neo4j went away. Run it again: it carries on.
    """
    reading = _read(inventory, source, advance)
    found = difference(
        await _known(graph, source, reading),
        {identifier: entry.digest for identifier, entry in reading.entries.items()},
        reading.broken,
    )
    if found.gone and not inventory.records and not source.allow_empty:
        raise HarvestRefused(
            f"The file has no records, which would withdraw {len(found.gone)}; --allow-empty does that."
        )
    await _write_agencies(graph, source, reading.publishers)
    taken, refused = await _write_entries(graph, source, reading, found, advance, recording=recording, check=check)
    kept = taken | refused
    for identifier in (*found.taken, *taken):
        index = reading.indices[identifier]
        message = f"{excerpt(identifier)} belongs to an entry of another source or agency; --prefix keeps them apart"
        reading.problems.append(Problem(Code.IDENTIFIER_TAKEN, message, index, "identifier", identifier))
        reading.rejected.add(index)
    reading.rejected.update(reading.indices[identifier] for identifier in refused)
    return Report(
        source=source.name,
        digest=inventory.digest,
        total=len(inventory.records),
        loaded=len(set(found.new) - kept),
        updated=len(set(found.changed) - kept),
        republished=len(set(found.returned) - kept),
        unchanged=len(found.unchanged),
        withdrawn=len(found.gone),
        rejected=len(reading.rejected),
        agencies=len(reading.publishers),
        problems=tuple(sorted(reading.problems, key=lambda problem: -1 if problem.index is None else problem.index)),
    )


def _read(inventory: Inventory, source: Source, advance: Advance) -> _Reading:
    records: dict[str, Harvested] = {}
    broken: set[str] = set()
    rejected: set[int] = set()
    problems: list[Problem] = []
    publisher = _catalog_publisher(inventory)
    total = len(inventory.records)
    for index, record in enumerate(inventory.records):
        harvested, found, identifier = read_record(
            record, index, catalog_publisher=publisher, escaped_bytes=inventory.escaped_bytes
        )
        problems.extend(found)
        if harvested is None:
            rejected.add(index)
            broken.update([source.prefix + identifier] if identifier else [])
        elif harvested.identifier in records:
            first = records[harvested.identifier].index
            message = f"{excerpt(harvested.identifier)} is the identifier of record {first} too, which counts"
            problems.append(Problem(Code.DUPLICATE_IDENTIFIER, message, index, "identifier", harvested.identifier))
            rejected.add(index)
        else:
            records[harvested.identifier] = harvested
        if index % _BATCH == 0:
            advance("Reading", index, total)
    publishers, conflicts = publisher_forest(source.name, [record.publishers for record in records.values()])
    entries = [
        to_rows(
            to_entry(
                record,
                source.rule,
                source=source.name,
                agency=publisher_code(source.name, record.publishers[0]),
                prefix=source.prefix,
            )
        )
        for record in records.values()
    ]
    indices = {source.prefix + identifier: record.index for identifier, record in records.items()}
    problems.extend(conflicts)
    problems.extend(_parts(records))
    return _Reading({entry.identifier: entry for entry in entries}, indices, broken, rejected, problems, publishers)


def _catalog_publisher(inventory: Inventory) -> str | None:
    publisher = inventory.catalog.get("publisher")
    name = publisher.get("name") if isinstance(publisher, dict) else publisher
    if not isinstance(name, str) or not name.isprintable() or not 0 < len(name.strip()) <= _LONGEST_NAME:
        return None
    return name.strip()


def _parts(records: dict[str, Harvested]) -> list[Problem]:
    """`isPartOf` that names nothing in the file; its words are kept with the entry all the same."""
    return [
        Problem(
            Code.PART_OF_UNKNOWN,
            f"names {excerpt(record.part_of)}, which is not in this file",
            record.index,
            "isPartOf",
            record.identifier,
        )
        for record in records.values()
        if record.part_of is not None and record.part_of not in records
    ]


async def _known(graph: Graph, source: Source, reading: _Reading) -> dict[str, Known]:
    known = {
        identifier: Known(Holder.OURS, digest, status == Status.WITHDRAWN)
        for identifier, digest, status in await graph.read(statements.OURS, {"source": source.name})
    }
    strange = [identifier for identifier in reading.entries if identifier not in known]
    for identifiers in _batches(strange, _LOOKUP):
        held = await graph.read(statements.HELD, {"identifiers": identifiers})
        known |= dict.fromkeys(held, Known(Holder.OTHERS))
    return known


async def _write_agencies(graph: Graph, source: Source, publishers: Sequence[Publisher]) -> None:
    """The publishers as agencies of the jurisdiction that the source names, else of an EXTERNAL one of its own."""
    code = source.jurisdiction or f"external:{source.name}"
    if source.jurisdiction is None:
        if publishers:
            await write_jurisdictions(graph, [JurisdictionSpec(code, source.name, "EXTERNAL")])
    elif not await graph.read(statements.HAS_JURISDICTION, {"code": code}):
        raise HarvestRefused(f"--jurisdiction {code}: the graph has none of this code.")
    kind, origin = AgencyKind.BY_REFERENCE, Origin.IMPORTED
    await write_agencies(
        graph, [AgencySpec(one.code, one.name, kind, code, origin, parent=one.parent) for one in publishers]
    )


async def _write_entries(
    graph: Graph,
    source: Source,
    reading: _Reading,
    found: Difference,
    advance: Advance,
    *,
    recording: Recording | None,
    check: Check | None,
) -> tuple[set[str], set[str]]:
    """Write what has changed, then withdraw what is gone.

    Returns:
        What turned out to belong to others meanwhile, and what may not be published as it is.
    """
    taken, refused = set[str](), set[str]()
    total, done = len(found.to_write) + len(found.gone), 0
    for identifiers in _batches(found.to_write):
        entries = [reading.entries[identifier] for identifier in identifiers]
        try:
            report = await write_stored(graph, entries, recording=recording, check=check)
        except Rejected as rejected:
            bad = _refused(reading, rejected)
            refused |= bad
            entries = [entry for entry in entries if entry.identifier not in bad]
            report = await write_stored(graph, entries, recording=recording, check=check)
        taken |= {*report.taken}
        done += len(identifiers)
        advance("Writing", done, total)
    for identifiers in _batches(found.gone):
        await withdraw(graph, identifiers, source=source.name, recording=recording)
        done += len(identifiers)
        advance("Withdrawing", done, total)
    return taken, refused


def _refused(reading: _Reading, rejected: Rejected) -> set[str]:
    """Note what stands against publishing some entries, and say which; others of the batch are written."""
    bad = {one.identifier for one in rejected.problems if one.code is Unfit.BELOW_SOURCES}
    if not bad:
        raise rejected
    for one in rejected.problems:
        index = reading.indices[one.identifier]
        reading.problems.append(Problem(Code.BELOW_SOURCES, one.message, index, one.path, one.identifier))
    return bad


def _batches(items: Sequence[T], size: int | None = None) -> list[Sequence[T]]:
    size = size or _BATCH
    return [items[start : start + size] for start in range(0, len(items), size)]
