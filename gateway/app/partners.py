"""Putting together what partners' programs come for: tokens, rows, and to report lineage."""

from contextlib import AsyncExitStack
from dataclasses import dataclass, replace

from gateway.app.data import Data
from gateway.app.lineage import Lineage
from gateway.app.oauth import LINEAGE, RESOURCE, OAuth
from gateway.app.presenting import Presenting, PublicLimit
from gateway.app.sign_ins import SignIns
from gateway.audit.event import GATEWAY, Cause
from gateway.audit.kinds import TokenKeyMade
from gateway.audit.ledger import Ledger
from gateway.delivery import Engine
from gateway.fetching import Admission, Desk, Quotas, Sources, load_secret
from gateway.graph import Graph
from gateway.identity import Authenticator
from gateway.lineage import Recording, Tiers
from gateway.oauth import Issuing, Statuses, TokenKeys
from gateway.oauth.reporting import Reporting
from gateway.policy.store import PolicyStore
from gateway.settings import Settings, load_connections
from gateway.verify import TokenVerifier


@dataclass(frozen=True, slots=True)
class Partners:
    """The endpoints."""

    oauth: OAuth
    data: Data
    lineage: Lineage


async def partner_side(
    settings: Settings,
    graph: Graph,
    ledger: Ledger,
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
    keys, issuer, recorder = TokenKeys(settings.state).load(), settings.address, ledger.recorder
    if keys.is_new:
        cause = Cause(GATEWAY, policy.current.digest)
        await recorder.record(TokenKeyMade(cause=cause, key=keys.kid, before=None))
    audience = f"{issuer}{RESOURCE}"
    verifier = TokenVerifier(issuer, audience, keys, None)
    issuing = Issuing(graph, recorder, policy, keys, issuer, audience)
    reports = f"{issuer}{LINEAGE}"
    reporting = Reporting(recorder, policy, keys, issuer, reports)
    oauth = OAuth(
        graph, issuing, reporting, Statuses(graph, keys, issuer), keys, authenticator, sign_ins, verifier, issuer
    )
    quotas = Quotas(graph, settings.grant_requests_per_day, settings.grant_rows_per_day)
    stack.push_async_callback(quotas.look)
    await stack.enter_async_context(quotas)
    sources = Sources(settings.deliveries_folder, load_connections(settings.connections))
    admission = Admission(graph, policy)
    desk = Desk(admission, engine, recorder, quotas, sources, secret=load_secret(settings.state))
    limit = PublicLimit(settings.public_fetches_per_minute, settings.rate_limit_storage.get_secret_value())
    presenting = Presenting(graph, authenticator, sign_ins, verifier, issuer, limit)
    reporters = replace(presenting, verifier=TokenVerifier(issuer, reports, keys, None), resource=LINEAGE)
    lineage = Lineage(graph, Recording(graph, ledger, Tiers.of(ledger)), reporters, policy, settings.max_lineage_bytes)
    return Partners(oauth, Data(desk, presenting), lineage)
