"""GraphQL over HTTP, after the specification of that name: one operation per request, by GET or POST, as JSON.

Strawberry's own view serves many frameworks, with uploads, batches and subscriptions, none of which is wanted here; it
was a quarter of what a small query costs this process, and its refusals have no codes.
"""

from datetime import timedelta
from functools import partial
from typing import Any, Final
from urllib.parse import parse_qsl

import orjson
from starlette.types import ASGIApp, Receive, Scope, Send
from strawberry.http.ides import get_graphql_ide_html
from strawberry.types.graphql import OperationType

from gateway.audit.asking import Events
from gateway.audit.ledger import Ledger
from gateway.delivery import Engine
from gateway.fetching.quotas import Used
from gateway.graph import Graph
from gateway.identity import PUBLIC
from gateway.lineage import LINEAGE, LineageMatter, Walker
from gateway.plan import Asker, Budget, Planner
from gateway.policy.store import PolicyStore
from gateway.schema import ide
from gateway.schema.answers import Answers
from gateway.schema.build import ENTITIES, build_schema
from gateway.schema.context import Context, asker_of
from gateway.schema.limits import Limits
from gateway.schema.masks import MASKS, masks_of
from gateway.schema.operation import Operation, checked, parsed
from gateway.schema.refusals import Refused
from gateway.schema.sockets import Sockets
from gateway.schema.sources import SOURCES, sources_of
from gateway.schema.streams import Streams
from gateway.schema.tiers import BECAUSE, TIERS, because_of, tiers_of
from gateway.schema.upkeep import Upkeep
from gateway.schema.usage import USAGE, usage_of
from gateway.settings import Settings, load_connections
from gateway.sharing.changes import Changes
from gateway.sharing.clocks import Rules
from gateway.sharing.filing import Filing
from gateway.sharing.reading import Cases
from gateway.signing import responders, seal, trust
from gateway.sources import Registry, Sources, Trying

JSON: Final = "application/json"
RESPONSE_TYPE: Final = "application/graphql-response+json"
"""The media type of the GraphQL-over-HTTP specification."""

_METHODS: Final = {"GET": {OperationType.QUERY}, "POST": {OperationType.QUERY, OperationType.MUTATION}}


class Endpoint:
    """The GraphQL endpoint; subscriptions come to it over a WebSocket."""

    def __init__(
        self,
        settings: Settings,
        planner: Planner,
        upkeep: Upkeep,
        ledger: Ledger,
        filing: Filing,
        cases: Cases,
        *,
        registry: Registry,
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
        self._registry = registry
        self._walker = Walker(cases.graph, planner, settings.lineage_nodes, settings.lineage_seconds)
        planner.elsewhere = {**planner.elsewhere, BECAUSE: because_of(self._walker)}
        self._upkeep = upkeep
        self._quota = Used(settings.grant_requests_per_day, settings.grant_rows_per_day)
        self._answers = Answers(settings.max_response_bytes, settings.query_timeout)
        changes = Changes(cases.graph, timedelta(seconds=settings.query_timeout))
        streams = Streams(self._schema, self._answers, self._context, changes, upkeep)
        self._sockets = Sockets(streams, settings.max_subscriptions)
        self._page = (ide.page() or get_graphql_ide_html(graphql_ide="graphiql")).encode() if settings.ide else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; one that cannot be run is refused as a GraphQL error with a code."""
        if scope["type"] == "websocket":
            await self._sockets(scope, receive, send)
            return
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

    async def _operation(self, scope: Scope, headers: dict[bytes, bytes], receive: Receive) -> Operation | None:
        """What the client sent; None when the client has left before all of it had come."""
        if scope["method"] == "GET":
            given: Any = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
            for name in ("variables", "extensions"):
                if given.get(name):
                    given[name] = parsed(given[name], f"The parameter {name}")
            return checked(given)
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
        return checked(parsed(body, "The body"))

    async def _run(self, scope: Scope, operation: Operation, media_type: str) -> tuple[int, bytes]:
        """Status and body. With the newer media type, a request that did not run is a 400."""
        self._upkeep.nudge()
        state = scope.get("state", {})
        asker = asker_of(scope, state.get("subject", PUBLIC))
        request_id = state.get("request_id", "unknown")
        result = await self._schema.execute(
            operation.query,
            operation.variables,
            self._context(asker, request_id),
            operation_name=operation.name,
            allowed_operation_types=_METHODS[scope["method"]],
        )
        members = self._answers.members(result, request_id)
        status = 400 if media_type == RESPONSE_TYPE and "data" not in members else 200
        return status, self._answers.encoded(members)

    def _context(self, asker: Asker, request_id: str) -> Context:
        return Context(
            asker,
            self._planner,
            self._ledger,
            self._events,
            self._filing,
            self._cases,
            request_id,
            self._quota,
            self._registry,
            self._walker,
        )

    def _ide(self) -> bytes:
        if self._page is None:
            raise Refused(404, "NOT_FOUND", "There is no page here; send a query.")
        return self._page


async def _send(send: Send, status: int, media_type: str, content: bytes, allow: str = "") -> None:
    headers = [
        (b"content-type", f"{media_type}; charset=utf-8".encode()),
        (b"content-length", b"%d" % len(content)),
    ]
    if allow:
        headers.append((b"allow", allow.encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})


def graphql_app(settings: Settings, graph: Graph, policy: PolicyStore, ledger: Ledger, engine: Engine) -> ASGIApp:
    """The GraphQL endpoint on an open graph and an open log, with an engine that reads what agencies deliver.

    Per request it finds in the scope's state `subject` (absent: the public) and `request_id`.
    """
    planner = Planner(
        graph,
        policy.table_for,
        ENTITIES,
        most_page=settings.max_page_size,
        elsewhere={
            USAGE: usage_of(Events(ledger.recorder.folder)),
            SOURCES: sources_of(graph),
            MASKS: masks_of,
            TIERS: tiers_of,
        },
        new_statements=Budget(settings.new_shapes_per_minute, settings.rate_limit_storage.get_secret_value()),
    )
    upkeep = Upkeep(graph, policy, planner, ledger.recorder)
    upkeep.warm()
    filing = Filing(
        ledger,
        Rules.load(settings),
        partial(trust, settings),
        partial(seal, settings),
        responders=responders(settings),
        matters={LINEAGE: LineageMatter()},
    )
    sources = Sources(settings.deliveries_folder, load_connections(settings.connections))
    registry = Registry(graph, ledger, Trying(engine, sources))
    return Endpoint(settings, planner, upkeep, ledger, filing, Cases(graph), registry=registry)


__all__ = ["Endpoint", "graphql_app"]
