"""What edges there are follows from the set of events, and from what names stand for in the end."""

import json
import os
from collections.abc import Mapping
from itertools import count
from typing import Any, Final

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.lineage import Name, recording
from tests.lineage.model import Edge, expected
from tests.lineage.reporting import NAMESPACE, Desk, at, column, dataset, event

EXAMPLES: Final = int(os.environ.get("GATEWAY_TEST_EXAMPLES", "15"))
_numbers = count()
OUR, OUR_OTHER, THEIRS = "621000/water/001", "621000/water/002", "621000/water/009"
ENTRIES: Final = {"x": ("water", OUR), "a": ("water", OUR_OTHER), "p": ("power", THEIRS)}
"""Which entry a name is mapped to, where it is, and by whom."""
FIELDS: Final = ("station", "other")
HOW: Final = st.lists(
    st.fixed_dictionaries(
        {
            "type": st.sampled_from(["DIRECT", "INDIRECT"]),
            "subtype": st.sampled_from(["IDENTITY", "FILTER"]),
            "masking": st.booleans(),
        }
    ),
    max_size=2,
)
COLUMN: Final = st.builds(
    lambda name, field, how: column(name, field, **({"transformations": how} if how else {})),
    st.sampled_from(["a", "p", "x"]),
    st.sampled_from(FIELDS),
    HOW,
)
COLUMNS: Final = st.dictionaries(
    st.sampled_from(FIELDS), st.lists(COLUMN, max_size=2).map(lambda some: {"inputFields": some}), max_size=2
).map(lambda fields: {"columnLineage": {"fields": fields}})
NOWHERE: Final[st.SearchStrategy[dict[str, Any]]] = st.just({"lineage": {"inputs": []}})
OUTPUT: Final = st.builds(
    lambda name, facets: dataset(name, **facets),
    st.sampled_from(["x", "y", "p"]),
    st.one_of(st.just({}), COLUMNS, COLUMNS, NOWHERE),
)
EVENT: Final = st.builds(
    lambda run, day, kind, inputs, outputs, job: event(run, at(day), kind, inputs=inputs, outputs=outputs, job=job),
    st.integers(1, 5),
    st.integers(1, 4),
    st.sampled_from(["START", "COMPLETE", "COMPLETE", "COMPLETE", "RUNNING", "OTHER", None, "FAIL", "ABORT"]),
    st.lists(st.sampled_from(["a", "b", "p", "x"]), max_size=3),
    st.lists(OUTPUT, min_size=1, max_size=2),
    st.sampled_from(["one", "two"]),
)
DEED: Final = st.tuples(st.sampled_from(["map", "unmap"]), st.sampled_from(sorted(ENTRIES)))

STEP: Final = st.dictionaries(st.integers(1, 20), st.sampled_from([True, False, False, None]), min_size=2, max_size=3)
"""By day what a run has that is new, or comes to what was there: a source, none, or a failure."""


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize="GATEWAY_TEST_EXAMPLES" not in os.environ,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.data(), st.lists(EVENT, min_size=1, max_size=14))
async def test_any_order_any_cut_and_any_repetition_give_the_same_edges(
    opened: Desk, data: st.DataObject, events: list[dict[str, Any]]
) -> None:
    """For any events, sent in any order, any number of times and in any batches, while names are mapped and unmapped
    in between, the edges on record are those that follow from all events and the names as they are in the end."""
    namespace = f"{NAMESPACE}/{next(_numbers)}"
    events = json.loads(json.dumps(events).replace(f'"{NAMESPACE}"', f'"{namespace}"'))
    for one in events:
        one["job"]["namespace"] = namespace
    again = data.draw(st.lists(st.sampled_from(events), max_size=4))
    left: list[Any] = data.draw(st.permutations([*events, *again]))
    mapped: dict[str, bool] = {}
    recording.AT_ONCE = data.draw(st.sampled_from([10_000, 10_000, 1, 3]))
    while left:
        cut = data.draw(st.integers(1, len(left)))
        batch, left = left[:cut], left[cut:]
        await opened.send(batch)
        if data.draw(st.booleans()):
            deed, name = data.draw(DEED)
            await opened.names(deed, Name(namespace, name), *ENTRIES[name])
            mapped[name] = deed == "map"
    recording.AT_ONCE = 10_000
    assert await on_record(opened, namespace) == expected(events, lambda *end: _called(mapped, *end))


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize="GATEWAY_TEST_EXAMPLES" not in os.environ,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.lists(st.sampled_from([True, True, True, False]), min_size=10, max_size=10),
    st.lists(STEP, min_size=1, max_size=3),
)
async def test_one_request_moves_several_parts_of_an_edge(
    opened: Desk, first: list[bool], steps: list[dict[int, bool | None]]
) -> None:
    """An edge reaches through many runs of a job; a request moves some of them, and between those others stay."""
    namespace = f"{NAMESPACE}/{next(_numbers)}"

    def one(day: int, has: bool | None) -> dict[str, Any]:
        """A run a day: it has a source, or none, or has failed."""
        facets: dict[str, Any] = {} if has or has is None else {"lineage": {"inputs": []}}
        inputs, outputs = ["a"] if has else [], [dataset("x", **facets)]
        kind = "FAIL" if has is None else "COMPLETE"
        found: dict[str, Any] = event(day, at(day), kind, inputs=inputs, outputs=outputs, job="one")
        renamed: dict[str, Any] = json.loads(json.dumps(found).replace(f'"{NAMESPACE}"', f'"{namespace}"'))
        renamed["job"]["namespace"] = namespace
        return renamed

    requests = [
        [one(2 * i + 1, has) for i, has in enumerate(first)],
        *([one(day, has) for day, has in step.items()] for step in steps),
    ]
    for request in requests:
        await opened.send(request)
    events = [event for request in requests for event in request]
    assert await on_record(opened, namespace) == expected(events, lambda *end: _called({}, *end))


def _called(mapped: Mapping[str, bool], name: tuple[str, str], field: str, output: bool) -> str:
    entry = ENTRIES[name[1]] if mapped.get(name[1]) else None
    if entry is not None and output and entry[0] != "water":
        entry = None
    if entry is not None and not field:
        return entry[1]
    # The entries have a field station.
    return f"{entry[1]}.{field}" if entry is not None and field == "station" else f"{name[1]}.{field}".rstrip(".")


async def on_record(desk: Desk, namespace: str) -> list[Edge]:
    found = [
        (
            one["targetSaid"],
            one["sourceSaid"],
            one["p"]["validFrom"],
            one["p"]["validTo"],
            one["p"]["runId"],
            tuple(one["p"]["transformations"]),
            one["p"]["masking"],
        )
        for one in await desk.edges()
        if one["p"]["job"].startswith(f"{namespace}/")
    ]
    return sorted(found)
