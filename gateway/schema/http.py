"""GraphQL over HTTP, after the specification of that name: one operation per request, by GET or POST, as JSON.

Strawberry's own view serves many frameworks, with uploads, batches and subscriptions, none of which is wanted here; it
was a quarter of what a small query costs this process, and its refusals have no codes.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from urllib.parse import parse_qsl

import orjson
import structlog
from graphql import GraphQLError
from starlette.types import ASGIApp, Receive, Scope, Send
from strawberry.http.ides import get_graphql_ide_html
from strawberry.types import ExecutionResult
from strawberry.types.graphql import OperationType

from gateway.audit.asking import Events
from gateway.audit.ledger import Ledger
from gateway.graph import Graph, GraphTimeout, GraphUnavailable
from gateway.identity import PUBLIC, Subject
from gateway.plan import Asker, BadInput, Budget, Planner
from gateway.policy.store import PolicyStore
from gateway.schema import ide
from gateway.schema.build import ENTITIES, build_schema
from gateway.schema.context import Context
from gateway.schema.limits import Limits
from gateway.schema.refusals import Refused, coded
from gateway.schema.upkeep import Upkeep
from gateway.schema.usage import SOURCE, usage_of
from gateway.settings import Settings
from gateway.sharing.clocks import Rules
from gateway.sharing.filing import Filing
from gateway.sharing.reading import Cases
from gateway.signing import seal, trust

JSON: Final = "application/json"
RESPONSE_TYPE: Final = "application/graphql-response+json"
"""The media type of the GraphQL-over-HTTP specification."""

_METHODS: Final = {"GET": {OperationType.QUERY}, "POST": {OperationType.QUERY, OperationType.MUTATION}}

_log = structlog.get_logger("gateway.graphql")


@dataclass(frozen=True, slots=True)
class _Operation:
    """What a client sent."""

    query: str | None
    variables: dict[str, Any] | None
    name: str | None


class Endpoint:
    """The GraphQL endpoint."""

    def __init__(
        self, settings: Settings, planner: Planner, upkeep: Upkeep, ledger: Ledger, filing: Filing, cases: Cases
    ) -> None:
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
        self._schema = build_schema(limits, suggestions=settings.suggestions, sdl=sdl)
        self._planner = planner
        self._ledger = ledger
        self._events = Events(ledger.recorder.folder)
        self._filing = filing
        self._cases = cases
        self._upkeep = upkeep
        self._most_bytes = settings.max_response_bytes
        self._timeout = settings.query_timeout
        self._page = (ide.page() or get_graphql_ide_html(graphql_ide="graphiql")).encode() if settings.ide else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; one that cannot be run is refused as a GraphQL error with a code."""
        headers: dict[bytes, bytes] = dict(scope["headers"])
        accept = headers.get(b"accept", b"").decode("latin-1")
        media_type, allow = RESPONSE_TYPE if RESPONSE_TYPE in accept else JSON, ""
        try:
            operation = await self._operation(scope, headers, receive)
            if operation is None:
                return
            if operation.query is None and scope["method"] == "GET" and ("text/html" in accept or "*/*" in accept):
                await _send(send, 200, "text/html", self._ide())
                return
            status, content = await self._run(scope, operation, media_type)
        except Refused as refusal:
            status, allow = refusal.status, refusal.allow
            content = orjson.dumps({"errors": [refusal.formatted]})
        await _send(send, status, media_type, content, allow)

    async def _operation(self, scope: Scope, headers: dict[bytes, bytes], receive: Receive) -> _Operation | None:
        """What the client sent; None when the client has left before all of it had come."""
        if scope["method"] == "GET":
            given: Any = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
            for name in ("variables", "extensions"):
                if given.get(name):
                    given[name] = _parsed(given[name], f"The parameter {name}")
            return _checked(given)
        if scope["method"] != "POST":
            raise Refused(405, "METHOD_NOT_ALLOWED", "Only GET and POST are served here.", "GET, POST")
        # A media type that a page of a stranger's can send without being asked for leave is not taken (CSRF).
        sent_type = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
        if sent_type != JSON.encode():
            message = f"Send the query as a JSON object with Content-Type: {JSON}."
            raise Refused(415, "UNSUPPORTED_CONTENT_TYPE", message)
        body, more = b"", True
        while more:
            message_in = await receive()
            if message_in["type"] == "http.disconnect":
                return None
            body += message_in.get("body", b"")
            more = message_in.get("more_body", False)
        return _checked(_parsed(body, "The body"))

    async def _run(self, scope: Scope, operation: _Operation, media_type: str) -> tuple[int, bytes]:
        """Status and body. With the newer media type, a request that did not run is a 400."""
        self._upkeep.nudge()
        state = scope.get("state", {})
        subject: Subject = state.get("subject", PUBLIC)
        client = scope.get("client")
        # The public's new shapes of query are counted by address.
        asker = Asker(subject, subject.id or (client[0] if client else "unknown"))
        request_id = state.get("request_id", "unknown")
        result = await self._schema.execute(
            operation.query,
            operation.variables,
            Context(asker, self._planner, self._ledger, self._events, self._filing, self._cases, request_id),
            operation_name=operation.name,
            allowed_operation_types=_METHODS[scope["method"]],
        )
        members = self._members(result, request_id)
        status = 400 if media_type == RESPONSE_TYPE and "data" not in members else 200
        return status, self._encoded(members)

    def _members(self, result: ExecutionResult, request_id: str) -> dict[str, Any]:
        """The result as JSON members, with every unexpected error masked."""
        errors = result.errors or []
        if not errors:
            return {"data": result.data}
        for error in errors:
            if isinstance(error.original_error, GraphUnavailable):
                raise error.original_error
        shown = [self._shown(error, request_id) for error in errors]
        if result.data is None and all(error.path is None for error in errors):
            return {"errors": shown}
        return {"data": result.data, "errors": shown}

    def _shown(self, error: GraphQLError, request_id: str) -> Any:
        cause = error.original_error
        if isinstance(cause, BadInput):
            return {**error.formatted, "extensions": cause.extensions}
        if isinstance(cause, GraphTimeout):
            code = {"code": "LIMIT_TIME", "most": self._timeout}
            message = f"The query took longer than {self._timeout:g} seconds (GATEWAY_QUERY_TIMEOUT); ask for less."
            return {**error.formatted, "message": message, "extensions": code}
        if cause is None or isinstance(cause, GraphQLError):
            return coded(error)
        _log.error("unexpected error", request_id=request_id, exc_info=cause)
        message = f"Something went wrong on our side. Report it with this id: {request_id}."
        return {**error.formatted, "message": message, "extensions": {"code": "INTERNAL", "id": request_id}}

    def _encoded(self, members: dict[str, Any]) -> bytes:
        """The response's bytes; one over the limit is refused whole."""
        encoded = orjson.dumps(members)
        if len(encoded) <= self._most_bytes:
            return encoded
        message = (
            f"The response has {len(encoded)} bytes; at most {self._most_bytes} are allowed "
            "(GATEWAY_MAX_RESPONSE_BYTES). Ask for smaller pages or fewer fields."
        )
        refusal = {"message": message, "extensions": {"code": "LIMIT_RESPONSE", "most": self._most_bytes}}
        return orjson.dumps({"data": None, "errors": [refusal]})

    def _ide(self) -> bytes:
        if self._page is None:
            raise Refused(404, "NOT_FOUND", "There is no page here; send a query.")
        return self._page


def _parsed(text: bytes | str, what: str) -> Any:
    """JSON without lone surrogates and without nesting that would exhaust the stack."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as problem:
        raise Refused(400, "NOT_JSON", f"{what} is not valid JSON: {problem}.") from None


def _checked(given: Any) -> _Operation:
    if isinstance(given, list):
        raise Refused(400, "BATCHING_OFF", "One operation per request; a list of them is not taken.")
    if not isinstance(given, dict):
        raise Refused(400, "BAD_REQUEST", "The request body has to be a JSON object with the member query.")
    for name, kind, said in (
        ("query", str, "a string"),
        ("variables", dict, "an object"),
        ("operationName", str, "a string"),
        ("extensions", dict, "an object"),
    ):
        value = given.get(name)
        if value is not None and not isinstance(value, kind):
            raise Refused(400, "BAD_REQUEST", f"The member {name} must be {said} or null.")
    return _Operation(given.get("query"), given.get("variables"), given.get("operationName"))


async def _send(send: Send, status: int, media_type: str, content: bytes, allow: str = "") -> None:
    headers = [
        (b"content-type", f"{media_type}; charset=utf-8".encode()),
        (b"content-length", b"%d" % len(content)),
    ]
    if allow:
        headers.append((b"allow", allow.encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})


def graphql_app(settings: Settings, graph: Graph, policy: PolicyStore, ledger: Ledger) -> ASGIApp:
    """The GraphQL endpoint on an open graph and an open log.

    Per request it finds in the scope's state `subject` (absent: the public) and `request_id`.
    """
    planner = Planner(
        graph,
        policy.table_for,
        ENTITIES,
        most_page=settings.max_page_size,
        elsewhere={SOURCE: usage_of(Events(ledger.recorder.folder))},
        new_statements=Budget(settings.new_shapes_per_minute, settings.rate_limit_storage.get_secret_value()),
    )
    upkeep = Upkeep(graph, policy, planner, ledger.recorder)
    upkeep.warm()
    filing = Filing(ledger, Rules.load(settings), partial(trust, settings), partial(seal, settings))
    return Endpoint(settings, planner, upkeep, ledger, filing, Cases(graph))


__all__ = ["Endpoint", "graphql_app"]
