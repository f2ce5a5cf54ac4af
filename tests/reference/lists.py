"""Filters, orders, pages and counts, by plain sorting and slicing."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from gateway.vocabulary import Action
from tests.reference.asking import INSTANT, Asking, Refused, Thing
from tests.reference.text import asked, has

MARK: Final = "cursor:"
"""Every cursor of the reference begins so; a comparison maps them to the gateway's, which are opaque."""

LARGEST: Final = 100
USUAL: Final = 20


@dataclass(frozen=True, slots=True)
class Listed:
    """A whole list in order, the arguments of its page, and what its cursors are bound to."""

    asking: Asking
    rows: list[Thing]
    value: Callable[[Thing], Any]
    descending: bool
    tag: str
    arguments: Mapping[str, Any]
    unique: bool = False
    """Whether no two rows share a value, so that the id breaks no ties."""

    def key(self, thing: Thing) -> tuple[Any, str]:
        return self.value(thing), "" if self.unique else thing.row["id"]

    def cursor(self, thing: Thing) -> str:
        return MARK + json.dumps([self.tag, self.value(thing), thing.row["id"]], ensure_ascii=False)

    def _position(self, argument: str) -> tuple[Any, str] | None:
        given = self.arguments.get(argument)
        if given is None:
            return None
        try:
            tag, value, identifier = json.loads(given.removeprefix(MARK))
        except ValueError:
            raise Refused("INVALID_CURSOR") from None
        if tag != self.tag:
            raise Refused("INVALID_CURSOR")
        return value, "" if self.unique else identifier

    def page(self) -> tuple[list[Thing], bool, bool]:
        """The rows of the page, and whether there are more after it and before it."""
        first, last = self.arguments.get("first"), self.arguments.get("last")
        if (first is not None and last is not None) or not all(n is None or 0 <= n <= LARGEST for n in (first, last)):
            raise Refused("INVALID_PAGE")
        after, before = self._position("after"), self._position("before")
        ordered = sorted(self.rows, key=self.key, reverse=self.descending)

        def beyond(thing: Thing, place: tuple[Any, str]) -> bool:
            return self.key(thing) < place if self.descending else self.key(thing) > place

        between = [
            t
            for t in ordered
            if (after is None or beyond(t, after))
            and (before is None or (not beyond(t, before) and self.key(t) != before))
        ]
        if last is not None:
            rest = before is not None and any(beyond(t, before) or self.key(t) == before for t in ordered)
            return between[len(between) - last :] if last < len(between) else between, rest, len(between) > last
        size = USUAL if first is None else first
        earlier = after is not None and any(not beyond(t, after) for t in ordered)
        return between[:size], len(between) > size, earlier


def tag_of(field: str, order: str, arguments: Mapping[str, Any]) -> str:
    """What a cursor is bound to: the field, its order, and what was filtered or searched for."""
    given = {k: v for k, v in (arguments.get("filter") or {}).items() if v is not None}
    return json.dumps([field, order, given, arguments.get("query")], sort_keys=True, ensure_ascii=False)


def datasets(asking: Asking, field: str, rows: list[Thing], arguments: Mapping[str, Any]) -> Listed:
    """A list of datasets with filter and order."""
    order = arguments.get("orderBy") or {}
    by, descending = order.get("field", "ID"), order.get("direction") == "DESC"
    kept = [t for t in rows if matches(asking, t, arguments.get("filter") or {})]
    if by == "MODIFIED":
        kept = [t for t in kept if asking.may(Action.INSPECT, t)]
    name = by.lower()
    return Listed(
        asking, kept, lambda t: t.row[name], descending, tag_of(field, f"{by} {descending}", arguments), arguments
    )


def plain(asking: Asking, field: str, rows: list[Thing], by: str, arguments: Mapping[str, Any]) -> Listed:
    """A list in its one order."""
    unique = by in ("code", "position")
    return Listed(asking, rows, lambda t: t.row[by], False, tag_of(field, by, arguments), arguments, unique)


def matches(asking: Asking, dataset: Thing, wanted: Mapping[str, Any]) -> bool:
    """Whether a known dataset passes every given part of a DatasetFilter."""
    row, inspectable = dataset.row, asking.may(Action.INSPECT, dataset)
    open_tests: dict[str, Callable[[Any], bool]] = {
        "agency": lambda v: row["agency"] == v,
        "jurisdiction": lambda v: row["jurisdiction"] in asking.below(v),
        "theme": lambda v: row["theme"] in v,
        "shareType": lambda v: row["shareType"] in v,
        "openType": lambda v: row["openType"] in v,
        "origin": lambda v: row["origin"] in v,
        "status": lambda v: row["status"] in v,
        "text": lambda v: bool(asked(v)) and all(worth(asking, dataset, word) for word in asked(v)),
    }
    closed_tests: dict[str, Callable[[Any], bool]] = {
        "format": lambda v: bool(set(row["formats"]) & set(v)),
        "accrualPeriodicity": lambda v: row.get("accrualPeriodicity") in v,
        "updatedSince": lambda v: bool(row["modified"] >= v),
        "stale": lambda v: (row["staleAt"] <= INSTANT) == v,
    }
    for name, value in wanted.items():
        if value is None:
            continue
        if name in open_tests:
            if not open_tests[name](value):
                return False
        elif not inspectable or not closed_tests[name](value):
            return False
    return True


def agencies(asking: Asking, rows: list[Thing], arguments: Mapping[str, Any]) -> Listed:
    """The agencies with their filter."""
    wanted = {k: v for k, v in (arguments.get("filter") or {}).items() if v is not None}

    def passes(thing: Thing) -> bool:
        return all(
            thing.row["jurisdiction"] in asking.below(value) if name == "jurisdiction" else thing.row[name] in value
            for name, value in wanted.items()
        )

    return plain(asking, "agencies", [t for t in rows if passes(t)], "code", arguments)


def worth(asking: Asking, thing: Thing, word: str) -> int:
    """What one word is worth in one object: 4 in title or name, 1 in the description where that may be read."""
    row = thing.row
    if thing.type == "Dataset":
        title, text = [row["title"], row.get("titleEn")], [row.get("description"), row["keywords"]]
    else:
        title, text = [row["name"], row.get("title")], [row.get("description")]
    found = 4 if has(word, title) else 0
    if has(word, text) and asking.may(Action.INSPECT, thing):
        found += 1
    return found


def search(asking: Asking, arguments: Mapping[str, Any]) -> Listed:
    """The hits with their scores, the best first."""
    words = asked(arguments["query"])
    scores: dict[str, int] = {}
    for thing in (*asking.all("Dataset"), *asking.all("Field")):
        dataset = asking.by_id[asking.dataset_of(thing)["id"]]
        parts = [worth(asking, thing, word) for word in words]
        if parts and all(parts) and matches(asking, dataset, arguments.get("filter") or {}):
            scores[thing.row["id"]] = sum(parts)
    rows = [asking.by_id[i] for i in scores]
    return Listed(asking, rows, lambda t: scores[t.row["id"]], True, tag_of("search", "SCORE", arguments), arguments)


def facet(listed: Listed, name: str) -> list[tuple[Any, int]]:
    """The counts of one facet, the most frequent first."""
    of_dataset = name in ("theme", "agency")
    rows = [listed.asking.dataset_of(t) if of_dataset else t.row for t in listed.rows]
    return sorted(Counter(row[name] for row in rows).items(), key=lambda found: (-found[1], found[0]))
