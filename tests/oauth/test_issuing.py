"""Tokens: what they say, never more than the grant, and that each is in the log."""

import asyncio
from datetime import date, timedelta

import pytest

from gateway.audit.event import Outcome
from gateway.graph import make_id
from gateway.graph.times import instant
from gateway.oauth import Asked, Holder, OAuthProblem
from gateway.sharing.scope import Condition
from gateway.sharing.words import Act, RowOperator
from gateway.verify import Reason, Refused
from tests.oauth.partners import Partners
from tests.sharing.city import DATASETS, answer, on_grant
from tests.support.logged import logged


async def test_a_token_says_the_grant_and_nothing_else(partners: Partners) -> None:  # R17.1, R16.2d
    client, grant = await partners.program(), await partners.declared("b", "a")
    issued = await partners.issue(client, grant)
    verified = await partners.verified(issued.token)
    assert verified.details == issued.details
    assert (verified.grant, verified.client, verified.subject) == (grant, client.id, make_id("ag_", "power"))
    assert verified.dataset == DATASETS["free"].identifier
    assert (verified.fields, verified.rows, verified.purpose) == (("a", "b"), (), "SERVICE")
    assert (verified.tier, verified.version) == ("sharing:UNCONDITIONAL", 1)
    assert issued.lifetime == 900
    kept = await partners.city.grant(grant)
    (moved,) = (one for one in partners.city.events("grant.moved") if one["data"]["grant"] == grant)
    assert kept["activation"] == moved["id"]
    assert verified.log_index == kept["logIndex"]
    assert verified.log_index == [one["id"] for one in logged(partners.city.state)].index(moved["id"])
    (event,) = partners.city.events("token.issued")
    assert event["data"] == {
        "token": verified.id, "client": client.id, "grant": grant, "purpose": "SERVICE", "bound": None,
        "until": instant(partners.city.now + timedelta(seconds=900)),
    }  # fmt: skip
    assert event["actor"]["kind"] == "SYSTEM"
    assert event["actor"]["agency"] == make_id("ag_", "power")
    assert set(event["about"]["agencies"]) == {make_id("ag_", "power"), make_id("ag_", "water")}


async def test_conditions_on_rows_name_fields_as_the_catalogue_does(partners: Partners) -> None:
    field = make_id("fd_", DATASETS["free"].identifier, "b")
    rows = (Condition(field, RowOperator.IN, ("x", "y")),)
    client, grant = await partners.program(), await partners.declared("a", rows=rows)
    verified = await partners.verified((await partners.issue(client, grant)).token)
    assert verified.fields == ("a",)
    assert verified.rows == ({"field": "b", "operator": "IN", "values": ["x", "y"]},)


async def test_a_token_can_be_asked_for_less(partners: Partners) -> None:
    client, grant = await partners.program(), await partners.declared()
    issued = await partners.issue(client, grant, fields=("b",), purpose="SERVICE", dataset=DATASETS["free"].identifier)
    assert (await partners.verified(issued.token)).fields == ("b",)


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"fields": ("a", "c")}, "OUTSIDE_GRANT"),
        ({"fields": ("b",)}, "OUTSIDE_GRANT"),
        ({"purpose": "RESEARCH"}, "WRONG_PURPOSE"),
        ({"dataset": "another"}, "WRONG_DATASET"),
    ],
)
async def test_and_never_for_more(partners: Partners, asked: dict[str, str], reason: str) -> None:  # R16.2d, R17.3
    client, grant = await partners.program(), await partners.declared("a")
    problem = await partners.refused(client, grant, **asked)
    assert (problem.error, problem.reason) == ("invalid_authorization_details", reason)
    (event,) = partners.city.events("token.refused")
    assert event["outcome"] == Outcome.REFUSED
    assert event["data"] == {"client": client.id, "grant": grant, "code": reason}
    assert not partners.city.events("token.issued")


async def test_a_grant_of_others_is_like_one_that_is_not_there(partners: Partners) -> None:
    grant = await partners.declared()
    client = await partners.program("water")
    theirs, missing = await partners.refused(client, grant), await partners.refused(client, grant[:-1] + "x")
    assert str(theirs).replace(grant, "") == str(missing).replace(grant[:-1] + "x", "")
    assert theirs.reason == missing.reason == "NOT_FOUND"
    hidden, unknown = partners.city.events("token.refused")
    assert hidden["about"]["hidden"]
    assert hidden["about"]["case"]
    assert unknown["about"]["case"] is None


async def test_a_program_that_was_removed_has_no_tokens(partners: Partners) -> None:
    client, grant = await partners.program(), await partners.declared()
    await partners.clients.remove(
        partners.city.cause(partners.city.officers["consumer"].subject), "power", client.id, partners.city.key()
    )
    assert (await partners.refused(client, grant)).reason == "NOT_FOUND"


async def test_a_grant_counts_from_its_first_day_to_its_last(partners: Partners) -> None:
    client, city = await partners.program(), partners.city
    grant = await partners.declared("a", since=date(2026, 2, 12), until=date(2026, 2, 13))
    assert (await partners.refused(client, grant)).reason == "NOT_YET"
    city.now += timedelta(days=2)
    assert (await partners.issue(client, grant)).lifetime == 900
    kept = await city.grant(grant)
    city.now += timedelta(days=2) - timedelta(hours=10, minutes=5)  # five minutes before midnight in the city
    issued = await partners.issue(client, grant)
    assert issued.lifetime == 300
    assert (await partners.verified(issued.token)).expires == city.now.timestamp() + 300
    assert instant(city.now + timedelta(seconds=300)) == kept["validTo"]
    city.now += timedelta(minutes=5)
    assert (await partners.refused(client, grant)).reason == "EXPIRED"
    assert await partners.statuses.signed("2026-02")


@pytest.mark.parametrize(
    ("who", "act", "reason", "status"),
    [
        ("center", Act.SUSPEND, "SUSPENDED", Reason.SUSPENDED),
        ("provider", Act.REVOKE, "REVOKED", Reason.REVOKED),
    ],
)
async def test_a_grant_that_counts_no_more_reaches_verifiers_elsewhere(
    partners: Partners, who: str, act: Act, reason: str, status: Reason
) -> None:
    client, grant = await partners.program(), await partners.declared()
    issued = await partners.issue(client, grant)
    verified = await partners.verified(issued.token)
    assert await partners.issuing.counts(verified, (client.agency,))
    await partners.city.act(who, on_grant(grant, act))
    assert (await partners.refused(client, grant)).reason == reason
    assert not await partners.issuing.counts(verified, (client.agency,))
    with pytest.raises(Refused) as refused:
        await partners.verified(issued.token)
    assert refused.value.reason == status


async def test_a_grant_that_was_resumed_counts_again(partners: Partners) -> None:
    client, grant = await partners.program(), await partners.declared()
    issued = await partners.issue(client, grant)
    await partners.city.act("center", on_grant(grant, Act.SUSPEND))
    await partners.city.act("center", on_grant(grant, Act.RESUME, 2))
    assert (await partners.verified(issued.token)).grant == grant
    again = await partners.issue(client, grant)
    assert again.details["log_index"] == issued.details["log_index"]


async def test_a_list_is_made_anew_after_a_minute(partners: Partners) -> None:
    client, grant = await partners.program(), await partners.declared()
    await partners.issue(client, grant)
    name = f"{partners.city.now:%Y-%m}"
    before = await partners.statuses.signed(name)
    await partners.city.act("provider", on_grant(grant, Act.REVOKE))
    assert await partners.statuses.signed(name) == before
    partners.city.now += timedelta(seconds=60)
    assert await partners.statuses.signed(name) != before


@pytest.mark.parametrize("name", ["2026-03", "2026-2", "x", "", "2026-02-01", "202602"])
async def test_there_is_a_list_for_each_month_and_no_other(partners: Partners, name: str) -> None:
    assert await partners.statuses.signed(name) is None


async def test_each_grant_has_a_place_of_its_own_from_its_first_token_on(
    partners: Partners, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when chance gives two the same one."""
    places = iter([7, 7, 7, 9])
    monkeypatch.setattr("gateway.oauth.statuses.secrets.randbelow", lambda _: next(places))
    client = await partners.program()
    first, second = await partners.declared("a"), await partners.declared("b")
    for grant in (first, first, second, second):
        await partners.issue(client, grant)
    kept = [await partners.city.grant(grant) for grant in (first, second)]
    assert [(one["statusList"], one["statusIndex"]) for one in kept] == [("2026-02", 7), ("2026-02", 9)]


async def test_two_programs_have_tokens_for_one_grant(partners: Partners) -> None:
    one, other = await partners.program(), await partners.program(name="备用机")
    grant = await partners.declared()
    issued = await asyncio.gather(*(partners.issue(client, grant) for client in (one, other, one, other)))
    assert len({(await partners.verified(one.token)).id for one in issued}) == 4
    held = await partners.city.graph.read("MATCH (s)-[:USES]->(:Grant {id: $id}) RETURN collect(s.id)", {"id": grant})
    assert sorted(held) == sorted([one.id, other.id])


async def test_a_token_that_was_given_back_counts_no_more_here(partners: Partners) -> None:  # RFC 7009
    client, grant = await partners.program(), await partners.declared()
    tokens = [await partners.verified((await partners.issue(client, grant)).token) for _ in range(2)]
    await partners.issuing.give_back(Holder.of_client(client), tokens[0], "request-2")
    assert [await partners.issuing.counts(one, (client.agency,)) for one in tokens] == [False, True]
    (event,) = partners.city.events("token.revoked")
    assert event["data"] == {"token": tokens[0].id, "client": client.id, "grant": grant}


async def test_a_token_is_shown_to_both_sides_of_its_grant_alone(partners: Partners) -> None:
    client, grant = await partners.program(), await partners.declared()
    verified = await partners.verified((await partners.issue(client, grant)).token)
    counts = [await partners.issuing.counts(verified, (make_id("ag_", one),)) for one in ("power", "water", "bdc")]
    assert counts == [True, True, False]


async def test_a_person_has_tokens_for_a_grant_of_their_own(partners: Partners) -> None:  # R24.2
    city = partners.city
    made = await city.apply("citizen", "mixed", "asked")
    case = made["case"]
    await city.act("provider", answer(case, Act.ACCEPT))
    await city.move("provider", case, Act.AUTHORISE)
    grant = await partners.begun((await city.move("center", case, Act.OPEN))["grant"])
    holder = Holder.of_person(city.citizens["citizen"])
    issued = await partners.issuing.issue(holder, Asked(grant), "request-1", None)
    verified = await partners.verified(issued.token)
    assert verified.subject == verified.client == city.citizens["citizen"].id
    assert verified.tier == "opening:CONDITIONAL"
    with pytest.raises(OAuthProblem, match="there is no grant"):
        await partners.issuing.issue(Holder.of_person(city.citizens["neighbour"]), Asked(grant), "request-1", None)
    client = await partners.program()
    assert (await partners.refused(client, grant)).reason == "NOT_FOUND"


async def test_what_waits_for_a_signature_or_for_the_log_is_no_token(partners: Partners) -> None:
    client, grant = await partners.program(), await partners.declared()
    await partners.city.graph.run("MATCH (g:Grant {id: $id}) REMOVE g.logIndex", {"id": grant})
    problem = await partners.refused(client, grant)
    assert (problem.error, problem.reason) == ("temporarily_unavailable", "LOG_PENDING")
    await partners.city.graph.run("MATCH (g:Grant {id: $id}) SET g.status = 'PENDING_SIGNATURE'", {"id": grant})
    assert (await partners.refused(client, grant)).reason == "NOT_SIGNED"


async def test_a_field_that_the_entry_withholds_since_leaves_in_no_token(partners: Partners) -> None:
    """Before a sweep has suspended the grant, or where somebody changed the graph around the gateway."""
    client, grant = await partners.program(), await partners.declared()
    await partners.city.graph.run(
        "MATCH (g:Grant {id: $id})-[:ON]->(d) SET d.accessClass = 'UNPUBLISHED'", {"id": grant}
    )
    assert (await partners.refused(client, grant)).reason == "FORBIDDEN"
