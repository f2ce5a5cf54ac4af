"""What the log costs who waits for it: appends beside a bare group commit, a change beside the same without a log."""

import asyncio
import os
import secrets
import shutil
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from neo4j import AsyncManagedTransaction

from bench.options import Options
from bench.report import Report
from bench.worlds import Served, World, served
from gateway.audit.event import About, Actor, ActorKind, Cause, new_id, now
from gateway.audit.kinds import DataRefreshed
from gateway.audit.ledger import Key, Ledger, Made
from gateway.audit.log import Sealed
from gateway.audit.outbox import Outbox
from gateway.audit.recorder import Recorder
from gateway.graph import open_graph
from gateway.vocabulary import Role

CALLERS: Final = 64
APPENDS: Final = 0.5
ADDED: Final = 2.0
"""Milliseconds that a change may take longer than without the log, besides one fsync."""
_CHANGES: Final = 1_500
_WARM: Final = 500
_ORIGIN: Final = "bench.example/log"
_ENTRIES: Final = 20_000

Append = Callable[[Sealed], Awaitable[object]]


def ledger(options: Options, report: Report) -> None:
    """Appends of many callers, and one change."""
    work = options.work / "log"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    _appends(options, work, report)
    with served(options.work, World(options.small, fields=1)) as world:
        asyncio.run(_changes(world, work, report))
    shutil.rmtree(work)


def _appends(options: Options, work: Path, report: Report) -> None:
    events = [_event(i) for i in range(_ENTRIES)]
    pairs = []
    for number in range(options.rounds):
        (folder := work / str(number)).mkdir()
        pairs.append(asyncio.run(_round(folder, events, options.seconds)))
    bare, ours = (statistics.median(rates) for rates in zip(*pairs, strict=True))
    report.show(f"durable appends/s, {CALLERS} callers: bare group commit, log", f"{bare:,.0f} / {ours:,.0f}")
    ratio = statistics.median(mine / raw for raw, mine in pairs)
    report.at_least("durable appends: log to bare group commit", ratio, APPENDS)


def _event(i: int) -> Sealed:
    one = _refreshed(i)
    return Sealed(one.id, one.body)


def _refreshed(i: int) -> DataRefreshed:
    actor = Actor(ActorKind.PERSON, f"pe_{i:026d}", f"ag_{i % 50:026d}", Role.OFFICER, f"ap_{i:026d}", ("ju_x", "ju_y"))
    about = About((f"ag_{i % 50:026d}",), ("ju_x", "ju_y"), (f"ds_{i:026d}",))
    moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=i)
    return DataRefreshed(cause=Cause(actor, "0" * 64, f"{i:032d}"), about=about, moment=moment, refreshed_at=str(i))


async def _round(folder: Path, events: list[Sealed], seconds: int) -> tuple[float, float]:
    bare = await _rate(_Bare(folder / "bare").append, events, seconds)
    async with Recorder(folder, _ORIGIN) as recorder:  # with its index, as a gateway has it

        async def append(event: Sealed) -> object:
            return await recorder.append([event])

        ours = await _rate(append, events, seconds)
    shutil.rmtree(folder)
    return bare, ours


async def _rate(append: Append, events: list[Sealed], seconds: int) -> float:
    """Appends a second by callers who each wait for one before they make the next."""
    began, done = time.perf_counter(), 0
    rest = _renewed(events)

    async def caller() -> None:
        nonlocal done
        while time.perf_counter() - began < seconds:
            await append(next(rest))
            done += 1

    await asyncio.gather(*(caller() for _ in range(CALLERS)))
    return done / (time.perf_counter() - began)


def _renewed(events: list[Sealed]) -> Iterator[Sealed]:
    """The same events again and again, each under an id of its own."""
    while True:
        for event in events:
            identifier = new_id(now())
            yield Sealed(identifier, event.body.replace(event.id.encode(), identifier.encode()))


class _Bare:
    """Group commit and nothing else: what came while the last one was under way, one write, one fdatasync."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._queue: list[tuple[bytes, asyncio.Future[None]]] = []
        self._thread = ThreadPoolExecutor(1)
        self._task: asyncio.Task[None] | None = None

    async def append(self, event: Sealed) -> None:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append((event.body, done))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())
        await done

    async def _run(self) -> None:
        while self._queue:
            batch, self._queue = self._queue, []
            data = b"".join(body for body, _ in batch)
            await asyncio.get_running_loop().run_in_executor(self._thread, self._commit, data)
            for _, done in batch:
                done.set_result(None)

    def _commit(self, data: bytes) -> None:
        os.write(self._file, data)
        os.fdatasync(self._file)


async def _changes(world: Served, work: Path, report: Report) -> None:
    """The same change with and without the log, in turn, and one write and fdatasync of as many bytes."""
    bare, run = _Bare(work / "fsync"), secrets.token_hex()
    async with (
        open_graph(world.settings) as graph,
        Recorder(work, _ORIGIN) as recorder,
        Outbox(graph, recorder) as outbox,
    ):
        books = Ledger(graph, recorder, outbox)
        datasets = await graph.run(
            "MATCH (d:Dataset) WITH d ORDER BY d.id LIMIT $n RETURN collect(d.id)", {"n": _CHANGES}
        )

        async def plain(i: int) -> None:
            await graph.write(lambda tx: _set(tx, datasets[i]))

        async def logged(i: int) -> None:
            event = _refreshed(i)

            async def done(tx: AsyncManagedTransaction) -> Made:
                await _set(tx, datasets[i])
                return Made({}, {datasets[i]: [event]})

            await books.change(Key("pe_bench", run, str(i), {}), event.cause, done)

        async def synced(i: int) -> None:
            await bare.append(_event(i))

        took: dict[str, list[float]] = {"plain": [], "logged": [], "synced": []}
        for i in range(_CHANGES):
            for name, one in (("plain", plain), ("logged", logged), ("synced", synced)):
                began = time.perf_counter()
                await one(i)
                took[name].append((time.perf_counter() - began) * 1000)
    without, within, fsync = (statistics.median(times[_WARM:]) for times in took.values())
    report.show("one change without and with the log, one fsync, ms p50", f"{without:.2f} / {within:.2f} / {fsync:.2f}")
    report.no_longer("what the log adds to a change, besides one fsync", within - without - fsync, ADDED, "ms")


async def _set(tx: AsyncManagedTransaction, dataset: str) -> None:
    """What a change does besides being logged: it looks, and it sets something."""
    await (await tx.run("MATCH (d:Dataset {id: $id}) RETURN d.accessClass", {"id": dataset})).single(strict=True)
    await (
        await tx.run("MATCH (d:Dataset {id: $id}) SET d.bench = $now", {"id": dataset, "now": time.time()})
    ).consume()
