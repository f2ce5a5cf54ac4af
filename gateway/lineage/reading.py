"""From the bytes of a request to what its events state. What is wrong is told by its path, and what would be right."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson
from jsonschema_rs import Draft202012Validator, ValidationError

from gateway.graph.times import instant
from gateway.lineage.content import MASKED, Content, Output, Source
from gateway.lineage.names import Name
from gateway.lineage.schemas import DATASET_EVENTS, JOB_EVENTS, RUN_EVENTS

AHEAD: Final = timedelta(minutes=5)
"""By how much the clock of a system may be ahead."""
EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
MOST_DERIVATIONS: Final = 200_000
"""Of one event, and of a run: with 10^5 inputs it may have two outputs."""
_LONGEST_SAID: Final = 200
_UNMADE: Final = frozenset({"FAIL", "ABORT"})
_NOTHING: Final[Mapping[str, Any]] = {}
_LEGACY: Final = {"IDENTITY": ("DIRECT", "IDENTITY", ""), "MASKED": ("DIRECT", "TRANSFORMATION", MASKED)}
"""What the `transformationType` of a field means (ColumnLineageDatasetFacet up to 1-1-0)."""


class BadEvent(Exception):
    """An event that cannot be taken. `path` leads to what is wrong, as in `[3].outputs[0].name`."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(f"{path or 'the body'}: {message}")
        self.path = path


@dataclass(frozen=True, slots=True)
class RunEvent:
    """What one event states of a run."""

    path: str
    """Of the event in the request."""
    job: Name
    run: str
    at: str
    unmade: bool
    """Whether it says that the run has made nothing: it failed, or was aborted."""
    content: Content


@dataclass(frozen=True, slots=True)
class Batch:
    """The events of a request."""

    total: int
    runs: Sequence[RunEvent]
    """Those of runs. Those of jobs and datasets as they are designed say nothing of where data comes from."""


def read_events(body: bytes, now: datetime) -> Batch:
    """The events that a request sends: one, or a list of them.

    Raises:
        BadEvent: one of them is none, or is of the future; so nothing of the request counts.
    """
    given = _json(body)
    single = not isinstance(given, list)
    events: list[Any] = [given] if single else given
    runs: list[tuple[int, Any]] = []
    for validator, some in _kinds(events).items():
        if not validator.is_valid([one for _, one in some]):
            raise _first(validator, some, single=single)
        if validator is RUN_EVENTS:
            runs = some
    # Two events of a batch often carry the same words: what was read of one counts for the other.
    limit = now + AHEAD
    return Batch(len(events), [_run_event("" if single else f"[{i}]", one, limit) for i, one in runs])


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as problem:
        try:
            path = _path_of_surrogate(json.loads(body))
        except (ValueError, RecursionError):
            path = None
        if path is not None:
            raise BadEvent(path, "a half of a surrogate pair is no character; send whole characters") from None
        raise BadEvent("", f"send JSON in UTF-8, one event or a list of events; {problem}") from None


def _path_of_surrogate(value: Any, path: str = "") -> str | None:
    match value:
        case str():
            return path if not _is_whole(value) else None
        case list():
            inner: Iterable[tuple[str, Any]] = ((f"{path}[{i}]", one) for i, one in enumerate(value))
        case dict():
            if not all(map(_is_whole, value)):
                return path
            inner = ((f"{path}.{name}".lstrip("."), one) for name, one in value.items())
        case _:
            return None
    return next((found for where, one in inner if (found := _path_of_surrogate(one, where)) is not None), None)


def _is_whole(text: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in text)


def _kinds(events: Sequence[Any]) -> Mapping[Draft202012Validator, list[tuple[int, Any]]]:
    """The events, with their places, by what they have to be."""
    found: dict[Draft202012Validator, list[tuple[int, Any]]] = {}
    for i, one in enumerate(events):
        has = one.keys() if isinstance(one, dict) else ()
        if "run" in has or not ("job" in has or "dataset" in has):
            validator = RUN_EVENTS
        else:
            validator = JOB_EVENTS if "job" in has else DATASET_EVENTS
        found.setdefault(validator, []).append((i, one))
    return found


def _first(validator: Draft202012Validator, some: Sequence[tuple[int, Any]], *, single: bool) -> BadEvent:
    """The first error of the first event that has one."""
    for i, one in some:
        for error in validator.iter_errors([one]):
            steps: list[str | int] = [*error.instance_path[1:]]
            message, steps = _said(error, steps)
            return BadEvent(_path(steps if single else [i, *steps]), message)
    raise AssertionError("no event has an error, but all together have one")


def _path(steps: Iterable[str | int]) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step:.100}" for step in steps).lstrip(".")


def _said(error: ValidationError, steps: list[str | int]) -> tuple[str, list[str | int]]:
    """What is wrong and what would be right; a member that is missing is told by its own path."""
    kind = error.kind.name
    match kind:
        case "required":
            return "it is missing", [*steps, str(getattr(error.kind, "property", ""))]
        case "pattern" if steps and steps[-1] == "runId":
            return "this is no UUID", steps
        case "pattern" if steps and steps[-1] == "schemaURL":
            text = (
                "this is no schema of OpenLineage 1-x or 2-x, like https://openlineage.io/spec/2-0-2/OpenLineage.json"
            )
            return text, steps
        case "pattern":
            return "control characters cannot be in names", steps
        case "propertyNames":
            return "a field has a name of 1 to 1000 characters without control characters", steps
        case "format":
            return "a time in RFC 3339 with its offset is expected, like 2026-01-31T08:00:00Z", steps
        case _:
            # The library's words: the value, which may be long, and then the rule.
            text = error.message
            return text if len(text) <= _LONGEST_SAID else f"{text[:50]} … {text[-100:]}", steps


def _run_event(path: str, event: Mapping[str, Any], limit: datetime) -> RunEvent:
    job, run = event["job"], event["run"]
    content = _content(event)
    if _derivations(content) > MOST_DERIVATIONS:
        text = f"it has more than {MOST_DERIVATIONS} derivations; split the run, or state the sources of each output"
        raise BadEvent(path, text)
    return RunEvent(
        path,
        Name(job["namespace"], job["name"]),
        run["runId"].lower(),
        _moment(path, event["eventTime"], limit),
        event.get("eventType") in _UNMADE,
        content,
    )


def _derivations(content: Content) -> int:
    """At most how many: to count them exactly would be to make them."""
    return sum(
        (len(content.inputs) if one.stated is None else len(one.stated))
        + sum(1 if source.target else len(one.named or ()) for source in one.columns)
        for one in content.outputs.values()
    )


def _moment(path: str, text: str, limit: datetime) -> str:
    where = f"{path}.eventTime".lstrip(".")
    try:
        moment = datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadEvent(where, "a time in RFC 3339 with its offset is expected, like 2026-01-31T08:00:00Z") from None
    if moment > limit:
        raise BadEvent(where, "it is more than five minutes in the future; set the system's clock right")
    if moment < EARLIEST:
        raise BadEvent(where, "a time from 1970 on is expected")
    return instant(moment)


def _content(event: Mapping[str, Any]) -> Content:
    outputs: dict[Name, Output] = {}

    def state(name: Name, output: Output) -> None:
        outputs[name] = outputs[name] | output if name in outputs else output

    for one in event.get("outputs", ()):
        name, facets = Name(one["namespace"], one["name"]), one.get("facets", _NOTHING)
        state(name, Output())
        if (facet := _live(facets, "columnLineage")) is not None:
            state(name, _by_columns(facet))
        if (facet := _live(facets, "lineage")) is not None:
            state(name, _by_lineage(facet))
    for owner in (event["run"], event["job"]):
        facet = _live(owner.get("facets", _NOTHING), "lineage") or _NOTHING
        for entry in (*facet.get("lineage", ()), *facet.get("entries", ())):
            if entry["type"] == "DATASET":
                state(Name(entry["namespace"], entry["name"]), _by_lineage(entry))
    return Content(frozenset(Name(one["namespace"], one["name"]) for one in event.get("inputs", ())), outputs)


def _live(facets: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    """A facet that is there, and is not said to be deleted."""
    facet: Mapping[str, Any] | None = facets.get(name)
    return None if facet is None or facet.get("_deleted") is True else facet


def _by_columns(facet: Mapping[str, Any]) -> Output:
    """ColumnLineageDatasetFacet 1-0-0 to 1-2-0."""
    columns: set[Source] = set()
    for target, entry in facet["fields"].items():
        legacy = _LEGACY.get(entry.get("transformationType") or "")
        for one in entry["inputFields"]:
            columns.update(_sources(target, one, legacy))
    for one in facet.get("dataset", ()):
        columns.update(_sources("", one))
    return Output(frozenset(facet["fields"]), frozenset(columns))


def _by_lineage(facet: Mapping[str, Any]) -> Output:
    """The explicit lineage facet, of a dataset or an entry of a run's or job's: also that there is no source."""
    fields, inputs = facet.get("fields"), facet.get("inputs")
    columns = {
        source
        for target, entry in (fields or _NOTHING).items()
        for one in entry["inputs"]
        if one["type"] == "DATASET"
        # A whole dataset as the source of a field is known of the dataset alone.
        for source in _sources(target if "field" in one else "", one)
    }
    whole = {source for one in inputs or () if one["type"] == "DATASET" for source in _sources("", one)}
    named: frozenset[str] | None = None if fields is None else frozenset(fields)
    return Output(
        # Who says that there is no source at all says it of the fields too.
        frozenset() if inputs == [] and named is None else named,
        frozenset(columns | {one for one in whole if one.field}),
        None if inputs is None else frozenset(whole),
    )


def _sources(target: str, one: Mapping[str, Any], legacy: tuple[str, str, str] | None = None) -> Iterator[Source]:
    ends = (target, one["namespace"], one["name"], one.get("field", ""))
    said = one.get("transformations") or ()
    for given in said:
        masking = MASKED if given.get("masking") is True else ""
        yield Source(*ends, given["type"], given.get("subtype", ""), masking)
    if not said:
        yield Source(*ends, *(legacy or ("", "", "")))
