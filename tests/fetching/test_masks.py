"""Masks from the catalogue to the rows: as granted under a grant, as they are now without one (R23.1)."""

from dataclasses import replace

from gateway.catalog import write_entries
from gateway.identity import PUBLIC, Subject
from gateway.masks import Audience, Mask, MaskKind
from gateway.sharing.words import Purpose
from tests.fetching.depot import ROWS, Depot
from tests.sharing.city import DATASETS

FIRST = Mask("first", 1, MaskKind.TRUNCATE, length=1)
HASHED = Mask("hashed", 1, MaskKind.HASH)
DROPPED = Mask("dropped", 1, MaskKind.DROP)


async def masked(depot: Depot, **masks: Mask) -> None:
    """Give `b` of the free entry these rules, and no others."""
    a, b = DATASETS["free"].fields
    given = {Audience(name): mask for name, mask in masks.items()}
    await write_entries(depot.city.graph, [replace(DATASETS["free"], fields=(a, replace(b, masks=given)))])


async def values(depot: Depot, who: object, **wanted: object) -> list[str | None]:
    """What somebody gets of `b`."""
    rows = await depot.fetch(who, **wanted)  # type: ignore[arg-type]
    return [row.get("b") for row in rows]


async def test_a_grant_gives_what_its_mask_leaves_and_goes_on_doing_so(depot: Depot) -> None:
    await masked(depot, SHARING=FIRST, OPENING=DROPPED)
    token = await depot.holding()
    assert await values(depot, token) == ["b"] * len(ROWS)
    await masked(depot, SHARING=DROPPED)
    assert await values(depot, token) == ["b"] * len(ROWS)
    await masked(depot)
    assert await values(depot, token) == ["b"] * len(ROWS)


async def test_a_grant_without_a_mask_stays_so_when_there_is_one(depot: Depot) -> None:
    token = await depot.holding()
    before = sorted(map(str, await values(depot, token)))
    await masked(depot, SHARING=DROPPED)
    assert sorted(map(str, await values(depot, token))) == before


async def test_a_hash_is_the_same_within_a_grant_and_another_in_another(depot: Depot) -> None:
    await masked(depot, SHARING=HASHED)
    first, second = await depot.holding("b"), await depot.holding("b", purpose=Purpose.STATISTICS)
    one, again, other = [{*await values(depot, token)} for token in (first, first, second)]
    assert one == again
    assert len(one) == len(other) == 7  # as many as there are values
    assert not one & other


async def test_what_is_open_goes_by_the_mask_of_now(depot: Depot) -> None:  # R24.1
    await masked(depot, OPENING=FIRST, SHARING=DROPPED)
    assert await values(depot, PUBLIC) == ["b"] * len(ROWS)
    await masked(depot, OPENING=DROPPED)
    assert await values(depot, PUBLIC) == [None] * len(ROWS)
    own: Subject = depot.city.officers["provider"].subject
    assert {*await values(depot, own)} == {f"b{n}" for n in range(7)}
