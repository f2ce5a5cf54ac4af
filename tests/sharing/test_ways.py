"""What an applicant is told before applying is what then happens."""

from dataclasses import replace

from gateway.catalog import write_entries
from gateway.graph import make_id
from gateway.identity import PUBLIC, Subject
from gateway.sharing.reading import Cases
from gateway.vocabulary import Status
from tests.sharing.city import DATASETS, City


async def ways(city: City, subject: Subject, dataset: str) -> dict[str, list[str]] | None:
    identifier = make_id("ds_", DATASETS[dataset].identifier)
    found = await Cases(city.graph).ways(subject, city.policy.table_for(subject.profile), identifier)
    return None if found is None else {way.procedure: [one["name"] for one in way.fields] for way in found}


async def test_between_agencies_the_sharing_tier_says_how_each_field_is_had(city: City) -> None:
    consumer = city.officers["consumer"].subject
    assert await ways(city, consumer, "free") == {"DECLARATION": ["a", "b"]}
    assert await ways(city, consumer, "mixed") == {
        "DECLARATION": ["open"],
        "APPLICATION": ["asked", "also"],
        "NEGOTIATION": ["withheld"],
    }
    assert await ways(city, consumer, "kept") == {"NEGOTIATION": []}, "its fields are shown to nobody else"
    assert await ways(city, city.officers["provider"].subject, "mixed") == {}, "one's own"


async def test_for_everybody_else_the_opening_tier_says_it(city: City) -> None:
    for subject in (city.citizens["citizen"], PUBLIC):
        assert await ways(city, subject, "free") == {}
        assert await ways(city, subject, "mixed") == {"OPENING": ["asked", "also"]}
        assert await ways(city, subject, "kept") is None


async def test_each_way_is_the_one_that_an_application_takes(city: City) -> None:
    told = await ways(city, city.officers["consumer"].subject, "mixed") or {}
    for way, fields in told.items():
        for name in fields:
            document = (await city.prepare("consumer", city.scope("mixed", name)))["document"]
            assert f'"procedure":"{way}"' in document


async def test_what_is_not_published_has_no_way(city: City) -> None:
    await write_entries(city.graph, [replace(DATASETS["mixed"], status=Status.DRAFT)])
    assert await ways(city, city.officers["consumer"].subject, "mixed") is None
