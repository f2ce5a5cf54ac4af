"""A picture as OpenLineage run events, which this gateway and others read again.

An event tells what one run made of what: an output says its own sources, because a run's inputs alone would be taken
for those of each of its outputs.
"""

import re
from collections import defaultdict
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, uuid5

from gateway.lineage.export.picture import NodeKind, Picture, PictureEdge, PictureNode

_SPEC: Final = "https://openlineage.io/spec"
_SCHEMA: Final = f"{_SPEC}/2-0-2/OpenLineage.json#/$defs/RunEvent"
_COLUMNS: Final = f"{_SPEC}/facets/1-2-0/ColumnLineageDatasetFacet.json"
_LINEAGE: Final = f"{_SPEC}/facets/1-0-0/LineageDatasetFacet.json"
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_KINDS: Final = frozenset({"DIRECT", "INDIRECT"})
_DECLARED: Final = "declared"
Json = dict[str, Any]


def run_events(picture: Picture, base: str) -> list[Json]:
    """Events, one for each run; what was declared without one is an event for each asserter."""
    return _Writer(picture, base).events()


class _Writer:
    def __init__(self, picture: Picture, base: str) -> None:
        self._picture = picture
        self._base = base
        self._namespace = f"gateway://{urlsplit(base).netloc}"

    def events(self) -> list[Json]:
        """In the order of time, then of runs."""
        grouped: dict[tuple[str, str], list[PictureEdge]] = defaultdict(list)
        for edge in self._picture.edges:
            grouped[self._run(edge), self._job(edge)].append(edge)
        found = [self._event(run, job, edges) for (run, job), edges in grouped.items()]
        return sorted(found, key=lambda event: (event["eventTime"], event["run"]["runId"], event["job"]["name"]))

    def _run(self, edge: PictureEdge) -> str:
        if edge.run is not None and _UUID.fullmatch(edge.run):
            return edge.run.lower()
        # OpenLineage knows runs by UUIDs only: for one of another name, and for none, one that is always the same.
        asserter = "" if edge.asserter is None else edge.asserter.id
        return str(uuid5(NAMESPACE_URL, f"{self._base}/id/run/{edge.run or ''}?asserter={asserter}"))

    def _job(self, edge: PictureEdge) -> str:
        if edge.job is not None:
            return edge.job
        return _DECLARED if edge.asserter is None else f"{_DECLARED} by {edge.asserter.id}"

    def _event(self, run: str, job: str, edges: list[PictureEdge]) -> Json:
        by_target: dict[tuple[str, str], list[PictureEdge]] = defaultdict(list)
        inputs: dict[tuple[str, str], None] = {}
        for edge in edges:
            by_target[self._name(self._node(edge.target))].append(edge)
            inputs[self._name(self._node(edge.source))] = None
        return {
            "eventType": "COMPLETE",
            "eventTime": min(edge.valid_from for edge in edges),
            "producer": self._base,
            "schemaURL": _SCHEMA,
            "run": {"runId": run},
            "job": {"namespace": self._namespace, "name": job},
            "inputs": [{"namespace": namespace, "name": name} for namespace, name in sorted(inputs)],
            "outputs": [
                {"namespace": namespace, "name": name, "facets": self._facets(some)}
                for (namespace, name), some in sorted(by_target.items())
            ],
        }

    def _facets(self, edges: list[PictureEdge]) -> Json:
        columns: dict[str, list[Json]] = defaultdict(list)
        whole = []
        for edge in edges:
            source, target = self._node(edge.source), self._node(edge.target)
            namespace, name = self._name(source)
            entry: Json = {"namespace": namespace, "name": name}
            if (how := _how(edge)) is not None:
                entry["transformations"] = how
            if target.field is None or source.field is None:
                whole.append({"type": "DATASET", **entry})
            else:
                columns[target.field].append({**entry, "field": source.field})
        facets: Json = {}
        if columns:
            fields = {name: {"inputFields": some} for name, some in sorted(columns.items())}
            facets["columnLineage"] = {"_producer": self._base, "_schemaURL": _COLUMNS, "fields": fields}
        if whole:
            facets["lineage"] = {"_producer": self._base, "_schemaURL": _LINEAGE, "inputs": whole}
        return facets

    def _node(self, identifier: str) -> PictureNode:
        return self._picture.by_id[identifier]

    def _name(self, node: PictureNode) -> tuple[str, str]:
        """The namespace and name of the dataset that it is or belongs to."""
        return (node.home if node.kind is NodeKind.NAME else self._namespace, node.code)


def _how(edge: PictureEdge) -> list[Json] | None:
    found = []
    for one in edge.transformations:
        if one.type in _KINDS:
            subtype = {} if one.subtype is None else {"subtype": one.subtype}
            found.append({"type": one.type, **subtype, "masking": edge.masking and one.type == "DIRECT"})
    if edge.masking and not any(one["masking"] for one in found):
        found.append({"type": "DIRECT", "subtype": "TRANSFORMATION", "masking": True})
    return found or None
