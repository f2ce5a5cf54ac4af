"""A change and its events: together or not at all, once per key, answered when they are in the log."""

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from neo4j import AsyncManagedTransaction

from gateway.audit.bodies import Bodies
from gateway.audit.errors import KeyReused, LogPending, LogUnavailable
from gateway.audit.event import GATEWAY, Cause, Event
from gateway.audit.fsck import check_log
from gateway.audit.ledger import Denied, Key, Ledger, Made, Work
from gateway.audit.log import LogFolder
from gateway.audit.outbox import Outbox, Parcel
from gateway.audit.recorder import Recorder
from gateway.graph import Graph
from tests.audit.samples import CAUSE, event
from tests.support.logged import logged
from tests.support.waiting import eventually


@dataclass
class Books:
    """A ledger over a graph and a log, and ways to look at both."""

    state: Path
    graph: Graph
    recorder: Recorder
    ledger: Ledger
    outbox: Outbox

    def logged(self) -> list[Any]:
        bodies = logged(self.state)
        assert bodies[0]["kind"] == "log.key-made"
        return bodies[1:]

    async def count(self, label: str) -> int:
        found: int = await self.graph.read(f"MATCH (n:{label}) RETURN count(n)")
        return found

    async def put(self, events: Mapping[str, Sequence[Event]], outbox: Outbox | None = None) -> list[Parcel]:
        """A change that is nothing but its events."""
        return await self.graph.write(lambda tx: (outbox or self.outbox).put(tx, events))

    async def left(self, at: str, events: Mapping[str, Sequence[Event]]) -> list[Parcel]:
        """What another gateway put there at some time, and has not delivered."""
        recorder = SimpleNamespace(instance="another")
        parcels = await self.put(events, Outbox(self.graph, cast(Recorder, recorder)))
        await self.graph.run("MATCH (o:Outbox {id: $id}) SET o.at = $at", {"id": parcels[-1].id, "at": at})
        return parcels

    async def add(self, key: str, n: int = 1, case: str = "case") -> Any:
        """A change: one more node, and its event."""
        return await self.ledger.change(Key("pe_a", "add", key, {"n": n}), CAUSE, adding(n, case))


_WITNESS = """
MATCH (c:Counter {caseId: $case})
SET c.locked = true REMOVE c.locked
SET c.events = c.events + [$event]
"""


def adding(n: int, case: str) -> Work:
    async def work(tx: AsyncManagedTransaction) -> Made:
        one = event(n)
        # A second witness of the order: numbered by what the case's own lock orders.
        await (await tx.run("CREATE (:Thing {n: $n})", {"n": n})).consume()
        await (await tx.run(_WITNESS, {"case": case, "event": one.id})).consume()
        return Made({"n": n, "event": one.id}, {case: [one]})

    return work


@pytest.fixture
async def books(graph: Graph, tmp_path: Path) -> AsyncIterator[Books]:
    async with Recorder(tmp_path, "test.example/log") as recorder, Outbox(graph, recorder) as outbox:
        yield Books(tmp_path, graph, recorder, Ledger(graph, recorder, outbox), outbox)


async def test_a_change_is_answered_when_its_event_is_in_the_log(books: Books) -> None:
    made = await books.add("key-0001")
    assert [body["id"] for body in books.logged()] == [made["event"]]
    assert await books.count("Thing") == 1
    async with asyncio.timeout(30):
        while await books.count("Outbox"):  # noqa: ASYNC110  # nobody announces it
            await asyncio.sleep(0.02)


async def test_the_same_key_is_the_same_change(books: Books) -> None:
    made = await books.add("key-0001")
    again = await asyncio.gather(*(books.add("key-0001") for _ in range(10)))
    assert all(one == made for one in again)
    assert await books.count("Thing") == len(books.logged()) == 1
    with pytest.raises(KeyReused):
        await books.add("key-0001", n=2)
    await books.add("key-0002")
    assert await books.count("Thing") == 2


async def test_many_at_once_with_one_key_make_one_change(books: Books) -> None:
    made = await asyncio.gather(*(books.add("key-0001") for _ in range(20)))
    assert len({one["event"] for one in made}) == 1
    assert await books.count("Thing") == len(books.logged()) == 1


async def test_events_of_a_case_are_logged_in_the_order_in_which_they_were_made(books: Books) -> None:
    """Whoever delivers first delivers those before: the number of each is given under the case's lock."""
    await books.graph.run("UNWIND range(0, 2) AS i CREATE (:Counter {caseId: 'case ' + i, events: []})")
    await asyncio.gather(*(books.add(f"key-{i:04d}", i, f"case {i % 3}") for i in range(90)))
    numbers = {row[0]: row[1] for row in await books.graph.read("MATCH (s:Sequence) RETURN collect([s.caseId, s.n])")}
    assert numbers == {f"case {i}": 30 for i in range(3)}
    logged = [body["id"] for body in books.logged()]
    assert len(logged) == len({*logged}) == 90
    for i in range(3):
        made = await books.graph.read("MATCH (c:Counter {caseId: $case}) RETURN c.events", {"case": f"case {i}"})
        assert len(made) == 30
        assert [one for one in logged if one in {*made}] == made


async def test_a_delivery_takes_along_what_was_made_before_it(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(books.recorder, "append", _unavailable)
        with pytest.raises(LogPending) as pending:
            await books.add("key-0001", 1)
    await books.add("key-0002", 2)
    assert [body["data"]["refreshedAt"] for body in books.logged()] == ["1", "2"]
    assert pending.value.result["n"] == 1


async def test_a_change_whose_record_is_late_says_so_and_a_retry_waits_for_it(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(books.recorder, "append", _unavailable)
        with pytest.raises(LogPending) as pending:
            await books.add("key-0001")
        with pytest.raises(LogPending):
            await books.add("key-0001")
    assert books.logged() == []
    assert await books.count("Outbox") == 1
    assert await books.add("key-0001") == pending.value.result
    assert len(books.logged()) == await books.count("Thing") == 1


async def test_what_a_dead_process_has_logged_is_not_logged_again_with_the_next_change(
    graph: Graph, tmp_path: Path
) -> None:
    """Before anybody has swept what it left."""
    for number in range(2):
        async with Recorder(tmp_path, "test.example/log") as recorder:
            outbox = Outbox(graph, recorder)  # never started: as if killed right after the append
            books = Books(tmp_path, graph, recorder, Ledger(graph, recorder, outbox), outbox)
            await books.add(f"key-{number:04d}", number)
    assert await books.count("Outbox") == 2
    assert [body["data"]["refreshedAt"] for body in books.logged()] == ["0", "1"]


async def test_what_a_dead_process_left_is_delivered_at_the_start_and_only_once(graph: Graph, tmp_path: Path) -> None:
    async with Recorder(tmp_path, "test.example/log") as recorder:
        outbox = Outbox(graph, recorder)  # never started: as if killed right after the commit
        ledger = Ledger(graph, recorder, outbox)
        books = Books(tmp_path, graph, recorder, ledger, outbox)
        for i in range(3):
            await books.add(f"key-{i:04d}", i)  # logged, and not removed from the graph
        recorder_append, recorder.append = recorder.append, _unavailable  # type: ignore[method-assign]
        with pytest.raises(LogPending):
            await books.add("key-0009", 9)
        recorder.append = recorder_append  # type: ignore[method-assign]
        assert await books.count("Outbox") == 4
    async with Recorder(tmp_path, "test.example/log") as again, Outbox(graph, again):
        assert await books.count("Outbox") == 0
    assert [body["data"]["refreshedAt"] for body in books.logged()] == ["0", "1", "2", "9"]
    faults: list[str] = []
    check_log(LogFolder(tmp_path), faults.append)
    assert faults == []


async def test_the_outbox_of_another_gateway_is_taken_over_after_its_lease(books: Books) -> None:
    for at, n in (("2020-01-01T00:00:00.000Z", 1), ("2999-01-01T00:00:00.000Z", 2)):
        await books.left(at, {f"case {n}": [event(n)]})
    await books.outbox.sweep()
    assert [body["data"]["refreshedAt"] for body in books.logged()] == ["1"]


async def test_of_an_older_parcel_only_what_comes_before_is_taken_along(books: Books) -> None:
    """Another gateway is about to deliver the rest, so the parcel stays for it."""
    (others,) = await books.left("2999-01-01T00:00:00.000Z", {"case 1": [event(1), event(2)], "case 2": [event(3)]})
    parcels = await books.put({"case 1": [event(4)], "case 3": [event(5)]})
    assert [(one.id == others.id, one.whole, len(one.events)) for one in parcels] == [
        (True, False, 2),
        (False, True, 2),
    ]
    await books.outbox.deliver(parcels)
    await books.outbox._remove()
    assert [body["data"]["refreshedAt"] for body in books.logged()] == ["1", "2", "4", "5"]
    assert await books.graph.read("MATCH (o:Outbox) RETURN collect(o.id)") == [others.id]
    (parcel,) = await books.put({"case 3": [event(6)]})  # nothing waits for it any more
    await books.graph.run("MATCH (o:Outbox {id: $id}) SET o.at = '2020-01-01T00:00:00.000Z'", {"id": others.id})
    await books.outbox.sweep()
    assert [body["data"]["refreshedAt"] for body in books.logged()] == ["1", "2", "4", "5", "3"]
    assert await books.graph.read("MATCH (o:Outbox) RETURN collect(o.id)") == [parcel.id]


async def test_what_is_late_is_delivered_behind_what_comes_before_it(books: Books) -> None:
    """However the parcels lie, and whosever they are."""
    new = "2999-01-01T00:00:00.000Z"
    await books.left(new, {"case 1": [event(1)], "case 2": [event(2)], "case 9": [event(9)]})
    await books.left(new, {"case 2": [event(3)]})
    late = (await books.left(new, {"case 2": [event(4)], "case 3": [event(5)]}))[-1]
    await books.left(new, {"case 3": [event(6)]})
    await books.graph.run("MATCH (o:Outbox {id: $id}) SET o.at = '2020-01-01T00:00:00.000Z'", {"id": late.id})
    await books.outbox.sweep()
    # What is not late itself goes along as far as it concerns the same cases.
    assert [body["data"]["refreshedAt"] for body in books.logged()] == ["2", "3", "4", "5", "6"]
    assert await books.count("Outbox") == 1


async def test_parcels_of_several_cases_keep_the_order_of_each(books: Books) -> None:
    """Whatever cases they have in common, a parcel's number is above those before it."""
    chance = random.Random(7)
    made: dict[str, list[str]] = defaultdict(list)
    for n in range(40):
        cases = chance.sample(range(6), chance.randint(1, 3))
        events = {f"case {i}": [event(n) for _ in range(chance.randint(1, 3))] for i in cases}
        await books.left("2999-01-01T00:00:00.000Z", events)
        for case, some in events.items():
            made[case] += [one.id for one in some]
    await books.graph.run("MATCH (o:Outbox) SET o.at = '2020-01-01T00:00:00.000Z'")
    await books.outbox.sweep()  # of which another may be under way
    found = [body["id"] for body in books.logged()]
    assert len(found) == len({*found})
    for ids in made.values():
        assert [one for one in found if one in {*ids}] == ids


@pytest.mark.parametrize("count", [1, 300])
async def test_a_parcel_holds_its_events_byte_for_byte(books: Books, count: int) -> None:
    """Whether it is small or was compressed."""
    events = [replace(event(n), cause=Cause(GATEWAY, 'a "policy" \\ 引号')) for n in range(count)]
    await books.left("2999-01-01T00:00:00.000Z", {"case": events})
    packed = await books.graph.run("MATCH (o:Outbox) SET o.at = '2020-01-01T00:00:00.000Z' RETURN o.events")
    assert len(packed) < max(1_500, count * 200)
    await books.outbox.sweep()
    bodies = Bodies(LogFolder(books.state).bodies).scan(1, count + 1)
    assert [body.data for _, body in bodies if body is not None] == [one.body for one in events]


async def test_a_refusal_changes_nothing_and_is_in_the_log(books: Books) -> None:
    async def work(tx: AsyncManagedTransaction) -> Made:
        await (await tx.run("CREATE (:Thing)")).consume()
        raise Denied("NOT_ALLOWED", "no", target="ds_x" * 100)

    with pytest.raises(Denied):
        await books.ledger.change(Key("pe_a", "add", "key-0001", {}), CAUSE, work)
    assert await books.count("Thing") == await books.count("Idempotency") == 0
    (body,) = books.logged()
    assert (body["kind"], body["outcome"], body["data"]["code"]) == ("change.refused", "REFUSED", "NOT_ALLOWED")
    assert len(body["data"]["target"]) == 100


async def test_without_a_log_nothing_is_changed(books: Books) -> None:
    assert books.recorder._appender is not None
    books.recorder._appender.problem = "No space left on device"
    with pytest.raises(LogUnavailable):
        await books.add("key-0001")
    books.recorder._appender.problem = None
    assert await books.count("Thing") == 0
    await books.add("key-0001")
    await eventually(lambda: len(books.logged()) == 1)


async def test_a_key_is_free_again_after_thirty_days(books: Books) -> None:
    await books.add("key-0001")
    await books.graph.run("MATCH (i:Idempotency) SET i.at = '2020-01-01T00:00:00.000Z'")
    await books.add("key-0001", n=2)
    assert await books.count("Thing") == 2


async def _unavailable(*_: object, **__: object) -> list[int]:
    raise LogUnavailable("the log cannot be written: test")
