"""Programs of agencies: registered with their public keys, each change an event in the log (R17.1)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from joserfc.jwk import Key
from neo4j import AsyncManagedTransaction

from gateway.audit.event import About, Cause
from gateway.audit.kinds import ClientRegistered, ClientRemoved
from gateway.audit.ledger import Denied, Ledger, Made
from gateway.audit.ledger import Key as ChangeKey
from gateway.graph import Graph, random_id
from gateway.graph.times import now
from gateway.identity import Subject
from gateway.identity.keys import read_jwks
from gateway.sharing.procedure import SIGNERS

REGISTER: Final = "registerClient"
REMOVE: Final = "removeClient"
LONGEST_NAME: Final = 100
_MOST_KEYS: Final = 10
_LONGEST: Final = 20_000
_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
"""Members of JWKs that nobody may send anywhere."""

_AGENCY: Final = """
MATCH (a:Agency) WHERE a.id = $agency OR a.code = $agency
RETURN a {.id, jurisdictions: COLLECT {
  MATCH (a)-[:IN]->(:Jurisdiction)-[:PART_OF*0..16]->(j) RETURN DISTINCT j.id AS id ORDER BY id
}}
"""
_REGISTER: Final = """
MATCH (a:Agency {id: $agency})
CREATE (:System {id: $id, name: $name, jwks: $jwks, since: $now})-[:OF]->(a)
"""
_REMOVE: Final = """
MATCH (s:System {id: $id})-[:OF]->(:Agency {id: $agency})
SET s.until = coalesce(s.until, $now)
RETURN s.name
"""
_KNOWN: Final = """
MATCH (s:System)-[:OF]->(a:Agency) WHERE $agency IS NULL OR a.id = $agency OR a.code = $agency
WITH s, a ORDER BY a.code, s.since, s.id
RETURN collect(s {.id, .name, .jwks, .since, .until, agency: a.code})
"""
_HOLDERS: Final = """
MATCH (h)-[u:USES]->(:Grant {id: $grant})
OPTIONAL MATCH (h)-[:OF]->(a:Agency) WHERE h:System
WITH h, u, a ORDER BY u.since, h.id
RETURN collect({id: h.id, name: CASE WHEN h:System THEN h.name END, agency: a.id, since: u.since, until: h.until})
"""
_ONE: Final = """
MATCH (s:System {id: $id})-[:OF]->(a:Agency) WHERE s.until IS NULL
RETURN s {.id, .name, .jwks, agency: a.id, jurisdictions: COLLECT {
  MATCH (a)-[:IN]->(:Jurisdiction)-[:PART_OF*0..16]->(j) RETURN DISTINCT j.id AS id ORDER BY id
}}
"""


@dataclass(frozen=True, slots=True)
class Client:
    """A program that may ask for tokens."""

    id: str
    name: str
    agency: str
    jurisdictions: tuple[str, ...]
    """Of its agency, and those above."""
    keys: tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """A program, for the lists that people read."""

    id: str
    name: str
    agency: str
    since: str
    until: str | None
    keys: tuple[str, ...]
    """The thumbprints of its keys (RFC 7638)."""


async def known_clients(graph: Graph, agency: str | None = None) -> Sequence[Known]:
    """Every program, or those of an agency, removed ones too.

    Raises:
        GraphError: Neo4j is away.
    """
    rows: list[dict[str, Any]] = await graph.read(_KNOWN, {"agency": agency})
    return [Known(keys=_thumbprints(row.pop("jwks")), **{"until": None, **row}) for row in rows]


async def find_client(graph: Graph, identifier: str) -> Client | None:
    """A program that was registered and not removed.

    Raises:
        GraphUnavailable: Neo4j is away.
    """
    row = await graph.read(_ONE, {"id": identifier})
    if row is None:
        return None
    return Client(row["id"], row["name"], row["agency"], tuple(row["jurisdictions"]), read_jwks(row["jwks"].encode()))


async def holders_of(graph: Graph, grant: str) -> Sequence[Mapping[str, Any]]:
    """Who has had tokens for a grant: id, name, agency and since when of programs and persons, in that order.

    A person has neither agency nor, for who asks about others, a name.

    Raises:
        GraphError: Neo4j is away.
    """
    found: list[Mapping[str, Any]] = await graph.read(_HOLDERS, {"grant": grant})
    return found


@dataclass(frozen=True, slots=True)
class Clients:
    """The programs of a graph."""

    ledger: Ledger

    async def register(
        self, cause: Cause, agency: str | None, name: str, jwks: str, key: str, *, by: Subject | None = None
    ) -> Mapping[str, Any]:
        """Register a program of an agency with its public keys.

        Args:
            cause: why.
            agency: the id or the code of the agency.
            name: what the agency calls it.
            jwks: its public keys, as a JWKS document (RFC 7517).
            key: the caller's idempotency key.
            by: who asks; None for the operator.

        Returns:
            `{client}`: its id.

        Raises:
            Denied: `NOT_ALLOWED`: only who may bind the agency; `NOT_FOUND`: there is no such agency; `BAD_NAME`,
                `BAD_KEYS`.
            LogError: see `Ledger.change`.
        """

        async def work(tx: AsyncManagedTransaction) -> Made:
            found, about = await _found(tx, agency, by)
            if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
                raise Denied("BAD_NAME", f"name it, in at most {LONGEST_NAME} characters", path="name", about=about)
            document = _checked(jwks, about)
            identifier = random_id("sy_")
            given = {"agency": found, "id": identifier, "name": name, "jwks": document, "now": now()}
            await (await tx.run(_REGISTER, given)).consume()
            event = ClientRegistered(
                cause=cause, about=about, client=identifier, name=name, keys=_thumbprints(document)
            )
            return Made({"client": identifier}, {identifier: [event]})

        change = ChangeKey(_person(by), REGISTER, key, {"agency": agency, "name": name, "jwks": jwks})
        return await self.ledger.change(change, cause, work)

    async def remove(
        self, cause: Cause, agency: str | None, client: str, key: str, *, by: Subject | None = None
    ) -> Mapping[str, Any]:
        """Remove a program: it has no more tokens, and those that it has count no more at the data endpoint.

        Returns:
            `{client}`: the id that it had.

        Raises:
            Denied: `NOT_ALLOWED`: only who may bind the agency; `NOT_FOUND`: there is no such agency, or no such
                program of it.
            LogError: see `Ledger.change`.
        """

        async def work(tx: AsyncManagedTransaction) -> Made:
            found, about = await _found(tx, agency, by)
            record = await (await tx.run(_REMOVE, {"agency": found, "id": client, "now": now()})).single()
            if record is None:
                text = f"there is no client {client!r:.60} of this agency"
                raise Denied("NOT_FOUND", text, path="client", target=client, about=about)
            return Made({"client": client}, {client: [ClientRemoved(cause=cause, about=about, client=client)]})

        change = ChangeKey(_person(by), REMOVE, key, {"agency": agency, "client": client})
        return await self.ledger.change(change, cause, work)


def _checked(jwks: str, about: About) -> str:
    """The document that is kept: the keys alone, as JSON.

    Raises:
        Denied: `BAD_KEYS`.
    """

    def bad(text: str) -> Denied:
        return Denied("BAD_KEYS", text, path="jwks", about=about)

    if len(jwks) > _LONGEST:
        raise bad(f"a JWKS document of at most {_LONGEST} characters is expected")
    try:
        entries: Any = orjson.loads(jwks)["keys"]
        keys = read_jwks(jwks.encode())
    except (ValueError, TypeError, KeyError):
        text = 'a JWKS document (RFC 7517) with public keys for ES256, EdDSA or RS256 is expected: {"keys": [...]}'
        raise bad(text) from None
    if any(not isinstance(one, dict) or one.keys() & _PRIVATE for one in entries):
        raise bad("these are private keys: keep them, make others, and send the public ones")
    if len(keys) != len(entries) or len(keys) > _MOST_KEYS:
        raise bad(f"1 to {_MOST_KEYS} public keys for ES256, EdDSA or RS256 (2048 bits and more) are expected")
    identifiers = [one.get("kid") for one in entries]
    if len(keys) > 1 and len({*identifiers} - {None}) < len(keys):
        raise bad("several keys need different ids (kid)")
    return orjson.dumps({"keys": entries}).decode()


def _thumbprints(jwks: str) -> tuple[str, ...]:
    return tuple(key.thumbprint() for key in read_jwks(jwks.encode()))


async def _found(tx: AsyncManagedTransaction, agency: str | None, by: Subject | None) -> tuple[str, About]:
    record = await (await tx.run(_AGENCY, {"agency": agency})).single()
    about = About() if record is None else About((record[0]["id"],), tuple(record[0]["jurisdictions"]))
    if by is not None and (agency is None or agency != by.agency or not by.profile.roles & SIGNERS):
        raise Denied("NOT_ALLOWED", "only officers and heads register programs, those of their own agency", about=about)
    if record is None:
        raise Denied("NOT_FOUND", f"there is no agency {agency!r:.60}", path="agency", target=agency or "")
    return record[0]["id"], about


def _person(by: Subject | None) -> str:
    return "" if by is None else str(by.id)
