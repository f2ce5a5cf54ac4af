"""In order per case, until it is taken or 12 hours old, by one at a time, whoever fails or is killed in between."""

import asyncio
import json
import signal
import sys
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from starlette.responses import Response

from gateway.graph.state import StateDirectory
from gateway.graph.times import instant
from tests.notices.receiving import Certificates, Receiver
from tests.notices.telling import Telling
from tests.support.database import DatabaseSettings
from tests.support.waiting import eventually

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
TWELVE = 12 * HOUR


def refusing(*events: str) -> Any:
    """Answers 500 to some events."""
    return lambda said: Response(status_code=500 if said["data"]["event"] in events else 200)


async def test_a_case_goes_on_in_order_when_its_first_notice_is_taken_at_last(
    telling: Telling, receiver: Receiver
) -> None:
    await telling.register(receiver)
    first = await telling.happens("cs_1", 3)
    second = await telling.happens("cs_2", 2)
    receiver.answer = refusing(first[0])
    await telling.sweep()
    await telling.sweep(6 * SECOND)
    assert receiver.events.count(first[0]) == 2
    assert [event for event in receiver.events if event in second] == second
    assert not {*first[1:]} & {*receiver.events}
    receiver.requests.clear()
    receiver.answer = refusing()
    await telling.sweep(11 * SECOND)
    assert receiver.events == first
    assert await telling.waiting() == []


async def test_what_waits_behind_another_is_not_due_before_it(telling: Telling, receiver: Receiver) -> None:
    """Else every look for what is due would find all of it, for hours."""
    await telling.register(receiver)
    (first, _, _) = await telling.happens("cs_1", 3)
    receiver.answer = refusing(first)
    await telling.sweep()
    due = {one["dueAt"] for one in await telling.waiting()}
    assert due == {instant(telling.now + 5 * SECOND)}
    assert [one["attempts"] for one in await telling.waiting()] == [1, 0, 0]


async def test_every_attempt_has_the_same_id_and_body_and_a_time_of_its_own(
    telling: Telling, receiver: Receiver
) -> None:
    await telling.register(receiver)
    (event,) = await telling.happens("cs_1")
    receiver.answer = refusing(event)
    await telling.sweep()
    await telling.sweep(6 * SECOND)
    first, second = receiver.requests
    assert (first.id, first.body) == (second.id, second.body)
    assert int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) == 6


async def test_two_webhooks_are_told_of_one_event_under_two_ids(
    telling: Telling, receiver: Receiver, other: Receiver
) -> None:
    await telling.register(receiver)
    await telling.register(other)
    await telling.happens("cs_1")
    await telling.sweep()
    assert receiver.events == other.events
    assert receiver.requests[0].id != other.requests[0].id


async def test_one_that_does_not_answer_holds_up_no_other(
    telling: Telling, receiver: Receiver, other: Receiver
) -> None:
    """The one answers only when the other has been told of everything: if it had to wait, neither would come."""
    await telling.register(receiver, "water")
    await telling.register(other, "power")
    events = [event for n in range(3) for event in await telling.happens(f"cs_{n}", 3, "water", "power")]

    async def late(_: object) -> Response:
        await eventually(lambda: len(other.requests) == len(events))
        return Response()

    receiver.answer = late
    await telling.sweep()
    assert sorted(receiver.events) == sorted(other.events) == sorted(events)
    assert {*telling.outcomes} == {"delivered"}


async def test_one_case_that_takes_its_time_holds_up_no_other_of_the_same_receiver(
    telling: Telling, receiver: Receiver
) -> None:
    await telling.register(receiver)
    events = [event for n in range(3) for event in await telling.happens(f"cs_{n}")]

    async def together(_: object) -> Response:
        await eventually(lambda: len(receiver.requests) == len(events))
        return Response()

    receiver.answer = together
    await telling.sweep()
    assert sorted(receiver.events) == sorted(events)
    assert {*telling.outcomes} == {"delivered"}


async def test_one_that_is_down_is_told_when_it_is_up_again(telling: Telling, certificates: Certificates) -> None:
    receiver = Receiver(certificates)
    async with receiver:
        await telling.register(receiver)
    events = await telling.happens("cs_1", 2)
    await telling.sweep()
    assert telling.outcomes == ["failed"]
    async with receiver:
        await telling.sweep(6 * SECOND)
        assert receiver.events == events


async def test_what_is_waited_doubles_from_five_seconds_to_an_hour(telling: Telling, receiver: Receiver) -> None:
    await telling.register(receiver)
    (event,) = await telling.happens("cs_1")
    receiver.answer = refusing(event)
    waited = []
    for n in range(13):
        await telling.sweep()
        assert len(receiver.requests) == n + 1
        ((notice),) = await telling.waiting()
        assert notice["attempts"] == n + 1
        due = datetime.fromisoformat(notice["dueAt"])
        waited.append(round((due - telling.now).total_seconds()))
        telling.now = due - SECOND  # not yet
        await telling.sweep()
        assert len(receiver.requests) == n + 1
        telling.now = due
    assert waited == [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600, 3600]


async def test_what_is_waited_is_between_a_half_and_all(telling: Telling, receiver: Receiver) -> None:
    await telling.register(receiver)
    events = [event for n in range(2) for event in await telling.happens(f"cs_{n}")]
    receiver.answer = refusing(*events)
    chances = iter((0.0, 0.5))
    telling.notices.chance = lambda: next(chances)
    await telling.sweep()
    waited = [datetime.fromisoformat(one["dueAt"]) - telling.now for one in await telling.waiting()]
    assert sorted(round(one.total_seconds(), 2) for one in waited) == [2.5, 3.75]


async def test_after_twelve_hours_it_is_given_up_and_the_log_says_so_and_the_next_goes_on(
    telling: Telling, receiver: Receiver
) -> None:
    webhook = await telling.register(receiver)
    first, second = await telling.happens("cs_1", 2)
    receiver.answer = refusing(first)
    ((written),) = {one["at"] for one in await telling.waiting()}
    await telling.sweep()
    telling.now = datetime.fromisoformat(written) + TWELVE - SECOND
    await telling.sweep()
    assert receiver.events == [first] * 2
    assert telling.city.events("notice.abandoned") == []
    await telling.sweep(SECOND)  # the last attempt is at the end of the twelve hours
    assert receiver.events == [first] * 3 + [second]
    assert telling.outcomes == ["failed", "failed", "abandoned", "delivered"]
    (event,) = telling.city.events("notice.abandoned")
    assert event["data"] == {"webhook": webhook, "event": first, "case": "cs_1", "attempts": 3, "reason": "STATUS"}
    assert event["about"]["agencies"] == [(await _agency(telling))]
    assert event["about"]["jurisdictions"]
    assert await telling.waiting() == []


async def _agency(telling: Telling) -> str:
    return str(await telling.graph.read("MATCH (:Webhook)-[:OF]->(a) RETURN a.id"))


async def test_what_is_older_because_nobody_delivered_is_tried_once(telling: Telling, receiver: Receiver) -> None:
    await telling.register(receiver)
    events = await telling.happens("cs_1", 2)
    await telling.sweep(3 * TWELVE)
    assert receiver.events == events
    late = await telling.happens("cs_1")
    receiver.answer = refusing(*late)
    await telling.sweep()
    assert len(receiver.requests) == 3
    assert telling.outcomes[-1] == "abandoned"


async def test_a_webhook_that_is_removed_while_it_is_tried_leaves_nothing(telling: Telling, receiver: Receiver) -> None:
    await telling.register(receiver)
    await telling.happens("cs_1", 2)

    async def gone(_: object) -> Response:
        await telling.remove(receiver)
        return Response(status_code=500)

    receiver.answer = gone
    await telling.sweep(2 * TWELVE)
    assert len(receiver.requests) == 1
    assert await telling.waiting() == []
    assert telling.city.events("notice.abandoned") == []


async def test_of_several_who_deliver_one_does(telling: Telling, receiver: Receiver) -> None:
    await telling.register(receiver)
    cases = [await telling.happens(f"cs_{n}", 2) for n in range(6)]
    several = [telling.deliverer() for _ in range(4)]
    await asyncio.gather(*(one.sweep() for one in several))
    for _ in range(3):  # who came while another had begun tries again, as each does every second
        await asyncio.gather(*(one.sweep() for one in several))
    assert {*Counter(receiver.events).values()} == {1}
    for case in cases:
        assert [event for event in receiver.events if event in case] == case
    holder = await telling.graph.read("MATCH (l:Lease) RETURN l.holder")
    assert [one._lease.holder for one in several].count(holder) == 1


async def test_who_stops_in_order_lets_another_go_on_at_once(telling: Telling, receiver: Receiver) -> None:
    await telling.register(receiver)
    first = await telling.happens("cs_1")
    async with telling.notices:
        await eventually(lambda: receiver.events == first)
        second = await telling.happens("cs_1")
        other = telling.deliverer()
        await other.sweep()
        await eventually(lambda: receiver.events == first + second)
        assert other._lease._until < 0
    assert await telling.waiting() == []
    third = await telling.happens("cs_1")
    await other.sweep()
    assert receiver.events == first + second + third


async def test_who_stops_in_order_waits_for_what_is_under_way(telling: Telling, receiver: Receiver) -> None:
    await telling.register(receiver)
    events = await telling.happens("cs_1", 2)

    async def late(_: object) -> Response:
        await eventually(lambda: telling.notices._stopping)
        return Response()

    receiver.answer = late
    async with telling.notices:
        await eventually(lambda: len(receiver.requests) == 1)
    assert len(await telling.waiting()) == 1
    await telling.deliverer().sweep()
    assert receiver.events == events


async def test_who_is_killed_leaves_what_was_under_way_to_the_next_under_the_same_id(
    telling: Telling, receiver: Receiver, database: DatabaseSettings, root: Path, tmp_path: Path
) -> None:
    await telling.register(receiver)
    events = await telling.happens("cs_1", 2)
    never = asyncio.Event()

    async def silent(_: object) -> Response:
        await never.wait()
        return Response()

    receiver.answer = silent
    address = StateDirectory(database.state).address()
    assert address is not None
    given = {"uri": address.uri, "user": address.user, "password": address.password.get_secret_value()}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.notices.delivering_process", str(tmp_path / "state"), str(root),
        stdin=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin is not None
    process.stdin.write(json.dumps(given).encode() + b"\n")
    try:
        await eventually(lambda: len(receiver.requests) == 1, 30)
    finally:
        process.send_signal(signal.SIGKILL)
        await process.wait()
    never.set()
    receiver.answer = refusing()
    await telling.sweep()
    assert len(receiver.requests) == 1  # nobody knows yet that the other is dead
    await telling.graph.run("MATCH (l:Lease) SET l.until = timestamp()")  # half a minute later
    await telling.sweep()
    assert receiver.events == [events[0], *events]
    assert receiver.requests[0].id == receiver.requests[1].id
    assert await telling.waiting() == []
