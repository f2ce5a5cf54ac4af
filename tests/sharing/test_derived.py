"""A field goes as what it was made from goes, and what nobody may pass on goes in changed form neither (R17.2)."""

from typing import Final

import pytest

from gateway.graph import make_id
from gateway.sharing.entry import BelowSources
from gateway.sharing.words import Act
from tests.plan.asking import Gateway
from tests.sharing.city import DATASETS, City, answer, on_grant
from tests.sharing.test_procedures import field
from tests.sharing.test_ways import ways

ANSWER: Final = (
    "mutation($input: PrepareAnswerInput!) { prepareAnswer(input: $input) { problems { code message path } } }"
)
FREE, MIXED = (make_id("ds_", DATASETS[name].identifier) for name in ("free", "mixed"))
WATER, POWER, CENTER = (make_id("ag_", code) for code in ("water", "power", "bdc"))


async def tighten(city: City, dataset: str, field: str, tier: str | None) -> None:
    """As settling has it."""
    given = {"id": make_id("fd_", DATASETS[dataset].identifier, field), "tier": tier}
    await city.graph.run("MATCH (f:Field {id: $id}) SET f.lineageTier = $tier", given)


async def hold(city: City, dataset: str, *owners: str) -> None:
    """The same of data that others gave for their own use."""
    statement = "MATCH (d:Dataset {id: $id}) SET d.noRedistributionOf = $owners, d.inheritedNoRedistribution = true"
    await city.graph.run(statement, {"id": dataset, "owners": owners})


@pytest.fixture(autouse=True)
async def loosened(city: City) -> None:
    """Nothing is made from anything."""
    await city.graph.run("MATCH (f:Field) REMOVE f.lineageTier")
    await city.graph.run("MATCH (d:Dataset) REMOVE d.noRedistributionOf, d.inheritedNoRedistribution")


async def test_the_way_to_a_field_is_that_of_what_it_was_made_from(city: City) -> None:
    consumer = city.officers["consumer"].subject
    await tighten(city, "free", "a", "CC")
    assert await ways(city, consumer, "free") == {"DECLARATION": ["b"], "APPLICATION": ["a"]}
    await tighten(city, "free", "a", "NN_L")
    assert await ways(city, consumer, "free") == {"DECLARATION": ["b"], "NEGOTIATION": ["a"]}
    document = (await city.prepare("consumer", city.scope("free", "a")))["document"]
    assert '"procedure":"NEGOTIATION"' in document


async def test_nothing_is_opened_that_was_made_from_what_is_not(city: City) -> None:
    await tighten(city, "mixed", "asked", "CN_P")
    assert await ways(city, city.citizens["citizen"], "mixed") == {"OPENING": ["also"]}
    with pytest.raises(Exception, match="not opened") as refused:
        await city.apply("citizen", "mixed", "asked")
    assert refused.value.code == "NOT_OPEN"  # type: ignore[attr-defined]


async def test_what_became_stricter_since_it_was_prepared_is_not_filed(city: City) -> None:
    prepared = await city.prepare("consumer", city.scope("free", "a"))
    await tighten(city, "free", "a", "CC")
    with pytest.raises(Exception, match="prepare it anew"):
        await city.file("consumer", prepared["signing"], city.sign("consumer", prepared["document"]))


async def test_what_was_asked_for_is_not_granted_when_its_source_has_become_stricter(city: City) -> None:
    case = await city.applied("asked")
    await tighten(city, "mixed", "asked", "NN_L")
    denied = await city.refused("provider", answer(case, Act.APPROVE))
    assert isinstance(denied, BelowSources)
    assert (denied.code, denied.field, denied.own, denied.effective) == ("BELOW_SOURCES", field("asked"), "CC", "NN_L")
    # Over GraphQL they are told by what, as far as they may know.
    gateway = Gateway(city.graph)
    gateway.filing = city.filing
    given = {"accessRequest": case, "version": 1, "answer": "APPROVE", "idempotencyKey": "below-sources"}
    data = await gateway.data(ANSWER, {"input": given}, city.officers["provider"].subject)
    (problem,) = data["prepareAnswer"]["problems"]
    assert (problem["code"], problem["path"]) == ("BELOW_SOURCES", ["fields"])
    assert problem["message"].endswith("It is so strict by this: a source that you may not see.")


async def test_a_grant_in_force_goes_on(city: City) -> None:
    """They are named, and not ended: what was signed stands until its provider acts."""
    grant = (await city.act("consumer", city.scope("free", "a")))["grant"]
    await tighten(city, "free", "a", "NN_L")
    assert (await city.grant(grant))["status"] == "ACTIVE"
    await city.act("center", on_grant(grant, Act.SUSPEND))
    await city.act("center", on_grant(grant, Act.RESUME, 2))


async def test_data_that_others_gave_goes_to_no_third_party(city: City) -> None:
    await hold(city, FREE, CENTER)
    denied = await city.refused("consumer", city.scope("free", "a"))
    assert denied.code == "NO_REDISTRIBUTION"
    assert "R17.2" in str(denied)
    assert CENTER not in str(denied), "whose it is, is not said"
    (event,) = city.events("change.refused")
    assert event["data"]["code"] == "NO_REDISTRIBUTION"
    assert event["about"]["datasets"] == [FREE]
    # Who owns all of it may have it back; of two owners neither may have the other's.
    await hold(city, FREE, POWER)
    await city.prepare("consumer", city.scope("free", "a"))
    await hold(city, FREE, CENTER, POWER)
    assert (await city.refused("consumer", city.scope("free", "a"))).code == "NO_REDISTRIBUTION"


async def test_nor_is_it_opened_answered_filed_or_resumed(city: City) -> None:
    prepared = await city.prepare("consumer", city.scope("free", "a"))
    case = await city.applied("asked")
    grant = (await city.act("consumer", city.scope("free", "b")))["grant"]
    await city.act("center", on_grant(grant, Act.SUSPEND))
    for dataset in (FREE, MIXED):
        await hold(city, dataset, CENTER)
    with pytest.raises(Exception, match="third party"):
        await city.apply("citizen", "mixed", "also")
    with pytest.raises(Exception, match="third party"):
        await city.file("consumer", prepared["signing"], city.sign("consumer", prepared["document"]))
    assert (await city.refused("provider", answer(case, Act.APPROVE))).code == "NO_REDISTRIBUTION"
    assert (await city.refused("center", on_grant(grant, Act.RESUME, 2))).code == "NO_REDISTRIBUTION"
    # To refuse an application, and to revoke a grant, is what is left.
    await city.act("provider", on_grant(grant, Act.REVOKE, 2))
