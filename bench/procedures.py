"""What procedures cost: an answer from its signature to the log, pages of queues, and counting every deadline again.

The cases of the queues are copies of a real one: what a case holds is not said twice.
"""

import asyncio
import os
import shutil
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from bench.options import Options
from bench.processes import Unusable
from bench.report import Report
from gateway.app.assembly import spare_collector
from gateway.audit.event import About
from gateway.audit.ledger import Ledger
from gateway.audit.outbox import Outbox
from gateway.audit.recorder import Recorder
from gateway.graph import EmbeddedNeo4j, migrate, open_graph
from gateway.graph.migrations import m0004_procedures, m0005_tasks, m0009_parcels, m0012_deadlines
from gateway.graph.times import instant
from gateway.identity import Profile, Subject
from gateway.rules import Calendar, Duty
from gateway.rules.calendar import Year
from gateway.settings import Settings, load_settings
from gateway.sharing.clocks import Rules, keep_deadlines
from gateway.sharing.escalation import Escalations
from gateway.sharing.reading import Cases, Place
from gateway.sharing.words import Act, CaseState, Party
from gateway.signing import verify
from gateway.vocabulary import AgencyKind, Role
from tests.sharing.city import City, answer

ADDED: Final = 25.0
"""Milliseconds that an answer may take besides verifying its signature and one fsync."""
SAME: Final = 1.5
"""What counts as the same cost of pages that take a millisecond or two."""
RECOUNT_SECONDS: Final = 10.0
_ORIGIN: Final = "bench.example/log"
_ANSWERS: Final = 200
_WARM: Final = 50
_PAGE: Final = 20
_ROUNDS: Final = 100
_OPEN: Final = 10
"""One case in so many waits for its answer."""
_SPREAD: Final = timedelta(days=3 * 365)
_CHUNK: Final = 5_000

# So few agencies that each has full pages of a thousand cases too.
_COPY: Final = """
UNWIND range($first, $first + $count - 1) AS i
WITH i, i % $open = 0 AS open, $agencies[i % size($agencies)] AS provider,
  $agencies[(i + 1 + i / size($agencies) % (size($agencies) - 1)) % size($agencies)] AS consumer
MATCH (v:DatasetVersion {id: $version}), (a:Agency {id: consumer.id}), (b:Agency {id: provider.id})
CREATE (c:Case)-[:ABOUT]->(v) SET c = $case
CREATE (c)-[:BY]->(a) CREATE (c)-[:TO]->(b)
SET c.id = 'cs_' + right('0000000000000000000000000' + toString(i), 26), c.consumer = consumer.id,
  c.provider = provider.id, c.consumerJurisdiction = consumer.jurisdiction,
  c.providerJurisdiction = provider.jurisdiction,
  c.jurisdictions = [consumer.jurisdiction, provider.jurisdiction, $whole]
FOREACH (one IN CASE WHEN open THEN [$opened[i / $open % size($opened)]] ELSE [] END | SET c += one.case
  CREATE (:Task {about: c.id, owner: c.provider, dueAt: one.due})-[:FOR]->(c))
FOREACH (_ IN CASE WHEN open THEN [] ELSE [1] END | SET c += $answered[i % size($answered)])
"""
_SEQUENCES: Final = """
UNWIND range($first, $first + $count - 1, $open) AS i
CREATE (:Sequence {caseId: 'cs_' + right('0000000000000000000000000' + toString(i), 26), n: 1, locked: true})
"""
_INDEXES: Final = """
SHOW INDEXES YIELD name, labelsOrTypes, owningConstraint
WHERE owningConstraint IS NULL AND any(label IN labelsOrTypes WHERE label IN ['Case', 'Task'])
RETURN collect(name)
"""
_AGENCIES: Final = """
UNWIND range(0, $n - 1) AS i
CREATE (a:Agency {id: 'ag_' + right('0000000000000000000000000' + toString(i), 26), code: 'bench' + i,
  name: '单位' + i, kind: $kind, origin: 'NATIVE', jurisdiction: 'ju_bench' + (i / 2)})
RETURN collect(a {.id, .jurisdiction})
"""
_NUMBER: Final = 6


def procedures(options: Options, report: Report) -> None:
    """On databases of their own, which are removed at the end."""
    work = options.work / "procedures"
    shutil.rmtree(work, ignore_errors=True)
    asyncio.run(_answers(work / "answers", report))
    asyncio.run(_queues(work, options, report))
    shutil.rmtree(work)


@asynccontextmanager
async def _city(state: Path) -> AsyncIterator[City]:
    """Agencies and officers with keys, their database and their log."""
    settings = _settings(state)
    server = EmbeddedNeo4j(settings)
    await asyncio.to_thread(server.start)
    try:
        async with (
            open_graph(settings) as graph,
            Recorder(state, _ORIGIN) as recorder,
        ):
            await migrate(graph)
            async with Outbox(graph, recorder) as outbox:
                yield await City(graph, Ledger(graph, recorder, outbox), outbox, state).found()
    finally:
        await asyncio.to_thread(server.stop)


def _settings(state: Path) -> Settings:
    return load_settings(state=state).model_copy(update={"neo4j_heap": "1g", "neo4j_pagecache": "3g"})


async def _answers(state: Path, report: Report) -> None:
    """Answers that approve, one after another, and beside each what its cryptography and one fsync cost alone."""
    async with _city(state) as city:
        disk = os.open(state / "fsync", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        took: dict[str, list[float]] = {"answer": [], "verify": [], "fsync": []}
        for _ in range(_ANSWERS):
            case = await city.applied()
            prepared = await city.prepare("provider", answer(case, Act.APPROVE))
            document, signature = prepared["document"], city.sign("provider", prepared["document"])

            async def filed(signing: str = prepared["signing"], signature: bytes = signature) -> object:
                return await city.file("provider", signing, signature)

            async def verified(document: str = document, signature: bytes = signature) -> object:
                trust = city.authority.trust()
                return await asyncio.to_thread(
                    verify, document.encode(), signature, trust, prepared_at=city.now, now=city.now
                )

            async def synced(document: str = document) -> object:
                return await asyncio.to_thread(_synced, disk, document.encode())

            for name, work in (("answer", filed), ("verify", verified), ("fsync", synced)):
                took[name].append(await _timed(work))
            await city.graph.run("MATCH (g:Grant) DETACH DELETE g")
        os.close(disk)
    whole, crypto, fsync = (statistics.median(times[_WARM:]) * 1000 for times in took.values())
    report.show("one answer, verifying it alone, one fsync, ms p50", f"{whole:.2f} / {crypto:.2f} / {fsync:.2f}")
    report.no_longer("an answer, besides its cryptography and one fsync", whole - crypto - fsync, ADDED, "ms")


def _synced(disk: int, data: bytes) -> None:
    os.write(disk, data)
    os.fdatasync(disk)


async def _timed(work: Callable[[], Awaitable[object]]) -> float:
    began = time.perf_counter()
    await work()
    return time.perf_counter() - began


@dataclass(frozen=True, slots=True)
class _Queues:
    """A city with many cases; its agencies by id and jurisdiction."""

    city: City
    agencies: list[dict[str, str]]


async def _queues(work: Path, options: Options, report: Report) -> None:
    async with _city(work / "few") as small, _city(work / "many") as large:
        few, many = await _filled(small, options.short), await _filled(large, options.queued)
        await _pages(few, many, options, report)
        await _recounted(many.city, options, report)


async def _filled(city: City, cases: int) -> _Queues:
    """Copies of one application, over years; one in ten waits for its answer, which is due by the same rules."""
    template = await city.case(await city.applied())
    version = await city.graph.run(
        "MATCH (v:DatasetVersion)<-[:ABOUT]-(c:Case)<-[:FOR]-(t:Task) DETACH DELETE c, t RETURN v.id"
    )
    given = {"n": _NUMBER, "kind": AgencyKind.PUBLIC_SERVICE}
    agencies: list[dict[str, str]] = await city.graph.run(_AGENCIES, given)
    rules, rest = city.filing.rules, {name: value for name, value in template.items() if name not in _OWN}
    opened = [_opened(rules, city.now - timedelta(days=day, minutes=day)) for day in range(14)]
    await city.graph.write(lambda tx: keep_deadlines(tx, *(one.deadline for one in opened)))
    parameters = {
        "case": rest,
        "version": version,
        "agencies": agencies,
        "whole": "ju_whole",
        "open": _OPEN,
        "opened": [{"case": one.case, "due": one.deadline["dueAt"]} for one in opened],
        "answered": [_answered(city.now - _SPREAD * part / 997, part) for part in range(1, 998)],
    }
    print(f"making {cases:,} cases …", flush=True)
    began = time.perf_counter()
    # To index many cases at the end takes a fraction of the time of indexing each as it is made.
    for name in await city.graph.run(_INDEXES):
        await city.graph.run(f"DROP INDEX {name}")
    for first in range(0, cases, _CHUNK):
        chunk = {"first": first, "count": min(_CHUNK, cases - first)}
        await city.graph.run(_COPY, {**parameters, **chunk}, timeout=600)
        await city.graph.run(_SEQUENCES, {"open": _OPEN, **chunk}, timeout=600)
    for migration in (m0004_procedures, m0005_tasks, m0009_parcels, m0012_deadlines):
        for statement in migration.statements():
            await city.graph.run(statement, timeout=600)
    await city.graph.run("CALL db.awaitIndexes(600)", timeout=600)
    print(f"  in {time.perf_counter() - began:.0f} s", flush=True)
    return _Queues(city, agencies)


_OWN: Final = frozenset({"id", "deadline"})
"""What a copy does not have from the case that it is made of."""


@dataclass(frozen=True, slots=True)
class _Opened:
    """What cases have that were filed at one time and wait for their answer, and the deadline that they share."""

    case: Mapping[str, Any]
    deadline: Mapping[str, Any]


def _opened(rules: Rules, filed: datetime) -> _Opened:
    deadline = rules.deadline(Duty.ANSWER_ACCESS_REQUEST, "bench", filed, About())
    moments = {"filedAt": instant(filed), "movedAt": instant(filed)}
    return _Opened({"state": CaseState.SUBMITTED, "deadline": deadline["id"], **moments}, deadline)


def _answered(filed: datetime, number: int) -> Mapping[str, Any]:
    state = (CaseState.APPROVED, CaseState.REFUSED, CaseState.PARTIALLY_APPROVED, CaseState.WITHDRAWN)[number % 4]
    return {"state": state, "version": 2, "filedAt": instant(filed), "movedAt": instant(filed + timedelta(days=3))}


@dataclass(frozen=True, slots=True)
class _Question:
    name: str
    ask: Callable[[Cases, list[dict[str, str]]], Awaitable[Any]]


def _questions(city: City) -> Iterator[_Question]:
    def officer(agencies: list[dict[str, str]]) -> Subject:
        return _subject(agencies[0]["id"], Role.OFFICER)

    def overseer(agencies: list[dict[str, str]]) -> Subject:
        homes = {agency["jurisdiction"] for agency in agencies[:4]}
        return _subject(agencies[-1]["id"], Role.SUPERVISOR, *sorted(homes))

    middle = Place(instant(city.now - _SPREAD / 2), "cs_")
    for who, subject in (("an agency", officer), ("an overseer", overseer)):
        for side in (None, Party.CONSUMER, Party.PROVIDER):
            for state in (None, CaseState.SUBMITTED):
                name = f"of {who}, {'either side' if side is None else side}, {state or 'any state'}"
                yield _Question(
                    name,
                    lambda c, a, s=subject, by=side, of=state: c.page(s(a), by, of, _PAGE),  # type: ignore[misc]
                )
        yield _Question(
            f"of {who}, from the middle on",
            lambda c, a, s=subject: c.page(s(a), None, None, _PAGE, middle),  # type: ignore[misc]
        )
    yield _Question("of tasks", lambda c, a: c.tasks(officer(a), _PAGE))


def _subject(agency: str, role: Role, *jurisdictions: str) -> Subject:
    profile = Profile(frozenset({role}), AgencyKind.PUBLIC_SERVICE)
    return Subject("pe_bench", "bench", agency, "ap_bench", jurisdictions=jurisdictions, profile=profile)


async def _pages(few: _Queues, many: _Queues, options: Options, report: Report) -> None:
    """Each question of both queues in turn."""
    for question in _questions(few.city):
        times: tuple[list[float], list[float]] = [], []
        for _ in range(_WARM + _ROUNDS):
            for queues, took in zip((few, many), times, strict=True):
                began = time.perf_counter()
                page = await question.ask(Cases(queues.city.graph), queues.agencies)
                took.append(time.perf_counter() - began)
                if len(page) != _PAGE:
                    raise Unusable(f"a page {question.name} has {len(page)} cases, not {_PAGE}")
        short, long = (statistics.median(took[_WARM:]) for took in times)
        report.show(f"page of {_PAGE} cases {question.name}", f"{short * 1000:.2f} / {long * 1000:.2f} ms")
        report.at_most(f"{question.name}: {options.short:,} → {options.queued:,} cases", long / short, SAME)


async def _recounted(city: City, options: Options, report: Report) -> None:
    """A holiday is declared that moves when every open answer is due."""
    log, cases = city.ledger.recorder.log, -(-options.queued // _OPEN)
    holidays = Year("一段假期", frozenset(date(2026, 2, day) for day in range(2, 28)), frozenset())
    rules = replace(city.filing.rules, calendar=Calendar({2026: holidays}))
    cause = city.cause(city.officers["center"].subject)
    watch = Escalations(city.graph, city.outbox, rules, lambda: cause, lambda: datetime.now(UTC))
    spare_collector()  # as a gateway does
    before, began = log.size, time.perf_counter()
    counted = await watch.recount()
    seconds = time.perf_counter() - began
    if (counted, log.size - before) != (cases, cases):
        raise Unusable(f"of {cases} cases {counted} were counted, with {log.size - before} events")
    report.no_longer(f"counting {cases:,} open deadlines again", seconds, RECOUNT_SECONDS)
