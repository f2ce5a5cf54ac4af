"""Sources that change, processes that die, consumers that stop: one stream ends with a reason, no other notices."""

import asyncio
import os
import shutil
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import psutil
import pytest

from gateway.delivery import (
    Busy,
    DeliveryError,
    Engine,
    FileFormat,
    Files,
    Form,
    Limits,
    Piece,
    Rows,
    SourceChanged,
    SourceGone,
    Stalled,
    WorkerDied,
)
from gateway.settings import load_settings
from tests.delivery.reading import read
from tests.delivery.samples import ask, count, register
from tests.support.waiting import eventually

LARGE = 400_000


@pytest.fixture(scope="module")
def large(deliveries: Path) -> Path:
    """More than fits between worker and gateway."""
    register(deliveries, LARGE, "large.parquet")
    return deliveries / "large.parquet"


@asynccontextmanager
async def small(deliveries: Path, spill: Path, **limits: float) -> AsyncIterator[Engine]:
    """An engine with few places."""
    async with Engine(deliveries, spill, Limits(memory="128m", threads=1, **limits)) as engine:  # type: ignore[arg-type]
        yield engine


def register_of(path: Path) -> Files:
    """The source that a file is."""
    return Files(path.parent, (path.name,), FileFormat.PARQUET)


async def _rest(rows: Rows, taken: list[Piece] | None = None) -> None:
    async for piece in rows:
        if taken is not None:
            taken.append(piece)


@pytest.mark.parametrize("form", [Form.NDJSON, Form.PARQUET])
@pytest.mark.parametrize("how", ["replaced", "written", "removed"])
async def test_a_source_that_changes_while_it_streams_is_never_mixed(
    engine: Engine, deliveries: Path, large: Path, form: Form, how: str
) -> None:
    shutil.copy(large, deliveries / "moving.parquet")
    register(deliveries, 5, "new.parquet")
    source = register_of(deliveries / "moving.parquet")
    rows = await engine.open(ask(source, form=form, order_as_delivered=True))
    taken = [await anext(rows)]
    if how == "replaced":
        (deliveries / "new.parquet").rename(deliveries / "moving.parquet")
    elif how == "written":
        with (deliveries / "moving.parquet").open("r+b") as file:
            file.seek(1_000)
            file.write(b"other")
    else:
        (deliveries / "moving.parquet").unlink()
    with pytest.raises(SourceChanged):
        await _rest(rows, taken)
    assert 0 < sum(piece.rows for piece in taken) < LARGE
    with pytest.raises(SourceChanged):  # also when asked again
        await anext(rows)


async def test_a_position_counts_in_one_version_only(engine: Engine, deliveries: Path) -> None:
    source = register(deliveries, 10, "paged.parquet")
    async with await engine.open(ask(source, limit=5)) as rows:
        version = rows.version
    assert await count(engine, ask(source, limit=5, position=5, version=version)) == 5
    register(deliveries, 10, "paged.parquet")
    with pytest.raises(SourceChanged):
        await engine.open(ask(source, limit=5, position=5, version=version))


async def test_a_killed_worker_ends_its_streams_and_the_next_fetch_works(engine: Engine, large: Path) -> None:
    source = register(large.parent, 5)
    rows = await engine.open(ask(register_of(large), order_as_delivered=True))
    taken = [await anext(rows)]
    before = engine.worker
    assert before is not None
    os.kill(before, signal.SIGKILL)
    with pytest.raises(WorkerDied):
        await _rest(rows, taken)
    assert 0 < sum(piece.rows for piece in taken) < LARGE
    assert await count(engine, ask(source)) == 5
    assert engine.worker not in {before, None}


async def test_a_stopped_worker_that_dies_while_it_is_asked_is_asked_again(engine: Engine, deliveries: Path) -> None:
    source = register(deliveries, 5)
    assert await count(engine, ask(source)) == 5
    assert engine.worker is not None
    worker = psutil.Process(engine.worker)
    worker.suspend()
    asked = asyncio.create_task(count(engine, ask(source)))
    await asyncio.sleep(0.05)
    worker.kill()
    assert await asked == 5


async def test_whoever_stops_reading_holds_up_nobody_and_loses_the_place(
    deliveries: Path, large: Path, tmp_path: Path
) -> None:
    async with small(deliveries, tmp_path, streams=2, wait=0.2, stall=1.0) as engine:
        slow = [await engine.open(ask(register_of(large), order_as_delivered=True)) for _ in range(2)]
        for rows in slow:
            await anext(rows)
        assert engine.worker is not None
        memory = psutil.Process(engine.worker).memory_info().rss
        with pytest.raises(Busy):  # both places are taken
            await engine.open(ask(register(deliveries, 5)))
        assert psutil.Process(engine.worker).memory_info().rss - memory < 50_000_000
        await asyncio.sleep(1.0)
        assert await count(engine, ask(register(deliveries, 5))) == 5
        for rows in slow:
            with pytest.raises(Stalled):
                await _rest(rows)


async def test_a_slow_reader_gets_everything(engine: Engine, large: Path) -> None:
    seen = 0
    async with await engine.open(ask(register_of(large), order_as_delivered=True)) as rows:
        async for piece in rows:
            seen += piece.rows
            await asyncio.sleep(0.01)
    assert seen == LARGE


async def test_cancelling_frees_the_place_at_once(deliveries: Path, large: Path, tmp_path: Path) -> None:
    """In whatever way: closed, left, dropped in the middle of a piece, or while the query still sorts."""
    async with small(deliveries, tmp_path, streams=1, wait=5.0) as engine:
        sorted_ = ask(register_of(large))
        rows = await engine.open(ask(register_of(large), order_as_delivered=True))
        await anext(rows)
        await rows.aclose()
        with pytest.raises(StopAsyncIteration):
            await anext(rows)
        async with await engine.open(sorted_) as rows:
            await anext(rows)
        for after in (0.0, 0.01, 0.05, 0.1):
            with suppress(TimeoutError):
                async with asyncio.timeout(after), await engine.open(sorted_) as rows:
                    await anext(rows)
        began = time.perf_counter()
        assert await count(engine, ask(register(deliveries, 5))) == 5
        assert time.perf_counter() - began < 1.0


async def test_five_hundred_fetches_at_once_are_all_answered(engine: Engine, deliveries: Path) -> None:
    source = register(deliveries, 100)
    begun = time.perf_counter()
    answers = await asyncio.gather(*(count(engine, ask(source, limit=1 + i % 100)) for i in range(500)))
    assert answers == [1 + i % 100 for i in range(500)]
    assert time.perf_counter() - begun < 20


async def test_a_queue_has_an_end(deliveries: Path, large: Path, tmp_path: Path) -> None:
    async with small(deliveries, tmp_path, streams=1, waiting=2, wait=10.0) as engine:
        async with await engine.open(ask(register_of(large), order_as_delivered=True)):
            waiting = [asyncio.create_task(count(engine, ask(register(deliveries, 5)))) for _ in range(2)]
            await asyncio.sleep(0.05)
            with pytest.raises(Busy):
                await engine.open(ask(register(deliveries, 5)))
        assert await asyncio.gather(*waiting) == [5, 5]


async def test_the_worker_ends_with_the_gateway(deliveries: Path, large: Path, tmp_path: Path) -> None:
    async with small(deliveries, tmp_path) as engine:
        rows = await engine.open(ask(register_of(large), order_as_delivered=True))
        await anext(rows)
        assert engine.worker is not None
        worker = psutil.Process(engine.worker)
        assert "GATEWAY" not in "".join(worker.environ())
    assert not worker.is_running()
    with pytest.raises(DeliveryError):
        await _rest(rows)


_ALONE = """
import asyncio, sys
from pathlib import Path
from gateway.delivery import Engine
async def main():
    async with Engine(Path(sys.argv[1]), Path(sys.argv[2])) as engine:
        print(engine.worker, flush=True)
        await asyncio.sleep(60)
asyncio.run(main())
"""


def _inside(folder: Path) -> list[Path]:
    return [*folder.iterdir()]


async def test_nothing_is_left_of_a_killed_gateway(deliveries: Path, tmp_path: Path) -> None:
    """Neither its worker, nor, once another runs, what it had put on the disk."""
    gateway = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _ALONE, deliveries, tmp_path, stdout=asyncio.subprocess.PIPE
    )
    assert gateway.stdout is not None
    worker = int(await gateway.stdout.readline())
    (left,) = _inside(tmp_path)
    async with small(deliveries, tmp_path):
        assert left.exists()
        assert len(_inside(tmp_path)) == 2
    gateway.kill()
    await gateway.wait()
    await eventually(lambda: not psutil.pid_exists(worker), 5)
    async with small(deliveries, tmp_path):
        assert not left.exists()
    assert not _inside(tmp_path)


async def test_long_queries_hold_up_no_short_one(engine: Engine, deliveries: Path, large: Path) -> None:
    source = register(deliveries, 100)
    assert await count(engine, ask(source, limit=10)) == 10
    sorting = [asyncio.create_task(count(engine, ask(register_of(large)))) for _ in range(6)]
    await asyncio.sleep(0.05)
    began = time.perf_counter()
    assert await count(engine, ask(source, limit=10)) == 10
    assert time.perf_counter() - began < 2.0
    assert not all(task.done() for task in sorting)
    assert await asyncio.gather(*sorting) == [LARGE] * 6


async def test_an_engine_is_as_the_settings_say(tmp_path: Path) -> None:
    settings = load_settings(state=tmp_path / "state", delivery_memory="64m", delivery_streams=2)
    async with Engine.of(settings) as engine:
        assert (engine.limits.memory, engine.limits.streams) == ("64m", 2)
        assert await count(engine, ask(register(tmp_path / "state" / "deliveries", 5))) == 5


async def test_a_file_that_went_is_gone(engine: Engine, deliveries: Path) -> None:
    source = register(deliveries, 5, "going.parquet")
    assert len(await read(engine, ask(source))) == 5
    (deliveries / "going.parquet").unlink()
    with pytest.raises(SourceGone):
        await engine.open(ask(source))
    await eventually(lambda: engine.worker is not None)
