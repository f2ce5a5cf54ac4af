"""Putting together what partners' programs come for: tokens, and rows."""

from contextlib import AsyncExitStack
from dataclasses import dataclass

from gateway.app.data import Data
from gateway.app.oauth import RESOURCE, OAuth
from gateway.app.presenting import Presenting, PublicLimit
from gateway.app.sign_ins import SignIns
from gateway.audit.event import GATEWAY, Cause
from gateway.audit.kinds import TokenKeyMade
from gateway.audit.recorder import Recorder
from gateway.delivery import Engine
from gateway.fetching import Admission, Desk, Quotas, Sources, load_secret
from gateway.graph import Graph
from gateway.identity import Authenticator
from gateway.oauth import Issuing, Statuses, TokenKeys
from gateway.policy.store import PolicyStore
from gateway.settings import Settings, load_connections
from gateway.verify import TokenVerifier


@dataclass(frozen=True, slots=True)
class Partners:
    """The endpoints."""

    oauth: OAuth
    data: Data


async def partner_side(
    settings: Settings,
    graph: Graph,
    recorder: Recorder,
    policy: PolicyStore,
    authenticator: Authenticator,
    sign_ins: SignIns,
    *,
    engine: Engine,
    stack: AsyncExitStack,
) -> Partners:
    """The endpoints, for as long as `stack` is open.

    Raises:
        ValueError, OSError: a file of keys or connections is of no use.
    """
    keys, issuer = TokenKeys(settings.state).load(), settings.address
    if keys.is_new:
        cause = Cause(GATEWAY, policy.current.digest)
        await recorder.record(TokenKeyMade(cause=cause, key=keys.kid, before=None))
    audience = f"{issuer}{RESOURCE}"
    verifier = TokenVerifier(issuer, audience, keys, None)
    issuing = Issuing(graph, recorder, policy, keys, issuer, audience)
    oauth = OAuth(graph, issuing, Statuses(graph, keys, issuer), keys, authenticator, sign_ins, verifier, issuer)
    quotas = Quotas(graph, settings.grant_requests_per_day, settings.grant_rows_per_day)
    stack.push_async_callback(quotas.look)
    await stack.enter_async_context(quotas)
    sources = Sources(settings.deliveries_folder, load_connections(settings.connections))
    admission = Admission(graph, policy)
    desk = Desk(admission, engine, recorder, quotas, sources, secret=load_secret(settings.state))
    limit = PublicLimit(settings.public_fetches_per_minute, settings.rate_limit_storage.get_secret_value())
    presenting = Presenting(graph, authenticator, sign_ins, verifier, issuer, limit)
    return Partners(oauth, Data(desk, presenting))
