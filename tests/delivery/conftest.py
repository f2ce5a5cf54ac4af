"""One engine and one real PostgreSQL for each worker of a run, started when the first test asks for them."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from gateway.delivery import Engine, Limits
from tests.delivery.server import Server, running_server


@pytest.fixture(scope="session")
def deliveries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of deliveries."""
    return tmp_path_factory.mktemp("deliveries")


@pytest.fixture(scope="session")
async def engine(deliveries: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Engine]:
    """An engine that reads there."""
    async with Engine(deliveries, tmp_path_factory.mktemp("spill"), Limits(memory="256m")) as engine:
        yield engine


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A PostgreSQL."""
    with running_server() as server:
        yield server
