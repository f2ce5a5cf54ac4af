"""Who is told of what, where, and since when; and that it is ids only, and never before the log has it."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.audit.event import About
from gateway.audit.ledger import Denied
from gateway.graph import make_id
from gateway.notices import Webhooks, known_webhooks
from gateway.sharing.escalation import Escalations
from gateway.sharing.words import Act
from tests.notices.receiving import Receiver
from tests.notices.telling import CAUSE, Telling, moved
from tests.sharing.city import answer
from tests.support.logged import logged


async def test_both_parties_are_told_of_what_happens_in_their_case_in_ids_only(
    telling: Telling, receiver: Receiver, other: Receiver
) -> None:
    city = telling.city
    await telling.register(receiver, "water")
    await telling.register(other, "power")
    case = await city.applied()
    await city.act("provider", answer(case, Act.APPROVE))
    await telling.released()
    await telling.sweep()
    entries = logged(city.state)
    happened = city.events("case.moved", "grant.moved")
    assert [one["kind"] for one in happened] == ["case.moved", "case.moved", "grant.moved"]
    for told, agency in ((receiver, "water"), (other, "power")):
        assert told.events == [one["id"] for one in happened]
        for request, event in zip(told.requests, happened, strict=True):
            webhook = make_id("wh_", make_id("ag_", agency), told.url)
            (index,) = [n for n, one in enumerate(entries) if one["id"] == event["id"]]
            assert request.said == {
                "type": event["kind"],
                "timestamp": event["time"],
                "data": {
                    "webhook": webhook,
                    "event": event["id"],
                    "case": case,
                    "log": "test.example/log",
                    "index": str(index),
                },
            }
    assert await telling.waiting() == []
    assert telling.outcomes == ["delivered"] * 6


async def test_an_agency_that_a_case_does_not_concern_is_told_nothing(telling: Telling, receiver: Receiver) -> None:
    await telling.register(receiver, "bdc")
    await telling.city.applied()
    await telling.released()
    await telling.sweep()
    assert receiver.requests == []


async def test_the_center_is_told_of_what_is_due(telling: Telling, receiver: Receiver) -> None:
    city = telling.city
    await telling.register(receiver, "bdc")
    case = await city.applied()
    city.now = datetime(2026, 3, 27, tzinfo=UTC)
    await Escalations(city.graph, city.outbox, city.filing.rules, lambda: CAUSE, lambda: city.now).sweep()
    await telling.released()
    await telling.sweep()
    assert [(one.said["type"], one.said["data"]["case"]) for one in receiver.requests] == [
        ("deadline.escalated", case)
    ] * 3


async def test_what_happened_before_the_registration_is_not_told_of(telling: Telling, receiver: Receiver) -> None:
    await telling.happens("cs_1")
    await telling.register(receiver)
    (event,) = await telling.happens("cs_1")
    await telling.sweep()
    assert receiver.events == [event]


async def test_nothing_is_told_before_it_is_in_the_log(telling: Telling, receiver: Receiver) -> None:
    await telling.register(receiver)
    first, parcels = await telling.written("cs_1")
    await telling.written("cs_1")
    await telling.sweep()
    assert receiver.requests == []
    await telling.city.outbox.deliver(parcels)
    await telling.city.outbox._remove()
    await telling.sweep()
    assert receiver.events == first


async def test_events_of_several_cases_in_one_transaction_are_told_each_to_those_whom_it_concerns(
    telling: Telling, receiver: Receiver
) -> None:
    await telling.register(receiver)
    await telling.happens("cs_2", 2)
    cases = {
        "cs_1": [moved(About((make_id("ag_", "bdc"),), case="cs_1"), n) for n in range(3)],
        "cs_2": [moved(About((make_id("ag_", "bdc"), make_id("ag_", "water")), case="cs_2"), n) for n in range(2)],
    }
    outbox = telling.city.outbox
    await outbox.deliver(await telling.graph.write(lambda tx: outbox.put(tx, cases)))
    await telling.released()
    waiting = await telling.waiting()
    assert [one["eventId"] for one in waiting[2:]] == [one.id for one in cases["cs_2"]]
    assert [one["seq"] for one in waiting] == [1, 2, 3, 4]
    log = logged(telling.city.state)
    assert all(log[one["index"]]["id"] == one["eventId"] for one in waiting)


async def test_what_a_dead_process_left_in_the_outbox_is_told_of_too(telling: Telling, receiver: Receiver) -> None:
    await telling.register(receiver)
    events, _ = await telling.written("cs_1", 2)
    await telling.city.outbox.sweep(timedelta(seconds=-1))
    await telling.released()
    await telling.sweep()
    assert receiver.events == events


async def test_a_removed_webhook_is_told_nothing_more_and_registered_again_only_what_is_new(
    telling: Telling, receiver: Receiver
) -> None:
    webhook = await telling.register(receiver)
    await telling.happens("cs_1", 2)
    await telling.remove(receiver)
    assert await telling.waiting() == []
    await telling.sweep()
    await telling.happens("cs_1")
    assert await telling.register(receiver) == webhook
    (event,) = await telling.happens("cs_1")
    await telling.sweep()
    assert receiver.events == [event]
    kinds = ("webhook.registered", "webhook.removed")
    said = [(one["kind"], one["data"], one["about"]["agencies"]) for one in telling.city.events(*kinds)]
    water = [make_id("ag_", "water")]
    assert said == [
        ("webhook.registered", {"webhook": webhook, "host": "agency.example"}, water),
        ("webhook.removed", {"webhook": webhook, "waiting": 2}, water),
        ("webhook.registered", {"webhook": webhook, "host": "agency.example"}, water),
    ]


async def test_notices_that_a_removal_missed_are_not_told_of_after_the_next_registration(
    telling: Telling, receiver: Receiver
) -> None:
    webhook = make_id("wh_", make_id("ag_", "water"), receiver.url)
    stray = "CREATE (:Notice {webhook: $w, eventId: 'ev_1', kind: 'case.moved', caseId: 'cs_1', seq: 0, dueAt: ''})"
    await telling.graph.run(stray, {"w": webhook})
    await telling.register(receiver)
    assert await telling.waiting() == []


async def test_registering_twice_changes_nothing(telling: Telling, receiver: Receiver) -> None:
    first = await telling.register(receiver)
    await telling.happens("cs_1")
    assert await telling.register(receiver) == first
    assert len(telling.city.events("webhook.registered")) == 1
    (known,) = await known_webhooks(telling.graph, "water")
    assert (known.id, known.agency, known.url, known.waiting) == (first, "water", receiver.url, 1)
    assert await known_webhooks(telling.graph, "power") == []


@pytest.mark.parametrize(
    ("code", "url", "problem", "said"),
    [
        ("nobody", "https://agency.example/", "NOT_FOUND", "no agency 'nobody'"),
        ("water", "http://agency.example/", "BAD_ADDRESS", "https://"),
        ("water", "ftp://agency.example/", "BAD_ADDRESS", "https://"),
        ("water", "https:///notices", "BAD_ADDRESS", "a host"),
        ("water", "agency.example", "BAD_ADDRESS", "https://"),
        ("water", "https://user:secret@agency.example/", "BAD_ADDRESS", "user name"),
        ("water", "https://agency.example/#here", "BAD_ADDRESS", "fragment"),
        ("water", "https://10.0.0.1/", "BAD_ADDRESS", "10.0.0.1"),
        ("water", "https://[::1]/", "BAD_ADDRESS", "::1"),
        ("water", "https://[::ffff:169.254.169.254]/", "BAD_ADDRESS", "public internet"),
        ("water", "https://agency.example/\n", "BAD_ADDRESS", "not an address"),
        ("water", f"https://agency.example/{'a' * 2000}", "BAD_ADDRESS", "2000"),
    ],
)
async def test_where_no_notice_can_go_is_refused_with_a_reason(
    telling: Telling, code: str, url: str, problem: str, said: str
) -> None:
    webhooks = Webhooks(telling.city.ledger)
    with pytest.raises(Denied, match=said) as refused:
        await webhooks.register(CAUSE, code, url, telling.city.key())
    assert refused.value.code == problem
    (event,) = telling.city.events("change.refused")
    assert event["data"] == {"change": "registerWebhook", "code": problem, "target": code}
    assert await known_webhooks(telling.graph) == []


async def test_what_is_not_registered_cannot_be_removed(telling: Telling, receiver: Receiver) -> None:
    await telling.register(receiver, "power")
    for code in ("water", "nobody"):
        with pytest.raises(Denied) as refused:
            await telling.remove(receiver, code)
        assert refused.value.code == "NOT_FOUND"
    assert len(await known_webhooks(telling.graph)) == 1
