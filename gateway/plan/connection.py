"""Relay connections as one expression: the page, its cursors, `pageInfo`, the total and the facets.

Only what is selected is computed. `hasNextPage` costs one row more than the page, never a count.
"""

from dataclasses import dataclass

from gateway.plan import cursor, facets
from gateway.plan.arguments import Page
from gateway.plan.mapping import Connection, Order
from gateway.plan.rows import Rows, rows_of
from gateway.plan.selection import TYPENAME, Selected
from gateway.plan.writer import Scope, Writer, row


@dataclass(frozen=True, slots=True)
class _Parts:
    """What is selected of a connection."""

    lists: tuple[Selected, ...]
    infos: tuple[Selected, ...]

    @property
    def cursors(self) -> bool:
        return any(c.name in ("startCursor", "endCursor") for info in self.infos for c in info.only)

    def asks(self, name: str) -> bool:
        return any(c.name == name for info in self.infos for c in info.only)


def connection(writer: Writer, scope: Scope | None, selected: Selected, mapping: Connection) -> str:
    """The expression for a connection below `scope`, or at the root."""
    page = writer.bound[selected.index].shape
    assert isinstance(page, Page)
    rows = rows_of(writer, scope, selected.index, mapping, page)
    return connection_over(writer, scope, rows, selected, page, mapping.orders[page.order])


def connection_over(
    writer: Writer, scope: Scope | None, rows: Rows, selected: Selected, page: Page, order: Order
) -> str:
    """The expression for a connection over rows that were described already."""
    p, children = f"p{selected.index}", selected.only
    parts = _Parts(
        tuple(c for c in children if c.name in ("edges", "nodes")), tuple(c for c in children if c.name == "pageInfo")
    )
    more = parts.asks("hasPreviousPage" if page.backward else "hasNextPage")
    bare = len(parts.lists) == 1 and not parts.cursors
    listed = ""
    if parts.lists or parts.infos:
        limit = f"${p}_n + 1" if more else f"${p}_n"
        listed = writer.bind(scope, _fetch(writer, rows, parts, page, order, p, bare=bare, limit=limit))
    cut = f"{listed}[0..${p}_n]" if more else listed
    kept = f"reverse({cut})" if page.backward else cut
    values = []
    for child in children:
        if child in parts.lists:
            values.append(kept if bare else f"[q IN {kept} | q[{parts.lists.index(child)}]]")
        elif child in parts.infos:
            values.append(_page_info(rows, child, page, order, _Fetched(p, listed, kept, len(parts.lists))))
        elif child.name == "totalCount":
            values.append(facets.total(writer, scope, rows, page, order))
        elif child.name == "facets":
            values.append(facets.facets(writer, scope, rows, child, page, order))
    return row(values)


def _fetch(
    writer: Writer, rows: Rows, parts: _Parts, page: Page, order: Order, p: str, *, bare: bool, limit: str
) -> str:
    cursor_of = cursor.expression(f"{p}_c", rows.var, order.property)
    members = [_member(writer, rows, part, cursor_of) for part in parts.lists]
    shape = members[0] if bare else row([*members, cursor_of] if parts.cursors else members)
    way = " DESC" if page.descending != page.backward else ""
    keys = [f"{rows.var}.{name}{way}" for name in (*rows.equal, order.property)]
    if order.property != "id" and not order.unique:
        keys.append(f"{rows.var}.id{way}")
    found = rows.text(rows.keyset(p, page, order), limit=f" ORDER BY {', '.join(keys)} LIMIT {limit}")
    settled = "".join(writer.settle(s) for s in rows.scopes)
    return f"COLLECT {{ {found}{settled} RETURN {shape} }}"


def _member(writer: Writer, rows: Rows, part: Selected, cursor_of: str) -> str:
    if part.name == "nodes":
        return rows.node(writer, part)
    values = []
    for child in part.only:
        if child.name == "node":
            values.append(rows.node(writer, child))
        elif child.name == "cursor":
            values.append(cursor_of)
        elif child.name != TYPENAME:
            values.append(f"{rows.var}.{child.name}")
    return row(values)


@dataclass(frozen=True, slots=True)
class _Fetched:
    """The rows that were fetched: all of them, those of the page in their order, and where a row has its cursor."""

    p: str
    listed: str
    kept: str
    place: int


def _page_info(rows: Rows, info: Selected, page: Page, order: Order, fetched: _Fetched) -> str:
    def beyond(argument: str, given: bool) -> str:
        if not given:
            return "false"
        return f"EXISTS {{ {rows.text(rows.keyset(fetched.p, page, order, beyond=argument))} RETURN 1 }}"

    more = f"size({fetched.listed}) > ${fetched.p}_n"
    texts = {
        "hasNextPage": beyond("before", page.before) if page.backward else more,
        "hasPreviousPage": more if page.backward else beyond("after", page.after),
        "startCursor": f"{fetched.kept}[0][{fetched.place}]",
        "endCursor": f"{fetched.kept}[-1][{fetched.place}]",
    }
    return row(texts[c.name] for c in info.only if c.name != TYPENAME)
