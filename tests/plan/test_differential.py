"""The gateway answers any query as ordinary resolvers over the same rows would."""

import os
import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st

from gateway.graph import Graph
from gateway.identity import Profile
from gateway.policy.table import AccessTable
from tests.plan.asking import CALLERS, POLICY, Gateway
from tests.plan.comparison import Cursors, cursors_at, faults
from tests.plan.queries import Grower, Query
from tests.plan.tables import RandomTables
from tests.reference import Reference
from tests.support.database import empty
from tests.support.loading import load
from tests.support.world import World, build_world

EXAMPLES: Final = int(os.environ.get("GATEWAY_TEST_EXAMPLES", "25"))
"""`make deep` sets more. A statement with a new text costs Neo4j some 150 ms, and nearly every example has one."""

WAYS: Final = ("usual", "sparse")
"""How pages are found: by the index of the order, or merged from the classes that a caller may discover."""


class Pair:
    """The gateway and the reference over one world, with one access table per profile."""

    def __init__(
        self, graph: Graph, world: World, table_for: Callable[[Profile], AccessTable] = POLICY.table_for
    ) -> None:
        self.world = world
        self.compared = 0
        self.gateways = {
            # Whichever share of the rows a caller sees, one of the two has to think that it is small.
            "usual": Gateway(graph, table_for=table_for),
            "sparse": Gateway(graph, table_for=table_for, sparse={"UO_CL": 10**6, **world.classes()}),
        }
        sdl = self.gateways["usual"].schema.as_str()
        self.reference = Reference(sdl, world, table_for)

    async def compare(self, query: Query, name: str, way: str, cursors: Cursors, variables: Mapping[str, Any]) -> Any:
        """Asserts that both answer alike; the reference's data."""
        subject = CALLERS[name]
        opaque = {k: cursors.of.get(v, v) if k in query.cursors else v for k, v in variables.items()}
        theirs = self.reference.execute(query.text, variables, subject)
        mine = await self.gateways[way].ask(query.text, opaque, subject)
        assert faults(mine.errors) == faults(theirs.errors), f"{mine.errors} instead of {theirs.errors}"
        cursors.same(mine.data, theirs.data)
        return theirs.data


@pytest.fixture(scope="module", params=[1, 2])
async def pairs(request: pytest.FixtureRequest, shared_graph: Graph) -> list[Pair]:
    """A world in the graph and in memory, under the policy and under tables that no policy would make."""
    world = build_world(random.Random(request.param), datasets=40)
    await empty(shared_graph)
    await load(shared_graph, world)
    drawn = [Pair(shared_graph, world, RandomTables(seed).table_for) for seed in range(3)]
    return [Pair(shared_graph, world), *drawn]


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize="GATEWAY_TEST_EXAMPLES" not in os.environ,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.reuse, Phase.generate, Phase.shrink],
)
@given(
    rnd=st.randoms(use_true_random=False),
    name=st.sampled_from(sorted(CALLERS)),
    way=st.sampled_from(WAYS),
    tables=st.sampled_from([0, 0, 1, 2, 3]),
)
async def test_any_query_is_answered_as_ordinary_resolvers_would(
    pairs: list[Pair],
    record_property: Callable[[str, int], None],
    rnd: random.Random,
    name: str,
    way: str,
    tables: int,
) -> None:
    pair = pairs[tables]
    query = Grower(pair.reference.schema, pair.world, rnd).query()
    cursors, variables = Cursors(), dict(query.variables)
    for turn in range(3):
        pair.compared += 1
        record_property("answers compared", sum(p.compared for p in pairs))
        data = await pair.compare(query, name, way, cursors, variables)
        found = {v: sorted(set(cursors_at(data, key))) for v, key in query.cursors.items()}
        places = {v: rnd.choice(c) for v, c in found.items() if c}
        if not places:
            break
        event(f"page {turn + 2}")
        variables |= places


_COUNTS: Final = """
    totalCount
    facets {
      shareType { value count } openType { value count } theme { value count } agency { value { id } count }
    }
"""


@pytest.mark.parametrize("asked", ["", "theme: [ENER, TRAN]", "openType: NOT_OPEN", "shareType: [NON_SHARED]"])
async def test_counts_hold_what_a_caller_may_know_of_their_own_agency_only(pairs: list[Pair], asked: str) -> None:
    query = Query(f"{{ datasets(filter: {{{asked}}}) {{ {_COUNTS} }} }}", {}, {})
    added = 0
    for pair in pairs:
        for name, subject in CALLERS.items():
            found = await pair.compare(query, name, "usual", Cursors(), {})
            elsewhere = replace(subject, agency=subject.agency and "ag_elsewhere")
            added += found != pair.reference.execute(query.text, {}, elsewhere).data
    assert added, "this world cannot tell what one's own agency adds"
