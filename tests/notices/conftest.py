"""A city whose agencies have receivers, and somebody who delivers to them by a clock that a test turns."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.audit.ledger import Ledger
from gateway.audit.outbox import Outbox
from gateway.audit.recorder import Recorder
from gateway.graph import Graph
from tests.notices.receiving import Certificates, Receiver
from tests.notices.telling import Telling
from tests.sharing.city import City


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """An authority that the deliverer trusts, and a receiver's certificate of it."""
    return Certificates.made(tmp_path_factory.mktemp("receivers"))


@pytest.fixture(scope="module")
async def city(module_graph: Graph, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[City]:
    state = tmp_path_factory.mktemp("notices")
    async with Recorder(state, "test.example/log") as recorder, Outbox(module_graph, recorder) as outbox:
        yield await City(module_graph, Ledger(module_graph, recorder, outbox), outbox, state).found()


@pytest.fixture
async def telling(city: City, certificates: Certificates) -> Telling:
    await city.renew()
    await city.graph.run("MATCH (n:Webhook|Notice|Lease) DETACH DELETE n")
    return Telling(city, certificates)


@pytest.fixture
async def receiver(certificates: Certificates) -> AsyncIterator[Receiver]:
    async with Receiver(certificates) as found:
        yield found


@pytest.fixture
async def other(certificates: Certificates) -> AsyncIterator[Receiver]:
    async with Receiver(certificates) as found:
        yield found


@pytest.fixture
def root(certificates: Certificates) -> Path:
    return certificates.root
