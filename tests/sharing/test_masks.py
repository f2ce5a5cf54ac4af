"""Masks: the rule in force is copied into the answer and the grant, and what is granted stays as it was (R23.1)."""

import json
from dataclasses import replace
from typing import Any

import pytest

from gateway.audit.ledger import Denied
from gateway.catalog import write_entries
from gateway.masks import Audience, Mask, MaskKind
from gateway.sharing.reading import Cases
from gateway.sharing.words import Act
from tests.sharing.city import DATASETS, City, answer
from tests.sharing.test_procedures import field

SHARED = Mask("names", 1, MaskKind.TRUNCATE, length=1)
OPENED = Mask("names-open", 3, MaskKind.HASH)
STRICTER = Mask("names", 2, MaskKind.DROP)


async def masked(city: City, dataset: str, *fields: str, **masks: Mask | None) -> None:
    """Give fields of an entry these masks, and its others none."""
    entry = DATASETS[dataset]
    given = {Audience(name): mask for name, mask in masks.items() if mask is not None}
    rewritten = tuple(replace(one, masks=given if one.name in fields else {}) for one in entry.fields)
    await write_entries(city.graph, [replace(entry, fields=rewritten)])


async def granted(city: City, grant: str) -> dict[str, Any]:
    """The mask of each field of a grant that has one, as it is signed."""
    scope = json.loads((await city.grant(grant))["scope"])
    return {one["name"]: one["mask"] for one in scope["fields"] if "mask" in one}


async def test_a_declaration_states_the_masks_of_sharing(city: City) -> None:
    await masked(city, "free", "b", SHARING=SHARED, OPENING=OPENED)
    made = await city.act("consumer", city.scope("free", "a", "b"))
    assert await granted(city, made["grant"]) == {"b": SHARED.stated}
    (declaration,) = await Cases(city.graph).documents(made["case"])
    assert json.loads(declaration["bytes"])["content"] == json.loads((await city.grant(made["grant"]))["scope"])


async def test_an_answer_states_the_masks_in_force_when_it_is_given(city: City) -> None:
    case = await city.applied("open", "asked")
    await masked(city, "mixed", "asked", SHARING=SHARED, OPENING=OPENED)
    made = await city.act("provider", answer(case, Act.APPROVE))
    assert await granted(city, made["grant"]) == {"asked": SHARED.stated}
    application, approval = (json.loads(one["bytes"])["content"] for one in await Cases(city.graph).documents(case))
    assert all("mask" not in one for one in application["fields"])
    assert approval["granted"]["fields"] == [
        {"id": field("open"), "name": "open"},
        {"id": field("asked"), "name": "asked", "mask": SHARED.stated},
    ]


async def test_an_opening_states_those_of_opening(city: City) -> None:  # R22, R24.2
    await masked(city, "mixed", "asked", SHARING=SHARED, OPENING=OPENED)
    made = await city.apply("citizen", "mixed", "open", "asked")
    case = str(made["case"])
    await city.act("provider", answer(case, Act.ACCEPT))
    await masked(city, "mixed", "asked", OPENING=STRICTER)  # later steps repeat what the answer says
    await city.move("provider2", case, Act.AUTHORISE, "")
    opened = await city.move("center", case, Act.OPEN, "")
    assert await granted(city, opened["grant"]) == {"asked": OPENED.stated}


async def test_a_negotiation_states_those_of_sharing(city: City) -> None:  # R16.3
    await masked(city, "kept", "a", SHARING=SHARED, OPENING=OPENED)
    case = (await city.act("consumer", city.scope("kept")))["case"]
    await city.move("provider", case, Act.NEGOTIATE)
    await city.move("provider", case, Act.PROPOSE_AGREEMENT, fields=(field("a", "kept"),))
    await masked(city, "kept", "a", SHARING=STRICTER)
    agreed = await city.move("consumer", case, Act.COUNTERSIGN, "")
    assert await granted(city, agreed["grant"]) == {"a": SHARED.stated}


async def test_a_changed_mask_changes_no_grant_and_is_other_data_than_before(city: City) -> None:
    await masked(city, "free", "b", SHARING=SHARED)
    made = await city.act("consumer", city.scope("free", "a", "b"))
    await masked(city, "free", "b", SHARING=STRICTER)
    assert await granted(city, made["grant"]) == {"b": SHARED.stated}
    again = await city.act("consumer", city.scope("free", "a", "b"))  # other data than what is held
    assert await granted(city, again["grant"]) == {"b": STRICTER.stated}
    assert (await city.refused("consumer", city.scope("free", "b"))).code == "ALREADY_GRANTED"


@pytest.mark.parametrize("act", ["declaration", "answer"])
async def test_what_was_prepared_under_another_mask_is_not_filed(city: City, act: str) -> None:
    if act == "declaration":
        who, prepared = "consumer", await city.prepare("consumer", city.scope("free", "a"))
    else:
        case = await city.applied("open", "asked")
        who, prepared = "provider", await city.prepare("provider", answer(case, Act.APPROVE))
    await masked(city, "free", "a", SHARING=SHARED)
    await masked(city, "mixed", "asked", SHARING=SHARED)
    with pytest.raises(Denied) as denied:
        await city.file(who, prepared["signing"], city.sign(who, prepared["document"]))
    assert denied.value.code == ("ENTRY_CHANGED" if act == "declaration" else "MASK_CHANGED")


async def test_without_masks_documents_say_nothing_of_them(city: City) -> None:
    prepared = await city.prepare("consumer", city.scope("free", "a"))
    assert "mask" not in prepared["document"]
