"""Several processes and one log: one writes, the others hand over, and another follows when it ends."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.audit.errors import LogUnavailable
from gateway.audit.fsck import check_log
from gateway.audit.handover import socket_path
from gateway.audit.index import Index
from gateway.audit.log import LogFolder
from gateway.audit.recorder import Recorder
from tests.audit.samples import event, sealed
from tests.support.waiting import eventually

ORIGIN = "test.example/log"


async def joined(state: Path) -> Recorder:
    recorder = Recorder(state, ORIGIN)
    await recorder.start()
    return recorder


@pytest.fixture
async def two(tmp_path: Path) -> AsyncIterator[tuple[Recorder, Recorder]]:
    first, second = await joined(tmp_path), await joined(tmp_path)
    yield first, second
    await second.stop()
    await first.stop()


def sound(state: Path) -> int:
    faults: list[str] = []
    counted = check_log(LogFolder(state), faults.append)
    assert faults == []
    return counted.entries


async def test_one_writes_and_the_other_hands_over(two: tuple[Recorder, Recorder], tmp_path: Path) -> None:
    first, second = two
    assert first.writes
    assert not second.writes
    places = await asyncio.gather(*((second if i % 2 else first).append([sealed(i)]) for i in range(200)))
    assert sorted(index for (index,) in places) == [*range(1, 201)]  # the first says which key signs
    same = sealed(500)
    assert await first.append([same]) == await second.append([same], again=True)


async def test_another_becomes_the_writer_and_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    first, second = await joined(tmp_path), await joined(tmp_path)
    events = [sealed(i) for i in range(400)]
    answers = asyncio.gather(*(second.append([one]) for one in events))
    await asyncio.sleep(0.01)
    await first.stop()
    places = await answers
    await eventually(lambda: second.writes)
    assert sorted(index for (index,) in places) == [*range(1, 401)]
    again = await second.append(events, again=True)
    assert again == [index for (index,) in places]
    await second.stop()
    assert sound(tmp_path) == 401


async def test_a_writer_that_is_killed_is_followed(tmp_path: Path) -> None:
    """kill -9 of a real process in the middle of appending; everything that it acknowledged is there once."""
    script = Path(__file__).with_name("writing.py")
    writer = await asyncio.create_subprocess_exec(sys.executable, str(script), str(tmp_path), stdout=subprocess.PIPE)
    assert writer.stdout is not None
    assert await writer.stdout.readline() == b"writes\n"
    second = await joined(tmp_path)
    assert not second.writes
    events = [sealed(i) for i in range(300)]
    answers = asyncio.gather(*(second.append([one]) for one in events))
    acknowledged = [int(await writer.stdout.readline()) for _ in range(20)]
    writer.send_signal(signal.SIGKILL)
    acknowledged += [int(line) for line in (await writer.stdout.read()).splitlines() if line.isdigit()]
    await writer.wait()
    places = [index for (index,) in await answers]
    await eventually(lambda: second.writes)
    assert len({*places, *acknowledged}) == len(places) + len(acknowledged)
    assert await second.append(events, again=True) == places
    await second.stop()
    assert sound(tmp_path) > max(*places, *acknowledged)


async def test_a_log_that_cannot_be_written_is_known_to_all(
    two: tuple[Recorder, Recorder], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = two
    assert first._appender is not None
    first._appender.problem = "No space left on device"
    await eventually(lambda: second.problem is not None)
    for recorder in two:
        with pytest.raises(LogUnavailable, match="No space left"):
            recorder.check()
        with pytest.raises(LogUnavailable, match="No space left"):
            await recorder.append([sealed()])
    first._appender.problem = None
    await eventually(lambda: second.problem is None)
    second.check()


async def test_the_index_follows_the_log(two: tuple[Recorder, Recorder], tmp_path: Path) -> None:
    one = event()
    (index,) = await two[1].record(one)
    await eventually(lambda: Index(LogFolder(tmp_path).index).find(one.id) == index)


async def test_an_event_from_before_a_restart_is_not_appended_again(tmp_path: Path) -> None:
    first = await joined(tmp_path)
    one = sealed()
    (index,) = await first.append([one])
    await first.stop()
    second = await joined(tmp_path)
    assert await second.append([one], again=True) == [index]
    await second.stop()
    assert sound(tmp_path) == 2


def test_the_socket_has_a_path_that_fits(tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 100)
    assert len(str(socket_path(deep))) < 100
    assert socket_path(deep) == socket_path(deep) != socket_path(tmp_path / ("y" * 100))
    assert socket_path(Path("/a")) == Path("/a/writer.sock")


async def test_the_socket_is_for_its_owner_alone(two: tuple[Recorder, Recorder], tmp_path: Path) -> None:
    assert socket_path(LogFolder(tmp_path).path).stat().st_mode & 0o777 == 0o600
