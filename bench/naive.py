"""What most would write: Strawberry, one resolver per relationship, DataLoaders, the driver's `execute_query`."""

import json
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import neo4j
import strawberry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.dataloader import DataLoader
from strawberry.extensions import ParserCache, ValidationCache


class Reader:
    """The driver, and what one caller may see."""

    def __init__(self, driver: neo4j.AsyncDriver, caller: dict[str, Any]) -> None:
        self._driver, self._caller = driver, caller
        self.agencies: DataLoader[str, Agency] = DataLoader(self._providers)
        self.fields: DataLoader[str, list[Field]] = DataLoader(self._fields)
        self.sources: DataLoader[str, list[Dataset]] = DataLoader(self._sources)

    async def rows(self, statement: str, **parameters: Any) -> list[neo4j.Record]:
        given = {**parameters, "discover": self._caller["discover"], "inspect": self._caller["inspect"]}
        found = await self._driver.execute_query(
            statement, given, database_="neo4j", routing_=neo4j.RoutingControl.READ
        )
        return found.records

    def inspects(self, access_class: str) -> bool:
        return access_class in self._caller["inspect"]

    async def _providers(self, ids: list[str]) -> Sequence["Agency"]:
        found = await self.rows(
            "MATCH (d:Dataset)-[:PROVIDED_BY]->(a:Agency) WHERE d.id IN $ids RETURN d.id AS k, a", ids=ids
        )
        by = {r["k"]: Agency(id=r["a"]["id"], name=r["a"]["name"]) for r in found}
        return [by[i] for i in ids]

    async def _fields(self, ids: list[str]) -> Sequence[list["Field"]]:
        found = await self.rows(
            "MATCH (d:Dataset)-[:HAS_FIELD]->(f:Field) WHERE d.id IN $ids AND d.accessClass IN $inspect"
            " AND f.accessClass IN $discover RETURN d.id AS k, f ORDER BY f.position",
            ids=ids,
        )
        by: dict[str, list[Field]] = {i: [] for i in ids}
        for r in found:
            f = r["f"]
            seen = f["dataType"] if self.inspects(f["accessClass"]) else None
            by[r["k"]].append(Field(id=f["id"], name=f["name"], share_type=f["shareType"], data_type=seen))
        return [by[i] for i in ids]

    async def _sources(self, ids: list[str]) -> Sequence[list["Dataset"]]:
        found = await self.rows(
            "MATCH (d:Dataset)-[:DERIVED_FROM]->(u:Dataset) WHERE d.id IN $ids AND d.accessClass IN $inspect"
            " AND u.accessClass IN $discover RETURN d.id AS k, u ORDER BY u.id",
            ids=ids,
        )
        by: dict[str, list[Dataset]] = {i: [] for i in ids}
        for r in found:
            by[r["k"]].append(_dataset(self, r["u"]))
        return [by[i] for i in ids]


@strawberry.type
class Agency:
    id: str
    name: str


@strawberry.type
class Field:
    id: str
    name: str
    share_type: str
    data_type: str | None


@strawberry.type
class Dataset:
    id: str
    title: str
    share_type: str
    open_type: str
    modified: str | None

    @strawberry.field
    async def provider(self, info: strawberry.Info[Reader, None]) -> Agency:
        return await info.context.agencies.load(self.id)

    @strawberry.field
    async def fields(self, info: strawberry.Info[Reader, None], first: int = 20) -> list[Field]:
        return (await info.context.fields.load(self.id))[:first]

    @strawberry.field
    async def derived_from(self, info: strawberry.Info[Reader, None]) -> list["Dataset"]:
        return await info.context.sources.load(self.id)


def _dataset(reader: Reader, d: Any) -> Dataset:
    modified = d["modified"] if reader.inspects(d["accessClass"]) else None
    return Dataset(id=d["id"], title=d["title"], share_type=d["shareType"], open_type=d["openType"], modified=modified)


@strawberry.type
class Query:
    @strawberry.field
    async def datasets(self, info: strawberry.Info[Reader, None], after: str, first: int) -> list[Dataset]:
        statement = (
            "MATCH (d:Dataset) WHERE d.id > $after AND d.accessClass IN $discover RETURN d ORDER BY d.id LIMIT $first"
        )
        found = await info.context.rows(statement, after=after, first=first)
        return [_dataset(info.context, r["d"]) for r in found]

    @strawberry.field
    async def dataset(self, info: strawberry.Info[Reader, None], id: str) -> Dataset | None:  # noqa: A002
        statement = "MATCH (d:Dataset {id: $id}) WHERE d.accessClass IN $discover RETURN d"
        found = await info.context.rows(statement, id=id)
        return _dataset(info.context, found[0]["d"]) if found else None

    @strawberry.field
    async def recent(
        self,
        info: strawberry.Info[Reader, None],
        modified: str,
        id: str,  # noqa: A002
        first: int,
    ) -> list[Dataset]:
        statement = (
            "MATCH (d:Dataset) WHERE d.modified <= $modified AND d.id IS NOT NULL"
            " AND (d.modified < $modified OR d.id < $id) AND d.accessClass IN $inspect RETURN d"
            " ORDER BY d.modified DESC, d.id DESC LIMIT $first"
        )
        found = await info.context.rows(statement, modified=modified, id=id, first=first)
        return [_dataset(info.context, r["d"]) for r in found]

    @strawberry.field
    async def dataset_count(self, info: strawberry.Info[Reader, None]) -> int:
        statement = "MATCH (d:Dataset) WHERE d.accessClass IN $discover RETURN count(d) AS n"
        return int((await info.context.rows(statement))[0]["n"])


class _App(GraphQL[Reader, None]):
    def __init__(self, schema: strawberry.Schema, reader: Callable[[str], Reader]) -> None:
        super().__init__(schema)
        self._reader = reader

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Reader:
        del response
        return self._reader(request.headers["x-caller"])


def create_app() -> Starlette:
    """The application, for uvicorn."""
    callers = json.loads(Path(os.environ["BENCH_CALLERS"]).read_text("utf-8"))
    opened: list[neo4j.AsyncDriver] = []

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with neo4j.AsyncGraphDatabase.driver(
            os.environ["BENCH_NEO4J_URI"],
            auth=(os.environ["BENCH_NEO4J_USER"], os.environ["BENCH_NEO4J_PASSWORD"]),
            telemetry_disabled=True,
            notifications_min_severity="OFF",
            max_connection_pool_size=50,
        ) as driver:
            opened.append(driver)
            yield

    schema = strawberry.Schema(Query, extensions=[ParserCache, ValidationCache])
    app = _App(schema, lambda name: Reader(opened[0], callers[name]))
    return Starlette(routes=[Route("/graphql", app, methods=["POST"])], lifespan=lifespan)
