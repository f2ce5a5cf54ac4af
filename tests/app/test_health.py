"""The two probes: alive while the process serves, ready while Neo4j answers."""

import asyncio

from gateway.graph import GraphUnavailable
from gateway.settings import Settings
from tests.app.serving import ScriptedGraph, gateway


async def test_ready_follows_the_graph_and_alive_does_not(settings: Settings) -> None:
    graph = ScriptedGraph()
    async with gateway(settings, graph) as client:
        assert (await client.get("/readyz")).json() == {"ready": True, "changes": True}

        graph.failure = GraphUnavailable("gone")
        await asyncio.sleep(0.6)
        away = await client.get("/readyz")
        assert (away.status_code, away.json()["ready"]) == (503, False)
        assert int(away.headers["retry-after"]) > 0
        assert (await client.get("/healthz")).status_code == 200

        graph.failure = None
        await asyncio.sleep(0.6)
        assert (await client.get("/readyz")).status_code == 200
