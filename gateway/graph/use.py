"""A graph for one command: somebody's Neo4j, the embedded one that already runs, or one started for the while."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gateway.graph.driver import Graph, configured_address, open_graph
from gateway.graph.embedded import EmbeddedNeo4j
from gateway.graph.jars import Progress
from gateway.graph.migrations import migrate
from gateway.graph.options import GraphSettings
from gateway.graph.state import StateDirectory


@asynccontextmanager
async def running_graph(settings: GraphSettings, progress: Progress | None = None) -> AsyncIterator[Graph]:
    """A migrated graph that answers. An embedded server that had to be started is stopped at the end.

    Raises:
        GraphError: no Neo4j could be reached or started; the message says what to do.
    """
    server = None
    if configured_address(settings) is None and StateDirectory(settings.state).address() is None:
        server = EmbeddedNeo4j(settings, progress)
        await asyncio.to_thread(server.start)
    try:
        async with open_graph(settings) as graph:
            await migrate(graph)
            yield graph
    finally:
        if server is not None:
            await asyncio.to_thread(server.stop)
