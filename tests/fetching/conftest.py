"""The city of the procedures, programs with tokens, files that the provider has delivered, and who hands them out."""

from collections.abc import AsyncIterator

import pytest

from gateway.audit.ledger import Ledger
from gateway.audit.outbox import Outbox
from gateway.audit.recorder import Recorder
from gateway.delivery import Engine
from gateway.graph import Graph
from tests.fetching.depot import Depot
from tests.oauth.partners import Partners
from tests.sharing.city import City


@pytest.fixture(scope="module")
async def opened(module_graph: Graph, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[City, Engine]]:
    """The city with its log and an authority of its own, and an engine that reads what was delivered."""
    state = tmp_path_factory.mktemp("city")
    async with (
        Recorder(state, "test.example/log") as recorder,
        Outbox(module_graph, recorder) as outbox,
        Engine(state / "deliveries", state / "spill") as engine,
    ):
        yield await City(module_graph, Ledger(module_graph, recorder, outbox), outbox, state).found(), engine


@pytest.fixture
async def depot(opened: tuple[City, Engine]) -> Depot:
    """All of it, as it was made."""
    city, engine = opened
    await city.renew()
    await city.graph.run("MATCH (n:System|Once|GivenBack|Source|Quota) DETACH DELETE n")
    depot = Depot(city, engine, Partners(city))
    for dataset in ("free", "mixed", "kept"):
        await depot.deliver(dataset)
    return depot
