"""What Neo4j would do with a statement: its plan as operators, taken from the driver's summary."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.graph import Graph


class Recorder:
    """Keeps statements with their parameters and raw values; without a graph it answers none of them."""

    def __init__(self, graph: Graph | None = None) -> None:
        self.graph = graph
        self.seen: list[tuple[str, Mapping[str, Any], Any]] = []

    async def read(self, statement: str, parameters: Mapping[str, Any]) -> Any:
        value = await self.graph.read(statement, parameters) if self.graph else None
        self.seen.append((statement, parameters, value))
        return value


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator of a plan, with those that feed it."""

    name: str
    details: str
    children: tuple["Operator", ...]

    def all(self) -> Iterator["Operator"]:
        """This operator and all below it."""
        yield self
        for child in self.children:
            yield from child.all()

    @property
    def names(self) -> set[str]:
        return {operator.name for operator in self.all()}


async def explain(graph: Graph, statement: str, parameters: Mapping[str, Any]) -> Operator:
    """The plan of a statement, without running it."""
    async with graph._driver.session() as session:
        result = await session.run("EXPLAIN " + statement, dict(parameters))
        summary = await result.consume()
    assert summary.plan is not None
    return _operator(summary.plan)


def _operator(plan: Mapping[str, Any]) -> Operator:
    children = tuple(_operator(child) for child in plan.get("children", ()))
    return Operator(plan["operatorType"].partition("@")[0], plan["args"].get("Details", ""), children)
