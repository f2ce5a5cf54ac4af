"""What goes wrong, comes late, comes twice, comes at once, or is large."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from gateway.lineage import Name, recording, statements
from gateway.vocabulary import FOREVER
from tests.lineage.reporting import NAMESPACE, Desk, at, columns, dataset, event
from tests.real.samples import sample

RUNS = "RETURN [COUNT { (:Run) }, COUNT { (:Point) }, COUNT { ()-[:DERIVED_FROM]->() }]"


async def test_a_batch_is_taken_whole_or_not_at_all(desk: Desk) -> None:
    good, bad = event(inputs=["a"], outputs=["x"]), event(2, "nonsense", outputs=["x"])
    denied = await desk.refused([good, bad])
    assert (denied.code, denied.path) == ("BAD_EVENT", "[1].eventTime")
    assert await desk.graph.read(RUNS) == [0, 0, 0]
    assert [(one["kind"], one["data"]["code"]) for one in desk.events()] == [("change.refused", "BAD_EVENT")]


async def test_the_same_request_again_is_the_same_and_is_logged_once(desk: Desk) -> None:
    batch = [event(day, at(day), inputs=["a"], outputs=["x"]) for day in (1, 2)]
    assert [await desk.send(batch), await desk.send(batch)] == [2, 2]
    before = await desk.edges(now=False)
    assert [one["kind"] for one in desk.events()] == ["lineage.recorded"]
    # Cut otherwise, from the start, backwards: nothing is recorded that was not.
    for one in reversed(batch):
        await desk.send(one)
    await desk.send([*batch, *batch])
    assert await desk.edges(now=False) == before
    assert await desk.graph.read(RUNS) == [2, 2, 1]


async def test_requests_at_once_lose_nothing_and_double_nothing(desk: Desk) -> None:
    """Jobs and names in common, in other orders: they wait for each other, and none for ever."""
    sends = [
        [
            event(f"{n}.{job}.{day}", at(day, n), inputs=["a", "b"] if day % 2 else ["a"], outputs=["x"], job=job)
            for job in (("one", "two") if n % 2 else ("two", "one"))
            for day in range(1, 6)
        ]
        for n in range(8)
    ]
    taken = await asyncio.gather(*(desk.send(some, system=f"sy_{n % 3}") for n, some in enumerate(sends)))
    assert sum(taken) == 80
    expected = sorted(
        (
            *(("x", "a", at(1), "") for _ in range(2)),
            *(("x", "b", at(day), at(day + 1) if day < 5 else "") for day in (1, 3, 5) for _ in range(2)),
        )
    )
    assert await desk.said() == expected


async def test_names_are_mapped_while_they_are_reported(desk: Desk) -> None:
    async def report() -> None:
        for day in range(1, 9):
            await desk.send(event(day, at(day), inputs=["a"], outputs=["x"] if day % 2 else ["x", "y"], job=f"j{day}"))

    async def name() -> None:
        for deed in ("map", "unmap", "map", "unmap", "map"):
            await desk.names(deed, Name(NAMESPACE, "a"), "water", "621000/water/002")

    await asyncio.gather(report(), name())
    assert {one["source"] for one in await desk.edges()} == {"621000/water/002"}
    assert len(await desk.edges()) == 12


async def test_a_job_that_reads_what_it_writes(desk: Desk) -> None:
    facet = columns(p=["x.p"])
    await desk.send(event(inputs=["x"], outputs=[dataset("x", columnLineage=facet)]))
    assert await desk.said() == [("x", "x", at(1), ""), ("x.p", "x.p", at(1), "")]


async def test_of_runs_at_the_same_instant_the_greatest_id_counts(desk: Desk) -> None:
    for run, source in ((1, "a"), (2, "b"), (3, "c")):
        await desk.send(event(run, at(1), inputs=[source], outputs=["x"]))
    ids = {event(run)["run"]["runId"]: source for run, source in ((1, "a"), (2, "b"), (3, "c"))}
    assert await desk.said() == [("x", ids[max(ids)], at(1), "")]


MANY = [event(inputs=[f"in{n:03}" for n in range(200)], outputs=["x"])]


async def test_what_is_too_much_for_one_transaction_is_drawn_in_several(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with 10^5 inputs on one run, which are in the bench."""
    monkeypatch.setattr(recording, "AT_ONCE", 30)
    await desk.send(MANY)
    assert await desk.said() == [("x", f"in{n:03}", at(1), "") for n in range(200)]
    (recorded,) = desk.events()
    assert recorded["data"]["begun"] == 200
    assert await desk.graph.read("MATCH (u:Unsettled) RETURN count(u)") == 0


class _Killed(Exception):
    """The process, in the middle of a request."""


async def _interrupted(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request whose process dies when it is recorded, and in part drawn."""
    monkeypatch.setattr(recording, "AT_ONCE", 30)
    settle, count = recording._Change.settle, 0

    async def settled(change: Any, *given: Any) -> bool:
        nonlocal count
        count += 1
        if count == 3:
            raise _Killed
        return await settle(change, *given)

    with monkeypatch.context() as patch:
        patch.setattr(recording._Change, "settle", settled)
        with pytest.raises(_Killed):
            await desk.send(MANY)
    assert 0 < len(await desk.edges()) < 200


async def test_a_request_that_was_cut_off_goes_on_when_it_comes_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _interrupted(desk, monkeypatch)
    assert await desk.send(MANY) == 1
    assert await desk.said() == [("x", f"in{n:03}", at(1), "") for n in range(200)]
    assert len(await desk.edges(now=False)) == 200
    assert [one["kind"] for one in desk.events()] == ["lineage.recorded"]


async def test_and_at_the_latest_when_its_job_is_reported_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    await _interrupted(desk, monkeypatch)
    await desk.send(event(2, at(2), inputs=["in000"], outputs=["x"]))
    assert await desk.said() == [("x", f"in{n:03}", at(1), at(2) if n else "") for n in range(200)]


async def test_adding_a_run_looks_at_its_neighbours_alone(desk: Desk) -> None:
    """Every step of the search for them is a step into an index; none but of runs at one instant sorts."""
    for statement in (statements.AROUND, statements.BEFORE, statements.AT, statements.HELD):
        found = await _plan(desk, statement)
        assert not {"Sort", "AllNodesScan", "NodeByLabelScan", "DirectedRelationshipTypeScan"} & found
        assert {"NodeIndexSeek", "DirectedRelationshipIndexSeek"} & found


async def _plan(desk: Desk, statement: str) -> set[str]:
    async with desk.graph._driver.session(database="neo4j") as session:
        result = await session.run(f"EXPLAIN {statement}", rows=[["l", "a", "b"]], forever=FOREVER)
        summary = await result.consume()
    found: set[str] = set()

    def walk(plan: Any) -> None:
        found.add(plan["operatorType"].partition("@")[0])
        for child in plan.get("children", ()):
            walk(child)

    walk(summary.plan)
    return found


def _marquez(path: Path) -> list[dict[str, Any]]:
    """The sample, with times for its places."""
    text = path.read_text("utf-8").replace("{{RUN_START_TIME}}", at(1))
    for minutes in range(1, 60):
        text = text.replace(f"{{{{RUN_END_TIME_AFTER_{minutes}_MINUTES}}}}", f"2026-01-01T00:{minutes:02}:00Z")
    events: list[dict[str, Any]] = json.loads(text)
    return events


async def test_the_sample_of_marquez_loads(desk: Desk) -> None:
    events = _marquez(sample("marquez_seed_metadata.template.json"))
    assert await desk.send(events) == 26
    edges = [one["p"] for one in await desk.edges()]
    assert len([one for one in edges if "sourceField" in one]) == 39
    assert await desk.graph.read("MATCH (j:Job) RETURN count(j)") == 13
    pairs = {
        (output["name"], source["name"])
        for one in events
        for output in one.get("outputs", ())
        for source in (
            *(i for other in events if other["job"] == one["job"] for i in other.get("inputs", ())),
            *(
                i
                for entry in output.get("facets", {}).get("columnLineage", {}).get("fields", {}).values()
                for i in entry["inputFields"]
            ),
        )
    }
    said = {(target, source) for target, source, _, _ in await desk.said() if "sourceField" not in target}
    assert pairs <= said
    await desk.send(list(reversed(events)))
    assert [one["p"]["id"] for one in await desk.edges(now=False)].sort() == [one["id"] for one in edges].sort()


async def test_the_sample_of_a_facet_loads(desk: Desk) -> None:
    facet = json.loads(sample("openlineage_column_lineage_facet_1.json").read_text("utf-8"))
    await desk.send(event(outputs=[dataset("TOP_DISCOUNTS", **facet)]))
    edges = [one["p"] for one in await desk.edges()]
    fields = [one for one in edges if "sourceField" in one]
    assert len(fields) == sum(
        len({(i["namespace"], i["name"], i["field"]) for i in entry["inputFields"]})
        for entry in facet["columnLineage"]["fields"].values()
    )
    assert {tuple(one["transformations"]) for one in fields} == {("DIRECT/IDENTITY",), ("INDIRECT/JOIN",)}
    assert {one["masking"] for one in edges} == {False}


@pytest.mark.parametrize("kind", ["FAIL", "ABORT"])
async def test_a_run_that_failed_has_made_nothing_whenever_that_is_known(desk: Desk, kind: str) -> None:
    whole = [event(1, at(1), "START", inputs=["a"], outputs=["x"]), event(1, at(1, 1), kind)]
    for some in (whole, whole[::-1]):
        for one in some:
            await desk.send(one)
        assert await desk.said() == []


async def test_what_an_edge_says(desk: Desk) -> None:
    await desk.send(event(inputs=["a"], outputs=["x"]), system="sy_b")
    await desk.send(event(inputs=["a"], outputs=["x"], more=1), system="sy_a")
    (edge,) = [one["p"] for one in await desk.edges()]
    assert edge.pop("id").startswith("de_")
    recorded = edge.pop("recordedFrom")
    assert recorded > at(1)
    assert edge.pop("event") == desk.events()[1]["id"]  # which has said that of the system
    for key in ("line", "sourceName", "targetName"):
        assert edge.pop(key)
    assert edge == {
        "validFrom": at(1),
        "validTo": FOREVER,
        "recordedTo": FOREVER,
        "runId": event()["run"]["runId"],
        "job": "scheduler/nightly",
        "asserter": desk.agencies["water"],
        "system": "sy_a",  # of several that report a run, the one with the least id
        "observed": True,
        "transformations": [],
        "masking": False,
    }
