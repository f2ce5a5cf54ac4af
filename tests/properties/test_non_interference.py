"""For any graph, Subject and query, the response equals the response on the same graph with what the Subject cannot
discover removed and what it cannot inspect set to null (design section 4).
"""

import os
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

import pytest

from gateway.classes import CLASSES
from gateway.graph import Graph
from gateway.identity import Profile
from gateway.plan.guard import Guard, Site
from gateway.policy.table import AccessTable, Answer, Decision, Effect
from gateway.vocabulary import Action, NextStep, Relation
from tests.plan.asking import CALLERS, POLICY, Gateway
from tests.plan.comparison import faults
from tests.plan.queries import Grower, Query
from tests.properties.reduction import reduced
from tests.support.database import empty
from tests.support.loading import load
from tests.support.world import World, build_world

WORLDS: Final = int(os.environ.get("GATEWAY_TEST_WORLDS", "4"))
"""Worlds, each asked by one caller. `make deep` sets more."""

QUERIES: Final = 10
"""Queries per world."""

HIDING: Final = ("public", "staff", "water", "head", "nobody")
"""Callers from whom much is hidden; the others see nearly all, so that little could leak to them."""


@cache
def _everything(profile: Profile) -> AccessTable:
    """A table that allows all: what the answer would be without enforcement."""
    del profile
    yes = Decision(True, "all", "R7", "可", "yes", NextStep.USE)
    answers = {(Relation.ANYONE, key, action): Answer(Effect.ALLOW, 1, yes) for key in CLASSES for action in Action}
    return AccessTable.of("everything", answers)


@dataclass(slots=True)
class Figures:
    """What a run amounted to."""

    cases: int = 0
    hiding: int = 0
    differing: list[str] = field(default_factory=list)


class Trial:
    """One world, whole and as one caller may know it, in the same database one after the other."""

    def __init__(self, graph: Graph, seed: int, name: str) -> None:
        self.graph, self.subject = graph, CALLERS[name]
        self.world = build_world(random.Random(seed), datasets=12)
        self.less = reduced(self.world, self.subject, POLICY.table_for(self.subject.profile))
        # Whichever way a page is found, the answer has to be the same; the worlds take turns.
        few: Mapping[str, int] = {"UO_CL": 10**6, **self.world.classes()} if seed % 2 else {}
        self.gateway = Gateway(graph, sparse=few)
        self.unguarded = Gateway(graph, table_for=_everything)
        rnd = random.Random(f"{seed} {name}")
        schema = self.unguarded.schema._schema
        self.queries = [Grower(schema, self.world, rnd).query() for _ in range(QUERIES)]
        self.queries.append(Query(f"{{ {_walks(self.world, 6, 4)} }}", {}, {}))
        self.queries.append(Query(_TIERS, {}, {}))

    async def one(self, gateway: Gateway, query: Query) -> Any:
        """Data with its order of keys, and errors by path and code."""
        variables = {k: v for k, v in query.variables.items() if k not in query.cursors}
        found = await gateway.ask(query.text, variables, self.subject)
        return repr(found.data), faults(found.errors)

    async def run(self, figures: Figures, queries: list[Query], *, every: bool = False) -> None:
        """Compares all queries whose answer something hidden would have changed, and as many others, or every one."""
        await empty(self.graph)
        await load(self.graph, self.world)
        cases: dict[bool, list[tuple[Query, Any]]] = {True: [], False: []}
        for query in queries:
            answer = await self.one(self.gateway, query)
            cases[answer != await self.one(self.unguarded, query)].append((query, answer))
        compared = cases[True] + cases[False][: None if every else len(cases[True])]
        figures.cases += len(compared)
        figures.hiding += len(cases[True])
        await empty(self.graph)
        await load(self.graph, self.less)
        for query, answer in compared:
            if await self.one(self.gateway, query) != answer:
                figures.differing.append(query.text)


async def test_nothing_hidden_shows_in_any_answer(graph: Graph, record_property: Callable[[str, int], None]) -> None:
    figures = Figures()
    names = [HIDING[i % len(HIDING)] if i % 4 else sorted(CALLERS)[i // 4 % len(CALLERS)] for i in range(WORLDS)]
    for seed, name in enumerate(names):
        trial = Trial(graph, seed, name)
        await trial.run(figures, trial.queries)
    record_property("cases", figures.cases)
    record_property("of them with something to hide", figures.hiding)
    assert figures.differing == []
    assert figures.hiding * 2 >= figures.cases
    assert figures.hiding >= WORLDS * 3, "too few cases hide anything: the property proves little"


_TIERS: Final = """{ datasets(first: 100) { nodes { id noRedistribution fields(first: 100) { nodes { id effectiveTier {
  shareType openType sensitivity
  becauseOf(first: 5) { paths { length edges { id } } isComplete truncatedBecause } } } } } } }"""


def _walks(world: World, datasets: int = 12, fields: int = 100) -> str:
    """A walk from each of some datasets and fields."""
    return " ".join(
        f'{row["id"]}: lineage(of: "{row["id"]}", direction: BOTH, depth: 2) {{ totalCount hidden {{ rule }}'
        " nodes { id distance } edges { id } truncatedBecause }"
        for row in (*world.datasets[:datasets], *world.fields[:fields])
    )


DIRECTED: Final = {
    Site.DATASET_BY_KEY: "{{ a: dataset(id: {dataset}) {{ title }} b: node(id: {dataset}) {{ id }} }}",
    Site.DATASET_PAGE: "{ datasets(first: 100) { nodes { id } } }",
    Site.DATASET_STEP: (
        "{ datasets(first: 100) { nodes { id derivedFrom { nodes { id } } derivatives { nodes { id } } } } }"
    ),
    Site.FIELD_BY_KEY: "{{ nodes(ids: {fields}) {{ id }} }}",
    Site.FIELD_BY_KEY_DATASET: "{{ nodes(ids: {fields}) {{ id }} }}",
    Site.FIELD_STEP: "{ datasets(first: 100) { nodes { id fields(first: 100) { nodes { id } } } } }",
    Site.INSPECTABLE: "{ datasets(first: 100) { nodes { id keywords formats } } }",
    Site.VALUE: "{ datasets(first: 100) { nodes { id keywords formats stale } } }",
    Site.LIST: "{ datasets(first: 100) { nodes { id distributions { id } version { n } } } }",
    Site.FILTER: "{ datasets(first: 100, filter: { stale: true }) { nodes { id } } }",
    Site.ORDER: "{ datasets(first: 100, orderBy: { field: MODIFIED }) { nodes { id } } }",
    Site.SEARCH_TITLE: '{ search(query: "水", first: 100) { edges { score node { __typename } } } }',
    Site.SEARCH_TEXT: '{ search(query: "水", first: 100) { edges { score node { __typename } } } }',
    Site.SEARCH_FIELD: '{ search(query: "水", first: 100) { edges { score node { __typename } } } }',
    Site.SEARCH_FIELD_DATASET: '{ search(query: "水", first: 100) { edges { score node { __typename } } } }',
    Site.SEARCH_FIELD_TEXT: '{ search(query: "水", first: 100) { edges { score node { __typename } } } }',
    Site.LINEAGE_START: "{{ lineage(of: {dataset}, direction: BOTH) {{ isComplete }} }}",
    Site.LINEAGE_START_DATASET: "{{ {walks} }}",
    Site.LINEAGE_NODE: "{{ {walks} }}",
    Site.LINEAGE_HIDDEN: "{{ {walks} }}",
    Site.TALLY: "{ datasets { totalCount facets { theme { value count } } } }",
}
"""For each place of a test in a statement, a query that goes through it.

But for LINEAGE_STEP: that an entry exists may be known there, and what is kept back is which one it is
(`test_which_hidden_entry_something_was_made_from_is_in_no_list`).
"""
assert DIRECTED.keys() | {Site.LINEAGE_STEP} == {*Site}


@pytest.mark.long
@pytest.mark.parametrize("site", DIRECTED)
async def test_without_the_test_at_any_one_site_something_leaks(
    site: Site, graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = Guard.apply
    monkeypatch.setattr(Guard, "apply", lambda self, at, test: "true" if at is site else usual(self, at, test))
    for seed, name in ((s, n) for s in range(12) for n in ("staff", "public")):
        trial = Trial(graph, seed, name)
        hidden = [d for d in trial.world.datasets if d["id"] not in {k["id"] for k in trial.less.datasets}]
        fields = ", ".join(f'"{f["id"]}"' for f in trial.world.fields[:100])
        text = DIRECTED[site]
        if "{{" in text:
            text = text.format(
                dataset=f'"{hidden[0]["id"]}"' if hidden else '""',
                fields=f"[{fields}]",
                walks=_walks(trial.world, 12, 40),
            )
        figures = Figures()
        await trial.run(figures, [Query(text, {}, {})], every=True)
        if figures.differing:
            return
    pytest.fail(f"the test at {site} can be taken away without anything leaking")


async def test_which_hidden_entry_something_was_made_from_is_in_no_list(graph: Graph) -> None:
    """An agency knows of a non-shared entry. That another one was made from it is part of what it may not inspect."""
    listed = "{ datasets(first: 100) { nodes { id %s { totalCount nodes { id access { inspect { allowed } } } } } } }"
    compared = 0
    for seed in range(3):
        world = build_world(random.Random(seed), datasets=12)
        await empty(graph)
        await load(graph, world)
        for way in ("derivedFrom", "derivatives"):
            for name in ("staff", "center"):
                found = await Gateway(graph).data(listed % way, {}, CALLERS[name])
                ends = [end for node in found["datasets"]["nodes"] for end in node[way]["nodes"]]
                counts = sum(node[way]["totalCount"] for node in found["datasets"]["nodes"])
                assert counts == len(ends)
                assert all(end["access"]["inspect"]["allowed"] for end in ends)
                compared += len(ends) * (1 if name == "staff" else -1)
    assert compared < 0, "nothing is hidden from anybody"
