"""Masks are part of an entry: checked with it, kept with its fields, and in its versions (R23.1)."""

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from gateway.catalog import Code, Entry, FieldSpec, Rejected, validate, write_entries
from gateway.catalog.fsck import check_graph
from gateway.catalog.fsck_rules import Difference
from gateway.graph import Graph
from gateway.masks import Audience, BadMask, Mask, MaskKind, kept_text, read_kept
from gateway.vocabulary import DataType
from tests.catalog.entries import ENTRY, ground
from tests.catalog.reading import fields, versions

SURNAME = Mask("surname", 1, MaskKind.TRUNCATE, length=1)
STEPS = Mask("steps", 2, MaskKind.GENERALISE, step=Decimal("0.5"))


def masked(**masks: Mask) -> Entry:
    """The entry with rules for the inspector's name."""
    station, inspector = ENTRY.fields
    given = {Audience(name): mask for name, mask in masks.items()}
    return replace(ENTRY, fields=(station, replace(inspector, masks=given)))


async def kept(graph: Graph) -> list[object]:
    return [json.loads(one["masks"]) if "masks" in one else None for one in await fields(graph, ENTRY.identifier)]


async def test_a_mask_is_kept_with_its_field_and_can_be_read_again(graph: Graph) -> None:
    await ground(graph)
    await write_entries(graph, [masked(SHARING=SURNAME, OPENING=Mask("no", 1, MaskKind.DROP))])
    assert await kept(graph) == [
        None,
        {"SHARING": SURNAME.stated, "OPENING": {"name": "no", "version": 1, "kind": "DROP"}},
    ]


async def test_a_changed_mask_is_a_new_version_and_the_same_one_is_none(graph: Graph) -> None:
    await ground(graph)
    for entry in (ENTRY, masked(OPENING=SURNAME), masked(OPENING=SURNAME), masked(OPENING=replace(SURNAME, version=2))):
        await write_entries(graph, [entry])
    first, second, third = await versions(graph, ENTRY.identifier)
    said = [json.loads(one["snapshot"])["fields"][1].get("masks") for one in (first, second, third)]
    assert [text and json.loads(text)["OPENING"]["version"] for text in said] == [None, 1, 2]
    assert len({one["digest"] for one in (first, second, third)}) == 3


async def test_a_mask_that_is_taken_away_is_gone(graph: Graph) -> None:
    await ground(graph)
    await write_entries(graph, [masked(OPENING=SURNAME)])
    await write_entries(graph, [ENTRY])
    assert await kept(graph) == [None, None]


@pytest.mark.parametrize(
    ("data_type", "mask"),
    [
        (DataType.STRING, STEPS),
        (None, STEPS),  # what states no type is delivered as text
        (DataType.INTEGER, STEPS),
        (DataType.DATE, SURNAME),
        (DataType.BOOLEAN, Mask("hash", 1, MaskKind.HASH)),
    ],
)
async def test_a_mask_that_does_not_go_with_its_field_is_refused(
    graph: Graph, data_type: DataType | None, mask: Mask
) -> None:
    entry = replace(ENTRY, fields=(FieldSpec("x", data_type=data_type, masks={Audience.OPENING: mask}),))
    (problem,) = validate(entry)
    assert (problem.code, problem.path) == (Code.MASK_UNFIT, "fields[0].masks.OPENING")
    with pytest.raises(Rejected, match="MASK_UNFIT"):
        await write_entries(graph, [entry])


@pytest.mark.parametrize("text", ["null", "[]", '{"NOBODY": {}}', '{"OPENING": {"name": "x"}}', "{", '{"OPENING": 1}'])
def test_what_is_kept_and_no_mask_is_not_taken_for_none(text: str) -> None:
    with pytest.raises(BadMask):
        read_kept(text)


def test_what_is_kept_is_what_is_read() -> None:
    masks = {Audience.OPENING: SURNAME, Audience.SHARING: STEPS}
    assert read_kept(kept_text(masks)) == masks
    assert (kept_text({}), read_kept(None)) == (None, {})


@pytest.mark.parametrize(
    ("text", "check"),
    [
        ('{"OPENING": {"name": "x", "version": 1, "kind": "MONTH"}}', "mask for OPENING"),
        ('{"OPENING": {"name": "x"}}', "masks"),
        ("nothing", "masks"),
    ],
)
async def test_fsck_finds_masks_that_cannot_be_applied(graph: Graph, text: str, check: str) -> None:
    await ground(graph)
    await write_entries(graph, [masked(OPENING=SURNAME)])
    found: list[Difference] = []
    await check_graph(graph, found.append)
    assert found == []
    await graph.run("MATCH (f:Field {name: 'inspector'}) SET f.masks = $text", {"text": text})
    await check_graph(graph, found.append)
    assert [one.check for one in found] == [check]
