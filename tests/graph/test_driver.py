"""Reading and writing through `Graph`."""

from gateway.graph import Graph


async def test_a_read_returns_the_first_value(graph: Graph) -> None:
    assert await graph.read("RETURN $x + 1", {"x": 2}) == 3
