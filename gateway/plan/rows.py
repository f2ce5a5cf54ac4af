"""The rows of a connection: where they start, what must hold, and which index gives their order."""

from collections.abc import Callable
from dataclasses import dataclass, field

from gateway.plan import search
from gateway.plan.arguments import Page
from gateway.plan.guard import Site
from gateway.plan.mapping import Connection, Entity, Filter, Kind, Order, Test
from gateway.plan.selection import Selected
from gateway.plan.writer import Scope, Writer, mapped
from gateway.vocabulary import Action, Relation


@dataclass(frozen=True, slots=True)
class Branch:
    """One ordered start for each of some values `k`, so that each costs no more than a page."""

    values: str
    match: str
    condition: str
    lead: str = ""
    """The property that is the same in all its rows: named first in the order, so that the index gives the rest."""

    def ordered(self, limit: str) -> str:
        """An ORDER BY and LIMIT for this start alone."""
        way = " DESC" if " DESC" in limit else ""
        return limit.replace(" ORDER BY ", f" ORDER BY {self.lead}{way}, ", 1) if self.lead else limit


@dataclass(slots=True)
class Rows:
    """Rows to be ordered, cut, counted or grouped.

    `var` has the ordering value and the id; `scopes` are the objects in a row.
    """

    var: str
    scopes: tuple[Scope, ...]
    head: str
    conditions: list[str]
    distinct: bool = False
    branches: list["Branch"] = field(default_factory=list)
    """Several starts instead of one, each in index order, to be merged: for a caller who sees few of many rows."""
    tally: list[tuple[str, str]] | None = None
    """Properties of a Tally `t`, with what must hold of each so that it counts these rows; None: tallies cannot say."""
    equal: tuple[str, ...] = ()
    """Properties that are the same in all rows: named first in the order, so that the index gives the rest."""
    whole: bool = False
    """Whether the head is all rows of a label, so that another start can take its place."""
    read: dict[str, None] | None = None
    """The properties of the row that its map has, where the map is made before the tests."""
    node: Callable[[Writer, Selected], str] = field(default=lambda writer, selected: "")

    @property
    def carried(self) -> str:
        """The variables of a row."""
        own = (v for s in self.scopes for v in (s.var, "" if s.below else s.row) if v)
        return ", ".join(dict.fromkeys([self.var, *own]))

    def text(self, keyset: list[str], limit: str = "") -> str:
        """The clauses that produce the rows; `limit` is an ORDER BY and LIMIT that belongs to them."""
        if not self.branches:
            where = " AND ".join([*self.conditions, *keyset])
            unique = "DISTINCT " if self.distinct else ""
            cut = f" WITH {unique}{self.carried}{limit}" if limit or unique else ""
            read = "" if self.read is None else f" WITH *, {mapped(self.scopes[0], self.read)}"
            return f"{self.head}{read}{f' WHERE {where}' if where else ''}{cut}"
        parts = []
        for branch in self.branches:
            where = " AND ".join([branch.condition, *self.conditions, *keyset])
            unique = "" if branch.lead else "DISTINCT "
            found = f"{branch.match} WHERE {where} WITH {unique}{self.var}{branch.ordered(limit)} RETURN {self.var}"
            parts.append(f"UNWIND {branch.values} AS k CALL (k) {{ {found} }} RETURN {self.var}")
        return f"CALL () {{ {' UNION '.join(parts)} }} WITH {self.carried}{limit}"

    def keyset(self, p: str, page: Page, order: Order, beyond: str | None = None) -> list[str]:
        """What the page's cursors ask of a row, or what lies beyond the cursor that is named.

        The first comparison alone gives an index its range; the second breaks ties without hindering that.
        """
        x, prop = self.var, order.property
        # Rows without the value are in no page of this order; with these tests an index can give the order.
        found = [f"{x}.{prop} IS NOT NULL AND {x}.id IS NOT NULL"] if prop != "id" and self.whole else []
        for argument, given in (("after", page.after), ("before", page.before)):
            if not given or (beyond is not None and beyond != argument):
                continue
            up = (argument == "after") != page.descending
            value, ident = f"${p}_{argument}_v", f"${p}_{argument}_i"
            if beyond is not None:
                up = not up
            op, tie = (">" if up else "<"), "=" if beyond is not None else ""
            if prop == "id":
                found.append(f"{x}.id {op}{tie} {ident}")
            elif order.unique:
                found.append(f"{x}.{prop} {op}{tie} {value}")
            else:
                # Not an OR, which could become a union of two starts without an order.
                beside = f"CASE WHEN {x}.{prop} = {value} THEN {x}.id {op}{tie} {ident} ELSE true END"
                found.append(f"{x}.{prop} {op}= {value} AND {beside}")
        if prop == "id" and not found and self.whole:
            found.append(f"{x}.id IS NOT NULL")
        return found


def rows_of(writer: Writer, scope: Scope | None, index: int, mapping: Connection, page: Page) -> Rows:
    """The rows behind a connection field, with its filters."""
    p, entity = f"p{index}", writer.entities[mapping.to]
    order = mapping.orders[page.order]
    rows = _start(writer, scope, mapping, order)
    there = rows.scopes[0]
    equal = [mapping.keyed] if mapping.keyed else []
    equal += [f.property for f in (mapping.filters[n] for n in page.filters) if f.test is Test.IS][: 1 - len(equal)]
    texted = any(mapping.filters[name].test is Test.TEXT for name in page.filters)
    rows.conditions += filtered(writer, there, mapping, page, p, rows)
    if order.needs is Action.INSPECT:
        rows.conditions += writer.inspected(Site.ORDER, there)
    if mapping.step is None and not texted:
        hint = _hint(entity, there.var, (*equal, *dict.fromkeys((order.property, "id"))), seek=bool(equal))
        rows.head += hint
        rows.equal = tuple(equal) if hint else ()
    # A CALL inside COLLECT sees no variable from before, so that a start which needs one cannot be merged.
    free = not any(mapping.filters[name].test in (Test.SUBTREE, Test.TEXT) for name in page.filters)
    if writer.sparse and scope is None and not equal and free and entity.kind is Kind.DATASET:
        rows.branches = _branches(writer, there.var, entity, order)
    return rows


def filtered(writer: Writer, there: Scope, mapping: Connection, page: Page, p: str, rows: Rows) -> list[str]:
    """What a filter asks of the Dataset `there`; narrows what tallies of `rows` can answer."""
    found = []
    for name in page.filters:
        declared, parameter = mapping.filters[name], f"${p}_f_{name}"
        if declared.test is Test.TEXT:
            matches = search.datasets(writer, parameter)
            rows.tally = None
            if rows.whole:
                rows.head = f"UNWIND {matches} AS {there.var} WITH {there.var}"
            else:
                found.append(f"{there.var} IN {matches}")
        else:
            found += _filter(writer, there, declared, parameter, rows)
    return found


def _start(writer: Writer, scope: Scope | None, mapping: Connection, order: Order) -> Rows:
    if mapping.step is not None:
        assert scope is not None
        there, pattern, conditions = writer.step(scope, mapping.step)
        test = writer.inspectable(Site.LIST, scope) if mapping.needs is Action.INSPECT else None
        found = Rows(there.tested, (there,), f"MATCH {pattern}", [test, *conditions] if test else conditions)
        found.distinct = mapping.step.timed
        if there.below:
            found.read = writer.read(there, ("accessClass", "id", order.property))
    else:
        var = writer.name()
        there = Scope(mapping.to, var, var)
        entity, guard = writer.entities[mapping.to], writer.guard
        # An order that needs more than to know of a row has a test of its own, which then stands for both.
        ordered = order.needs is Action.INSPECT and guard.nested and not guard.same
        conditions = [] if ordered else writer.discoverable((Site.DATASET_PAGE, None), there)
        found = Rows(var, (there,), f"MATCH ({var}:{entity.label})", conditions)
        found.whole = True
        if entity.kind is Kind.DATASET:
            found.tally = []
        if mapping.keyed is not None:
            assert scope is not None
            found.conditions = [f"{var}.{mapping.keyed} = {scope.var}.id", *conditions]
            found.tally = [(mapping.keyed, f"t.{mapping.keyed} = {scope.var}.id")]
    found.node = lambda w, selected: w.project(there, selected.only)
    return found


def _filter(writer: Writer, there: Scope, declared: Filter, parameter: str, rows: Rows) -> list[str]:
    def over(var: str) -> str:
        prop = f"{var}.{declared.property}"
        match declared.test:
            case Test.IS:
                return f"{prop} = {parameter}"
            case Test.IN:
                return f"{prop} IN {parameter}"
            case Test.OVERLAPS:
                return f"any(q IN {prop} WHERE q IN {parameter})"
            case Test.SINCE:
                return f"{prop} >= {parameter}"
            case Test.PASSED:
                return f"coalesce({prop} <= $now, false) = {parameter}"
            case Test.SUBTREE:
                return f"{prop} IN {below}"
            case Test.TEXT:
                raise AssertionError("text has a start of its own")

    below = ""
    if declared.test is Test.SUBTREE:
        below = writer.ahead(
            f"COLLECT {{ MATCH (j:Jurisdiction)-[:PART_OF*0..]->(:Jurisdiction {{id: {parameter}}}) RETURN j.id }}"
        )
    conditions = [over(there.var)]
    if declared.needs is Action.INSPECT and not writer.guard.same:
        conditions.insert(0, writer.guard.test(Site.FILTER, Action.INSPECT, there.var, there.row))
    if rows.tally is not None:
        rows.tally = [*rows.tally, (declared.property, over("t"))] if declared.tallied else None
    return conditions


def _hint(entity: Entity, var: str, wanted: tuple[str, ...], *, seek: bool) -> str:
    """Names the index that gives start and order, so that the plan is the same on an empty and on a full graph."""
    how = "INDEX SEEK" if seek else "INDEX"
    return f" USING {how} {var}:{entity.label}({', '.join(wanted)})" if wanted in entity.indexes else ""


def _branches(writer: Writer, var: str, entity: Entity, order: Order) -> list[Branch]:
    """One start per class that the caller may discover, and one per relation that widens this."""
    keys = tuple(dict.fromkeys((order.property, "id")))

    def by(property_: str, values: str) -> Branch:
        hint = _hint(entity, var, (property_, *keys), seek=True)
        return Branch(values, f"MATCH ({var}:{entity.label}){hint}", f"{var}.{property_} = k", f"{var}.{property_}")

    ways = {
        Relation.OWNER: by("agency", "[$s_agency]"),
        Relation.JURISDICTION: by("jurisdiction", "$s_jurisdictions"),
        Relation.GRANTED: Branch("$s_grantees", f"MATCH ({var}:{entity.label})<-[:ON]-(:Grant)-[:TO]->(c)", "c.id = k"),
    }
    return [by("accessClass", f"$a_{Action.DISCOVER}"), *(ways[r] for r in writer.guard.relations(Action.DISCOVER))]
