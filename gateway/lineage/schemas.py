"""What of OpenLineage events is read, as JSON Schema in our own words (OpenLineage 1-x and 2-0-2).

Facets that are not described here are ignored, whatever is in them. There is no `anyOf`: so every error has one path.
"""

from typing import Any, Final

from jsonschema_rs import Draft202012Validator

from gateway.lineage.names import LONGEST

Schema = dict[str, Any]

_LONGEST_WORD: Final = 100
_VERSION: Final = r"/spec/[12]-\d+-\d+/OpenLineage\.json"
"""Of a `schemaURL`."""
_UUID: Final = "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
# Spelled out: Rust's expressions know no control characters that are written into a schema.
_PLAIN: Final = r"^[^\x00-\x1f\x7f]+$"

_NAME: Final[Schema] = {"type": "string", "minLength": 1, "maxLength": LONGEST, "pattern": _PLAIN}
_WORD: Final[Schema] = {"type": "string", "minLength": 1, "maxLength": _LONGEST_WORD, "pattern": _PLAIN}


def _object(required: tuple[str, ...] = (), **properties: Any) -> Schema:
    return {"type": "object", "required": [*required], "properties": properties}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _by_field(entry: Schema) -> Schema:
    return {"type": "object", "propertyNames": _NAME, "additionalProperties": entry}


def _unless(deleted: Schema, **required: Any) -> Schema:
    """A facet that can be deleted: then the rest of it need not be there."""
    gone = {"required": ["_deleted"], "properties": {"_deleted": {"const": True}}}
    return {**deleted, "if": gone, "else": required}


def _if_dataset(entity: Schema) -> Schema:
    """Of an entity in a lineage facet: a dataset has a name, a job may be the one that the event is of."""
    is_dataset = {"properties": {"type": {"const": "DATASET"}}}
    return {**entity, "if": is_dataset, "then": {"required": ["namespace", "name"]}}


_TRANSFORMATION: Final = _object(
    ("type",), type={"enum": ["DIRECT", "INDIRECT"]}, subtype=_WORD, masking={"type": "boolean"}
)
_TRANSFORMATIONS: Final = _list(_TRANSFORMATION)
_COLUMN: Final = _object(
    ("namespace", "name", "field"), namespace=_NAME, name=_NAME, field=_NAME, transformations=_TRANSFORMATIONS
)
_COLUMNS: Final = _object(("inputFields",), inputFields=_list(_COLUMN), transformationType={"type": ["string", "null"]})
_COLUMN_LINEAGE: Final = _unless(
    _object(fields=_by_field(_COLUMNS), dataset=_list(_COLUMN)), required=["fields"]
)  # ColumnLineageDatasetFacet 1-0-0 to 1-2-0

_KIND: Final[Schema] = {"enum": ["DATASET", "JOB"]}
_SOURCE: Final = _if_dataset(
    _object(("type",), type=_KIND, namespace=_NAME, name=_NAME, field=_NAME, transformations=_TRANSFORMATIONS)
)
_SOURCES: Final = _object(("inputs",), inputs=_list(_SOURCE))
_LINEAGE: Final = _object(inputs=_list(_SOURCE), fields=_by_field(_SOURCES))
_ENTRIES: Final = _list(
    _if_dataset(
        _object(("type",), type=_KIND, namespace=_NAME, name=_NAME, inputs=_list(_SOURCE), fields=_by_field(_SOURCES))
    )
)
_OF_ALL: Final = _object(facets=_object(lineage=_object(lineage=_ENTRIES, entries=_ENTRIES)))
"""A run's or a job's own lineage facet, which names its targets."""

_DATASET: Final = _object(
    ("namespace", "name"),
    namespace=_NAME,
    name=_NAME,
    facets=_object(columnLineage=_COLUMN_LINEAGE, lineage=_LINEAGE),
)
_INPUT: Final = _object(("namespace", "name"), namespace=_NAME, name=_NAME, facets={"type": "object"})
_JOB: Final = {**_OF_ALL, "required": ["namespace", "name"]}
_JOB["properties"] = {**_OF_ALL["properties"], "namespace": _NAME, "name": _NAME}
_RUN: Final = {**_OF_ALL, "required": ["runId"]}
_RUN["properties"] = {**_OF_ALL["properties"], "runId": {"type": "string", "pattern": _UUID}}
_COMMON: Final[Schema] = {
    "eventTime": {"type": "string", "format": "date-time"},
    "producer": {"type": "string"},
    "schemaURL": {"type": "string", "pattern": _VERSION},
}
_ALWAYS: Final = ("eventTime", "producer", "schemaURL")
_ENDS: Final[Schema] = {"inputs": _list(_INPUT), "outputs": _list(_DATASET)}

RUN_EVENT: Final = _object(
    (*_ALWAYS, "run", "job"),
    **_COMMON,
    **_ENDS,
    eventType={"enum": ["START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER"]},
    run=_RUN,
    job=_JOB,
)
JOB_EVENT: Final = _object((*_ALWAYS, "job"), **_COMMON, **_ENDS, job=_JOB)
DATASET_EVENT: Final = _object((*_ALWAYS, "dataset"), **_COMMON, dataset=_DATASET)

RUN_EVENTS: Final = Draft202012Validator(_list(RUN_EVENT), validate_formats=True)
JOB_EVENTS: Final = Draft202012Validator(_list(JOB_EVENT), validate_formats=True)
DATASET_EVENTS: Final = Draft202012Validator(_list(DATASET_EVENT), validate_formats=True)
