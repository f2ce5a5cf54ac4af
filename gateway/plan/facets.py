"""Totals and facet counts.

The catalogue as a whole, and the parts of it that a Tally distinguishes, are counted from tallies, which cost the
same at any number of datasets. Other filters count their rows.
"""

from dataclasses import dataclass, replace
from typing import Final

from gateway.plan.arguments import Page
from gateway.plan.guard import Site
from gateway.plan.mapping import Order
from gateway.plan.rows import Rows
from gateway.plan.selection import TYPENAME, Selected
from gateway.plan.writer import Scope, Writer, row
from gateway.vocabulary import Action, Relation, TallyPer

BY_AGENCY: Final = "agency"

_TIERS: Final = frozenset({"accessClass", "shareType", "openType"})
_KNOWS: Final = {
    TallyPer.THEME: _TIERS | {"theme"},
    TallyPer.AGENCY: _TIERS | {"agency", "jurisdiction"},
    TallyPer.AGENCY_THEME: _TIERS | {"theme", "agency", "jurisdiction"},
}
"""The properties of each kind of Tally, the kind with the fewest nodes first."""
_TESTED: Final = {Relation.OWNER: "agency", Relation.JURISDICTION: "jurisdiction"}
"""Which property of a Tally tells whether a relation holds."""


def total(writer: Writer, scope: Scope | None, rows: Rows, page: Page, order: Order) -> str:
    """How many rows the list has, whatever the page."""
    if rows.tally is None:
        return writer.bind(scope, f"COUNT {{ {_all(rows, page, order)} RETURN {rows.var} }}")
    nested = scope is not None
    if not nested and (apart := _apart(writer, rows, order)):
        return writer.bind(scope, f"head(COLLECT {{ {apart} RETURN sum(n) }})")
    return writer.bind(scope, _sum(_tallies(writer, rows, order), nested=nested))


def _sum(tallies: str, *, nested: bool) -> str:
    # An aggregate inside an expression makes Cypher take the values beside that expression for grouping keys, however
    # deep it stands; so below the root nothing aggregates.
    if nested:
        return f"reduce(s = 0, q IN COLLECT {{ {tallies} RETURN t.n }} | s + q)"
    return f"head(COLLECT {{ {tallies} RETURN sum(t.n) }})"


def _all(rows: Rows, page: Page, order: Order) -> str:
    """The rows of the whole list: the tests of its order stay, its cursors do not."""
    return rows.text(rows.keyset("", Page(page.order, page.descending, filters=page.filters), order))


def _action(writer: Writer, order: Order) -> Action:
    return order.needs if not writer.guard.same else Action.DISCOVER


def _tallies(writer: Writer, rows: Rows, order: Order, by: str = "accessClass") -> str:
    """The fewest tallies that know everything which is asked of them."""
    action, asked = _action(writer, order), rows.tally or []
    needed = {by, *(name for name, _ in asked), *(_TESTED[r] for r in writer.guard.relations(action) if r in _TESTED)}
    per = next(per for per, known in _KNOWS.items() if needed <= known)
    tests = [*(text for _, text in asked), writer.guard.test(Site.TALLY, action, "t", "t")]
    return f"MATCH (t:Tally {{per: '{per}'}}) USING INDEX t:Tally(per) WHERE {' AND '.join(tests)}"


def _apart(writer: Writer, rows: Rows, order: Order, by: str = "accessClass") -> str | None:
    """For who may know of more of their own agency: everybody's tallies, and what is different for that agency.

    Without this, the relation would ask for tallies that know the agency: tens of times as many.
    """
    action, asked = _action(writer, order), rows.tally or []
    needed = {by, *(name for name, _ in asked)}
    if writer.guard.relations(action) != (Relation.OWNER,) or not needed <= _KNOWS[TallyPer.THEME]:
        return None
    per = TallyPer.AGENCY if needed <= _KNOWS[TallyPer.AGENCY] else TallyPer.AGENCY_THEME
    tests = [text for _, text in asked]
    stranger = writer.guard.stranger(Site.TALLY, action, "t")
    mine = writer.guard.test(Site.TALLY, action, "t", "t")
    everybodys = " AND ".join([*tests, stranger])
    own = f" WHERE {' AND '.join(tests)}" if tests else ""
    more = f"CASE WHEN {mine} THEN t.n ELSE 0 END - CASE WHEN {stranger} THEN t.n ELSE 0 END"
    return (
        f"CALL () {{ MATCH (t:Tally {{per: '{TallyPer.THEME}'}}) USING INDEX t:Tally(per) WHERE {everybodys}"
        f" RETURN t.{by} AS value, t.n AS n UNION ALL"
        f" MATCH (t:Tally {{per: '{per}', agency: $s_agency}}) USING INDEX t:Tally(per, agency){own}"
        f" RETURN t.{by} AS value, {more} AS n }}"
    )


def facets(writer: Writer, scope: Scope | None, rows: Rows, selected: Selected, page: Page, order: Order) -> str:
    """Counts of the list's rows by tier, theme and agency, the most frequent first."""
    whole = _Whole(page, order, nested=scope is not None)
    return row(writer.bind(scope, _facet(writer, rows, c, whole)) for c in selected.only if c.name != TYPENAME)


@dataclass(frozen=True, slots=True)
class _Whole:
    """The list that is counted, and whether it stands below an object."""

    page: Page
    order: Order
    nested: bool
    number: str = ""
    """The variable of the counts: its own, because a facet's agency can have facets below it."""


def _grouped(writer: Writer, rows: Rows, by: str, whole: _Whole) -> str:
    """The clauses that produce each `value` with its number `n`."""
    if rows.tally is not None:
        found = _tallies(writer, rows, whole.order, by)
        if not whole.nested:
            summed = f"sum(t.n) AS {whole.number} WHERE {whole.number} > 0"
            if apart := _apart(writer, rows, whole.order, by):
                return f"{apart} WITH value, {summed.replace('t.n', 'n')}"
            return f"{found} WITH t.{by} AS value, {summed}"
        counted = _sum(f"{found} AND t.{by} = value", nested=True)
        return f"{found} WITH DISTINCT t.{by} AS value WITH value, {counted} AS {whole.number} WHERE {whole.number} > 0"
    there = rows.scopes[0]
    owner = there.row if by in (BY_AGENCY, "theme") else there.var
    found = _all(rows, whole.page, whole.order)
    if not whole.nested:
        return f"{found} WITH {owner}.{by} AS value, count(*) AS {whole.number}"
    same = f"COUNT {{ {found} WITH {rows.carried} WHERE {owner}.{by} = value RETURN {rows.var} }}"
    return f"{found} WITH DISTINCT {owner}.{by} AS value WITH value, {same} AS {whole.number}"


def _facet(writer: Writer, rows: Rows, selected: Selected, whole: _Whole) -> str:
    by, n = selected.name, writer.name()
    grouped = _grouped(writer, rows, by, replace(whole, number=n))
    if by != BY_AGENCY:
        shape = _counted(selected, n, "value")
        return f"COLLECT {{ {grouped} WITH value, {n} ORDER BY {n} DESC, value RETURN {shape} }}"
    agency = writer.name()
    shape = _counted(selected, n, agency, writer)
    ordered = f"WITH {agency}, {n} ORDER BY {n} DESC, {agency}.id{writer.settle(Scope('Agency', agency, ''))}"
    return f"COLLECT {{ {grouped} MATCH ({agency}:Agency {{id: value}}) {ordered} RETURN {shape} }}"


def _counted(selected: Selected, number: str, value: str, writer: Writer | None = None) -> str:
    texts = []
    for child in selected.only:
        if child.name == "count":
            texts.append(number)
        elif child.name != TYPENAME:
            texts.append(value if writer is None else writer.project(Scope(child.type_name, value, ""), child.only))
    return row(texts)
