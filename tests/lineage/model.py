"""What edges there are to be, from all events at once: simple, slow, and written without a look at the real thing.

At every instant at which a run of a job has stated something of an output, the last word counts; an edge is a longest
stretch of such instants at which the same was said.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from itertools import groupby
from typing import Any

from gateway.vocabulary import FOREVER

Said = dict[tuple[str, str, str, str], tuple[tuple[str, ...], bool]]
"""By field of the output, namespace, name and field of the source: the transformations, and whether they mask."""
Edge = tuple[str, str, str, str, str, tuple[str, ...], bool]
"""Target, source, from, until, run, transformations, masking."""


def expected(events: Iterable[Mapping[str, Any]], called: Callable[[tuple[str, str], str, bool], str]) -> list[Edge]:
    """The edges, sorted.

    Args:
        events: all of them, in any order.
        called: what stands for a name and a field, as an output or not.
    """
    runs: dict[tuple[Any, ...], list[Mapping[str, Any]]] = defaultdict(list)
    for one in events:
        runs[one["job"]["namespace"], one["job"]["name"], one["run"]["runId"]].append(one)
    lines: dict[Any, dict[str, tuple[str, Said]]] = defaultdict(dict)
    # In the order of the runs' ids, so that of those at one instant the last one stays.
    for (namespace, job, run), some in sorted(runs.items()):
        if not any(one.get("eventType") in ("FAIL", "ABORT") for one in some):
            first = min(one["eventTime"] for one in some)
            for output in {(o["namespace"], o["name"]) for one in some for o in one["outputs"]}:
                for level, said in _said(some, output):
                    lines[namespace, job, output, level][first] = (run, said)
    edges: list[Edge] = []
    for (_, _, output, _), words in lines.items():
        instants = [*sorted(words), FOREVER]
        for source in {(ends, how) for _, said in words.values() for ends, how in said.items()}:
            (target, *name, field), how = source
            stretches = groupby(instants[:-1], lambda at: words[at][1].get(source[0]) == source[1])  # noqa: B023
            for holds, stretch in stretches:
                if holds:
                    held = [*stretch]
                    until = instants[instants.index(held[-1]) + 1]
                    ends = called(output, target, True), called((name[0], name[1]), field, False)
                    edges.append((*ends, held[0], until, words[held[0]][0], *how))
    return sorted(edges)


def _said(events: list[Mapping[str, Any]], output: tuple[str, str]) -> list[tuple[str, Said]]:
    facets = [
        one.get("facets", {})
        for event in events
        for one in event["outputs"]
        if (one["namespace"], one["name"]) == output
    ]
    explicit = [one["lineage"] for one in facets if "lineage" in one]
    column = [one["columnLineage"] for one in facets if "columnLineage" in one]
    sources: list[tuple[str, str, str, str, Any]] = []
    of_datasets = {("", one["namespace"], one["name"], "") for event in events for one in event.get("inputs", ())}
    if any("inputs" in one for one in explicit):
        of_datasets = {
            ("", source["namespace"], source["name"], "") for one in explicit for source in one.get("inputs", ())
        }
    for facet in column:
        for target, entry in facet["fields"].items():
            for one in entry["inputFields"]:
                for how in one.get("transformations") or [None]:
                    sources.append((target, one["namespace"], one["name"], one["field"], how))  # noqa: PERF401
    fields: dict[tuple[str, str, str, str], list[Any]] = defaultdict(list)
    for target, namespace, name, field, how in sources:
        fields[target, namespace, name, field].append(how)
        of_datasets.add(("", namespace, name, ""))
    levels: list[tuple[str, Said]] = []
    if of_datasets or explicit:
        levels.append(("datasets", dict.fromkeys(of_datasets, ((), False))))
    if column or any(one.get("inputs") == [] for one in explicit):
        levels.append(("fields", {ends: _how(some) for ends, some in fields.items()}))
    return levels


def _how(some: list[Any]) -> tuple[tuple[str, ...], bool]:
    said = [one for one in some if one is not None]
    direct = [one.get("masking", False) for one in said if one["type"] == "DIRECT"]
    return tuple(sorted({f"{one['type']}/{one['subtype']}" for one in said})), bool(direct) and all(direct)
