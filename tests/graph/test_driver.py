"""Reading and writing through `Graph`, and what its failures are called."""

import asyncio
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from neo4j import AsyncManagedTransaction
from neo4j.exceptions import ClientError, CypherSyntaxError
from pydantic import SecretStr

from gateway.graph import Graph, GraphError, GraphTimeout, GraphUnavailable, open_graph
from gateway.graph.state import StateDirectory
from tests.support.database import ENDLESS, DatabaseSettings


async def test_a_read_returns_the_first_value_and_counts_one_request(graph: Graph) -> None:
    before = graph.requests
    assert await graph.read("RETURN {a: $x, 水: [1, null]}", {"x": "y"}) == {"a": "y", "水": [1, None]}
    assert graph.requests == before + 1


async def test_a_read_without_a_record_is_none(graph: Graph) -> None:
    assert await graph.read("MATCH (n:Nothing) RETURN n.id") is None


async def test_a_read_cannot_change_anything(graph: Graph) -> None:
    with pytest.raises(ClientError, match=r"(?i)read"):
        await graph.read("CREATE (n:Dataset {id: 'x'}) RETURN n.id")
    assert await graph.read("MATCH (n:Dataset) RETURN count(n)") == 0


async def test_a_write_commits_and_returns(graph: Graph) -> None:
    async def work(tx: AsyncManagedTransaction) -> str:
        await (await tx.run("CREATE (:Dataset {id: 'x'})")).consume()
        return "done"

    assert await graph.write(work) == "done"
    assert await graph.read("MATCH (n:Dataset) RETURN n.id") == "x"


async def test_a_refusal_inside_a_write_changes_nothing_and_passes_through(graph: Graph) -> None:
    async def work(tx: AsyncManagedTransaction) -> None:
        await (await tx.run("CREATE (:Dataset {id: 'x'})")).consume()
        raise LookupError("refused")

    with pytest.raises(LookupError, match="refused"):
        await graph.write(work)
    assert await graph.read("MATCH (n:Dataset) RETURN count(n)") == 0


async def test_our_own_mistakes_are_not_called_an_outage(graph: Graph) -> None:
    with pytest.raises(CypherSyntaxError):
        await graph.read("RETRUN 1")


async def test_a_statement_past_its_time_is_ended_by_neo4j(graph: Graph, database: DatabaseSettings) -> None:
    async with open_graph(replace(database, query_timeout=0.3)) as hasty:
        with pytest.raises(GraphTimeout, match="GATEWAY_QUERY_TIMEOUT"):
            await hasty.read(ENDLESS)

        async def work(tx: AsyncManagedTransaction) -> None:
            await (await tx.run(ENDLESS)).consume()

        with pytest.raises(GraphTimeout):
            await hasty.write(work)
    running = "SHOW TRANSACTIONS YIELD currentQuery WHERE currentQuery STARTS WITH 'UNWIND' RETURN count(*)"
    assert await graph.read(running) == 0


async def test_a_wrong_password_is_an_outage_that_names_the_login(graph: Graph, database: DatabaseSettings) -> None:
    address = StateDirectory(database.state).address()
    assert address is not None
    wrong = replace(database, neo4j_uri=address.uri, neo4j_password=SecretStr("wrong"))
    async with open_graph(wrong) as stranger:
        with pytest.raises(GraphUnavailable, match="refused the login"):
            await stranger.read("RETURN 1")


async def test_nothing_listening_is_an_outage(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    settings = DatabaseSettings(state=tmp_path, neo4j_uri=f"bolt://127.0.0.1:{port}", neo4j_password=SecretStr("x" * 8))
    async with open_graph(settings) as graph:
        with pytest.raises(GraphUnavailable, match="cannot be reached"):
            await graph.read("RETURN 1")
        assert not await graph.available()
        assert graph.requests == 4, "each read was tried twice"


def test_without_any_server_the_error_says_how_to_start_one(tmp_path: Path) -> None:
    with pytest.raises(GraphUnavailable, match="gateway neo4j start"):
        open_graph(DatabaseSettings(state=tmp_path))


@pytest.mark.parametrize("uri", ["http://127.0.0.1:7474", "nonsense"])
def test_an_address_that_cannot_be_one_is_refused(tmp_path: Path, uri: str) -> None:
    with pytest.raises(GraphError, match="GATEWAY_NEO4J_URI"):
        open_graph(DatabaseSettings(state=tmp_path, neo4j_uri=uri, neo4j_password=SecretStr("x")))


async def test_reads_that_fail_or_are_given_up_do_not_disturb_those_beside_and_after_them(graph: Graph) -> None:
    async def one(i: int) -> Any:
        if i % 7 == 3:
            with pytest.raises(CypherSyntaxError):
                await graph.read("RETURN nonsense")
            return i
        if i % 14 == 5:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.5):
                    await graph.read(ENDLESS)
            return i
        return await graph.read("RETURN $i", {"i": i})

    for _ in range(2):
        assert await asyncio.gather(*(one(i) for i in range(30))) == list(range(30))
    assert await graph.read("RETURN 1") == 1
    assert 0 < len(graph._idle) <= 30
