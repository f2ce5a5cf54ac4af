"""Putting the application together: what is inside what, and what lives as long as the process."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route, Router, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.app.body import BodyLimit
from gateway.app.edge import Edge
from gateway.app.evidence import Evidence
from gateway.app.health import Health
from gateway.app.hosts import LOOPBACK, HostCheck
from gateway.app.identification import Identification
from gateway.app.lineage_export import export_routes
from gateway.app.log_files import log_files
from gateway.app.masking import Masking
from gateway.app.metrics import noticed
from gateway.app.oauth import LINEAGE, RESOURCE
from gateway.app.partners import partner_side
from gateway.app.replies import Code, refuse
from gateway.app.sign_ins import SignIns
from gateway.app.sockets import SocketDoor
from gateway.audit.event import GATEWAY, Cause
from gateway.audit.ledger import Ledger
from gateway.audit.log import LogFolder
from gateway.audit.outbox import Outbox
from gateway.audit.published import Published
from gateway.audit.recorder import Recorder
from gateway.delivery import Engine
from gateway.graph import Graph, open_graph
from gateway.graph.appointments import find_person
from gateway.identity import Authenticator
from gateway.identity.issuers import configured_issuers
from gateway.identity.token import Verifier
from gateway.lineage import Retiering, Tiers
from gateway.notices import Courier, NoticeKey, Notices, receivers_trust
from gateway.policy.store import PolicyStore
from gateway.schema.ide import ROUTE as IDE_ROUTE
from gateway.schema.ide import ide_file
from gateway.settings import Settings, is_loopback
from gateway.sharing.clocks import Rules
from gateway.sharing.escalation import Escalations
from gateway.sharing.examination import Examinations
from gateway.sharing.policies import PolicyPeriods

GraphQLFactory = Callable[[Settings, Graph, PolicyStore, Ledger, Engine], ASGIApp]
"""Makes the GraphQL endpoint when graph and log are open. Per request it finds `subject` and `request_id` in the state.
"""


def create_app(
    settings: Settings, graphql: GraphQLFactory, *, connect: Callable[[Settings], Graph] = open_graph
) -> ASGIApp:
    """The whole application.

    From the outside in: id, headers, log and count (`Edge`); masking of errors; Host check; routes; around GraphQL
    and evidence the caller's identification; around GraphQL alone the body limit, and around its sockets what may
    open one.
    """
    door, evidence_door, token_door, data_door, lineage_door = _Door(), _Door(), _Door(), _Door(), _Door()
    health = Health()
    export_door = _Door()
    routes = [
        Route("/graphql", door),
        WebSocketRoute("/graphql", SocketDoor(door, settings.socket_origins, settings.max_sockets)),
        *([Route(IDE_ROUTE, ide_file)] if settings.ide else []),
        Route("/evidence/{case}", evidence_door),
        Route("/oauth/{path:path}", token_door),
        Route("/.well-known/{path:path}", token_door),
        Route(f"{RESOURCE}/{{identifier:path}}", data_door),
        Route(f"{LINEAGE}/events", lineage_door),
        Route("/log/{path:path}", log_files(Published(LogFolder(settings.state).public))),
        Route("/webhooks/key", partial(_webhook_key, settings)),
        Route("/lineage/{path:path}", export_door),
        Route("/healthz", health.alive),
        Route("/readyz", health.ready),
        Route("/metrics", health.figures),
        Route("/", _home),
    ]

    @asynccontextmanager
    async def lifespan(_app: object) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            graph = await stack.enter_async_context(connect(settings))
            policy = PolicyStore(settings.policy_dir)
            recorder = await stack.enter_async_context(Recorder(settings.state, settings.log_origin))
            sign_ins = await stack.enter_async_context(SignIns(recorder, policy))
            authenticator = _authenticator(settings, graph, stack)
            outbox = await stack.enter_async_context(Outbox(graph, recorder))
            engine = await stack.enter_async_context(Engine.of(settings))
            ledger = Ledger(graph, recorder, outbox)
            endpoint = graphql(settings, graph, policy, ledger, engine)
            cause = partial(_own_cause, policy)
            await stack.enter_async_context(Escalations(graph, outbox, Rules.load(settings), cause))
            await stack.enter_async_context(Examinations(graph, outbox, policy, cause))
            await stack.enter_async_context(Retiering(Tiers(graph, outbox), cause))
            await stack.enter_async_context(PolicyPeriods(graph, policy))
            await stack.enter_async_context(_notices(settings, graph, outbox, cause))
            door.app = BodyLimit(Identification(endpoint, authenticator, sign_ins), settings.max_body_bytes)
            evidence_door.app = Identification(Evidence(graph, recorder, policy), authenticator, sign_ins)
            exports = Router(
                export_routes(settings, graph, recorder, policy), redirect_slashes=False, default=_not_found
            )
            export_door.app = Identification(exports, authenticator, sign_ins)
            partners = await partner_side(
                settings, graph, ledger, policy, authenticator, sign_ins, engine=engine, stack=stack
            )
            token_door.app = Router(partners.oauth.routes, redirect_slashes=False, default=_not_found)
            data_door.app = BodyLimit(partners.data, settings.max_body_bytes)
            lineage_door.app = partners.lineage
            health.graph, health.recorder = graph, recorder
            spare_collector()
            yield
            health.graph = None

    router = Router(routes, redirect_slashes=False, default=_not_found, lifespan=lifespan)
    allowed = settings.allowed_hosts or (LOOPBACK if is_loopback(settings.host) else ())
    return Edge(Masking(HostCheck(router, allowed)))


def _own_cause(policy: PolicyStore) -> Cause:
    """Why the gateway's own events happen: nobody asked."""
    return Cause(GATEWAY, policy.current.digest)


def _notices(settings: Settings, graph: Graph, outbox: Outbox, cause: Callable[[], Cause]) -> Notices:
    courier = Courier(receivers_trust(settings.webhook_roots), loopback=settings.webhook_loopback)
    return Notices(graph, outbox, courier, NoticeKey.load(settings.state), cause, noticed)


async def _webhook_key(settings: Settings, _request: Request) -> Response:
    """`/webhooks/key`: what receivers of notices verify with."""
    key = await asyncio.to_thread(NoticeKey.load, settings.state)
    return PlainTextResponse(f"{key.public}\n")


def _authenticator(settings: Settings, graph: Graph, stack: AsyncExitStack) -> Authenticator:
    issuers = configured_issuers(settings)
    for issuer in issuers.values():
        stack.push_async_callback(issuer.keys.aclose)
    verifier = Verifier(issuers, skew=settings.clock_skew)
    return Authenticator(verifier, partial(find_person, graph), appointment_cache=settings.appointment_cache)


def spare_collector() -> None:
    """Keeps what lives as long as the process out of the collector's rounds, and makes these rarer.

    A page is some thousand short-lived objects without cycles; with Python's own thresholds the collector walked
    the whole schema several times a second for them. Measured: 3.1 to 2.5 ms of CPU for a page of 50 with fields.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


class _Door:
    """Stands in the routes for what exists only while the application runs."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


async def _home(_request: Request) -> Response:
    return RedirectResponse("/graphql")


async def _not_found(_scope: Scope, _receive: Receive, send: Send) -> None:
    await refuse(send, 404, Code.NOT_FOUND, "there is nothing here; GraphQL is at /graphql")
