"""The ground of the catalogue's tests, a log, and what takes reports."""

from collections.abc import AsyncIterator

import pytest

from gateway.audit.ledger import Ledger
from gateway.audit.outbox import Outbox
from gateway.audit.recorder import Recorder
from gateway.catalog import write_entries
from gateway.graph import Graph
from gateway.lineage import Recording
from gateway.vocabulary import Status
from tests.catalog.entries import entry, ground
from tests.lineage.reporting import Desk
from tests.lineage.stated import Statements
from tests.lineage.tiered import Flow
from tests.sharing.city import City
from tests.sharing.conftest import city, founded

__all__ = ["city", "founded"]
"""Fixtures of the procedures' tests, which pytest finds by these names."""

_CLEAR = (
    "MATCH (n:Job|Run|Statement|Point|NameLock|Unsettled|External|LineageName|Idempotency|Retier|Declassification)"
    " DETACH DELETE n"
)
_UNLINK = "MATCH ()-[e:DERIVED_FROM]->() DELETE e"


@pytest.fixture(scope="module")
async def opened(module_graph: Graph, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    """Two entries of the water company's, one of the power company's, and a draft of these."""
    state = tmp_path_factory.mktemp("state")
    await ground(module_graph)
    power = entry(9, agency="power")
    draft = entry(8, agency="power", status=Status.DRAFT)
    await write_entries(module_graph, [entry(1), entry(2), power, draft])
    agencies = dict(await module_graph.read("MATCH (a:Agency) RETURN collect([a.code, a.id])"))
    async with Recorder(state, "test.example/log") as recorder, Outbox(module_graph, recorder) as outbox:
        yield Desk(module_graph, Recording(module_graph, Ledger(module_graph, recorder, outbox)), state, agencies)


@pytest.fixture
async def desk(opened: Desk) -> Desk:
    """All of it, with nothing reported."""
    await opened.graph.run(_UNLINK)
    await opened.graph.run(_CLEAR)
    opened.forget()
    return opened


@pytest.fixture(scope="module")
async def flow(opened: Desk) -> Flow:
    """Entries between which tiers flow, with the names that systems call them by."""
    flow = Flow(opened)
    await flow.begin()
    await flow.name()
    return flow


@pytest.fixture
async def begun(flow: Flow) -> Flow:
    """The same with nothing reported."""
    await flow.begin()
    flow.desk.forget()
    return flow


@pytest.fixture(scope="module")
async def stated(founded: City) -> Statements:
    """What the city's agencies make of each other's data, and officers who say so."""
    return await Statements(founded).found()


@pytest.fixture
async def statements(stated: Statements, city: City) -> Statements:
    """All of it, with nothing stated."""
    assert stated.city is city
    await stated.renew()
    return stated
