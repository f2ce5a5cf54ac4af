"""What is derived is at least as strict as what it was made from, whatever happens in whatever order (R17.2)."""

import os
from dataclasses import replace
from typing import Any, Final, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.audit.outbox import Outbox
from gateway.catalog.marks import EVERYTHING
from gateway.lineage import Tiers, tiering
from gateway.lineage.tier_fsck import check_tiers
from gateway.vocabulary import Status
from tests.catalog.entries import entry
from tests.lineage.reporting import at, column, dataset, event
from tests.lineage.tiered import AGENCIES, ASKED, CAUSE, FREE, KEPT, PERSONAL, Flow, entry_id, field_id, key, tiered

EXAMPLES: Final = int(os.environ.get("GATEWAY_TEST_EXAMPLES", "8"))
SOME: Final = st.sampled_from([FREE, FREE, ASKED, PERSONAL, KEPT])
NUMBER: Final = st.sampled_from(sorted(AGENCIES))
PLACE: Final = st.tuples(NUMBER, st.sampled_from(["a", "b"]))
WHO: Final = st.sampled_from(["water", "power"])


def report(run: object, output: int, inputs: dict[str, list[tuple[int, str, bool]]], when: str) -> dict[str, Any]:
    """A run of a job that makes one dataset: of each field, from which others, and whether through a mask."""
    how = {"type": "DIRECT", "subtype": "IDENTITY"}
    fields = {
        name: {"inputFields": [column(f"d{n}", f, transformations=[{**how, "masking": m}]) for n, f, m in some]}
        for name, some in inputs.items()
    }
    out = dataset(f"d{output}", columnLineage={"fields": fields})
    return event(run, when, outputs=[out], job=f"make-{output}")


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize="GATEWAY_TEST_EXAMPLES" not in os.environ,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.data())
async def test_worked_out_bit_by_bit_it_is_the_same_as_all_anew(flow: Flow, data: st.DataObject) -> None:
    """Whatever is reported, claimed, rewritten, dropped, signed and revoked, and whenever it is settled in between."""
    await flow.begin()
    signed: list[tuple[str, tuple[int, str]]] = []
    flow.at_once = data.draw(st.sampled_from([1, 2_000]))
    for step in range(data.draw(st.integers(3, 9))):
        match data.draw(st.sampled_from(["report", "report", "report", "claim", "write", "sign", "revoke", "bar"])):
            case "report":
                output = data.draw(NUMBER)
                places = st.lists(st.tuples(NUMBER, st.sampled_from(["a", "b"]), st.booleans()), max_size=2)
                inputs = data.draw(st.dictionaries(st.sampled_from(["a", "b"]), places, max_size=2))
                by = AGENCIES[output] if data.draw(st.integers(0, 4)) else data.draw(WHO)
                await flow.desk.send(report(step, output, inputs, at(1 + step)), by)
            case "claim":
                await flow.derive(data.draw(PLACE), data.draw(PLACE), data.draw(WHO))
            case "write":
                names = data.draw(st.sampled_from([("a", "b"), ("a",), ("a", "b", "c")]))
                number = data.draw(NUMBER)
                changed = tiered(
                    number,
                    data.draw(st.sampled_from([AGENCIES[number]] * 4 + ["water", "power"])),
                    barred=data.draw(st.booleans()),
                    **{name: data.draw(SOME) for name in names},
                )
                await flow.write(changed)
            case "sign":
                target = data.draw(PLACE)
                signed.append((await flow.sign(target, data.draw(PLACE)), target))
            case "revoke" if signed:
                await flow.revoke(*signed.pop())
            case _:
                await flow.derive((data.draw(NUMBER), ""), (data.draw(NUMBER), ""), data.draw(WHO))
        if data.draw(st.booleans()):
            await flow.settle()
    await flow.settle()
    assert await flow.stored() == await flow.expected()
    differences: list[Any] = []
    await check_tiers(flow.desk.graph, differences.append)
    assert differences == []


async def test_through_diamonds_and_cycles_the_strictest_arrives(begun: Flow) -> None:
    for target, source in (((1, "a"), (2, "a")), ((2, "a"), (1, "a")), ((2, "a"), (3, "a")), ((1, "a"), (3, "b"))):
        await begun.derive(target, source)
    await begun.derive((3, "a"), (4, "a"))
    await begun.derive((3, "b"), (4, "a"))
    await begun.write(tiered(4, a=ASKED, b=FREE))
    await begun.settle()
    assert await begun.of(1, "a") == await begun.of(2, "a") == await begun.of(3, "b") == key(ASKED)
    await begun.write(tiered(4, a=PERSONAL, b=FREE))
    await begun.settle()
    assert await begun.of(1, "a") == key(PERSONAL)
    # In a cycle each would go on holding the other: both have to let go.
    await begun.write(tiered(4, a=FREE, b=FREE))
    await begun.settle()
    assert {await begun.of(n, "a") for n in (1, 2, 3)} == {None}
    assert await begun.stored() == await begun.expected()


async def test_what_is_reported_counts_until_it_is_taken_back(begun: Flow) -> None:
    await begun.write(tiered(3, a=PERSONAL, b=FREE))
    await begun.desk.send(report("failing", 1, {"a": [(3, "a", False)]}, at(11)), "water")
    await begun.settle()
    assert await begun.of(1, "a") == key(PERSONAL)
    # The run turns out to have failed: it has made nothing.
    await begun.desk.send(event("failing", at(12), "FAIL", outputs=["d1"], job="make-1"), "water")
    await begun.settle()
    assert await begun.of(1, "a") is None


async def test_the_answer_to_a_report_waits_for_what_follows_from_it(begun: Flow) -> None:
    await begun.write(tiered(3, a=PERSONAL, b=FREE))
    recording = replace(begun.desk.recording, tiers=begun.tiers)
    desk = replace(begun.desk, recording=recording)
    await desk.send(report("now", 1, {"a": [(3, "a", False)]}, at(13)), "water")
    assert await begun.of(1, "a") == key(PERSONAL)


async def test_what_another_agency_claims_neither_tightens_nor_loosens(begun: Flow) -> None:
    await begun.write(tiered(3, a=KEPT, b=FREE))
    await begun.derive((1, "a"), (3, "a"), "power")
    await begun.settle()
    assert await begun.of(1, "a") is None
    await begun.derive((1, "a"), (3, "a"))
    await begun.derive((1, "a"), (3, "b"), "power")
    await begun.settle()
    assert await begun.of(1, "a") == key(KEPT)


@pytest.mark.parametrize(("masking", "is_signed", "tightened"), [(True, False, 1), (False, True, 1), (True, True, 0)])
async def test_only_a_mask_that_the_owner_signed_lifts(
    begun: Flow, masking: bool, is_signed: bool, tightened: int
) -> None:
    await begun.write(tiered(3, a=PERSONAL, b=FREE))
    await begun.desk.send(report(f"{masking}{is_signed}", 1, {"a": [(3, "a", masking)]}, at(20)), "water")
    if is_signed:
        await begun.sign((1, "a"), (3, "a"))
    await begun.settle()
    assert await begun.of(1, "a") == (key(PERSONAL) if tightened else None)


async def test_a_declassification_counts_for_its_own_derivation_and_time(begun: Flow) -> None:
    await begun.write(tiered(3, a=PERSONAL, b=PERSONAL))
    await begun.desk.send(report("time", 1, {"a": [(3, "a", True)]}, at(21)), "water")
    await begun.sign((1, "a"), (3, "b"))
    await begun.sign((1, "b"), (3, "a"))
    await begun.sign((1, "a"), (3, "a"), validTo="2025-01-01T00:00:00.000Z")
    await begun.settle()
    assert await begun.of(1, "a") == key(PERSONAL)
    await begun.sign((1, "a"), (3, "a"), agency=begun.desk.agencies["water"])
    await begun.settle()
    assert await begun.of(1, "a") == key(PERSONAL), "not signed by who owns the source"
    number = await begun.sign((1, "a"), (3, "a"))
    await begun.settle()
    assert await begun.of(1, "a") is None
    # It ends by the clock: nobody does anything, and whoever looks next finds it.
    ended = "MATCH (x:Declassification {id: $id}) SET x.validTo = '2026-01-01T00:00:00.000Z'"
    await begun.desk.graph.run(ended, {"id": number})
    await begun.desk.graph.run("MERGE (t:Tiering {id: 'tiers'}) SET t.looked = '2025-12-31T00:00:00.000Z'")
    await begun.settle()
    assert await begun.of(1, "a") is None
    await begun.tiers.look()
    await begun.settle()
    assert await begun.of(1, "a") == key(PERSONAL)
    assert await begun.desk.graph.read("MATCH (t:Tiering) RETURN t.looked") > "2026-01-01"


async def test_derivations_that_begin_or_end_later_are_looked_at_then(
    begun: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    await begun.write(tiered(3, a=PERSONAL, b=KEPT))
    await begun.derive((1, "a"), (3, "a"), since="2030-01-01T00:00:00.000Z", until="2031-01-01T00:00:00.000Z")
    seen = []
    for year in (2029, 2030, 2031):
        monkeypatch.setattr(tiering, "clock", lambda year=year: f"{year}-06-01T00:00:00.000Z")
        await begun.settle()
        seen.append(await begun.of(1, "a"))
    assert seen == [None, key(PERSONAL), None]


async def test_what_a_dead_process_left_is_taken_on(begun: Flow) -> None:
    """A mark is of the transaction of its change; settling that fails midway leaves it, and all else as it was."""
    await begun.write(tiered(3, a=PERSONAL, b=FREE))
    await begun.derive((1, "a"), (3, "a"))

    class Dying:
        async def put(self, *_: Any) -> Any:
            raise RuntimeError("the process dies")

    with pytest.raises(RuntimeError):
        await Tiers(begun.desk.graph, cast(Outbox, Dying())).settle(CAUSE)
    assert await begun.of(1, "a") is None
    assert await begun.desk.graph.read("RETURN COUNT { (:Retier) }") > 0
    async with tiering.Retiering(begun.tiers, lambda: CAUSE) as retiering:
        await retiering.look()
    assert await begun.of(1, "a") == key(PERSONAL)
    assert await begun.desk.graph.read("RETURN COUNT { (:Retier) }") == 0


async def test_what_was_recorded_before_there_were_tiers_is_settled_page_by_page(
    begun: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tiering, "_PAGE", 3)
    await begun.write(tiered(4, a=KEPT, b=FREE, barred=True))
    for target, source in (((1, "a"), (2, "a")), ((2, "a"), (3, "a")), ((3, "a"), (4, "a")), ((3, ""), (4, ""))):
        await begun.derive(target, source)
    await begun.derive((1, ""), (3, ""))
    await begun.desk.graph.run("MATCH (x:Retier) DELETE x")
    await begun.desk.graph.run(EVERYTHING)
    assert await begun.settle() > 0
    assert await begun.of(1, "a") == key(KEPT)
    assert await begun.stored() == await begun.expected()


async def test_what_may_not_be_passed_on_may_not_be_in_changed_form(begun: Flow) -> None:
    """Whose data is in it is kept, so that they may have it back, and nobody is freed by an intermediate copy."""
    water, power = begun.desk.agencies["water"], begun.desk.agencies["power"]
    await begun.write(tiered(1, a=FREE, b=FREE, barred=True))
    await begun.derive((3, ""), (1, ""))
    await begun.derive((4, ""), (3, ""))
    await begun.derive((2, ""), (4, ""))
    await begun.settle()
    _, owners = await begun.stored()
    assert [owners[entry_id(n)] for n in (1, 2, 3, 4)] == [set(), set(), {water}, {water}]
    inherited = "MATCH (d:Dataset) WHERE d.inheritedNoRedistribution RETURN collect(d.id)"
    assert {*await begun.desk.graph.read(inherited)} == {entry_id(3), entry_id(4)}
    assert power not in owners[entry_id(3)]
    assert [(e["kind"], e["data"]) for e in begun.desk.events()] == [
        ("lineage.redistribution", {"after": "BARRED", "grants": [], "affected": 0})
    ] * 2
    await begun.write(tiered(1, a=FREE, b=FREE))
    await begun.settle()
    assert {*await begun.desk.graph.read(inherited)} == set()


async def test_a_stricter_source_names_the_grants_that_it_affects(begun: Flow) -> None:
    graph = begun.desk.graph
    await begun.derive((1, "a"), (3, "a"))
    await begun.derive((2, "b"), (1, "a"))
    for name, number, fields, status in (
        ("gr_a", 1, [field_id(1, "a")], "ACTIVE"),
        ("gr_b", 1, [field_id(1, "b")], "ACTIVE"),
        ("gr_c", 1, [field_id(1, "a")], "REVOKED"),
        ("gr_d", 2, [field_id(2, "a"), field_id(2, "b")], "ACTIVE"),
    ):
        given = {"id": name, "fields": fields, "status": status, "consumer": "ag_x", "validTo": "9999"}
        link = "MATCH (d:Dataset {id: $d}) CREATE (g:Grant)-[:ON]->(d) SET g = $p"
        await graph.run(link, {"d": entry_id(number), "p": given})
    await begun.settle()
    begun.desk.forget()
    await begun.write(tiered(3, a=PERSONAL, b=FREE))
    await begun.settle()
    told = {e["about"]["datasets"][0]: e for e in begun.desk.events()}
    assert {e["kind"] for e in told.values()} == {"lineage.tightened"}
    assert {id_: e["data"] for id_, e in told.items()} == {
        entry_id(1): {"fields": 1, "grants": ["gr_a"], "affected": 1},
        entry_id(2): {"fields": 1, "grants": ["gr_d"], "affected": 1},
    }
    assert told[entry_id(1)]["about"]["agencies"] == [begun.desk.agencies["water"]]
    assert told[entry_id(1)]["about"]["jurisdictions"]
    begun.desk.forget()
    await begun.write(tiered(3, a=FREE, b=FREE))
    await begun.settle()
    assert {e["kind"] for e in begun.desk.events()} == {"lineage.loosened"}
    await graph.run("MATCH (g:Grant) DETACH DELETE g")


async def test_an_entry_that_is_rewritten_keeps_what_it_has_through_lineage(begun: Flow) -> None:
    """Nothing of it is free for a moment, and none of it is marked, for nothing of it has changed."""
    await begun.write(tiered(3, a=PERSONAL, b=FREE, barred=True))
    await begun.derive((1, "a"), (3, "a"))
    await begun.derive((1, ""), (3, ""))
    await begun.settle()
    before = await begun.stored()
    assert before[0][field_id(1, "a")][0] == key(PERSONAL)
    assert before[1][entry_id(1)]
    await begun.write(replace(tiered(1, a=FREE, b=FREE), title="别名"))
    assert await begun.stored() == before == await begun.expected()
    assert await begun.settle() == 0


async def test_a_change_that_concerns_no_tier_leaves_no_mark(begun: Flow) -> None:
    await begun.derive((1, "a"), (3, "a"))
    await begun.settle()
    await begun.write(replace(tiered(3, a=FREE, b=FREE), title="别名"))
    await begun.desk.send(report("again", 1, {}, at(22)), "water")
    assert await begun.desk.graph.read("RETURN COUNT { (:Retier) }") == 0


async def test_fsck_finds_what_does_not_follow(begun: Flow) -> None:
    await begun.write(tiered(3, a=PERSONAL, b=FREE))
    await begun.derive((1, "a"), (3, "a"))
    await begun.settle()
    barred = "d.noRedistributionOf = ['x'], d.inheritedNoRedistribution = true"
    for broken in (
        "MATCH (f:Field {id: $id}) SET f.lineageTier = 'NN_L'",
        "MATCH (f:Field {id: $id}) SET f.violation = 'ag_other'",
        "MATCH (f:Field {id: $id}) REMOVE f.lineageTier",
        f"MATCH (f:Field {{id: $id}})<-[:HAS_FIELD]-(d) SET {barred}",
    ):
        await begun.desk.graph.run(broken, {"id": field_id(1, "a")})
        found: list[Any] = []
        await check_tiers(begun.desk.graph, found.append)
        assert found
        restore = (
            "MATCH (f:Field {id: $id})<-[:HAS_FIELD]-(d) SET f.lineageTier = $tier, f.violation = d.agency"
            " REMOVE d.noRedistributionOf, d.inheritedNoRedistribution"
        )
        await begun.desk.graph.run(restore, {"id": field_id(1, "a"), "tier": key(PERSONAL)})


async def test_violations_are_what_is_published(begun: Flow) -> None:
    await begun.write(tiered(3, a=PERSONAL, b=FREE))
    await begun.derive((1, "a"), (3, "a"))
    await begun.settle()
    listed = "MATCH (f:Field) WHERE f.violation IS NOT NULL RETURN collect(f.id)"
    assert await begun.desk.graph.read(listed) == [field_id(1, "a")]
    draft = tiered(1, a=FREE, b=FREE)
    await begun.write(entry(1, fields=draft.fields, status=Status.DRAFT))
    assert await begun.desk.graph.read(listed) == []
    await begun.write(draft)
    assert await begun.desk.graph.read(listed) == [field_id(1, "a")]
    await begun.write(tiered(1, b=FREE))
    assert await begun.desk.graph.read(listed) == []
