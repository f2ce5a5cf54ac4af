"""Which agency is told where: registered by the operator, each change an event in the log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import httpx
from neo4j import AsyncManagedTransaction

from gateway.audit.event import About, Cause
from gateway.audit.kinds import WebhookRegistered, WebhookRemoved
from gateway.audit.ledger import Denied, Key, Ledger, Made
from gateway.graph import Graph, make_id
from gateway.graph.times import now
from gateway.notices.addresses import BadAddress, check_url

REGISTER: Final = "registerWebhook"
REMOVE: Final = "removeWebhook"

_AGENCY: Final = """
MATCH (a:Agency {code: $code})
RETURN a {.id, jurisdictions: COLLECT {
  MATCH (a)-[:IN]->(:Jurisdiction)-[:PART_OF*0..16]->(j) RETURN DISTINCT j.id AS id ORDER BY id
}}
"""
# What an event that came while the webhook was being removed may have left is not of this registration.
_REGISTER: Final = """
MATCH (a:Agency {id: $agency})
MERGE (w:Webhook {id: $id})
ON CREATE SET w.new = true, w.url = $url, w.since = $now
WITH a, w, w.new AS new
REMOVE w.new
MERGE (w)-[:OF]->(a)
WITH w, new
CALL (w, new) { WITH w WHERE new MATCH (n:Notice) WHERE n.webhook = w.id DELETE n }
RETURN coalesce(new, false)
"""
_REMOVE: Final = """
MATCH (w:Webhook {id: $id})
OPTIONAL MATCH (n:Notice) WHERE n.webhook = w.id
WITH w, collect(n) AS waiting
FOREACH (n IN waiting | DELETE n)
DETACH DELETE w
RETURN size(waiting)
"""
_KNOWN: Final = """
MATCH (w:Webhook)-[:OF]->(a:Agency) WHERE $code IS NULL OR a.code = $code
WITH w, a ORDER BY a.code, w.url
RETURN collect({id: w.id, agency: a.code, url: w.url, since: w.since,
  waiting: COUNT { MATCH (n:Notice) WHERE n.webhook = w.id }})
"""


@dataclass(frozen=True, slots=True)
class Known:
    """A webhook, for the lists that an operator reads."""

    id: str
    agency: str
    url: str
    since: str
    waiting: int
    """How many notices are not delivered yet."""


async def known_webhooks(graph: Graph, code: str | None = None) -> Sequence[Known]:
    """Every webhook, or those of one agency.

    Raises:
        GraphError: Neo4j is away.
    """
    return [Known(**one) for one in await graph.read(_KNOWN, {"code": code})]


@dataclass(frozen=True, slots=True)
class Webhooks:
    """The webhooks of a graph."""

    ledger: Ledger
    loopback: bool = False
    """Whether they may be on this machine: for development only."""

    async def register(self, cause: Cause, code: str, address: str, key: str) -> Mapping[str, Any]:
        """Tell an agency at an address from now on. One that is registered already stays as it is.

        Returns:
            `{webhook}`: its id.

        Raises:
            Denied: `NOT_FOUND`: there is no such agency; `BAD_ADDRESS`.
            LogError: see `Ledger.change`.
        """

        async def work(tx: AsyncManagedTransaction) -> Made:
            try:
                url = check_url(address, loopback=self.loopback)
            except BadAddress as problem:
                raise Denied("BAD_ADDRESS", str(problem), path="url", target=code) from None
            agency, about = await _found(tx, code)
            webhook = make_id("wh_", agency, str(url))
            given = {"agency": agency, "id": webhook, "url": str(url), "now": now()}
            new = (await (await tx.run(_REGISTER, given)).single(strict=True))[0]
            event = WebhookRegistered(cause=cause, about=about, webhook=webhook, host=url.host)
            return Made({"webhook": webhook}, {webhook: [event]} if new else {})

        return await self.ledger.change(Key("", REGISTER, key, {"agency": code, "url": address}), cause, work)

    async def remove(self, cause: Cause, code: str, address: str, key: str) -> Mapping[str, Any]:
        """Tell an agency at an address no more. What waits to be delivered there is thrown away.

        Returns:
            `{webhook}`: the id that it had.

        Raises:
            Denied: `NOT_FOUND`: there is no such agency, or no such webhook of it.
            LogError: see `Ledger.change`.
        """

        async def work(tx: AsyncManagedTransaction) -> Made:
            agency, about = await _found(tx, code)
            webhook = make_id("wh_", agency, _spelled(address))
            record = await (await tx.run(_REMOVE, {"id": webhook})).single()
            if record is None:
                text = f"{code} has no webhook at this address; see them with: gateway webhook list"
                raise Denied("NOT_FOUND", text, path="url", target=code, about=about)
            event = WebhookRemoved(cause=cause, about=about, webhook=webhook, waiting=record[0])
            return Made({"webhook": webhook}, {webhook: [event]})

        return await self.ledger.change(Key("", REMOVE, key, {"agency": code, "url": address}), cause, work)


def _spelled(address: str) -> str:
    """As it was registered: a host may be written in several ways."""
    try:
        return str(httpx.URL(address))
    except httpx.InvalidURL:
        return address


async def _found(tx: AsyncManagedTransaction, code: str) -> tuple[str, About]:
    record = await (await tx.run(_AGENCY, {"code": code})).single()
    if record is None:
        raise Denied("NOT_FOUND", f"there is no agency {code!r:.60}", path="agency", target=code)
    agency = record[0]
    return agency["id"], About((agency["id"],), tuple(agency["jurisdictions"]))
