"""One statement per root field: `RETURN` gives one record with one value that has the response's shape."""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.plan import search
from gateway.plan.arguments import Page
from gateway.plan.connection import connection, connection_over
from gateway.plan.guard import Site
from gateway.plan.mapping import Connection, Kind
from gateway.plan.rows import Rows, filtered
from gateway.plan.selection import Selected
from gateway.plan.writer import Scope, Writer


def _complete(writer: Writer, rest: str) -> str:
    ahead = f"WITH {', '.join(writer.prelude)}" if writer.prelude else ""
    bound = writer.settle(None)
    return f"{ahead}{bound if ahead else bound.replace('*, ', '', 1)} {rest}"


def _keyed(writer: Writer, type_name: str, property_: str, key: str) -> tuple[Scope, str]:
    """The clause that finds an object by a unique property and then authorises it.

    The index is named, because on a small graph Neo4j finds a scan of another one as cheap.
    """
    entity, var = writer.entities[type_name], writer.name()
    row = f"{var}d" if entity.kind is Kind.FIELD else var
    scope = Scope(type_name, var, row)
    sites = (Site.FIELD_BY_KEY, Site.FIELD_BY_KEY_DATASET) if entity.kind is Kind.FIELD else (Site.DATASET_BY_KEY, None)
    tests = writer.discoverable(sites, scope)
    owner = f" MATCH ({var})<-[:HAS_FIELD]-({row}:Dataset)" if entity.kind is Kind.FIELD else ""
    where = f" WHERE {' AND '.join(tests)}" if tests else ""
    found = f"MATCH ({var}:{entity.label} {{{property_}: {key}}}) USING INDEX SEEK {var}:{entity.label}({property_})"
    return scope, f"{found}{owner}{where}"


def by_key(writer: Writer, type_name: str, property_: str, parameter: str, selected: Selected) -> str:
    """One object by one of its unique properties, or null."""
    scope, found = _keyed(writer, type_name, property_, f"${parameter}")
    shape = writer.project(scope, selected.children[type_name])
    return _complete(writer, f"{found}{writer.settle(scope)} RETURN {shape} AS r")


@dataclass(frozen=True, slots=True)
class Batch:
    """Keys of one type to be looked up together: the parameter holds maps `{i, k}` of position and key."""

    type_name: str
    property: str
    parameter: str


def by_keys(writer: Writer, batches: Sequence[Batch], selected: Selected) -> str:
    """Many objects of several types at once, as `[position, type name, object]`; what may not be seen is missing."""
    parts = []
    for batch in batches:
        scope, found = _keyed(writer, batch.type_name, batch.property, "key.k")
        shape = writer.project(scope, selected.children[batch.type_name])
        parts.append(
            f"UNWIND ${batch.parameter} AS key {found}{writer.settle(scope)}"
            f" RETURN key.i AS i, '{batch.type_name}' AS t, {shape} AS o"
        )
    return _complete(writer, f"CALL (*) {{ {' UNION ALL '.join(parts)} }} RETURN collect([i, t, o]) AS r")


def page(writer: Writer, selected: Selected, mapping: Connection) -> str:
    """A connection at the root."""
    text = connection(writer, None, selected, mapping)
    return _complete(writer, f"RETURN {text} AS r")


def everything(writer: Writer, selected: Selected, type_name: str, order: str) -> str:
    """All objects of a type that everybody may know and that stays small, in order."""
    var = writer.name()
    shape = writer.project(Scope(type_name, var, ""), selected.only)
    label = writer.entities[type_name].label
    ordered = f"WITH * ORDER BY {var}.{order}, {var}.id{writer.settle(Scope(type_name, var, ''))}"
    return _complete(writer, f"RETURN COLLECT {{ MATCH ({var}:{label}) {ordered} RETURN {shape} }} AS r")


def own(writer: Writer, selected: Selected) -> str:
    """What the graph and the token say of the caller."""
    shape = writer.project(Scope(selected.type_name, "", ""), selected.only)
    return _complete(writer, f"RETURN {shape} AS r")


def found(writer: Writer, selected: Selected, mapping: Connection) -> str:
    """Search hits, Datasets and Fields together, the best first."""
    p = f"p{selected.index}"
    page_shape = writer.bound[selected.index].shape
    assert isinstance(page_shape, Page)
    hits = search.everything(writer, f"${p}_query")
    hit = writer.name()
    n, d = f"{hit}n", f"{hit}d"
    dataset, field = Scope("Dataset", n, d), Scope("Field", n, d)
    rows = Rows(
        hit,
        (Scope("Dataset", n, d),),
        f"UNWIND {hits} AS {hit} WITH {hit}, {hit}.n AS {n}, {hit}.d AS {d}",
        [],
    )
    rows.conditions = filtered(writer, Scope("Dataset", d, d), mapping, page_shape, p, rows)

    def node(w: Writer, part: Selected) -> str:
        texts = {s.type: w.project(s, part.children[s.type]) for s in (dataset, field)}
        return f"CASE WHEN {n}:Dataset THEN ['Dataset', {texts['Dataset']}] ELSE ['Field', {texts['Field']}] END"

    rows.node = node
    text = connection_over(writer, None, rows, selected, page_shape, mapping.orders[page_shape.order])
    return _complete(writer, f"RETURN {text} AS r")


def explained(writer: Writer, type_name: str, parameter: str) -> str:
    """The class of one object and the caller's relations to it, from which a decision follows."""
    scope, clause = _keyed(writer, type_name, "id", f"${parameter}")
    part = scope.var if writer.entities[type_name].kind is Kind.FIELD else None
    return _complete(writer, f"{clause} RETURN [{scope.var}.accessClass, {writer.guard.mask(scope.row, part)}] AS r")
