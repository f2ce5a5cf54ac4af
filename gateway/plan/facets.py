"""Totals and facet counts.

The catalogue as a whole, and the parts of it that a Tally distinguishes, are counted from tallies, which cost the
same at any number of datasets. Other filters count their rows.
"""

from typing import Final

from gateway.plan.arguments import Page
from gateway.plan.guard import Site
from gateway.plan.mapping import Order
from gateway.plan.rows import Rows
from gateway.plan.selection import TYPENAME, Selected
from gateway.plan.writer import Scope, Writer, row
from gateway.vocabulary import Action

BY_AGENCY: Final = "agency"


def total(writer: Writer, scope: Scope | None, rows: Rows, page: Page, order: Order) -> str:
    """How many rows the list has, whatever the page."""
    if rows.tally is None:
        return writer.bind(scope, f"COUNT {{ {_all(rows, page, order)} RETURN {rows.var} }}")
    return writer.bind(scope, f"head(COLLECT {{ {_tallies(writer, rows, order)} RETURN sum(t.n) }})")


def _all(rows: Rows, page: Page, order: Order) -> str:
    """The rows of the whole list: the tests of its order stay, its cursors do not."""
    return rows.text(rows.keyset("", Page(page.order, page.descending, filters=page.filters), order))


def _tallies(writer: Writer, rows: Rows, order: Order) -> str:
    action = order.needs if not writer.guard.same else Action.DISCOVER
    tests = [writer.guard.test(Site.TALLY, action, "t", "t")]
    return f"MATCH (t:Tally) WHERE {' AND '.join([*(rows.tally or []), *tests])}"


def facets(writer: Writer, scope: Scope | None, rows: Rows, selected: Selected, page: Page, order: Order) -> str:
    """Counts of the list's rows by tier, theme and agency, the most frequent first."""
    return row(writer.bind(scope, _facet(writer, rows, c, page, order)) for c in selected.only if c.name != TYPENAME)


def _facet(writer: Writer, rows: Rows, selected: Selected, page: Page, order: Order) -> str:
    by = selected.name
    if rows.tally is not None:
        grouped = f"{_tallies(writer, rows, order)} WITH t.{by} AS value, sum(t.n) AS n WHERE n > 0"
    else:
        there = rows.scopes[0]
        owner = there.row if by in (BY_AGENCY, "theme") else there.var
        grouped = f"{_all(rows, page, order)} WITH {owner}.{by} AS value, count(*) AS n"
    if by != BY_AGENCY:
        shape = _counted(selected, "value")
        return f"COLLECT {{ {grouped} WITH value, n ORDER BY n DESC, value RETURN {shape} }}"
    agency = writer.name()
    shape = _counted(selected, agency, writer)
    return (
        f"COLLECT {{ {grouped} MATCH ({agency}:Agency {{id: value}})"
        f" WITH {agency}, n ORDER BY n DESC, {agency}.id{writer.settle(Scope('Agency', agency, ''))} RETURN {shape} }}"
    )


def _counted(selected: Selected, value: str, writer: Writer | None = None) -> str:
    texts = []
    for child in selected.only:
        if child.name == "count":
            texts.append("n")
        elif child.name != TYPENAME:
            texts.append(value if writer is None else writer.project(Scope(child.type_name, value, ""), child.only))
    return row(texts)
