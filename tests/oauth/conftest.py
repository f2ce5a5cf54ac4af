"""The city of the procedures, with programs that have keys, and what gives them tokens."""

from collections.abc import AsyncIterator

import pytest

from gateway.audit.ledger import Ledger
from gateway.audit.outbox import Outbox
from gateway.audit.recorder import Recorder
from gateway.graph import Graph
from tests.oauth.partners import Partners
from tests.sharing.city import City


@pytest.fixture(scope="module")
async def founded(module_graph: Graph, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[City]:
    """The city, with a log and an authority of its own."""
    state = tmp_path_factory.mktemp("city")
    async with Recorder(state, "test.example/log") as recorder, Outbox(module_graph, recorder) as outbox:
        yield await City(module_graph, Ledger(module_graph, recorder, outbox), outbox, state).found()


@pytest.fixture
async def partners(founded: City) -> Partners:
    """The city as it was made, and the token endpoints' parts."""
    await founded.renew()
    await founded.graph.run("MATCH (n:System|Once|GivenBack) DETACH DELETE n")
    return Partners(founded)
