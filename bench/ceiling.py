"""The ceiling: bare Starlette, one hand-written statement per query, one record back, orjson. No GraphQL, no tokens.

It applies the same rules for the same caller (named by the header `x-caller`), from lists of access classes.
"""

import contextlib
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import neo4j
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_PROVIDER: Final = "head(COLLECT { MATCH (d)-[:PROVIDED_BY]->(a:Agency) RETURN a {.id, .name} })"
_FIELDS: Final = """COLLECT {
  MATCH (d)-[:HAS_FIELD]->(f:Field) WHERE d.accessClass IN $inspect AND f.accessClass IN $discover
  WITH f ORDER BY f.position LIMIT 20
  RETURN f {.id, .name, .shareType, dataType: CASE WHEN f.accessClass IN $inspect THEN f.dataType END} }"""
_FULL: Final = f"d {{.id, .title, .shareType, .openType, provider: {_PROVIDER}, fields: {_FIELDS}}}"
_RECENT: Final = f"d {{.id, .title, .modified, .shareType, .openType, provider: {_PROVIDER}}}"


def _sources(parent: str, depth: int) -> str:
    child = f"u{depth}"
    inner = f", derivedFrom: {_sources(child, depth - 1)}" if depth > 1 else ""
    return (
        f"COLLECT {{ MATCH ({parent})-[:DERIVED_FROM]->({child}:Dataset) WHERE {parent}.accessClass IN $inspect"
        f" AND {child}.accessClass IN $discover WITH {child} ORDER BY {child}.id RETURN {{id: {child}.id{inner}}} }}"
    )


STATEMENTS: Final = {
    "Q1": "MATCH (d:Dataset) USING INDEX d:Dataset(id) WHERE d.id > $after AND d.accessClass IN $discover"
    f" WITH d ORDER BY d.id LIMIT 50 RETURN collect({_FULL})",
    "Q2": f"MATCH (d:Dataset {{id: $id}}) WHERE d.accessClass IN $discover RETURN {_FULL}",
    # The first comparison gives the index its start; the second only breaks ties.
    "Q3": "MATCH (d:Dataset) USING INDEX d:Dataset(modified, id) WHERE d.modified <= $modified AND d.id IS NOT NULL"
    " AND (d.modified < $modified OR d.id < $id) AND d.accessClass IN $inspect"
    f" WITH d ORDER BY d.modified DESC, d.id DESC LIMIT 50 RETURN collect({_RECENT})",
    "Q4": "MATCH (d:Dataset {id: $id}) WHERE d.accessClass IN $discover"
    f" RETURN {{id: d.id, derivedFrom: {_sources('d', 3)}}}",
    "Q5": "MATCH (d:Dataset) WHERE d.accessClass IN $discover RETURN count(*)",
}


def _driver() -> neo4j.AsyncDriver:
    return neo4j.AsyncGraphDatabase.driver(
        os.environ["BENCH_NEO4J_URI"],
        auth=(os.environ["BENCH_NEO4J_USER"], os.environ["BENCH_NEO4J_PASSWORD"]),
        telemetry_disabled=True,
        notifications_min_severity="OFF",
        max_connection_pool_size=50,
    )


def create_app() -> Starlette:
    """The application, for uvicorn."""
    callers = json.loads(Path(os.environ["BENCH_CALLERS"]).read_text("utf-8"))
    opened: list[neo4j.AsyncDriver] = []

    async def answer(request: Request) -> Response:
        body = orjson.loads(await request.body())
        caller = callers[request.headers["x-caller"]]
        parameters: dict[str, Any] = {**body["variables"], "discover": caller["discover"], "inspect": caller["inspect"]}
        async with opened[0].session(database="neo4j", default_access_mode="READ", fetch_size=-1) as session:
            record = await (await session.run(STATEMENTS[body["operationName"]], parameters)).single()
        return Response(orjson.dumps({"data": {"r": record[0] if record else None}}), media_type="application/json")

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with _driver() as driver:
            opened.append(driver)
            yield

    return Starlette(routes=[Route("/graphql", answer, methods=["POST"])], lifespan=lifespan)
