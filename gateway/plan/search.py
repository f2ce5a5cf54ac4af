"""Full text: which objects match all the words, with a score that no hidden document can move.

Lucene's own score depends on how often a word stands in the whole index, hidden documents included. Here a word
is worth a constant for the place where it stands, so the index only says where that is.
"""

from typing import Final

from gateway.plan.guard import Site
from gateway.plan.writer import Writer
from gateway.vocabulary import Action

TITLE: Final = 4
"""Worth of a word in a Dataset's title or a Field's name."""
TEXT: Final = 1
"""Worth of a word in a description or among the keywords."""


def _dataset_places(writer: Writer) -> list[str]:
    guard = writer.guard
    title = guard.test(Site.SEARCH_TITLE, Action.DISCOVER, "d", "d")
    text = " AND ".join([title, *([] if guard.same else [guard.test(Site.SEARCH_TEXT, Action.INSPECT, "d", "d")])])
    return [
        f"CALL db.index.fulltext.queryNodes('{index}', term) YIELD node AS d WITH d WHERE {test}"
        f" RETURN d AS n, d, {worth} AS worth"
        for index, test, worth in (("dataset_title", title, TITLE), ("dataset_text", text, TEXT))
    ]


def _field_places(writer: Writer) -> list[str]:
    guard = writer.guard
    name = " AND ".join(
        [
            guard.test(Site.SEARCH_FIELD_DATASET, Action.INSPECT, "d", "d"),
            guard.test(Site.SEARCH_FIELD, Action.DISCOVER, "n", "d"),
        ]
    )
    text = " AND ".join([name, *([] if guard.same else [guard.test(Site.SEARCH_FIELD_TEXT, Action.INSPECT, "n", "d")])])
    return [
        f"CALL db.index.fulltext.queryNodes('{index}', term) YIELD node AS n"
        f" MATCH (n)<-[:HAS_FIELD]-(d:Dataset) WHERE {test} RETURN n, d, {worth} AS worth"
        for index, test, worth in (("field_name", name, TITLE), ("field_text", text, TEXT))
    ]


def _matching(places: list[str], parameter: str, result: str, *, where: str = "") -> str:
    return (
        f"COLLECT {{ UNWIND {parameter} AS term CALL (term) {{ {' UNION '.join(places)} }}"
        f" WITH n, d, count(DISTINCT term) AS found, sum(worth) AS score WHERE found = size({parameter}){where}"
        f" RETURN {result} }}"
    )


def datasets(writer: Writer, parameter: str) -> str:
    """A variable with the list of Datasets that match all the terms."""
    return writer.ahead(_matching(_dataset_places(writer), parameter, "d"))


def everything(writer: Writer, parameter: str) -> str:
    """A variable with the list of hits: `n` a Dataset or a Field, `d` its Dataset, its `id` and `score`."""
    places = [*_dataset_places(writer), *_field_places(writer)]
    return writer.ahead(_matching(places, parameter, "{n: n, d: d, id: n.id, score: score}"))
