"""What becomes of events: edges with their times, whatever the order in which they come."""

from typing import Any

import pytest

from gateway.lineage import Name, recording
from tests.lineage.reporting import NAMESPACE, Desk, at, columns, dataset, event, run_id


async def test_an_edge_holds_from_the_first_run_that_has_it_to_the_next_one_that_has_it_no_more(desk: Desk) -> None:
    for day in (1, 2, 3):
        await desk.send(event(day, at(day), inputs=["a", "b"], outputs=["x"]))
    assert await desk.said() == [("x", "a", at(1), ""), ("x", "b", at(1), "")]
    await desk.send(event(4, at(4), inputs=["b"], outputs=["x"]))
    assert await desk.said() == [("x", "a", at(1), at(4)), ("x", "b", at(1), "")]
    await desk.send(event(5, at(5), inputs=["a", "b"], outputs=["x"]))
    assert await desk.said() == [("x", "a", at(1), at(4)), ("x", "a", at(5), ""), ("x", "b", at(1), "")]
    assert {one["p"]["runId"] for one in await desk.edges()} == {run_id(1), run_id(5)}
    assert len(await desk.edges(now=False)) == 4  # that which was open, and was ended, is on record too


async def test_a_late_run_splits_what_held_over_it(desk: Desk) -> None:
    await desk.send([event(day, at(day), inputs=["a"], outputs=["x"]) for day in (1, 5)])
    await desk.send(event(3, at(3), inputs=["b"], outputs=["x"]))
    assert await desk.said() == [("x", "a", at(1), at(3)), ("x", "a", at(5), ""), ("x", "b", at(3), at(5))]
    await desk.send(event(3, at(4), "FAIL"))
    assert await desk.said() == [("x", "a", at(1), "")]


async def test_a_run_is_the_union_of_its_events(desk: Desk) -> None:
    await desk.send(event(1, at(1), "START", outputs=["x"]))
    assert await desk.said() == []
    await desk.send(event(1, at(1, 3), "COMPLETE", inputs=["a"]))
    assert await desk.said() == [("x", "a", at(1), "")]


async def test_fields_derive_from_fields(desk: Desk) -> None:
    await desk.send(event(outputs=[dataset("x", columnLineage=columns(p=["a.q", "b.q"], r=[]))]))
    assert await desk.said() == [
        ("x", "a", at(1), ""),
        ("x", "b", at(1), ""),
        ("x.p", "a.q", at(1), ""),
        ("x.p", "b.q", at(1), ""),
    ]


async def test_one_request_moves_an_edge_at_both_of_its_ends(desk: Desk) -> None:
    """What holds between two runs begins earlier, and ends earlier too: both with runs of one request."""

    def day(hour: int) -> list[dict[str, Any]]:
        return [
            event(f"{hour}.1", at(1, hour), inputs=["a", "b"], outputs=["x"]),
            event(f"{hour}.2", at(2, hour), inputs=["a"], outputs=["x"]),
        ]

    await desk.send(day(3))
    await desk.send(day(0))
    assert await desk.said() == [("x", "a", at(1), ""), ("x", "b", at(1), at(2))]


@pytest.mark.parametrize("at_once", [recording.AT_ONCE, 1])
async def test_each_edge_knows_the_event_of_its_report(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    """R20: also where they are drawn in transactions of their own, after that of the report."""
    monkeypatch.setattr(recording, "AT_ONCE", at_once)
    await desk.send(event(1, at(1), inputs=["a", "b"], outputs=["x"]))
    await desk.send(event(2, at(2), inputs=["c", "b"], outputs=["x"]))
    first, second = (one["id"] for one in desk.events())
    assert {(one["p"]["sourceName"], one["p"]["event"]) for one in await desk.edges()} == {
        (Name(NAMESPACE, "a").key, second),
        (Name(NAMESPACE, "b").key, first),
        (Name(NAMESPACE, "c").key, second),
    }
