"""What the log costs: durable appends beside a bare group commit of the same bytes, and verifying what was written."""

import asyncio
import os
import shutil
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import psutil

from bench.options import Options
from bench.report import Report
from gateway.audit.event import About, Actor, ActorKind, Cause, new_id, now
from gateway.audit.kinds import DataRefreshed
from gateway.audit.log import Log, LogFolder, Sealed
from gateway.audit.reading import FolderSource
from gateway.audit.recorder import Recorder
from gateway.audit.tlog import Verifier
from gateway.audit.verify import verify
from gateway.vocabulary import Role

CALLERS: Final = 64
APPENDS: Final = 0.5
VERIFY_SECONDS: Final = 30.0
VERIFIED: Final = 1_000_000
GROWN: Final = 1.3
_ORIGIN: Final = "bench.example/log"
_BATCH: Final = 500
_ENTRIES: Final = 20_000

Append = Callable[[Sealed], Awaitable[object]]


def ledger(options: Options, report: Report) -> None:
    """Appends, verification and memory."""
    work = options.work / "log"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    events = [_event(i) for i in range(_ENTRIES)]
    pairs = []
    for number in range(options.rounds):
        (folder := work / str(number)).mkdir()
        pairs.append(asyncio.run(_round(folder, events, options.seconds)))
    bare, ours = (statistics.median(rates) for rates in zip(*pairs, strict=True))
    report.show(f"durable appends/s, {CALLERS} callers: bare group commit, log", f"{bare:,.0f} / {ours:,.0f}")
    ratio = statistics.median(mine / raw for raw, mine in pairs)
    report.at_least("durable appends: log to bare group commit", ratio, APPENDS)
    _verified(work / "large", events, report)
    shutil.rmtree(work)


def _event(i: int) -> Sealed:
    actor = Actor(ActorKind.PERSON, f"pe_{i:026d}", f"ag_{i % 50:026d}", Role.OFFICER, f"ap_{i:026d}", ("ju_x", "ju_y"))
    about = About((f"ag_{i % 50:026d}",), ("ju_x", "ju_y"), (f"ds_{i:026d}",))
    moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=i)
    one = DataRefreshed(cause=Cause(actor, "0" * 64, f"{i:032d}"), about=about, moment=moment, refreshed_at=str(i))
    return Sealed(one.id, one.body)


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


def _verified(state: Path, events: list[Sealed], report: Report) -> None:
    """Write a large log, and recompute it; what the writer's memory grew by on the way."""
    log = Log(state, _ORIGIN)
    log.open()
    process, written, early = psutil.Process(), 0, 0
    renewed = _renewed(events)
    while written < VERIFIED:
        log.record([next(renewed) for _ in range(_BATCH)])
        log.publish()
        written += _BATCH
        if log.unsettled > 8 * _BATCH:
            log.settle()
        if written == VERIFIED // 100:
            early = process.memory_info().rss
    late = process.memory_info().rss
    log.close()
    report.at_most(f"memory of the writer: {VERIFIED // 100:,} → {VERIFIED:,} entries", late / early, GROWN)
    public = LogFolder(state).public
    began = time.perf_counter()
    verify(FolderSource(public), Verifier.parse((public / "key").read_text()))
    report.at_most(f"seconds to verify {VERIFIED:,} entries", time.perf_counter() - began, VERIFY_SECONDS)
