"""What a long log costs: memory of who writes it, a page of its events, and verifying it."""

import random
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import psutil

from bench.growth import GROWN
from bench.options import Options
from bench.processes import ROOT, Unusable
from bench.report import Report
from gateway.audit.asking import Asked, Events
from gateway.audit.event import About, Actor, ActorKind, Cause, Event, Outcome
from gateway.audit.index import Index, Scope
from gateway.audit.kinds import DataFetched, DataRefreshed
from gateway.audit.log import Log, LogFolder, Sealed
from gateway.identity import Profile, Subject
from gateway.vocabulary import AgencyKind, Role

VERIFY_SECONDS: Final = 30.0
_ORIGIN: Final = "bench.example/log"
_BATCH: Final = 500
_INDEXED: Final = 5_000
_SETTLED: Final = 32_768
_ROUNDS: Final = 60
_PAGE: Final = 20
_FIRST: Final = datetime(2026, 1, 1, tzinfo=UTC)
_SPAN: Final = timedelta(days=90)
_AGENCIES, _DATASETS, _PERSONS = 50, 300, 200


def long_log(options: Options, report: Report) -> None:
    """A log of `verified` entries that grows to `entries`, beside a short one."""
    work = options.work / "long"
    shutil.rmtree(work, ignore_errors=True)
    short, long = work / "short", work / "long"
    _Written(short, options.few).until(options.few)
    grown, process = _Written(long, options.entries), psutil.Process()
    grown.until(options.few)
    early = process.memory_info().rss
    grown.until(min(options.verified, options.entries))
    _verified(long, grown.size, report)
    grown.until(options.entries)
    late = process.memory_info().rss
    report.show("memory of who writes and indexes", f"{early / 2**20:,.0f} → {late / 2**20:,.0f} MiB")
    report.at_most(f"memory: {options.few:,} → {options.entries:,} entries", late / early, GROWN)
    _pages(short, long, options, report)
    shutil.rmtree(work)


class _Written:
    """A log that is written and indexed, its events over three months however many there will be."""

    def __init__(self, state: Path, entries: int) -> None:
        self._log = Log(state, _ORIGIN)
        self._index = Index(LogFolder(state).index)
        self._step = _SPAN / entries
        self.size = 0

    def until(self, entries: int) -> None:
        self._log.open()
        waiting: list[tuple[int, bytes]] = []
        for first in range(self.size, entries, _BATCH):
            batch = [_event(i, self._step) for i in range(first, min(first + _BATCH, entries))]
            self._log.record(batch)
            self._log.publish()
            if self._log.unsettled > _SETTLED:
                self._log.settle()
            waiting += ((first + i, event.body) for i, event in enumerate(batch))
            if len(waiting) >= _INDEXED:
                self._index.add(waiting)
                waiting = []
        self._index.add(waiting)
        self._log.settle()
        self._log.close()
        self.size = entries


def _event(i: int, step: timedelta) -> Sealed:
    chance = random.Random(i)
    agency, other = f"ag_{chance.randrange(_AGENCIES):026d}", f"ag_{chance.randrange(_AGENCIES):026d}"
    actor = Actor(
        ActorKind.PERSON,
        f"pe_{chance.randrange(_PERSONS):026d}",
        agency,
        Role.OFFICER,
        "ap_officer",
        (_area(agency), "ju_city"),
    )
    about = About((other,), (_area(other), "ju_city"), (f"ds_{chance.randrange(_DATASETS):026d}",))
    cause, moment = Cause(actor, "0" * 64, f"{i:032d}"), _FIRST + i * step
    event: Event = (
        DataRefreshed(cause=cause, about=about, moment=moment, refreshed_at=str(i))
        if i % 10 == 0
        else DataFetched(cause=cause, about=about, moment=moment, purpose="statistics", grant=None, n=1)
    )
    return Sealed(event.id, event.body)


def _area(agency: str) -> str:
    return f"ju_{int(agency[-2:]) % 10}"


def _verified(state: Path, entries: int, report: Report) -> None:
    """As an auditor would: the command, a copy of the public folder, and the key."""
    public = LogFolder(state).public
    argv = [sys.executable, "-m", "gateway.cli", "log", "verify", str(public)]
    argv += ["--key", (public / "key").read_text("utf-8").strip()]
    began = time.perf_counter()
    done = subprocess.run(argv, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - began
    if done.returncode:
        raise Unusable(f"gateway log verify failed:\n{done.stderr[-2000:]}")
    report.no_longer(f"gateway log verify, {entries:,} entries", seconds, VERIFY_SECONDS)


@dataclass(frozen=True, slots=True)
class _Question:
    name: str
    subject: Subject
    asked: Asked
    after: bool = False
    oldest_first: bool = False


def _questions() -> Iterator[_Question]:
    agency, dataset, person = (f"{kind}_{7:026d}" for kind in ("ag", "ds", "pe"))
    officer = Subject("pe", "officer", agency, profile=_profile(Role.OFFICER))
    auditor = Subject("pe", "auditor", agency, jurisdictions=("ju_city",), profile=_profile(Role.AUDITOR))
    district = Subject("pe", "district", agency, jurisdictions=("ju_3",), profile=_profile(Role.SUPERVISOR))
    kind = {Scope.KIND: frozenset({DataRefreshed.kind}), Scope.OUTCOME: frozenset({str(Outcome.DONE)})}
    of_person = {Scope.ACTOR: frozenset({person}), Scope.KIND: frozenset({DataFetched.kind})}
    late = int((_FIRST + _SPAN / 2).timestamp() * 1000)
    yield _Question("everything, by an auditor", auditor, Asked())
    yield _Question("from the middle on, the oldest first", auditor, Asked(since=late), oldest_first=True)
    yield _Question("the next page", auditor, Asked(), after=True)
    yield _Question("of an agency, by its officer", officer, Asked())
    yield _Question("of a district, by its supervisor", district, Asked())
    yield _Question("of a dataset", auditor, Asked({Scope.DATASET: frozenset({dataset})}))
    yield _Question("of a kind and outcome", auditor, Asked(kind))
    yield _Question("of a person and kind", auditor, Asked(of_person))


def _profile(role: Role) -> Profile:
    return Profile(frozenset({role}), AgencyKind.ADMINISTRATIVE)


def _pages(short: Path, long: Path, options: Options, report: Report) -> None:
    """Each question of both logs in turn."""
    for question in _questions():
        times: tuple[list[float], list[float]] = [], []
        for _ in range(_ROUNDS):
            for events, took in zip((Events(LogFolder(short)), Events(LogFolder(long))), times, strict=True):
                took.append(_page(events, question))
        few, many = (statistics.median(took) for took in times)
        report.show(f"page of {_PAGE} events {question.name}", f"{few * 1000:.2f} / {many * 1000:.2f} ms")
        report.at_most(f"{question.name}: {options.few:,} → {options.entries:,} events", many / few, GROWN)


def _page(events: Events, question: _Question) -> float:
    after = None
    if question.after:
        after = events.page(question.subject, question.asked, _PAGE)[-1].said["id"]
    began = time.perf_counter()
    page = events.page(question.subject, question.asked, _PAGE, after=after, oldest_first=question.oldest_first)
    took = time.perf_counter() - began
    if len(page) != _PAGE:
        raise Unusable(f"a page {question.name} has {len(page)} events, not {_PAGE}")
    return took
