"""What is not shared: negotiation, its outcome signed by both, and coordination by the center when it failed (16.3)."""

import json
from datetime import timedelta
from typing import Any

import pytest

from gateway.audit.ledger import Denied
from gateway.graph import make_id
from gateway.sharing.acts import Move
from gateway.sharing.reading import Cases
from gateway.sharing.words import Act, Party
from gateway.vocabulary import Role
from tests.sharing.city import BASIS, DATASETS, City, on_grant

KEPT = make_id("fd_", DATASETS["kept"].identifier, "a")
WITHHELD = make_id("fd_", DATASETS["mixed"].identifier, "withheld")


async def requested(city: City) -> str:
    """A request for an entry whose fields are shown to nobody else."""
    made = await city.act("consumer", city.scope("kept"))
    return str(made["case"])


async def negotiating(city: City) -> str:
    case = await requested(city)
    await city.move("provider", case, Act.NEGOTIATE)
    return case


async def failed(city: City) -> str:
    case = await negotiating(city)
    await city.move("consumer", case, Act.PROPOSE_FAILURE)
    await city.move("provider", case, Act.COUNTERSIGN, "")
    return case


async def state(city: City, case: str) -> str:
    return str((await city.case(case))["state"])


async def grants(city: City) -> list[tuple[str, list[str]]]:
    found: list[Any] = await city.graph.read("MATCH (g:Grant) WITH g ORDER BY g.grantedAt RETURN collect(g {.*})")
    return [(one["status"], one["fields"]) for one in found]


async def test_both_agree_and_a_grant_for_this_single_case_begins_with_the_second_signature(city: City) -> None:
    case = await requested(city)
    assert (await state(city, case), await city.owners(case)) == ("REQUESTED", ["water"])
    await city.move("provider", case, Act.NEGOTIATE, "须说明用途")
    await city.move("consumer", case, Act.STATE_POSITION, "仅用于断电抢修")
    assert await city.owners(case) == ["power", "water"]
    offered = await city.move("provider", case, Act.PROPOSE_AGREEMENT, "限一年", fields=(KEPT,))
    assert await grants(city) == [("PENDING_SIGNATURE", [KEPT])]
    assert (await state(city, case), await city.owners(case)) == ("AGREEMENT_PROPOSED", ["power"])
    made = await city.move("consumer", case, Act.COUNTERSIGN, "")
    assert made["grant"] == offered["grant"]
    assert await grants(city) == [("ACTIVE", [KEPT])]
    assert (await state(city, case), await city.owners(case)) == ("AGREED", [])
    moved = [(one["data"]["act"], one["data"]["before"], one["data"]["after"]) for one in city.events("grant.moved")]
    assert moved == [
        ("PROPOSE_AGREEMENT", None, "PENDING_SIGNATURE"),
        ("COUNTERSIGN", "PENDING_SIGNATURE", "ACTIVE"),
    ]
    documents = await Cases(city.graph).documents(case)
    proposal, countersigned = (json.loads(one["bytes"])["content"] for one in documents[-2:])
    assert countersigned["outcome"] == documents[-2]["digest"]
    assert countersigned["granted"] == proposal["granted"]
    assert {documents[-2]["agency"], documents[-1]["agency"]} == {make_id("ag_", "water"), make_id("ag_", "power")}
    tier = await city.graph.read(
        "MATCH (d:Dataset {id: $id}) RETURN d.shareType", {"id": (await city.case(case))["dataset"]}
    )
    assert tier == "NON_SHARED"


async def test_a_failed_negotiation_is_coordinated_and_the_provider_signs_what_is_shared(city: City) -> None:
    case = await failed(city)
    assert (await state(city, case), await city.owners(case)) == ("FAILED", ["CENTER"])
    await city.move("center", case, Act.COORDINATE)
    assert await city.owners(case) == ["CENTER", "water"]
    await city.move("provider", case, Act.STATE_POSITION)
    await city.move("center", case, Act.PROPOSE_SHARE, "仅本次", fields=(KEPT,))
    assert (await grants(city), await city.owners(case)) == ([("PENDING_SIGNATURE", [KEPT])], ["water"])
    refused = await city.refused("consumer", await city.step(case, Act.COUNTERSIGN, ""))
    assert refused.code == "NOT_ALLOWED"  # the regulation names the center and the provider
    assert (await city.refused("center", await city.step(case, Act.COUNTERSIGN, ""))).code == "NOT_ALLOWED"  # R4.3
    await city.move("provider", case, Act.COUNTERSIGN, "")
    assert (await state(city, case), await grants(city)) == ("RESOLVED_SHARE", [("ACTIVE", [KEPT])])


async def test_coordination_ends_without_sharing_by_a_reason(city: City) -> None:
    case = await failed(city)
    await city.move("center", case, Act.COORDINATE)
    assert (await city.refused("center", await city.step(case, Act.RESOLVE_NO_SHARE, " "))).code == "EMPTY_TEXT"
    assert (await city.refused("center", await city.step(case, Act.RESOLVE_NO_SHARE))).code == "NO_BASIS"
    await city.move("center", case, Act.RESOLVE_NO_SHARE, "法律禁止", basis=BASIS)
    assert (await state(city, case), await grants(city)) == ("RESOLVED_NO_SHARE", [])


async def test_a_position_lets_what_was_proposed_lapse(city: City) -> None:
    case = await negotiating(city)
    await city.move("provider", case, Act.PROPOSE_AGREEMENT, fields=(KEPT,))
    await city.move("consumer", case, Act.STATE_POSITION, "期限太短")
    assert (await state(city, case), await grants(city)) == ("NEGOTIATING", [("EXPIRED", [KEPT])])
    city.now += timedelta(minutes=1)
    await city.move("provider", case, Act.PROPOSE_AGREEMENT, fields=(KEPT,))
    await city.move("consumer", case, Act.COUNTERSIGN, "")
    assert await grants(city) == [("EXPIRED", [KEPT]), ("ACTIVE", [KEPT])]


@pytest.mark.parametrize(
    ("who", "act"),
    [
        ("center", Act.COORDINATE),
        ("center", Act.PROPOSE_SHARE),
        ("center", Act.RESOLVE_NO_SHARE),
        ("provider", Act.COUNTERSIGN),
        ("consumer", Act.PROPOSE_AGREEMENT),
        ("consumer", Act.PROPOSE_FAILURE),
    ],
)
async def test_no_step_is_skipped(city: City, who: str, act: Act) -> None:
    case = await requested(city)
    fields = (KEPT,) if act in (Act.PROPOSE_AGREEMENT, Act.PROPOSE_SHARE) else ()
    denied = await city.refused(who, Move(case, 1, act, "意见", fields, BASIS))
    assert denied.code == ("NOT_FOUND" if who == "center" else "NOT_NOW")


async def test_who_proposed_does_not_accept(city: City) -> None:
    case = await negotiating(city)
    await city.move("provider", case, Act.PROPOSE_FAILURE)
    for officer in ("provider", "provider2"):
        assert (await city.refused(officer, await city.step(case, Act.COUNTERSIGN, ""))).code == "OWN_PROPOSAL"


async def test_the_center_is_shown_a_case_from_where_it_coordinates(city: City) -> None:  # R16.3c
    cases, center = Cases(city.graph), city.officers["center"].subject
    case = await negotiating(city)
    assert await cases.one(center, case) is None
    assert await cases.page(center, None, None, 10) == []
    await city.move("consumer", case, Act.PROPOSE_FAILURE)
    await city.move("provider", case, Act.COUNTERSIGN, "")
    assert (await cases.one(center, case) or {})["state"] == "FAILED"
    assert [one["id"] for one in await cases.page(center, Party.CENTER, None, 10)] == [case]
    assert [one["about"] for one in await cases.tasks(center, 10)] == [case]


async def test_who_acted_for_the_consumer_does_not_coordinate(city: City) -> None:
    """Who moved to the center since is told, and another officer of it takes over."""
    case = await failed(city)
    moved = await city.hire("moved", "bdc", Role.CENTER)
    await city.graph.run(
        "MATCH (c:Case {id: $id}) SET c.consumers = c.consumers + $person", {"id": case, "person": moved.subject.id}
    )
    assert (await city.refused("moved", await city.step(case, Act.COORDINATE))).code == "OWN_APPLICATION"
    await city.move("center", case, Act.COORDINATE)


async def test_fields_that_are_shown_are_asked_for_by_name_and_nothing_else_is_agreed(city: City) -> None:
    made = await city.act("consumer", city.scope("mixed", "asked", "withheld"))
    assert (await city.case(made["case"]))["kind"] == "NEGOTIATION"
    await city.move("provider", made["case"], Act.NEGOTIATE)
    also = make_id("fd_", DATASETS["mixed"].identifier, "also")
    step = await city.step(made["case"], Act.PROPOSE_AGREEMENT, fields=(also,))
    assert (await city.refused("provider", step)).code == "UNKNOWN_FIELD"
    await city.move("consumer", made["case"], Act.PROPOSE_AGREEMENT, fields=(WITHHELD,))
    await city.move("provider2", made["case"], Act.COUNTERSIGN, "")
    assert await grants(city) == [("ACTIVE", [WITHHELD])]


@pytest.mark.parametrize(
    ("act", "more", "code"),
    [
        (Act.STATE_POSITION, {"statement": " "}, "EMPTY_TEXT"),
        (Act.STATE_POSITION, {"fields": (KEPT,)}, "FIELDS_NAMED"),
        (Act.PROPOSE_AGREEMENT, {}, "NO_FIELDS"),
        (Act.PROPOSE_AGREEMENT, {"fields": (KEPT, KEPT)}, "DOUBLE_FIELD"),
        (Act.PROPOSE_AGREEMENT, {"fields": ("fd_elsewhere",)}, "UNKNOWN_FIELD"),
        (Act.APPROVE, {}, "BAD_ACT"),
    ],
)
async def test_a_step_that_lacks_something_is_not_prepared(
    city: City, act: Act, more: dict[str, Any], code: str
) -> None:
    case = await negotiating(city)
    assert (await city.refused("provider", await city.step(case, act, **more))).code == code


async def test_a_consumer_names_no_field_that_is_not_shown_to_them(city: City) -> None:
    assert (await city.refused("consumer", city.scope("kept", "a"))).code == "UNKNOWN_FIELD"
    case = await negotiating(city)
    step = await city.step(case, Act.PROPOSE_AGREEMENT, fields=(KEPT,))
    assert (await city.refused("consumer", step)).code == "UNKNOWN_FIELD"


async def test_a_pending_grant_is_nothing_to_suspend_or_revoke(city: City) -> None:
    case = await negotiating(city)
    offered = await city.move("provider", case, Act.PROPOSE_AGREEMENT, fields=(KEPT,))
    for who, act in (("center", Act.SUSPEND), ("provider", Act.REVOKE)):
        assert (await city.refused(who, on_grant(offered["grant"], act))).code == "NOT_NOW"


async def test_a_request_is_withdrawn_until_something_is_proposed(city: City) -> None:
    case, subject = await negotiating(city), city.officers["consumer"].subject
    await city.move("provider", case, Act.PROPOSE_FAILURE)
    with pytest.raises(Denied) as late:
        await city.filing.withdraw(subject, city.cause(subject), case, 3, city.key())
    assert late.value.code == "NOT_NOW"
    await city.move("consumer", case, Act.STATE_POSITION)
    await city.filing.withdraw(subject, city.cause(subject), case, 4, city.key())
    assert (await state(city, case), await city.owners(case)) == ("WITHDRAWN", [])
