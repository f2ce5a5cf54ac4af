"""Recording what systems report: one transaction per request, with its event in the log.

What edges there are is a function of the set of events: any order of them, twice or late, gives the same ones. Of each
run the union of its events is kept, and its place among the runs of its job that state something of the same output.
So a new run costs what changes around it, however many there are.
"""

import asyncio
import hashlib
import json
import secrets
import zlib
from base64 import b64decode, b64encode
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from neo4j import AsyncManagedTransaction

from gateway.audit.event import About, Cause, new_id
from gateway.audit.event import now as event_time
from gateway.audit.kinds import LineageRecorded
from gateway.audit.ledger import Denied, Key, Ledger, Made
from gateway.catalog.batches import pieces, run_rows, value
from gateway.graph import Graph
from gateway.graph.times import now as clock
from gateway.lineage import statements
from gateway.lineage.content import FIELDS, Content, Item, read_content, same
from gateway.lineage.drawing import Drawing, edge_id
from gateway.lineage.ends import End, lock_names
from gateway.lineage.names import Name, key
from gateway.lineage.reading import MOST_DERIVATIONS, BadEvent, Batch, RunEvent, read_events
from gateway.lineage.tiering import Tiers
from gateway.lineage.timeline import Around, Held, Items, Point, Segment, back, changes, segments, settle
from gateway.vocabulary import FOREVER

RECORD: Final = "recordLineage"
AT_ONCE = 10_000
"""Derivations that one transaction changes: it is in the database's memory until its end, some 7 kB for each."""
_MOST_DATASETS: Final = 100
"""Datasets that the event of a request names."""
_SECONDS: Final = 120.0
"""That a request may take, of which each derivation may be new: others wait for it only where they report the same job.
"""
_LARGE: Final = 200_000
"""Bytes from which a body is read beside the event loop, so that others do not wait for it."""


_Place = tuple[str, str]
"""An instant of a line: the line's key, and the instant."""


@dataclass(frozen=True, slots=True)
class Reporter:
    """A registered system that reports."""

    id: str
    agency: str
    about: About
    """What its events are about: its agency."""


class _Unfinished(Exception):
    """Of a job of the request, an earlier one has left something to be settled first."""


@dataclass(frozen=True, slots=True)
class Recording:
    """Takes what systems report. One per process."""

    graph: Graph
    ledger: Ledger
    tiers: Tiers | None = None
    """Settles what becomes stricter by what is reported, before that is answered; without it, somebody else does."""

    async def record(self, cause: Cause, by: Reporter, body: bytes) -> int:
        """Record the events of a request: all of them, or none.

        The same bytes again are the same request, for as long as the ledger remembers; later, or cut otherwise, they
        change nothing either.

        Returns:
            How many events it had: the same whether what they name is known here or not.

        Raises:
            Denied: `BAD_EVENT`, with the path to what is wrong; the refusal is in the log.
            LogError: see `Ledger.change`.
        """
        digest = hashlib.sha256(body).hexdigest()
        read = _read(body) if len(body) < _LARGE else await asyncio.to_thread(_read, body)
        changed = False

        async def work(tx: AsyncManagedTransaction) -> Made:
            moment = event_time()
            identifier = new_id(moment)
            if isinstance(read, BadEvent):
                raise Denied("BAD_EVENT", str(read), path=read.path, target=read.path, about=by.about)
            try:
                done = await _Change(tx, by).make(read, identifier)
            except BadEvent as bad:
                raise Denied("BAD_EVENT", str(bad), path=bad.path, target=bad.path, about=by.about) from None
            nonlocal changed
            changed = done.begun + done.ended > 0
            about = About(by.about.agencies, by.about.jurisdictions, tuple(sorted(done.datasets)[:_MOST_DATASETS]))
            event = LineageRecorded(
                cause=cause,
                about=about,
                moment=moment,
                id=identifier,
                system=by.id,
                digest=digest,
                events=read.total,
                runs=done.runs,
                begun=done.begun,
                ended=done.ended,
                datasets=len(done.datasets),
            )
            return Made({"accepted": read.total}, {by.id: [event]})

        jobs = [] if isinstance(read, BadEvent) else sorted({key(by.agency, *event.job) for event in read.runs})
        while True:
            try:
                made = await self.ledger.change(Key(by.id, RECORD, digest, {}), cause, work, timeout=_SECONDS)
            except _Unfinished:
                await self._settle(by, jobs)
            else:
                break
        await self._settle(by, jobs)
        if changed and self.tiers is not None:
            await self.tiers.after(cause)
        return int(made["accepted"])

    async def _settle(self, by: Reporter, jobs: Sequence[str]) -> None:
        """Draw what was too much for the transaction in which it was recorded. Whoever comes to it goes on with it.

        Raises:
            GraphUnavailable: Neo4j is away; whoever reports these jobs next goes on, at the latest who asks again.
        """
        for job in await self.graph.read(statements.UNSETTLED, {"jobs": [*jobs]}):
            turns: dict[str, list[_Turn]] = {}

            async def work(tx: AsyncManagedTransaction, job: str = job, turns: dict[str, list[_Turn]] = turns) -> bool:
                return await _Change(tx, by).settle(job, turns)

            while await self.graph.write(work, timeout=_SECONDS):
                pass


def _read(body: bytes) -> Batch | BadEvent:
    """A refusal is raised in the transaction, so that it is logged."""
    try:
        return read_events(body, datetime.now(UTC))
    except BadEvent as bad:
        return bad


@dataclass(frozen=True, slots=True)
class Done:
    """What a request has changed."""

    runs: int = 0
    begun: int = 0
    ended: int = 0
    datasets: frozenset[str] = frozenset()
    """Entries of the asserter's whose derivation has changed."""


@dataclass(frozen=True, slots=True)
class _Run:
    """A run, as its events so far have it."""

    id: str
    job: Name
    run: str
    at: str
    unmade: bool
    content: Content
    systems: tuple[str, ...]
    path: str = ""
    """Of an event of it in the request."""

    def points(self, job: str) -> dict[tuple[str, str], tuple["_Line", Point]]:
        """Its places in lines, by line and instant. One that failed has made nothing."""
        if self.unmade:
            return {}
        found = {}
        for output, level, stated in self.content.stated:
            line = _Line(key(job, *output, level), self.job, output, level)
            point = Point(self.at, self.run, stated.digest, self.content.digest, self.systems[0])
            found[line.key, self.at] = (line, point)
        return found


class _Line(NamedTuple):
    """The runs of a job that state something of one output at one level."""

    key: str
    job: Name
    output: Name
    level: str


@dataclass(slots=True)
class _Moves:
    """What changes in one line: the points that go, and those that come, by instant."""

    line: _Line
    old: dict[str, list[Point]] = field(default_factory=lambda: defaultdict(list))
    new: dict[str, list[Point]] = field(default_factory=lambda: defaultdict(list))

    @property
    def instants(self) -> list[str]:
        return sorted({*self.old, *self.new})


@dataclass(frozen=True, slots=True)
class _Turn:
    """A derivation of which an interval changes."""

    line: _Line
    segment: Segment
    item: Item
    key: str
    wanted: Any


_Loud = tuple[_Line, Segment]
"""A part of a line in which something may change."""


class _Change:
    """The work of one transaction."""

    def __init__(self, tx: AsyncManagedTransaction, by: Reporter) -> None:
        self._tx = tx
        self._by = by
        self._contents: dict[str, Content] = {}

    async def make(self, batch: Batch, event: str) -> Done:
        """Take the events into the graph; `event` is the id under which the log has that.

        Raises:
            BadEvent: a run, with what is known of it, becomes too large, or all together do.
        """
        jobs = {event.job: key(self._by.agency, *event.job) for event in batch.runs}
        await self._lock(jobs)
        # Only now nobody else changes these jobs; what is recorded from here on is recorded after what they have.
        now = clock()
        told = _merged(batch.runs, jobs, self._by.id)
        if await value(self._tx, statements.UNSETTLED, jobs=[*jobs.values()]):
            raise _Unfinished
        known = await self._known(told)
        moved = []
        for one in told.values():
            before = known.get(one.id)
            after = one if before is None else _union(before, one)
            if after != before:
                moved.append((before, after))
        if not moved:
            return Done()
        moves = _moves(moved, jobs)
        await self._put(moved, jobs, moves)
        loud = await self._loud([one for _, one in moved], moves)
        turns = await self._turns(loud)
        if len(turns) > AT_ONCE:
            await self._leave(loud, jobs, event)
        done = await self._turn(turns, now, event, draw=len(turns) <= AT_ONCE)
        return Done(len(moved), *done)

    async def _leave(self, loud: Sequence[_Loud], jobs: Mapping[Name, str], event: str) -> None:
        """Write down what is to be drawn in transactions of its own, once this one has committed."""
        of: dict[str, list[Any]] = defaultdict(list)
        for line, segment in loud:
            of[jobs[line.job]].append([line, segment.before, segment.after, segment.old, segment.new])
        rows = [
            {"id": secrets.token_hex(16), "job": job, "segments": _packed(some), "done": 0, "event": event}
            for job, some in of.items()
        ]
        await run_rows(self._tx, statements.PUT_UNSETTLED, rows)

    async def settle(self, job: str, known: dict[str, list[_Turn]]) -> bool:
        """Draw the next of what an earlier request has left of a job. False when there is nothing.

        Args:
            job: the key of the job.
            known: what is to be drawn, where that was found out before; nothing can change it.
        """
        record = await (await self._tx.run(statements.NEXT_UNSETTLED, {"job": job})).single()
        if record is None:
            return False
        identifier, done = record[0]["id"], record[0]["done"]
        if identifier not in known:
            loud = _unpacked(record[0]["segments"])
            await self._learn(point.statement for _, segment in loud for point in segment.points)
            known[identifier] = await self._turns(loud)
        turns = known[identifier]
        some = turns[done : done + AT_ONCE]
        await self._turn(some, clock(), record[0]["event"], draw=True)
        done += len(some)
        given = {"id": identifier, "done": done, "all": done >= len(turns)}
        await (await self._tx.run(statements.SETTLED, given)).consume()
        return True

    async def _lock(self, jobs: Mapping[Name, str]) -> None:
        rows = [
            {"id": identifier, "agency": self._by.agency, "namespace": job.namespace, "name": job.name}
            for job, identifier in sorted(jobs.items(), key=lambda one: one[1])
        ]
        await run_rows(self._tx, statements.LOCK_JOBS, rows)

    async def _known(self, told: Mapping[str, _Run]) -> Mapping[str, _Run]:
        """Those of the runs that are there already, as they are."""
        rows: list[list[Any]] = []
        for piece in pieces([*told]):
            rows += await value(self._tx, statements.RUNS, runs=list(piece))
        # What is told now is mostly what is there: that need not be read.
        self._contents.update((one.content.digest, one.content) for one in told.values())
        await self._learn(row[3] for row in rows)
        return {
            identifier: _Run(
                identifier,
                told[identifier].job,
                told[identifier].run,
                at,
                unmade,
                self._contents[statement],
                tuple(systems),
                told[identifier].path,
            )
            for identifier, at, unmade, statement, systems in rows
        }

    async def _learn(self, digests: Iterable[str]) -> None:
        """Read what runs state, where it is not known yet."""
        missing = sorted({*digests} - self._contents.keys())
        for piece in pieces(missing):
            found = await value(self._tx, statements.STATEMENTS, ids=[self._statement(one) for one in piece])
            for identifier, kept in found:
                self._contents[identifier.partition(".")[2]] = read_content(kept)

    def _statement(self, digest: str) -> str:
        """The id of a statement: agencies share none."""
        return f"{self._by.agency}.{digest}"

    async def _put(
        self,
        moved: Sequence[tuple[_Run | None, _Run]],
        jobs: Mapping[Name, str],
        moves: Mapping[str, _Moves],
    ) -> None:
        self._contents.update((one.content.digest, one.content) for _, one in moved)
        runs = [
            {
                "id": one.id,
                "agency": self._by.agency,
                "job": jobs[one.job],
                "run": one.run,
                "at": one.at,
                "unmade": one.unmade,
                "statement": one.content.digest,
                "systems": list(one.systems),
            }
            for _, one in moved
        ]
        await run_rows(self._tx, statements.PUT_RUNS, runs)
        gone = [[line, at, one.run] for line, some in moves.items() for at, old in some.old.items() for one in old]
        for piece in pieces(gone):
            await value(self._tx, statements.DROP_POINTS, rows=list(piece))

    async def _put_statements(self, digests: Iterable[str]) -> None:
        rows = [{"id": self._statement(one), "content": self._contents[one].kept} for one in sorted(digests)]
        await run_rows(self._tx, statements.PUT_STATEMENTS, rows)

    async def _loud(self, moved: Sequence[_Run], moves: Mapping[str, _Moves]) -> list[_Loud]:
        """Put runs into their lines. The parts of lines in which something may change by that."""
        around = await self._around([(line, at) for line, some in moves.items() for at in some.instants])
        # What the runs around them state is there; mostly these state the same.
        there = {one.statement for some in around.values() for of in some.values() for one in of.all}
        await self._put_statements({one.content.digest for one in moved} - there)
        come = [
            [line, one.at, back(one.at), *one[1:]]
            for line, some in moves.items()
            for new in some.new.values()
            for one in new
        ]
        for piece in pieces(come):
            await value(self._tx, statements.PUT_POINTS, rows=list(piece))
        loud = [
            (some.line, segment)
            for line, some in moves.items()
            for segment in segments(around[line], some.old, some.new)
            if not segment.is_quiet
        ]
        await self._learn(point.statement for _, segment in loud for point in segment.points)
        return loud

    async def _turns(self, loud: Sequence[_Loud]) -> list[_Turn]:
        """The derivations that change, by their keys: always in the same order."""
        turns: list[_Turn] = []
        for line, segment in loud:
            for wanted in changes(segment, lambda point, line=line: self._items(point, line)):  # type: ignore[misc]
                item = wanted.item
                identifier = key(
                    line.key,
                    item.target,
                    item.namespace,
                    item.name,
                    item.field,
                    "\x1e".join(item.transformations),
                    str(item.masking),
                )
                turns.append(_Turn(line, segment, item, identifier, wanted))
        return sorted(turns, key=lambda one: (one.key, one.segment.low))

    async def _around(self, places: Sequence[_Place]) -> Mapping[str, Mapping[str, Around]]:
        """What is around instants of lines, without the points that change."""
        here: dict[_Place, Point] = {}
        next_: dict[_Place, _Place] = {}
        for piece in pieces(places):
            found = await value(self._tx, statements.AROUND, rows=[[line, at, back(at)] for line, at in piece])
            for place, (point, after) in zip(piece, found, strict=True):
                if point is not None:
                    here[place] = Point(*point)
                if after is not None:
                    next_[place] = (place[0], after)
        # Hardly ever is there one at the very instant; and systems report mostly what happened last.
        before = await self._points(statements.BEFORE, [place for place, one in here.items() if one.at == place[1]])
        after = await self._points(statements.AT, sorted({*next_.values()}))
        around: dict[str, dict[str, Around]] = defaultdict(dict)
        for place in places:
            line, at = place
            found = here.get(place)
            is_here = found is not None and found.at == at
            around[line][at] = Around(
                before.get(place) if is_here else found,
                found if is_here else None,
                after[next_[place]] if place in next_ else None,
            )
        return around

    async def _points(self, statement: str, places: Sequence[_Place]) -> Mapping[_Place, Point]:
        """The point that a statement finds for each place."""
        points: dict[_Place, Point] = {}
        for piece in pieces(places):
            found = await value(self._tx, statement, rows=[[line, at, back(at)] for line, at in piece])
            points.update((place, Point(*some[0])) for place, some in zip(piece, found, strict=True) if some)
        return points

    def _items(self, point: Point, line: _Line) -> Items:
        """What a run states of an output at a level."""
        stated = self._contents[point.statement].stated
        return next(one.items for name, level, one in stated if name == line.output and level == line.level)

    async def _turn(
        self, turns: Sequence[_Turn], now: str, event: str | None, *, draw: bool
    ) -> tuple[int, int, frozenset[str]]:
        """End what holds no more, and begin what does; or only say how much that is, and of which entries."""
        if not turns:
            return 0, 0, frozenset()
        outputs = {one.line.output for one in turns}
        sources = {Name(one.item.namespace, one.item.name) for one in turns} if draw else set[Name]()
        ends = await lock_names(self._tx, outputs | sources)
        there: dict[str, set[Held]] = defaultdict(set)
        for piece in pieces(turns):
            rows = [[one.key, one.segment.low, one.segment.high] for one in piece]
            found = await value(self._tx, statements.HELD, rows=rows, forever=FOREVER)
            for one, held in zip(piece, found, strict=True):
                there[one.key] |= {Held(*edge) for edge in held}
        # An edge may reach through several segments: each is settled with what the one before it has left.
        left = {name: {*held} for name, held in there.items()}
        first: dict[tuple[str, Held], _Turn] = {}
        for one in turns:
            held = left[one.key]
            old, new = settle(one.segment, one.wanted, sorted(held))
            left[one.key] = held - {*old} | {*new}
            first |= {(one.key, edge): one for edge in new}
        ended = [[name, edge.valid_to] for name, held in there.items() for edge in sorted(held - left[name])]
        begun = [(first[name, edge], edge) for name, held in left.items() for edge in sorted(held - there[name])]
        outputs_of = {one.key: one.line.output for one in turns}
        changed = {outputs_of[name] for name, _ in ended}
        if draw:
            drawing = Drawing(ends)
            await drawing.end(self._tx, ended, now)
            await self._begin(begun, drawing, now, event)
        changed |= {one.line.output for one, _ in begun}
        entries = (ends.entry(name, self._by.agency, output=True) for name in changed)
        return len(begun), len(ended), frozenset(one.dataset for one in entries if one is not None)

    async def _begin(self, begun: Sequence[tuple[_Turn, Held]], drawing: Drawing, now: str, event: str | None) -> None:
        """Draw the edges that begin. `event` is that in the log; none where an older gateway has left them."""
        agency = self._by.agency
        both = [(End(one.line.output, one.item.target), _source(one.item)) for one, _ in begun]
        await drawing.ends.look_for_fields(self._tx, (end for pair in both for end in pair))
        for (one, held), (target, source) in zip(begun, both, strict=True):
            properties = {
                "id": edge_id(),
                "validFrom": held.valid_from,
                "validTo": held.valid_to,
                "recordedFrom": now,
                "recordedTo": FOREVER,
                "event": event,
                "runId": held.run,
                "job": str(one.line.job),
                "asserter": agency,
                "system": held.system,
                "observed": True,
                "transformations": list(one.item.transformations),
                "masking": one.item.masking,
                "line": one.key,
                "targetName": target.name.key,
                "sourceName": source.name.key,
            }
            if one.line.level == FIELDS:
                properties |= {"targetField": target.field, "sourceField": source.field}
            places = drawing.place(target, agency, output=True), drawing.place(source, agency, output=False)
            drawing.draw(*places, properties)
        await drawing.finish(self._tx)


def _packed(some: Sequence[Any]) -> str:
    """Lines and segments as a node keeps them."""
    return b64encode(zlib.compress(json.dumps(some).encode(), 1)).decode()


def _unpacked(text: str) -> list[_Loud]:
    found = []
    for (line_key, job, output, level), *ends, old, new in json.loads(zlib.decompress(b64decode(text))):
        before, after = (None if one is None else Point(*one) for one in ends)
        line = _Line(line_key, Name(*job), Name(*output), level)
        first, second = (tuple(Point(*one) for one in some) for some in (old, new))
        found.append((line, Segment(before, after, first, second)))
    return found


def _source(item: Item) -> End:
    return End(Name(item.namespace, item.name), item.field)


def _merged(events: Iterable[RunEvent], jobs: Mapping[Name, str], system: str) -> dict[str, _Run]:
    """The runs of a request, by id: of each, all that its events say."""
    found: dict[str, _Run] = {}
    for event in events:
        identifier = key(jobs[event.job], event.run)
        one = _Run(identifier, event.job, event.run, event.at, event.unmade, event.content, (system,), event.path)
        found[identifier] = _union(found[identifier], one) if identifier in found else one
    return found


def _union(one: _Run, other: _Run) -> _Run:
    """A run of which two parts are known.

    Raises:
        BadEvent: it is too large.
    """
    content = one.content | other.content
    if content is not one.content:
        content = same(content)
        if sum(len(stated.items) for _, _, stated in content.stated) > MOST_DERIVATIONS:
            text = f"with what is known of it, the run has more than {MOST_DERIVATIONS} derivations"
            raise BadEvent(other.path, text)
    return _Run(
        one.id,
        one.job,
        one.run,
        min(one.at, other.at),
        one.unmade or other.unmade,
        content,
        tuple(sorted({*one.systems, *other.systems})),
        one.path,
    )


def _moves(moved: Iterable[tuple[_Run | None, _Run]], jobs: Mapping[Name, str]) -> dict[str, _Moves]:
    """The points that go and come, by line."""
    found: dict[str, _Moves] = {}
    for before, after in moved:
        job = jobs[after.job]
        old = {} if before is None else before.points(job)
        new = after.points(job)
        for place in (*old, *new):
            line, at = place
            if old.get(place) == new.get(place):
                continue
            said, _ = old.get(place) or new[place]
            some = found.setdefault(line, _Moves(said))
            if place in old:
                some.old[at].append(old[place][1])
            if place in new:
                some.new[at].append(new[place][1])
    return found
