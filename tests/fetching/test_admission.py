"""Who gets which rows, and why not: everything in the log before it leaves."""

import asyncio
import json
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from gateway.audit.errors import LogUnavailable
from gateway.audit.event import Outcome
from gateway.delivery import DeliveryError, Order
from gateway.fetching import Quotas
from gateway.graph import make_id
from gateway.identity import PUBLIC, Subject
from gateway.oauth import Asked, Holder
from gateway.sharing.scope import Condition
from gateway.sharing.words import Act, RowOperator
from tests.fetching.depot import Depot, rows_of
from tests.sharing.city import DATASETS, answer, on_grant


def counted(rows: list[dict[str, Any]]) -> Counter[tuple[Any, ...]]:
    """Rows in whatever order."""
    return Counter(tuple(sorted(row.items())) for row in rows)


async def test_a_grant_gives_its_fields_and_no_others(depot: Depot) -> None:  # R16.2d
    token = await depot.holding("a")
    assert counted(await depot.fetch(token)) == counted(rows_of("a"))
    assert await depot.refused(token, fields=("a", "b")) == "OUTSIDE_GRANT"
    assert await depot.refused(token, fields=("nothing",)) == "OUTSIDE_GRANT"


async def test_nor_does_a_filter_or_an_order_ask_about_others(depot: Depot) -> None:
    token = await depot.holding("a")
    by_b = Condition("b", RowOperator.IN, ("b1",))
    assert await depot.refused(token, filter=(by_b,)) == "OUTSIDE_GRANT"
    assert await depot.refused(token, order=(Order("b"),)) == "OUTSIDE_GRANT"


async def test_a_grant_gives_its_rows_and_no_others(depot: Depot) -> None:
    field = make_id("fd_", DATASETS["free"].identifier, "b")
    token = await depot.holding("a", rows=(Condition(field, RowOperator.IN, ("b1", "b2")),))
    wanted = [row for row in rows_of("a", "b") if row["b"] in ("b1", "b2")]
    assert counted(await depot.fetch(token)) == counted([{"a": row["a"]} for row in wanted])
    own = Condition("a", RowOperator.IN, ("a1", "a3"))
    assert {row["a"] for row in await depot.fetch(token, filter=(own,))} == {"a1"}


async def test_a_token_for_less_gives_less(depot: Depot) -> None:
    client, grant = await depot.partners.program(), await depot.partners.declared()
    token = await depot.token(client, grant, fields=("b",))
    assert counted(await depot.fetch(token)) == counted(rows_of("b"))
    assert await depot.refused(token, fields=("a",)) == "OUTSIDE_GRANT"


@pytest.mark.parametrize(
    ("purpose", "code"), [(None, "PURPOSE_MISSING"), ("RESEARCH", "WRONG_PURPOSE"), ("", "WRONG_PURPOSE")]
)
async def test_every_request_states_the_purpose_of_the_grant(
    depot: Depot, purpose: str | None, code: str
) -> None:  # R17.3
    token = await depot.holding()
    assert await depot.refused(token, purpose=purpose) == code
    (event,) = depot.city.events("data.fetch-refused")
    assert event["outcome"] == Outcome.REFUSED
    assert event["data"]["code"] == code
    assert event["data"]["grant"] == token.grant
    assert event["actor"]["agency"] == make_id("ag_", "power")


async def test_a_token_is_for_one_dataset(depot: Depot) -> None:
    token = await depot.holding()
    assert await depot.refused(token, "mixed") == "WRONG_DATASET"
    assert await depot.refused(token, "621000/x/y") == "WRONG_DATASET"


@pytest.mark.parametrize(
    ("who", "act", "code"), [("center", Act.SUSPEND, "SUSPENDED"), ("provider", Act.REVOKE, "REVOKED")]
)
async def test_what_becomes_of_a_grant_counts_here_at_once(depot: Depot, who: str, act: Act, code: str) -> None:
    token = await depot.holding()
    await depot.city.act(who, on_grant(token.grant, act))
    assert await depot.refused(token) == code


async def test_a_token_that_was_given_back_or_whose_program_is_gone_gives_nothing(depot: Depot) -> None:
    client, city = await depot.partners.program(), depot.city
    first = await depot.holding(client=client)
    second = await depot.token(client, first.grant)
    await depot.partners.issuing.give_back(Holder.of_client(client), first, "request-2")
    assert await depot.refused(first) == "GIVEN_BACK"
    await depot.fetch(second)
    await depot.partners.clients.remove(city.cause(Subject()), "power", client.id, city.key())
    assert await depot.refused(second) == "NO_GRANT"


async def test_the_public_gets_what_is_open_and_reasons_for_the_rest(depot: Depot) -> None:  # R24.1, R24.2
    assert counted(await depot.fetch(PUBLIC)) == counted(rows_of("a", "b"))
    assert counted(await depot.fetch(PUBLIC, "mixed")) == counted(rows_of("open"))
    assert await depot.refused(PUBLIC, "mixed", fields=("open", "asked")) == "OUTSIDE_GRANT"
    assert await depot.refused(PUBLIC, "mixed", fields=("withheld",)) == "OUTSIDE_GRANT"
    assert await depot.refused(PUBLIC, "kept") == "NOT_FOUND"
    assert await depot.refused(PUBLIC, "nothing/there") == "NOT_FOUND"
    hidden, unknown = depot.city.events("data.fetch-refused")[-2:]
    assert hidden["about"]["hidden"]
    assert unknown["about"]["datasets"] == []


async def test_an_agency_without_a_grant_is_told_what_leads_further(depot: Depot) -> None:
    consumer = depot.city.officers["consumer"].subject
    assert await depot.refused(consumer, "kept") == "NOT_ALLOWED"
    assert counted(await depot.fetch(consumer, "mixed")) == counted(rows_of("open"))


async def test_without_a_grant_a_field_goes_as_what_it_was_made_from(depot: Depot) -> None:  # R17.2
    """Whoever holds a grant goes on, the provider has its own, and everybody else has what is still open."""
    token, graph = await depot.holding(), depot.city.graph
    place = {"id": make_id("fd_", DATASETS["free"].identifier, "a"), "d": make_id("ds_", DATASETS["free"].identifier)}
    provider = depot.city.officers["provider"].subject
    consumer = depot.city.officers["consumer"].subject
    try:
        await graph.run("MATCH (f:Field {id: $id}) SET f.lineageTier = 'CC'", place)
        for who in (PUBLIC, consumer):
            assert counted(await depot.fetch(who)) == counted(rows_of("b"))
            assert await depot.refused(who, fields=("a",)) == "OUTSIDE_GRANT"
        assert counted(await depot.fetch(provider)) == counted(rows_of("a", "b"))
        assert counted(await depot.fetch(token)) == counted(rows_of("a", "b"))
        held = "MATCH (d:Dataset {id: $d}) SET d.noRedistributionOf = [$owner]"
        await graph.run(held, {**place, "owner": make_id("ag_", "bdc")})
        for who in (PUBLIC, consumer):
            assert await depot.refused(who) == "NO_REDISTRIBUTION"
        assert counted(await depot.fetch(provider)) == counted(rows_of("a", "b"))
        await graph.run(held, {**place, "owner": make_id("ag_", "power")})
        assert counted(await depot.fetch(consumer)) == counted(rows_of("b"))
    finally:
        await graph.run("MATCH (f:Field {id: $id}) REMOVE f.lineageTier", place)
        await graph.run("MATCH (d:Dataset {id: $d}) REMOVE d.noRedistributionOf", place)


async def test_a_provider_fetches_its_own(depot: Depot) -> None:  # R14.1
    provider = depot.city.officers["provider"].subject
    assert counted(await depot.fetch(provider, "mixed")) == counted(rows_of("open", "asked", "also", "withheld"))
    assert counted(await depot.fetch(provider, "kept")) == counted(rows_of("a"))


async def test_rank_gives_nobody_rows(depot: Depot) -> None:  # R4.3
    assert await depot.refused(depot.city.officers["center"].subject, "kept") == "NOT_ALLOWED"


async def test_a_person_fetches_under_a_grant_of_their_own(depot: Depot) -> None:  # R24.2
    city = depot.city
    case = (await city.apply("citizen", "mixed", "asked"))["case"]
    await city.act("provider", answer(case, Act.ACCEPT))
    await city.move("provider", case, Act.AUTHORISE)
    grant = await depot.partners.begun((await city.move("center", case, Act.OPEN))["grant"])
    issued = await depot.partners.issuing.issue(Holder.of_person(city.citizens["citizen"]), Asked(grant), "r", None)
    token = await depot.partners.verified(issued.token)
    assert counted(await depot.fetch(token, "mixed")) == counted(rows_of("asked"))
    (event,) = city.events("data.fetched")
    assert event["actor"]["person"] == city.citizens["citizen"].id
    assert event["actor"]["agency"] is None


async def test_a_fetch_is_in_the_log_before_its_first_byte_and_its_rows_at_the_end(depot: Depot) -> None:  # R11, R20
    token = await depot.holding("a")
    handout = await depot.begin(token, fields=("a",))
    (began,) = depot.city.events("data.fetched")
    assert began["id"] == handout.event.id
    assert began["data"] == {
        "purpose": "SERVICE", "grant": token.grant, "client": token.client, "n": 1, "source": handout.source,
        "query": handout.event.query,
    }  # fmt: skip
    assert began["about"]["fields"] == [make_id("fd_", DATASETS["free"].identifier, "a")]
    assert began["about"]["case"]
    assert not depot.city.events("data.fetch-ended")
    data = b"".join([piece async for piece in depot.desk.pieces(handout)])
    await depot.desk.end(handout, None)
    (ended,) = depot.city.events("data.fetch-ended")
    assert ended["data"] == {
        "fetch": began["id"], "grant": token.grant, "rows": 40, "size": len(data), "reason": None,
    }  # fmt: skip


async def test_rows_that_were_never_asked_for_have_not_left(depot: Depot) -> None:
    token = await depot.holding("a")
    handout = await depot.begin(token)
    pieces = depot.desk.pieces(handout)
    await anext(pieces)
    await pieces.aclose()
    await depot.desk.end(handout, "CLIENT_GONE")
    (ended,) = depot.city.events("data.fetch-ended")
    assert ended["data"]["rows"] == 0
    assert ended["data"]["reason"] == "CLIENT_GONE"


async def test_nothing_leaves_while_the_log_cannot_be_written(depot: Depot, monkeypatch: pytest.MonkeyPatch) -> None:
    token = await depot.holding()
    recorder = depot.city.ledger.recorder

    async def failing(*_: object) -> list[int]:
        raise LogUnavailable("the disk is full")

    monkeypatch.setattr(recorder, "record", failing)
    with pytest.raises(LogUnavailable):
        await depot.begin(token)


async def test_pages_together_are_the_whole(depot: Depot) -> None:
    token = await depot.holding()
    after, found = None, []
    for _ in range(10):
        handout = await depot.begin(token, limit=9, after=after)
        found += json.loads(b"".join([piece async for piece in depot.desk.pieces(handout)]))
        await depot.desk.end(handout, None)
        after = handout.following(handout.sent)
        if handout.sent < 9:
            break
    assert counted(found) == counted(rows_of("a", "b"))


async def test_a_cursor_is_for_one_question_and_one_version(depot: Depot) -> None:
    token = await depot.holding()
    handout = await depot.begin(token, limit=5)
    await depot.desk.end(handout, None)
    after = handout.following(5)
    assert await depot.refused(token, limit=5, after=after, fields=("a",)) == "INVALID_CURSOR"
    assert await depot.refused(token, limit=5, after=after[:-4]) == "INVALID_CURSOR"
    await depot.deliver("free")
    assert await depot.refused(token, limit=5, after=after) == "SOURCE_CHANGED"


async def test_a_dataset_without_a_source_says_so(depot: Depot) -> None:  # R12
    await depot.city.graph.run("MATCH (s:Source) DETACH DELETE s")
    assert await depot.refused(PUBLIC) == "NOT_CONNECTED"


async def test_a_file_is_for_who_may_have_all_of_the_dataset(depot: Depot) -> None:  # R2.1
    await depot.deliver("free", documents=["report.pdf", "../secret"])
    (depot.folder / "report.pdf").write_bytes(b"%PDF-1.7")
    handout = await depot.begin(PUBLIC, file="report.pdf")
    assert handout.file is not None
    assert handout.file.size == 8
    await depot.desk.end(handout, None)
    assert await depot.refused(PUBLIC, file="free.csv") == "NO_FILE"
    assert await depot.refused(PUBLIC, file="../secret") == "SOURCE_GONE"
    assert await depot.refused(await depot.holding("a"), file="report.pdf") == "NOT_WHOLE"
    whole = await depot.begin(await depot.holding("a", "b"), file="report.pdf")
    await depot.desk.end(whole, None)


async def test_a_grant_gives_so_much_a_day_and_no_more(depot: Depot) -> None:
    token = await depot.holding()
    desk = depot.made(Quotas(depot.city.graph, 2, 10**6))
    for _ in range(2):
        await desk.end(await depot.begin(token, desk=desk), None)
    with pytest.raises(Exception, match="2 requests of this grant") as refused:
        await depot.begin(token, desk=desk)
    assert refused.value.code == "QUOTA"  # type: ignore[attr-defined]
    assert depot.city.events("data.fetch-refused")[-1]["data"]["code"] == "QUOTA"


async def test_a_stream_ends_where_the_rows_of_a_day_end(depot: Depot) -> None:
    token = await depot.holding()
    desk = depot.made(Quotas(depot.city.graph, 100, 39))
    handout = await depot.begin(token, desk=desk)
    with pytest.raises(Exception, match="all 39 rows"):
        [piece async for piece in desk.pieces(handout)]
    await desk.end(handout, "QUOTA")
    assert handout.sent <= 39


async def test_a_stream_stops_when_its_grant_is_revoked(depot: Depot) -> None:  # R16.2d
    token = await depot.holding()
    handout = await depot.begin(token)
    pieces = depot.desk.pieces(handout)
    await depot.city.act("provider", on_grant(token.grant, Act.REVOKE))
    depot.city.now += timedelta(seconds=2)
    with pytest.raises(DeliveryError, match="revoked") as stopped:
        await anext(pieces)
    assert stopped.value.code == "REVOKED"
    await depot.desk.end(handout, stopped.value.code)
    (ended,) = depot.city.events("data.fetch-ended")
    assert (ended["data"]["rows"], ended["data"]["reason"]) == (0, "REVOKED")


async def test_what_other_processes_have_handed_out_counts_too(depot: Depot) -> None:
    token = await depot.holding()
    one, other = (Quotas(depot.city.graph, 3, 10**6) for _ in range(2))
    for quotas in (one, other):
        desk = depot.made(quotas)
        await desk.end(await depot.begin(token, desk=desk), None)
        await quotas.look()
    desk = depot.made(one)
    await desk.end(await depot.begin(token, desk=desk), None)
    with pytest.raises(Exception, match="3 requests"):
        await depot.begin(token, desk=desk)
    left = await other.left(token.grant, depot.partners.clock())
    assert left.requests == 1  # `one` has not told the graph of its second yet
    await one.look()
    assert (await other.left(token.grant, depot.partners.clock())).requests == 0


async def test_many_at_once_are_all_counted(depot: Depot) -> None:
    token = await depot.holding()
    await asyncio.gather(*(depot.fetch(token) for _ in range(20)))
    await depot.quotas.look()
    left = await depot.quotas.left(token.grant, depot.partners.clock())
    assert (left.requests, left.rows) == (1_000 - 20, 100_000 - 20 * 40)
    assert len(depot.city.events("data.fetched")) == len(depot.city.events("data.fetch-ended")) == 20
