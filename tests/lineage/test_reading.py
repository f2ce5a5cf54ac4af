"""What of a request is no event, and by which path that is told."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.lineage.content import Item, Output, Source
from gateway.lineage.names import Name
from gateway.lineage.reading import BadEvent, Batch, read_events
from tests.lineage.reporting import NAMESPACE, at, column, columns, dataset, event

NOW = datetime(2026, 2, 1, tzinfo=UTC)
GOOD = event(inputs=["a"], outputs=[dataset("x", columnLineage=columns(p=["a.q"]))])


def read(events: Any) -> Batch:
    return read_events(events if isinstance(events, bytes) else json.dumps(events).encode(), NOW)


def refused(events: Any) -> BadEvent:
    with pytest.raises(BadEvent) as caught:
        read(events)
    return caught.value


def changed(*path: Any, to: Any) -> dict[str, Any]:
    """A good event but for one place; to None is without it."""
    whole: dict[str, Any] = json.loads(json.dumps(GOOD))
    inner: Any = whole
    for step in path[:-1]:
        inner = inner[step]
    if to is None:
        del inner[path[-1]]
    else:
        inner[path[-1]] = to
    return whole


FACET = ("outputs", 0, "facets", "columnLineage", "fields", "p", "inputFields", 0)
WRONG = [
    (("eventTime",), None, "eventTime", "missing"),
    (("eventTime",), "2026-01-01", "eventTime", "RFC 3339"),
    (("eventTime",), "2026-01-01T00:00:00", "eventTime", "RFC 3339"),
    (("eventTime",), "2026-01-01T23:59:60Z", "eventTime", "RFC 3339"),
    (("eventTime",), "2026-02-01T00:05:01Z", "eventTime", "future"),
    (("eventTime",), "0001-01-01T00:00:00+14:00", "eventTime", "RFC 3339"),
    (("eventTime",), "1969-12-31T00:00:00Z", "eventTime", "1970"),
    (("eventType",), "DONE", "eventType", "START"),
    (("producer",), None, "producer", "missing"),
    (("schemaURL",), "https://openlineage.io/spec/3-0-0/OpenLineage.json", "schemaURL", "2-0-2"),
    (("run",), {}, "run.runId", "missing"),
    (("run", "runId"), "1", "run.runId", "UUID"),
    (("job", "name"), None, "job.name", "missing"),
    (("job", "name"), "", "job.name", "shorter"),
    (("job", "namespace"), 7, "job.namespace", "string"),
    (("inputs",), "a", "inputs", "array"),
    (("inputs", 0, "name"), "a\0b", "inputs[0].name", "control"),
    (("inputs", 0, "name"), "x" * 1001, "inputs[0].name", "longer"),
    (("outputs", 0, "name"), None, "outputs[0].name", "missing"),
    (("outputs", 0, "name"), "\ud800", "outputs[0].name", "surrogate"),
    (("outputs", 0, "facets", "columnLineage", "fields"), None, "outputs[0].facets.columnLineage.fields", "missing"),
    ((*FACET, "field"), None, "outputs[0].facets.columnLineage.fields.p.inputFields[0].field", "missing"),
    (
        (*FACET, "transformations"),
        [{"type": "SOMEHOW"}],
        "outputs[0].facets.columnLineage.fields.p.inputFields[0].transformations[0].type",
        "DIRECT",
    ),
    (
        ("outputs", 0, "facets", "lineage"),
        {"inputs": [{"type": "DATASET", "name": "a"}]},
        "outputs[0].facets.lineage.inputs[0].namespace",
        "missing",
    ),
]


@pytest.mark.parametrize(("path", "to", "where", "why"), WRONG)
def test_what_is_wrong_is_told_by_its_path(path: Any, to: Any, where: str, why: str) -> None:
    wrong = changed(*path, to=to)
    alone, third = refused(wrong), refused([GOOD, GOOD, wrong])
    assert (alone.path, third.path) == (where, f"[2].{where}")
    assert why in str(alone)


@pytest.mark.parametrize(
    ("body", "path"),
    [(b"", ""), (b"{", ""), (b'"\xff"', ""), (b"7", ""), (b"[7]", "[0]"), (b"[[]]", "[0]"), (b"[" * 100_000, "")],
)
def test_what_is_no_event_at_all(body: bytes, path: str) -> None:
    assert refused(body).path == path


def test_a_clock_may_be_a_little_ahead_and_the_offset_counts() -> None:
    ahead = event(when=(NOW + timedelta(minutes=4)).isoformat())
    (run,) = read(ahead).runs
    assert run.at == "2026-02-01T00:04:00.000Z"
    (run,) = read(event(when="2026-02-01T08:00:00.1234567+08:00")).runs
    assert run.at == "2026-02-01T00:00:00.123Z"


def test_unknown_facets_and_members_are_ignored_whatever_they_hold() -> None:
    strange = {"columnLineageX": 7, "schema": {"fields": "x"}}
    (run,) = read(event(inputs=[dataset("a", **strange)], outputs=[dataset("x", **strange)], more=[None])).runs
    assert run.content.inputs == {Name(NAMESPACE, "a")}
    assert run.content.outputs == {Name(NAMESPACE, "x"): Output()}


def test_a_deleted_facet_states_nothing() -> None:
    (run,) = read(event(outputs=[dataset("x", columnLineage={"_deleted": True})])).runs
    assert run.content.outputs == {Name(NAMESPACE, "x"): Output()}


def test_events_of_design_are_taken_and_say_nothing_of_runs() -> None:
    common = {key: GOOD[key] for key in ("eventTime", "producer", "schemaURL")}
    of_job = {**common, "job": GOOD["job"], "inputs": GOOD["inputs"], "outputs": GOOD["outputs"]}
    batch = read([GOOD, of_job, {**common, "dataset": dataset("x")}])
    assert (batch.total, len(batch.runs)) == (3, 1)
    assert refused([{**common, "dataset": {"name": "x"}}]).path == "[0].dataset.namespace"


def test_more_derivations_than_a_transaction_can_hold_are_refused() -> None:
    many = [f"d{i}" for i in range(500)]
    assert "200000" in str(refused([event(inputs=many, outputs=many)]))


def fields_of(facets: dict[str, Any]) -> dict[tuple[str, str, str], tuple[tuple[str, ...], bool]]:
    """Target, dataset and field of each derivation, and how."""
    (run,) = read(event(outputs=[dataset("x", **facets)])).runs
    items: set[Item] = {item for _, _, stated in run.content.stated for item in stated.items}
    return {(one.target, one.name, one.field): (one.transformations, one.masking) for one in items}


MASKED = {"type": "DIRECT", "subtype": "TRANSFORMATION", "masking": True}
PLAIN = {"type": "DIRECT", "subtype": "IDENTITY"}
JOINED = {"type": "INDIRECT", "subtype": "JOIN", "description": "on id"}


@pytest.mark.parametrize(
    ("how", "said", "masking"),
    [
        ([MASKED], ("DIRECT/TRANSFORMATION",), True),
        ([MASKED, PLAIN], ("DIRECT/IDENTITY", "DIRECT/TRANSFORMATION"), False),
        ([MASKED, JOINED], ("DIRECT/TRANSFORMATION", "INDIRECT/JOIN"), True),
        ([{**JOINED, "masking": True}], ("INDIRECT/JOIN",), False),
        ([{"type": "DIRECT"}], ("DIRECT",), False),
        ([], (), False),
    ],
)
def test_it_masks_where_every_direct_transformation_does(how: Any, said: tuple[str, ...], masking: bool) -> None:
    facet = {"fields": {"p": {"inputFields": [column("a", "q", transformations=how)]}}}
    assert fields_of({"columnLineage": facet})["p", "a", "q"] == (said, masking)


@pytest.mark.parametrize(
    ("legacy", "how"),
    [
        ("IDENTITY", (("DIRECT/IDENTITY",), False)),
        ("MASKED", (("DIRECT/TRANSFORMATION",), True)),
        ("SOMETHING", ((), False)),
        (None, ((), False)),
    ],
)
def test_the_older_form_of_transformations(legacy: str | None, how: Any) -> None:
    entry = {"inputFields": [column("a", "q")], "transformationType": legacy, "transformationDescription": "…"}
    assert fields_of({"columnLineage": {"fields": {"p": entry}}})["p", "a", "q"] == how


def test_what_filters_the_whole_is_a_source_of_every_field() -> None:
    facet = {**columns(p=["a.q"], r=[]), "dataset": [column("b", "day", transformations=[JOINED])]}
    assert fields_of({"columnLineage": facet}) == {
        ("", "a", ""): ((), False),
        ("", "b", ""): (("INDIRECT/JOIN",), False),
        ("p", "a", "q"): ((), False),
        ("p", "b", "day"): (("INDIRECT/JOIN",), False),
        ("r", "b", "day"): (("INDIRECT/JOIN",), False),
    }


def source(name: str, **more: Any) -> dict[str, Any]:
    return {"type": "DATASET", "namespace": NAMESPACE, "name": name, **more}


def test_the_explicit_facet_says_what_an_output_is_made_of() -> None:
    facet = {
        "inputs": [source("a"), source("b", field="day", transformations=[JOINED])],
        "fields": {"p": {"inputs": [source("a", field="q", transformations=[PLAIN]), {"type": "JOB"}]}},
    }
    outputs = [dataset("x", lineage=facet), "y"]
    (run,) = read(event(inputs=["a", "b", "c"], outputs=outputs)).runs
    said = {
        (output.name, item.target, item.name, item.field)
        for output, _, stated in run.content.stated
        for item in stated.items
    }
    assert said == {
        *(("y", "", name, "") for name in "abc"),
        *(("x", "", name, "") for name in "ab"),
        ("x", "p", "a", "q"),
        ("x", "p", "b", "day"),
    }


@pytest.mark.parametrize("owner", ["run", "job"])
@pytest.mark.parametrize("member", ["lineage", "entries"])
def test_it_may_be_a_facet_of_the_run_or_the_job(owner: str, member: str) -> None:
    entry = source("x", inputs=[source("a")])
    whole = event(inputs=["b"], outputs=["x"])
    whole[owner]["facets"] = {"lineage": {member: [entry, {"type": "JOB", "inputs": [source("a")]}]}}
    (run,) = read(whole).runs
    assert run.content.outputs == {
        Name(NAMESPACE, "x"): Output(stated=frozenset({Source("", NAMESPACE, "a", "", "", "", "")}))
    }


def test_no_tracked_source_has_to_be_said() -> None:
    (said,) = read(event(outputs=[dataset("x", lineage={"inputs": []})])).runs
    assert [(level, stated.items) for _, level, stated in said.content.stated] == [
        ("D", frozenset()),
        ("F", frozenset()),
    ]
    (unsaid,) = read(event(outputs=["x"])).runs
    assert unsaid.content.stated == ()


def test_a_request_is_read_alike_at_any_time_of_day() -> None:
    assert read([GOOD, event(when=at(1, 5))]).total == 2
