"""The ground of the catalogue's tests, a log, an engine and a real PostgreSQL: made once for a module."""

from collections.abc import AsyncIterator, Iterator

import pytest

from gateway.audit.ledger import Ledger
from gateway.audit.outbox import Outbox
from gateway.audit.recorder import Recorder
from gateway.catalog import write_entries
from gateway.delivery import Engine
from gateway.graph import Graph
from gateway.sources import Registry, Sources, Trying
from tests.catalog.entries import ground
from tests.delivery.server import Server, running_server
from tests.sources.depot import ENTRY, Depot


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A PostgreSQL."""
    with running_server() as server:
        yield server


@pytest.fixture(scope="module")
async def opened(module_graph: Graph, server: Server, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Depot]:
    """The catalogue with one entry, and the folder into which agencies deliver."""
    state = tmp_path_factory.mktemp("state")
    await ground(module_graph)
    async with (
        Recorder(state, "test.example/log") as recorder,
        Outbox(module_graph, recorder) as outbox,
        Engine(state / "deliveries", state / "spill") as engine,
    ):
        ledger = Ledger(module_graph, recorder, outbox)
        sources = Sources(state / "deliveries", {"water": server.dsn, "power": server.dsn})
        yield Depot(Registry(module_graph, ledger, Trying(engine, sources)), state, server)


@pytest.fixture
async def depot(opened: Depot) -> Depot:
    """All of it, with nothing connected."""
    await opened.registry.graph.run("MATCH (s:Source) DETACH DELETE s")
    await write_entries(opened.registry.graph, [ENTRY])
    opened.forget()
    return opened
