"""The whole application delivers, shows its key and counts."""

import asyncio
import re
from pathlib import Path

import httpx
from neo4j import AsyncManagedTransaction

from gateway.app import create_app
from gateway.audit.event import About
from gateway.audit.ledger import Key, Ledger, Made
from gateway.graph import Graph, make_id, open_graph
from gateway.notices import Webhooks
from gateway.settings import Settings
from tests.app.serving import Endpoint, serving
from tests.catalog.entries import ground
from tests.notices.receiving import Receiver
from tests.notices.telling import CAUSE, moved
from tests.notices.test_signature import recipe
from tests.support.database import DatabaseSettings
from tests.support.waiting import eventually


async def _figure(client: httpx.AsyncClient, name: str) -> float:
    found = re.search(rf"^{re.escape(name)} (.*)$", (await client.get("/metrics")).text, re.MULTILINE)
    return float(found[1]) if found else 0.0


async def _happened(tx: AsyncManagedTransaction) -> Made:
    return Made({}, {"cs_1": [moved(About((make_id("ag_", "water"),), case="cs_1"), 1)]})


async def test_a_gateway_tells_of_what_happened_and_how_often(
    graph: Graph, database: DatabaseSettings, receiver: Receiver, root: Path, tmp_path: Path
) -> None:
    await ground(graph)
    settings = Settings(state=tmp_path / "state", webhook_loopback=True, webhook_roots=root)
    ledgers: list[Ledger] = []

    def graphql(*given: object) -> Endpoint:
        ledgers.extend(one for one in given if isinstance(one, Ledger))
        return Endpoint()

    app = create_app(settings, graphql, connect=lambda _: open_graph(database))
    async with serving(app) as client:
        (ledger,) = ledgers
        url = f"https://127.0.0.1:{receiver.port}/notices"
        await Webhooks(ledger, loopback=True).register(CAUSE, "water", url, "one")
        delivered = 'gateway_notices_total{outcome="delivered"}'
        before = await _figure(client, delivered)
        await ledger.change(Key("pe_a", "act", "two", {}), CAUSE, _happened)
        await eventually(lambda: bool(receiver.requests), 15)
        (request,) = receiver.requests
        key = await client.get("/webhooks/key")
        assert key.headers["content-type"] == "text/plain; charset=utf-8"
        recipe()(key.text.strip(), request.headers, request.body, int(request.headers["webhook-timestamp"]))
        await graph.run("CREATE (:Notice {webhook: 'wh_none', eventId: 'ev_1'})")
        async with asyncio.timeout(5):
            while await graph.read("MATCH (n:Notice) RETURN count(n)") > 1:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        assert await _figure(client, delivered) == before + 1
        assert await _figure(client, "gateway_notices_waiting") == 1
        assert 'route="/webhooks/key"' in (await client.get("/metrics")).text
