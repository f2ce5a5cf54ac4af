"""One embedded Neo4j for each worker of a run, started when the first test asks for it.

All asynchronous tests and fixtures share one event loop: a driver's connections belong to the loop that opened them.
"""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from gateway.graph import EmbeddedNeo4j, Graph, migrate, open_graph
from tests.support.classes import make_archive
from tests.support.database import SHORT_LIVED, DatabaseSettings, empty
from tests.support.scheduling import Scheduling, in_order

# How fast examples are drawn is the machine's business: the first text of a run alone can take a second.
settings.register_profile("gateway", suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("gateway")


def pytest_configure(config: pytest.Config) -> None:
    """Before a run in several processes, which is a whole one, what makes their servers start faster."""
    if getattr(config.option, "numprocesses", None) and not hasattr(config, "workerinput"):
        make_archive()


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DatabaseSettings]:
    """Settings of a running, unmigrated Neo4j in a state directory of its own."""
    settings = DatabaseSettings(state=tmp_path_factory.mktemp("state"))
    server = EmbeddedNeo4j(settings)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in SHORT_LIVED.items():
            patch.setenv(name, value)
        server.start()
    yield settings
    server.stop()


@pytest.fixture(scope="session")
async def shared_graph(database: DatabaseSettings) -> AsyncIterator[Graph]:
    """The migrated graph as the test before left it. Ask for `graph` or `module_graph` instead."""
    async with open_graph(database) as graph:
        await migrate(graph)
        yield graph


@pytest.fixture
async def graph(shared_graph: Graph) -> Graph:
    """An empty, migrated graph for one test."""
    await empty(shared_graph)
    return shared_graph


@pytest.fixture(scope="module")
async def module_graph(shared_graph: Graph) -> Graph:
    """An empty, migrated graph that one module's tests fill once. Never together with `graph` in one module."""
    await empty(shared_graph)
    return shared_graph


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest begins first."""
    items[:] = in_order(items)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduling:
    """Where there are several workers."""
    return Scheduling(config, log)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Says how many cases those tests compared that compare many: what they recorded with `record_property`."""
    for report in terminalreporter.stats.get("passed", ()):
        if figures := dict(report.user_properties):
            said = ", ".join(f"{number:,} {name}" for name, number in figures.items())
            terminalreporter.write_line(f"{report.nodeid.partition('::')[2]}: {said}")
