"""What is open on conditions: anybody applies, the provider authorises, the center opens, alike for all (24.2, 21)."""

import json
from dataclasses import replace

import pytest

from gateway.audit.ledger import Denied
from gateway.catalog import write_entries
from gateway.graph import make_id
from gateway.identity import PUBLIC, Subject
from gateway.sharing.acts import Opening, Organisation
from gateway.sharing.reading import Cases
from gateway.sharing.words import Act, Purpose
from gateway.signing import KeyUnusable, Seal
from gateway.vocabulary import Role
from tests.sharing.city import BASIS, DATASETS, WITHHELD, City, answer
from tests.sharing.test_procedures import field


async def applied(city: City, who: str = "citizen", *fields: str) -> str:
    made = await city.apply(who, "mixed", *(fields or ("open", "asked")))
    return str(made["case"])


async def opened(city: City, case: str) -> str:
    await city.act("provider", answer(case, Act.ACCEPT))
    await city.move("provider2", case, Act.AUTHORISE, "")
    made = await city.move("center", case, Act.OPEN, "")
    return str(made["grant"])


async def test_from_application_to_opening(city: City) -> None:
    case = await applied(city)
    held = await city.case(case)
    assert (held["kind"], held["state"], held["consumer"]) == ("OPENING", "SUBMITTED", city.citizens["citizen"].id)
    # Fifteen working days, by hand: 11 to 14 February, 24 to 28, 2 to 6 March, and the 9th.
    assert held["deadline"]["dueAt"] == "2026-03-09T15:59:59.999Z"
    assert await city.owners(case) == ["water"]
    await city.act("provider", answer(case, Act.ACCEPT))
    assert await city.owners(case) == ["water"]
    await city.move("provider2", case, Act.AUTHORISE, "")
    assert await city.owners(case) == ["CENTER"]
    made = await city.move("center", case, Act.OPEN, "")
    grant = await city.grant(made["grant"])
    assert (grant["status"], grant["fields"]) == ("ACTIVE", [field("open"), field("asked")])
    to = await city.graph.read("MATCH (:Grant {id: $id})-[:TO]->(p:Person) RETURN p.id", {"id": made["grant"]})
    assert to == city.citizens["citizen"].id
    documents = await Cases(city.graph).documents(case)
    assert [one["act"] for one in documents] == ["APPLY", "ACCEPT", "AUTHORISE", "OPEN"]
    authorisation, opening = (json.loads(one["bytes"])["content"] for one in documents[2:])
    assert opening["authorisation"] == documents[2]["digest"]
    assert opening["granted"] == authorisation["granted"] == json.loads(grant["scope"])


async def test_the_receipt_is_signed_by_the_gateway_and_everything_else_by_officers(city: City) -> None:
    case = await applied(city)
    await opened(city, case)
    receipt, *others = await Cases(city.graph).documents(case)
    assert (receipt["person"], receipt["role"], receipt["agency"]) == (None, None, None)
    assert json.loads(receipt["bytes"])["by"]["person"]["id"] == city.citizens["citizen"].id
    assert [one["role"] for one in others] == ["OFFICER", "HEAD", "CENTER"]


async def test_no_officer_signs_a_receipt_and_the_gateway_nothing_else(city: City) -> None:
    officer = city.officers["consumer"]
    table = city.policy.table_for(officer.subject.profile)
    opening = Opening(city.scope("mixed", "asked"), None)
    prepared = await city.filing.prepare(officer.subject, table, city.cause(officer.subject), opening, city.key())
    with pytest.raises(Denied) as denied:
        await city.file("consumer", prepared["signing"], city.sign("consumer", prepared["document"]))
    assert denied.value.code == "OTHER_SIGNER"


async def test_the_center_cannot_open_without_the_authorisation(city: City) -> None:
    case = await applied(city)
    assert (await city.refused("center", await city.step(case, Act.OPEN, ""))).code == "NOT_FOUND"
    await city.act("provider", answer(case, Act.ACCEPT))
    assert (await city.refused("center", await city.step(case, Act.OPEN, ""))).code == "NOT_FOUND"
    assert (await city.refused("provider", await city.step(case, Act.OPEN, ""))).code == "NOT_NOW"
    await city.move("provider", case, Act.AUTHORISE, "")
    assert (await city.refused("provider", await city.step(case, Act.OPEN, ""))).code == "NOT_ALLOWED"


async def test_a_refusal_says_why_and_a_withdrawal_comes_before_the_answer(city: City) -> None:
    case = await applied(city)
    assert (await city.refused("provider", answer(case, Act.REFUSE))).code == "EMPTY_TEXT"
    assert (await city.refused("provider", answer(case, Act.APPROVE))).code == "NOT_NOW"
    citizen = city.citizens["citizen"]
    await city.filing.withdraw(citizen, city.cause(citizen), case, 1, city.key())
    assert (await city.refused("provider", answer(case, Act.ACCEPT))).code == "NOT_NOW"
    again = await applied(city)
    neighbour = city.citizens["neighbour"]
    with pytest.raises(Denied) as hidden:
        await city.filing.withdraw(neighbour, city.cause(neighbour), again, 1, city.key())
    assert hidden.value.code == "NOT_FOUND"
    made = await city.act("provider", answer(again, Act.REFUSE, reason="不符合", basis=BASIS))
    assert made["grant"] is None


async def test_an_organisation_is_named_and_an_agency_applies_by_its_officer(city: City) -> None:
    company = Organisation("庆阳物流有限公司", "91621000MA00000000")
    case = (await city.apply("citizen", "mixed", "asked", organisation=company))["case"]
    (receipt,) = await Cases(city.graph).documents(case)
    assert json.loads(receipt["bytes"])["content"]["organisation"] == company.stated
    with pytest.raises(Denied) as bad:
        await city.apply("citizen", "mixed", "asked", organisation=Organisation("x", ""), purpose=Purpose.RESEARCH)
    assert bad.value.code == "EMPTY_TEXT"
    agency = await city.case((await city.apply("consumer", "mixed", "asked"))["case"])
    assert agency["consumer"] == make_id("ag_", "power")
    with pytest.raises(Denied) as staff:
        await city.apply("staff", "mixed", "also")
    assert staff.value.code == "NOT_ALLOWED"


@pytest.mark.parametrize(
    ("dataset", "fields", "code"),
    [
        ("mixed", ("open",), None),
        ("mixed", ("withheld",), "UNKNOWN_FIELD"),
        ("kept", ("a",), "NOT_FOUND"),
        ("free", ("a",), "ALREADY_OPEN"),
        ("mixed", (), "NO_FIELDS"),
    ],
)
async def test_what_can_be_applied_for(city: City, dataset: str, fields: tuple[str, ...], code: str | None) -> None:
    if (dataset, fields) == ("mixed", ("open",)):
        code = "ALREADY_OPEN"
    with pytest.raises(Denied) as denied:
        await city.apply("citizen", dataset, *fields)
    assert denied.value.code == code


async def test_an_agencys_officer_learns_why_something_is_not_opened(city: City) -> None:
    with pytest.raises(Denied) as denied:
        await city.apply("consumer", "mixed", "withheld")
    assert denied.value.code == "NOT_OPEN"


async def test_nobody_applies_without_signing_in(city: City) -> None:
    opening = Opening(city.scope("mixed", "asked"))
    with pytest.raises(Denied) as denied:
        await city.filing.apply_for_opening(
            PUBLIC, city.policy.table_for(PUBLIC.profile), city.cause(PUBLIC), opening, city.key()
        )
    assert denied.value.code == "NOT_ALLOWED"


async def test_an_application_again_by_its_key_is_the_same_and_otherwise_waits(city: City) -> None:
    first = await city.apply("citizen", "mixed", "asked", key="the-same-key")
    assert await city.apply("citizen", "mixed", "asked", key="the-same-key") == first
    with pytest.raises(Denied) as twice:
        await applied(city)
    assert twice.value.code == "ALREADY_APPLIED"
    await applied(city, "neighbour")
    assert await city.graph.read("MATCH (c:Case) RETURN count(c)") == 2


async def test_without_a_key_of_its_own_the_gateway_takes_no_application(city: City) -> None:
    def nothing() -> Seal:
        raise KeyUnusable("this gateway has no key for receipts")

    kept, city.filing = city.filing, replace(city.filing, seal=nothing)
    try:
        with pytest.raises(Denied) as denied:
            await applied(city)
    finally:
        city.filing = kept
    assert denied.value.code == "NO_SEAL"
    assert await city.graph.read("MATCH (c:Case) RETURN count(c)") == 0


async def test_what_is_withheld_meanwhile_is_not_opened(city: City) -> None:
    case = await applied(city)
    await city.act("provider", answer(case, Act.ACCEPT))
    fields = tuple(replace(one, tier=WITHHELD) if one.name == "asked" else one for one in DATASETS["mixed"].fields)
    await write_entries(city.graph, [replace(DATASETS["mixed"], fields=fields)])
    assert (await city.refused("provider", await city.step(case, Act.AUTHORISE, ""))).code == "FIELD_WITHHELD"


async def test_a_different_answer_to_the_same_class_is_shown_to_who_watches_over_it(city: City) -> None:  # R21
    cases = Cases(city.graph)
    accepted, refused = await applied(city), await applied(city, "neighbour", "asked", "open")
    other = await applied(city, "consumer", "asked")
    await city.act("provider", answer(accepted, Act.ACCEPT))
    await city.act("provider", answer(other, Act.REFUSE, reason="不符合", basis=BASIS))
    assert city.events("treatment.differed") == []
    await city.act("provider", answer(refused, Act.REFUSE, reason="不符合", basis=BASIS))
    (event,) = city.events("treatment.differed")
    assert (event["about"]["case"], event["data"]) == (refused, {"other": accepted, "count": 1})
    assert event["about"]["agencies"] == [make_id("ag_", "water")]
    held = await city.case(refused)
    supervisor = Subject("pe_s", "s", make_id("ag_", "gaj"), "ap_s", (held["providerJurisdiction"],))
    for subject in (city.officers["provider"].subject, city.officers["center"].subject, supervisor):
        assert [one["id"] for one in await cases.differing(subject, held) or ()] == [accepted]
    assert await cases.one(city.officers["center"].subject, accepted) is not None
    for subject in (*city.citizens.values(), city.officers["consumer"].subject):
        assert await cases.differing(subject, held) is None


async def test_who_sees_a_citizens_case(city: City) -> None:
    cases, case = Cases(city.graph), await applied(city)
    assert [one["id"] for one in await cases.page(city.citizens["citizen"], None, None, 5)] == [case]
    for subject in (
        city.citizens["neighbour"],
        city.officers["consumer"].subject,
        city.officers["center"].subject,
        PUBLIC,
    ):
        assert await cases.one(subject, case) is None
        assert await cases.page(subject, None, None, 5) == []
    assert [one["id"] for one in await cases.page(city.officers["provider"].subject, None, None, 5)] == [case]


async def test_who_applied_does_not_answer_later_in_an_office(city: City) -> None:
    case = await applied(city)
    hired = await city.hire("hired", "water", Role.OFFICER)
    await city.graph.run(
        "MATCH (c:Case {id: $id}) SET c.consumers = [$person]", {"id": case, "person": hired.subject.id}
    )
    assert (await city.refused("hired", answer(case, Act.ACCEPT))).code == "OWN_APPLICATION"
