"""The query index: a projection of the bodies in SQLite, one file a month, that can be thrown away and made again.

An event stands in it once, and once more for each thing by which it may be asked for (`Scope`), always with its time:
so a page of any question is a walk along one or a few ordered lists from a given place, however many events there are.
Fetches are counted beside that by dataset, day, agency and purpose, so that a count costs its groups, not its events.
"""

import heapq
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import IntEnum
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import orjson

from gateway.audit.event import Outcome, milliseconds_of
from gateway.audit.kinds import DataFetched

_SCHEMA: Final = """
CREATE TABLE events (idx INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, t INTEGER NOT NULL);
CREATE TABLE names (n INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE places (scope INTEGER, n INTEGER, t INTEGER, idx INTEGER, PRIMARY KEY (scope, n, t, idx)) WITHOUT ROWID;
CREATE TABLE uses (
  dataset INTEGER, day INTEGER, agency INTEGER, above INTEGER, purpose INTEGER, count INTEGER NOT NULL,
  PRIMARY KEY (dataset, day, agency, above, purpose)
) WITHOUT ROWID;
"""
_VERSION: Final = 2
"""Of the tables: an index of another one is thrown away and made again."""
_ADD_NAMES: Final = "INSERT OR IGNORE INTO names (name) SELECT value ->> 0 FROM json_each(?)"
_ADD_EVENTS: Final = """
INSERT OR IGNORE INTO events SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?)
"""
_ADD_PLACES: Final = """
INSERT OR IGNORE INTO places
SELECT row.value ->> 0, names.n, row.value ->> 2, row.value ->> 3
FROM json_each(?) AS row CROSS JOIN names ON names.name = row.value ->> 1
"""


_ADD_USES: Final = """
INSERT INTO uses
SELECT dataset.n, row.value ->> 1, agency.n, above.n, purpose.n, row.value ->> 5
FROM json_each(?) AS row
CROSS JOIN names AS dataset ON dataset.name = row.value ->> 0
CROSS JOIN names AS agency ON agency.name = row.value ->> 2
CROSS JOIN names AS above ON above.name = row.value ->> 3
CROSS JOIN names AS purpose ON purpose.name = row.value ->> 4
WHERE true
ON CONFLICT DO UPDATE SET count = count + excluded.count
"""
_USES: Final = """
SELECT agency.name, above.name, purpose.name, sum(count), min(day), max(day)
FROM names AS dataset
CROSS JOIN uses ON uses.dataset = dataset.n
JOIN names AS agency ON agency.n = uses.agency
JOIN names AS above ON above.n = uses.above
JOIN names AS purpose ON purpose.n = uses.purpose
WHERE dataset.name = ? AND day BETWEEN ? AND ?
GROUP BY 1, 2, 3
"""
_DAY: Final = 86_400_000
_ASIA_SHANGHAI: Final = 8 * 3_600_000
"""Milliseconds that the city's clocks are ahead of UTC, all year."""


class Scope(IntEnum):
    """By what events can be asked for. The numbers are stored."""

    ALL = 0
    AGENCY = 1
    """Agencies that an event concerns, and the actor's."""
    JURISDICTION = 2
    """Their jurisdictions and all above them; `CITY` where an event concerns no agency."""
    ACTOR = 3
    DATASET = 4
    FIELD = 5
    CASE = 6
    KIND = 7
    OUTCOME = 8
    BARE_AGENCY = 9
    """The actor's agency, where the actor may not know of what the event concerns."""
    BARE_JURISDICTION = 10
    """And its jurisdictions."""


CITY: Final = "*"
"""Stands for the jurisdiction of events that concern no agency: the gateway's own."""


Name = tuple[Scope, str]
"""One thing by which events can be asked for."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an event stands in the order of time, and in the log."""

    t: int
    """Milliseconds since 1970, UTC."""
    index: int


@dataclass(frozen=True, slots=True)
class Question:
    """What to look for: of each group, one of its names; within a span of time, in milliseconds, half open."""

    groups: tuple[frozenset[Name], ...] = ()
    since: int = 0
    until: int = 2**53


@dataclass(frozen=True, slots=True)
class Use:
    """How often data of a dataset was handed out to an agency for a purpose."""

    agency: str
    """Empty where nobody acted for an agency."""
    above: tuple[str, ...]
    """The agency's jurisdictions at the time."""
    purpose: str
    count: int
    first: int
    """The day of the first time, and of the last (see `day_of`)."""
    last: int


EPOCH: Final = date(1970, 1, 1)
"""The day with the number 0."""


def day_of(t: int) -> int:
    """The number of a day as the city's calendar has it (Asia/Shanghai), from `EPOCH` on."""
    return (t + _ASIA_SHANGHAI) // _DAY


class Index:
    """The index in a folder. One process writes it, any may read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    # writing

    def next(self) -> int:
        """The first entry that is not in the index yet."""
        last = -1
        for month in self._months():
            with closing(self._open(month)) as db:
                if db.execute("PRAGMA user_version").fetchone()[0] != _VERSION:
                    self.clear()
                    return 0
                last = max(last, db.execute("SELECT coalesce(max(idx), -1) FROM events").fetchone()[0])
        return last + 1

    def add(self, events: Iterable[tuple[int, bytes]]) -> None:
        """Add events, given as index and canonical bytes, in the order of the log. Those that are in it are not again.

        Raises:
            sqlite3.Error, OSError: it cannot be written. What is in it stays right.
        """
        # A run of one month is one transaction, and runs follow each other: so the largest index is always the last.
        parsed = (_Event.of(index, body) for index, body in events)
        for month, run in groupby(parsed, lambda event: _month(event.t)):
            self._add(month, list(run))

    def clear(self) -> None:
        """Throw the index away."""
        for path in self._folder.glob("*.sqlite*"):
            path.unlink()

    # asking

    def find(self, identifier: str) -> int | None:
        """The index of the entry of an event; None when there is none of this id."""
        try:
            month = _month(milliseconds_of(identifier))
        except ValueError:
            return None
        if not self._path(month).exists():
            return None
        with closing(self._open(month)) as db:
            row = db.execute("SELECT idx FROM events WHERE id = ?", (identifier,)).fetchone()
        return None if row is None else int(row[0])

    def page(
        self, question: Question, count: int, *, after: Place | None = None, oldest_first: bool = False
    ) -> list[Place]:
        """The first `count` events of an answer in the order of time, from behind `after` on."""
        found: list[Place] = []
        months = sorted(self._months(), reverse=not oldest_first)
        for month in months:
            if len(found) == count:
                break
            first, last = _span(month)
            if last <= question.since or first >= question.until:
                continue
            if after is not None and (last <= after.t if oldest_first else first > after.t):
                continue
            with closing(self._open(month)) as db:
                for place in _walk(db, question, after, oldest_first=oldest_first):
                    found.append(place)
                    if len(found) == count:
                        break
        return found

    def uses(self, datasets: Sequence[str], first: int, last: int) -> dict[str, list[Use]]:
        """How often data of each dataset was handed out from the first day to the last (see `day_of`)."""
        found: dict[str, dict[tuple[str, str, str], tuple[int, int, int]]] = {dataset: {} for dataset in datasets}
        for month in self._months():
            begin, end = _span(month)
            if day_of(end) < first or day_of(begin) > last:
                continue
            with closing(self._open(month)) as db:
                for dataset, uses in found.items():
                    for *group, count, since, until in db.execute(_USES, (dataset, first, last)):
                        before, earliest, latest = uses.get((*group,), (0, since, until))
                        uses[*group] = before + count, min(earliest, since), max(latest, until)
        return {
            dataset: [
                Use(agency, tuple(orjson.loads(above)), purpose, *figures)
                for (agency, above, purpose), figures in uses.items()
            ]
            for dataset, uses in found.items()
        }

    # how

    def _path(self, month: str) -> Path:
        return self._folder / f"{month}.sqlite"

    def _months(self) -> list[str]:
        return [path.stem for path in self._folder.glob("*.sqlite")]

    def _open(self, month: str) -> sqlite3.Connection:
        db = sqlite3.connect(self._path(month), timeout=10, isolation_level=None)
        db.execute("PRAGMA synchronous = OFF")  # made again from the bodies when a power cut takes it
        return db

    def _make(self, month: str) -> None:
        """Make a month's file, under its name only when it has its tables: others read it as soon as it is there."""
        draft = self._folder / f"{month}.new"
        draft.unlink(missing_ok=True)  # whoever made it was killed
        with closing(sqlite3.connect(draft, isolation_level=None)) as db:
            db.execute("PRAGMA journal_mode = WAL")
            for statement in _SCHEMA.split(";"):
                db.execute(statement)
            db.execute(f"PRAGMA user_version = {_VERSION}")
        draft.rename(self._path(month))

    def _add(self, month: str, run: Sequence["_Event"]) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self._path(month).exists():
            self._make(month)
        with closing(self._open(month)) as db:
            db.execute("BEGIN IMMEDIATE")
            # Counts may not be added twice, so nothing is: the largest index of a month was its last to be added.
            last = db.execute("SELECT coalesce(max(idx), -1) FROM events").fetchone()[0]
            run = [event for event in run if event.index > last]
            # As a few statements over a list each, and not one by one: inside a statement other threads go on.
            db.execute(_ADD_NAMES, (_list_of((name,) for name in {name for event in run for _, name in event.names}),))
            db.execute(_ADD_EVENTS, (_list_of((event.index, event.id, event.t) for event in run),))
            places = ((scope, name, event.t, event.index) for event in run for scope, name in event.names)
            db.execute(_ADD_PLACES, (_list_of(places),))
            uses = Counter(use for event in run for use in event.uses)
            if uses:
                db.execute(_ADD_NAMES, (_list_of((name,) for d, _, *more in uses for name in (d, *more)),))
                db.execute(_ADD_USES, (_list_of((*use, count) for use, count in uses.items()),))
            db.execute("COMMIT")


def _list_of(rows: Iterable[tuple[Any, ...]]) -> str:
    return orjson.dumps(list(rows)).decode()


@dataclass(frozen=True, slots=True)
class _Event:
    """An event as the index keeps it."""

    index: int
    id: str
    t: int
    names: list[Name]
    uses: list[tuple[str, int, str, str, str]]
    """What it adds to the counts: dataset, day, agency, its jurisdictions as JSON, purpose."""

    @classmethod
    def of(cls, index: int, body: bytes) -> "_Event":
        parsed = orjson.loads(body)
        t = milliseconds_of(parsed["id"])
        return cls(index, parsed["id"], t, _names_of(parsed), _uses_of(parsed, t))


def _names_of(body: Any) -> list[Name]:
    """Everything by which an event can be asked for; some of it maybe twice."""
    actor, about = body["actor"], body["about"]
    acting = [actor["agency"]] if actor["agency"] else []
    bare = about["hidden"]
    theirs = (Scope.BARE_AGENCY, Scope.BARE_JURISDICTION) if bare else (Scope.AGENCY, Scope.JURISDICTION)
    return [
        (Scope.ALL, ""),
        (Scope.KIND, body["kind"]),
        (Scope.OUTCOME, body["outcome"]),
        *((Scope.AGENCY, name) for name in about["agencies"]),
        *((Scope.JURISDICTION, name) for name in about["jurisdictions"]),
        *((theirs[0], name) for name in acting),
        *((theirs[1], name) for name in actor["jurisdictions"]),
        *([] if acting or about["agencies"] else [(Scope.JURISDICTION, CITY)]),
        *([(Scope.ACTOR, actor["person"])] if actor["person"] else []),
        *((Scope.DATASET, name) for name in about["datasets"]),
        *((Scope.FIELD, name) for name in about["fields"]),
        *([(Scope.CASE, about["case"])] if about["case"] else []),
    ]


def _walk(db: sqlite3.Connection, question: Question, after: Place | None, *, oldest_first: bool) -> Iterator[Place]:
    """The places of a month that answer a question, in order, read as far as somebody looks."""
    groups = [_lists(db, group) for group in question.groups or (frozenset({(Scope.ALL, "")}),)]
    if not all(groups):
        return
    # Along the shortest list, looking each place up in the others.
    driver, *others = sorted(groups, key=lambda group: sum(_length(db, one) for one in group))
    lists = [_list(db, one, question, after, oldest_first=oldest_first) for one in driver]
    last = None
    for place in heapq.merge(*lists, key=lambda place: (place.t, place.index), reverse=not oldest_first):
        if place != last and all(any(_stands(db, one, place) for one in group) for group in others):
            yield place
        last = place


def _uses_of(body: Any, t: int) -> list[tuple[str, int, str, str, str]]:
    if body["kind"] != DataFetched.kind or body["outcome"] != Outcome.DONE:
        return []
    actor, purpose = body["actor"], body["data"]["purpose"]
    above = orjson.dumps(sorted(actor["jurisdictions"])).decode()
    return [(dataset, day_of(t), actor["agency"] or "", above, purpose) for dataset in body["about"]["datasets"]]


List = tuple[Scope, int]
"""The places of one name."""


def _lists(db: sqlite3.Connection, names: Iterable[Name]) -> list[List]:
    found = ((scope, db.execute("SELECT n FROM names WHERE name = ?", (name,)).fetchone()) for scope, name in names)
    return [(scope, int(row[0])) for scope, row in found if row is not None]


_ESTIMATED: Final = 1_000


def _length(db: sqlite3.Connection, one: List) -> int:
    """How long a list is, as far as it matters."""
    text = "SELECT count(*) FROM (SELECT 1 FROM places WHERE scope = ? AND n = ? LIMIT ?)"
    return int(db.execute(text, (*one, _ESTIMATED)).fetchone()[0])


def _list(
    db: sqlite3.Connection, one: List, question: Question, after: Place | None, *, oldest_first: bool
) -> Iterator[Place]:
    way, beyond = ("", ">") if oldest_first else (" DESC", "<")
    text = "SELECT t, idx FROM places WHERE scope = ? AND n = ? AND t >= ? AND t < ?"
    values: list[Any] = [*one, question.since, question.until]
    if after is not None:
        text += f" AND (t, idx) {beyond} (?, ?)"
        values += [after.t, after.index]
    for t, index in db.execute(f"{text} ORDER BY t{way}, idx{way}", values):
        yield Place(t, index)


def _stands(db: sqlite3.Connection, one: List, place: Place) -> bool:
    text = "SELECT 1 FROM places WHERE scope = ? AND n = ? AND t = ? AND idx = ?"
    return db.execute(text, (*one, place.t, place.index)).fetchone() is not None


def _month(t: int) -> str:
    moment = datetime.fromtimestamp(t // 1000, UTC)
    return f"{moment.year:04d}-{moment.month:02d}"


def _span(month: str) -> tuple[int, int]:
    """First millisecond of a month, and of the next."""
    first = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
    year, number = divmod(first.year * 12 + first.month, 12)
    following = datetime(year, number + 1, 1, tzinfo=UTC)
    return int(first.timestamp() * 1000), int(following.timestamp() * 1000)


__all__ = ["CITY", "EPOCH", "Index", "Name", "Place", "Question", "Scope", "Use", "day_of"]
