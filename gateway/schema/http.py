"""GraphQL over HTTP: Strawberry's view with our context, our JSON, our limits and masked errors."""

import asyncio
import time
from typing import Any, Final

import orjson
import structlog
from cross_web import AsyncHTTPRequestAdapter, HTTPException
from graphql import GraphQLError
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.http import GraphQLHTTPResponse, GraphQLRequestData
from strawberry.types import ExecutionResult

from gateway.classes import CLASSES, class_label
from gateway.graph import Graph, GraphTimeout, GraphUnavailable
from gateway.identity import PUBLIC, Profile, Subject
from gateway.plan import Asker, BadInput, Budget, Planner
from gateway.policy.store import PolicyStore
from gateway.schema import ide
from gateway.schema.build import ENTITIES, build_schema
from gateway.schema.context import Context
from gateway.schema.limits import Limits
from gateway.schema.refusals import Refused, coded, refused
from gateway.settings import Settings
from gateway.vocabulary import Role

RESPONSE_TYPE: Final = "application/graphql-response+json"
"""The media type of the GraphQL-over-HTTP specification."""

UPKEEP_SECONDS: Final = 2.0
"""How often a changed policy file is looked for, at most."""

_log = structlog.get_logger("gateway.graphql")


def _media_type(request: Request | WebSocket) -> str:
    return RESPONSE_TYPE if RESPONSE_TYPE in request.headers.get("accept", "") else "application/json"


class View(GraphQL[Context, None]):
    """One GraphQL endpoint."""

    def __init__(self, settings: Settings, planner: Planner, upkeep: "Upkeep", page: str | None) -> None:
        limits = Limits(
            tokens=settings.max_tokens,
            depth=settings.max_depth,
            aliases=settings.max_aliases,
            root_fields=settings.max_root_fields,
            directives=settings.max_directives,
            nodes=settings.max_nodes,
            introspection=settings.introspection,
        )
        sdl = settings.federation_sdl and settings.introspection
        schema = build_schema(limits, suggestions=settings.suggestions, sdl=sdl)
        super().__init__(schema, graphql_ide="graphiql" if settings.ide else None, subscription_protocols=())
        self._planner = planner
        self._upkeep = upkeep
        self._most_bytes = settings.max_response_bytes
        self._timeout = settings.query_timeout
        self._page = page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; one that cannot be run is refused as a GraphQL error with a code."""
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        request = Request(scope, receive, send)
        try:
            response = await self.run(request)
        except HTTPException as refusal:
            response = refused(refusal, _media_type(request))
        await response(scope, receive, send)

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Context:
        """Who asks. The public's new shapes of query are counted by address."""
        del response
        self._upkeep.nudge()
        subject: Subject = request.scope.get("state", {}).get("subject", PUBLIC)
        client = request.client.host if request.client else "unknown"
        request_id = request.scope.get("state", {}).get("request_id", "unknown")
        return Context(Asker(subject, subject.id or client), self._planner, request_id)

    def parse_json(self, data: str | bytes) -> Any:
        """The request's JSON: without lone surrogates, without nesting that would exhaust the stack.

        The body comes as bytes and has to be one object; a list is left for the view to refuse as a batch. What stands
        in the address (`variables`, `extensions`) comes as text, and the view looks at what it is.
        """
        in_body = isinstance(data, bytes)
        try:
            found = orjson.loads(data)
        except orjson.JSONDecodeError as problem:
            what = "The body" if in_body else "A parameter of the address"
            raise Refused(400, "NOT_JSON", f"{what} is not valid JSON: {problem}.") from None
        if in_body and not isinstance(found, dict | list):
            raise Refused(400, "BAD_REQUEST", "The request body has to be a JSON object with the member query.")
        return found

    async def parse_http_body(self, request: AsyncHTTPRequestAdapter) -> GraphQLRequestData | list[GraphQLRequestData]:
        """The request's members. The view looks at all of them but the operation's name."""
        data = await super().parse_http_body(request)
        if isinstance(data, GraphQLRequestData) and not isinstance(data.operation_name, str | None):
            raise Refused(400, "BAD_REQUEST", "The member operationName must be a string or null.")
        return data

    def encode_json(self, data: object) -> bytes:
        """The response's bytes; one over the limit is refused whole."""
        encoded = orjson.dumps(data)
        if len(encoded) > self._most_bytes:
            message = (
                f"The response has {len(encoded)} bytes; at most {self._most_bytes} are allowed "
                "(GATEWAY_MAX_RESPONSE_BYTES). Ask for smaller pages or fewer fields."
            )
            refusal = {"message": message, "extensions": {"code": "LIMIT_RESPONSE", "most": self._most_bytes}}
            return orjson.dumps({"data": None, "errors": [refusal]})
        return encoded

    async def get_sub_response(self, request: Request | WebSocket) -> Response:
        """Carries what the client accepts to where the response is made."""
        response = await super().get_sub_response(request)
        response.media_type = _media_type(request)
        return response

    def create_response(
        self, response_data: GraphQLHTTPResponse | list[GraphQLHTTPResponse], sub_response: Response
    ) -> Response:
        """The response in the media type that was accepted; a request that did not run is 400 in the newer one."""
        status = 200
        if sub_response.media_type == RESPONSE_TYPE and isinstance(response_data, dict) and "data" not in response_data:
            status = 400
        return Response(
            self.encode_json(response_data), status_code=status, media_type=f"{sub_response.media_type}; charset=utf-8"
        )

    async def process_result(self, request: Request, result: ExecutionResult) -> GraphQLHTTPResponse:
        """The result as JSON members, with every unexpected error masked."""
        errors = result.errors or []
        for error in errors:
            cause = error.original_error
            if isinstance(cause, GraphUnavailable):
                raise cause
        shown = [self._shown(request, error) for error in errors]
        if not errors:
            return {"data": result.data}
        if result.data is None and all(error.path is None for error in errors):
            return {"errors": shown}
        return {"data": result.data, "errors": shown}

    def _shown(self, request: Request, error: GraphQLError) -> Any:
        cause = error.original_error
        if isinstance(cause, BadInput):
            return {**error.formatted, "extensions": cause.extensions}
        if isinstance(cause, GraphTimeout):
            code = {"code": "LIMIT_TIME", "most": self._timeout}
            message = f"The query took longer than {self._timeout:g} seconds (GATEWAY_QUERY_TIMEOUT); ask for less."
            return {**error.formatted, "message": message, "extensions": code}
        if cause is None or isinstance(cause, GraphQLError):
            return coded(error)
        identifier = request.scope.get("state", {}).get("request_id", "unknown")
        _log.error("unexpected error", request_id=identifier, exc_info=cause)
        message = f"Something went wrong on our side. Report it with this id: {identifier}."
        return {**error.formatted, "message": message, "extensions": {"code": "INTERNAL", "id": identifier}}

    async def render_graphql_ide(self, request: Request) -> Response:
        """The IDE's page."""
        if self._page is None:
            return await super().render_graphql_ide(request)
        return Response(self._page, media_type="text/html")


class Upkeep:
    """What a process keeps fresh between requests: the policy, and the rough size of each access class."""

    def __init__(self, graph: Graph, policy: PolicyStore, planner: Planner) -> None:
        self._graph, self._policy, self._planner = graph, policy, planner
        self._due = 0.0
        self._task: asyncio.Task[None] | None = None
        counts = ", ".join(f"{key}: COUNT {{ (:{class_label(key)}) }}" for key in CLASSES)
        self._count = f"RETURN {{{counts}}} AS r"

    def warm(self) -> None:
        """Makes the tables of the usual profiles in the background, so that nobody's first request waits for them."""
        self._task = asyncio.get_running_loop().create_task(self._first())

    async def _first(self) -> None:
        for role in Role:
            await asyncio.to_thread(self._policy.table_for, Profile(frozenset({role})))
        await self._round()

    def nudge(self) -> None:
        """Starts a round in the background when one is due."""
        if time.monotonic() < self._due or (self._task is not None and not self._task.done()):
            return
        self._due = time.monotonic() + UPKEEP_SECONDS
        self._task = asyncio.get_running_loop().create_task(self._round())

    async def _round(self) -> None:
        try:
            await asyncio.to_thread(self._policy.refresh)
            self._planner.class_counts = await self._graph.read(self._count, {})
        except GraphUnavailable:
            # The last counts only choose between two ways to the same answer.
            return


def graphql_app(settings: Settings, graph: Graph) -> ASGIApp:
    """The GraphQL endpoint on an open graph.

    Per request it finds in the scope's state `subject` (absent: the public) and `request_id`.
    """
    policy = PolicyStore(settings.policy_dir)
    planner = Planner(
        graph,
        policy.table_for,
        ENTITIES,
        most_page=settings.max_page_size,
        new_statements=Budget(settings.new_shapes_per_minute, settings.rate_limit_storage.get_secret_value()),
    )
    upkeep = Upkeep(graph, policy, planner)
    upkeep.warm()
    return View(settings, planner, upkeep, ide.page())


__all__ = ["View", "graphql_app"]
