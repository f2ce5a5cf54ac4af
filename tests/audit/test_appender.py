"""Group commit: everybody's event once, in order, durable before the answer; and a log that cannot be written."""

import asyncio
import os
import sqlite3
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.audit import appender as module
from gateway.audit.appender import Appender
from gateway.audit.bodies import Bodies
from gateway.audit.errors import LogUnavailable
from gateway.audit.fsck import check_log
from gateway.audit.log import Edition, Log, LogFolder
from tests.audit.samples import sealed
from tests.support.waiting import eventually


@pytest.fixture
async def appender(tmp_path: Path) -> AsyncIterator[Appender]:
    log = Log(tmp_path, "test.example/log")
    log.open()
    found = Appender(log)
    await found.start()
    yield found
    await found.stop()


def bodies(state: Path) -> list[bytes]:
    store, size = Bodies(LogFolder(state).bodies), 0
    while store.exists(size):
        size += 1
    return [body.data for _, body in store.scan(0, size) if body is not None]


async def test_callers_at_the_same_time_share_a_commit_and_keep_their_order(
    appender: Appender, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commits = 0
    real = os.fdatasync

    def counted(descriptor: int) -> None:
        nonlocal commits
        commits += 1
        real(descriptor)

    monkeypatch.setattr(os, "fdatasync", counted)
    pairs = [[sealed(2 * i), sealed(2 * i + 1)] for i in range(300)]
    places = await asyncio.gather(*(appender.append(pair) for pair in pairs))
    assert sorted(index for pair in places for index in pair) == [*range(600)]
    assert all(second == first + 1 for first, second in places)
    stored = bodies(tmp_path)
    assert all(
        stored[index] == pair[i].body
        for pair, found in zip(pairs, places, strict=True)
        for i, index in enumerate(found)
    )
    assert commits < 10


async def test_where_the_index_cannot_be_read_nothing_is_appended_twice(tmp_path: Path) -> None:
    """On a full disk SQLite cannot even read. What may have been appended before waits until that is known."""
    readable, old = False, sealed()

    def find(identifier: str) -> int | None:
        if not readable:
            raise sqlite3.OperationalError("disk I/O error")
        return 0 if identifier == old.id else None

    log = Log(tmp_path, "test.example/log")
    log.open()
    appender = Appender(log, find)
    await appender.start()
    assert await appender.append([sealed()]) == [0], "what is new needs no index"
    with pytest.raises(LogUnavailable, match="disk I/O error"):
        await appender.append([old], again=True)
    readable = True
    assert await appender.append([old, sealed()], again=True) == [0, 1]
    await appender.stop()


async def test_an_answer_means_that_the_event_is_durable(appender: Appender, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fdatasync", synced.append)
    await appender.append([sealed()])
    assert len(synced) == 1


async def test_an_event_that_is_given_twice_is_appended_once(appender: Appender, tmp_path: Path) -> None:
    event, other = sealed(), sealed(1)
    async with asyncio.timeout(10):
        both = await asyncio.gather(appender.append([event, other]), appender.append([event]))
    assert both[0][:1] == both[1]
    assert await appender.append([event]) == both[1]
    assert len(bodies(tmp_path)) == 2


async def test_an_event_of_long_ago_is_looked_for_where_it_may_be(tmp_path: Path) -> None:
    log = Log(tmp_path, "test.example/log")
    log.open()
    event, new = sealed(), sealed(1)
    appender = Appender(log, lambda identifier: 7 if identifier == event.id else None)
    await appender.start()
    assert await appender.append([event, new], again=True) == [7, 0]
    await appender.stop()


async def test_a_log_that_cannot_be_written_refuses_and_recovers_by_itself(
    appender: Appender, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "REPAIR_SECONDS", 0.05)
    first = [sealed(i) for i in range(3)]
    await appender.append(first)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, "fdatasync", full)
        with pytest.raises(LogUnavailable, match="No space left"):
            await appender.append([sealed(3)])
        assert appender.problem == "No space left on device"
        with pytest.raises(LogUnavailable):
            appender.check()
    await eventually(lambda: appender.problem is None)
    last = sealed(4)
    assert await appender.append([last]) == [3]
    assert bodies(tmp_path) == [*(event.body for event in first), last.body]


async def test_tiles_that_cannot_be_written_are_made_later(
    appender: Appender, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The event is durable all the same, and acknowledged; the checkpoint covers it when the disk has room again."""
    monkeypatch.setattr(module, "REPAIR_SECONDS", 0.05)
    with monkeypatch.context() as broken:
        broken.setattr("gateway.audit.published.Published.write", _refuse)
        assert await appender.append([sealed()]) == [0]
        await eventually(lambda: appender.problem is not None)
    await eventually(lambda: appender.problem is None)
    faults: list[str] = []
    assert check_log(LogFolder(tmp_path), faults.append).entries == 1
    assert faults == []


def _refuse(*_: object, **__: object) -> None:
    raise OSError(28, "No space left on device")


async def test_stopping_appends_what_waits_and_settles(tmp_path: Path) -> None:
    log = Log(tmp_path, "test.example/log")
    log.open()
    appender = Appender(log)
    await appender.start()
    waiting = asyncio.gather(*(appender.append([sealed(i)]) for i in range(300)))
    await asyncio.sleep(0)
    await appender.stop()
    assert len(await waiting) == 300
    assert (LogFolder(tmp_path).path / "settled").read_text() == "256"


async def test_a_disk_that_does_not_answer_refuses_and_what_it_wrote_after_all_is_not_written_again(
    appender: Appender, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "REPAIR_SECONDS", 0.05)
    free, real, event = threading.Event(), os.fdatasync, sealed()

    def hung(descriptor: int) -> None:
        free.wait(60)
        real(descriptor)

    with monkeypatch.context() as broken:
        broken.setattr(os, "fdatasync", hung)
        broken.setattr(module, "PATIENCE", 0.1)
        with pytest.raises(LogUnavailable, match="does not answer"):
            await appender.append([event])
        with pytest.raises(LogUnavailable, match="does not answer"):
            appender.check()
        free.set()
        await eventually(lambda: appender.problem is None)
    assert await appender.append([event, sealed(1)]) == [0, 1]
    assert len(bodies(tmp_path)) == 2


async def test_checkpoints_follow_a_commit_at_once_and_then_at_their_own_pace(
    appender: Appender, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heads: list[int] = []
    real = Log.write

    def counted(log: Log, edition: Edition) -> None:
        real(log, edition)
        heads.append(edition.size)

    monkeypatch.setattr(Log, "write", counted)
    monkeypatch.setattr(module, "PUBLISH_SECONDS", 1.0)
    await appender.append([sealed()])
    await eventually(lambda: heads == [1])
    began = time.monotonic()
    for i in range(1, 50):
        await appender.append([sealed(i)])
    assert len(heads) <= 2 + (time.monotonic() - began) / module.PUBLISH_SECONDS
    await eventually(lambda: heads[-1] == 50)
    faults: list[str] = []
    assert check_log(LogFolder(tmp_path), faults.append).entries == 50
    assert faults == []
