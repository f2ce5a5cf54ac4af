"""A city whose graph, log and keys are real, made once for a module."""

from collections.abc import AsyncIterator

import pytest

from gateway.audit.ledger import Ledger
from gateway.audit.outbox import Outbox
from gateway.audit.recorder import Recorder
from gateway.graph import Graph
from tests.sharing.city import City


@pytest.fixture(scope="module")
async def founded(module_graph: Graph, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[City]:
    """The city, with a log and an authority of its own."""
    state = tmp_path_factory.mktemp("city")
    async with Recorder(state, "test.example/log") as recorder, Outbox(module_graph, recorder) as outbox:
        yield await City(module_graph, Ledger(module_graph, recorder, outbox), outbox, state).found()


@pytest.fixture
async def city(founded: City) -> City:
    """The city as it was made."""
    await founded.renew()
    return founded
