"""What names stand for: who may say so, what follows it, and what nobody learns by it."""

from typing import Any

import pytest

from gateway.identity import Subject
from gateway.lineage import LineageNameState, Name, Place, lineage_names
from gateway.vocabulary import FOREVER, Role
from tests.lineage.reporting import NAMESPACE, Desk, at, columns, dataset, event

OURS, OTHER, THEIRS, DRAFT = "621000/water/001", "621000/water/002", "621000/water/009", "621000/water/008"
X, A = Name(NAMESPACE, "x"), Name(NAMESPACE, "a")


async def names(
    desk: Desk, state: LineageNameState, by: Subject | None = None, agency: str = "water", **more: Any
) -> list[str]:
    given = {"most": 10, "start": None, **more}
    by = desk.person("water") if by is None else by
    rows = await lineage_names(desk.graph, by, desk.agencies[agency], state, given["most"], given["start"])
    return [row["name"] for row in rows]


async def unmatched(desk: Desk, agency: str = "water") -> list[str]:
    return await names(desk, LineageNameState.UNMATCHED, desk.person(agency), agency)


async def test_what_was_reported_follows_when_its_name_is_mapped_and_when_it_is_no_more(desk: Desk) -> None:
    facet = columns(station=["a.station"], other=["a.q"])
    await desk.send(event(outputs=[dataset("x", columnLineage=facet)]))
    assert await unmatched(desk) == ["a", "x"]
    assert await desk.names("map", X, "water", OURS) is None
    assert await desk.names("map", A, "water", OTHER, q="inspector") is None
    assert await desk.said() == [
        (OURS, OTHER, at(1), ""),
        (f"{OURS}.station", f"{OTHER}.station", at(1), ""),
        ("x.other", f"{OTHER}.inspector", at(1), ""),
    ]
    assert await unmatched(desk) == []
    assert await names(desk, LineageNameState.MAPPED) == ["a", "x"]
    assert await desk.names("unmap", A, "water", "") is None
    assert await desk.names("unmap", X, "water", "") is None
    assert await desk.said() == [
        ("x", "a", at(1), ""),
        ("x.other", "a.q", at(1), ""),
        ("x.station", "a.station", at(1), ""),
    ]
    assert await unmatched(desk) == ["a", "x"]
    # Nothing was deleted: each step ended what was on record, and nothing was changed but that.
    every = await desk.edges(now=False)
    # Three as they came; mapping x moved two, mapping a all three; and back.
    assert len(every) == 3 + 2 + 3 + 3 + 2
    ended = [one["p"] for one in every if one["p"]["recordedTo"] != FOREVER]
    assert all(one["recordedFrom"] <= one["recordedTo"] for one in ended)
    assert len({one["p"]["id"] for one in every}) == len(every)


async def test_what_is_reported_afterwards_finds_the_entries_at_once(desk: Desk) -> None:
    await desk.names("map", X, "water", OURS)
    await desk.names("map", A, "power", THEIRS)
    desk.forget()
    await desk.send(event(inputs=["a"], outputs=["x"]))
    assert await desk.said() == [(OURS, THEIRS, at(1), "")]
    (recorded,) = desk.events()
    assert (recorded["kind"], len(recorded["about"]["datasets"])) == ("lineage.recorded", 1)
    assert {key: recorded["data"][key] for key in ("system", "events", "runs", "begun", "ended", "datasets")} == {
        "system": "sy_a",
        "events": 1,
        "runs": 1,
        "begun": 1,
        "ended": 0,
        "datasets": 1,
    }


async def test_an_output_is_the_reporters_own_or_nobodys(desk: Desk) -> None:
    """R17.2: what a system says of another agency's data has no effect on that."""
    await desk.names("map", A, "power", THEIRS)
    await desk.send(event(inputs=["b"], outputs=["a"]))
    assert await desk.said() == [("a", "b", at(1), "")]
    (edge,) = await desk.edges()
    assert edge["labels"] == ["External", "External"]
    found = await desk.graph.read("MATCH (x:External) RETURN collect([x.agency, x.accessClass])")
    assert found == [[desk.agencies["water"], "DRAFT"]] * 2
    assert await unmatched(desk) == ["a", "b"]
    assert await unmatched(desk, "power") == []


async def test_ones_own_mapping_comes_first_and_two_of_others_are_none(desk: Desk) -> None:
    await desk.send(event(inputs=["a"], outputs=["x"]))
    await desk.send(event(inputs=["a"], outputs=["y"]), agency="power", system="sy_b")
    await desk.names("map", A, "power", THEIRS)
    assert [edge[1] for edge in await desk.said()] == [THEIRS, THEIRS]
    await desk.names("map", A, "water", OTHER)
    assert sorted((one["p"]["asserter"] == desk.agencies["water"], one["source"]) for one in await desk.edges()) == [
        (False, THEIRS),
        (True, OTHER),
    ]
    third = dict(desk.agencies, road="ag_road")
    desk.agencies.update(third)
    await desk.graph.run("MERGE (a:Agency {code: 'road'}) SET a.id = 'ag_road', a.jurisdiction = 'ju_x'")
    await desk.send(event(inputs=["a"], outputs=["z"]), agency="road", system="sy_c")
    assert next(one["labels"][1] for one in await desk.edges() if one["p"]["asserter"] == "ag_road") == "External"
    await desk.names("unmap", A, "water", "")
    assert next(one["source"] for one in await desk.edges() if one["p"]["asserter"] == "ag_road") == THEIRS


async def test_whoever_maps_a_name_to_a_draft_tells_nobody(desk: Desk) -> None:
    before = await _seen(desk)
    await desk.names("map", A, "power", DRAFT)
    assert await _seen(desk) == before
    await desk.send(event(2, at(2), inputs=["a"], outputs=["x"]), agency="power", system="sy_b")
    assert next(one["source"] for one in await desk.edges() if one["p"]["asserter"] != desk.agencies["water"]) == DRAFT


async def _seen(desk: Desk) -> Any:
    """What another agency sees when it reports, and of what it reported."""
    answer = await desk.send(event(inputs=["a"], outputs=["x"]))
    mine = [one for one in await desk.edges() if one["p"]["asserter"] == desk.agencies["water"]]
    return answer, [(one["target"], one["source"], one["p"]["id"]) for one in mine], await unmatched(desk)


@pytest.mark.parametrize(
    ("agency", "role", "identifier", "name", "code"),
    [
        ("water", Role.STAFF, OURS, "x", "NOT_ALLOWED"),
        ("power", Role.OFFICER, OURS, "x", "NOT_FOUND"),
        ("nobody", Role.PUBLIC, OURS, "x", "NOT_FOUND"),
        ("water", Role.OFFICER, "nowhere", "x", "NOT_FOUND"),
        ("water", Role.OFFICER, OURS, "", "BAD_NAME"),
        ("water", Role.OFFICER, OURS, "a\x1fb", "BAD_NAME"),
        ("water", Role.OFFICER, OURS, "x" * 1001, "BAD_NAME"),
    ],
)
async def test_only_officers_map_names_and_only_to_their_own_entries(
    desk: Desk, agency: str, role: Role, identifier: str, name: str, code: str
) -> None:
    by = desk.person(agency, role)
    assert await desk.names("map", Name(NAMESPACE, name), agency, identifier, by) == code
    assert [one["data"]["code"] for one in desk.events()] == [code]
    assert await desk.graph.read("MATCH (n:LineageName) RETURN count(n)") == 0


async def test_a_field_that_is_not_there_and_a_name_that_is_not_mapped(desk: Desk) -> None:
    assert await desk.names("map", X, "water", OURS, q="nothing") == "UNKNOWN_FIELD"
    assert await desk.names("unmap", X, "water", "") == "NOT_FOUND"
    await desk.names("map", X, "water", OURS)
    assert await desk.names("unmap", X, "power", "") == "NOT_FOUND"
    assert await desk.names("unmap", X, "water", "", desk.person("water", Role.STAFF)) == "NOT_ALLOWED"
    assert await names(desk, LineageNameState.MAPPED) == ["x"]


async def test_names_are_for_their_agency_and_who_oversees_it(desk: Desk) -> None:
    await desk.send(event(inputs=["a", "b", "c"], outputs=["x"]))
    home = await desk.graph.read("MATCH (a:Agency {code: 'water'}) RETURN a.jurisdiction")
    overseer = Subject("pe_o", "o", "ag_other", "ap_o", jurisdictions=(home,))
    elsewhere = Subject("pe_o", "o", "ag_other", "ap_o", jurisdictions=("ju_other",))
    for by, shown in (
        (desk.person("water", Role.STAFF), ["a", "b", "c", "x"]),
        (desk.person("none", Role.CENTER), ["a", "b", "c", "x"]),
        (overseer, ["a", "b", "c", "x"]),
        (elsewhere, []),
        (desk.person("power"), []),
        (Subject(), []),
    ):
        assert await names(desk, LineageNameState.UNMATCHED, by) == shown
    rows = await lineage_names(desk.graph, overseer, desk.agencies["water"], LineageNameState.UNMATCHED, 2, None)
    start = Place(rows[-1]["name"], rows[-1]["id"])
    assert await names(desk, LineageNameState.UNMATCHED, start=start) == ["c", "x"]
