"""Cases and grants as the graph has them, for those who may see them.

These are both parties, who oversees either, and the center from where it has something to do with the case.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

import orjson
from neo4j import AsyncManagedTransaction

from gateway.audit.event import About
from gateway.audit.ledger import Denied
from gateway.graph.times import instant
from gateway.identity import Subject
from gateway.sharing.words import Act, CaseState, Party
from gateway.vocabulary import Role

AGENCY: Final = "ag_"
"""How ids of agencies begin; a consumer can be a person too."""


class Latest(NamedTuple):
    """A document of a case."""

    digest: str
    content: Mapping[str, Any]


# Under the lock of who changes it: of two officers who answer at once, the second finds what the first has done.
_CASE: Final = """
MATCH (c:Case {id: $id})
SET c.locked = true REMOVE c.locked
RETURN c {.*, document: head(COLLECT { MATCH (c)-[:HAS]->(x:Document {begins: true})
  RETURN {id: x.id, digest: x.digest, bytes: x.bytes} })}
"""
_GRANT: Final = """
MATCH (g:Grant {id: $id})
SET g.locked = true REMOVE g.locked
RETURN g {.*, state: g.status}
"""
_LATEST: Final = """
MATCH (:Case {id: $id})-[:HAS]->(x:Document) WHERE x.act IN $acts
WITH x ORDER BY x.n DESC LIMIT 1
RETURN {digest: x.digest, bytes: x.bytes}
"""


async def find_case(tx: AsyncManagedTransaction, subject: Subject, identifier: str) -> Mapping[str, Any]:
    """A case, locked, with the document that it begins with.

    Raises:
        Denied: `NOT_FOUND`, also for what is not theirs to see.
    """
    found = await _read(tx, _CASE, identifier)
    if found is None or not sees(subject, found):
        raise _not_found("case", identifier, found)
    return found


async def find_grant(
    tx: AsyncManagedTransaction, subject: Subject, identifier: str, now: datetime
) -> Mapping[str, Any]:
    """A grant, locked. The center sees every one, because it answers for safety (article 30).

    Raises:
        Denied: `NOT_FOUND`, also for what is not theirs to see.
    """
    found = await _read(tx, _GRANT, identifier)
    if found is None or not (sees(subject, found) or Role.CENTER in subject.profile.roles):
        raise _not_found("grant", identifier, found)
    return standing(found, now)


def standing(grant: Mapping[str, Any], now: datetime) -> Mapping[str, Any]:
    """A grant as it stands: its period ends without anybody's doing."""
    over = grant["validTo"] <= instant(now) and grant["state"] != CaseState.REVOKED
    return {**grant, "state": CaseState.EXPIRED} if over else grant


async def latest_of(tx: AsyncManagedTransaction, case: Mapping[str, Any], acts: Collection[Act]) -> Latest:
    """The last document of a case by which one of these was done."""
    record = await (await tx.run(_LATEST, {"id": case["id"], "acts": sorted(acts)})).single(strict=True)
    return Latest(record[0]["digest"], orjson.loads(record[0]["bytes"])["content"])


async def _read(tx: AsyncManagedTransaction, statement: str, identifier: str) -> Mapping[str, Any] | None:
    record = await (await tx.run(statement, {"id": identifier})).single()
    return None if record is None else record[0]


def _not_found(what: str, identifier: str, found: Mapping[str, Any] | None) -> Denied:
    about = About() if found is None else about_case(found, hidden=True)
    return Denied("NOT_FOUND", f"there is no {what} {identifier!r:.60}", path=what, target=identifier, about=about)


def sees(subject: Subject, case: Mapping[str, Any]) -> bool:
    """Whether a case or a grant is for a subject to see."""
    return (
        not own_of(subject).isdisjoint((case["consumer"], case["provider"]))
        or not {case.get("consumerJurisdiction"), case["providerJurisdiction"]}.isdisjoint(subject.jurisdictions)
        or bool(case.get("center") and Role.CENTER in subject.profile.roles)
    )


def own_of(subject: Subject) -> frozenset[str]:
    """The ids under which a subject can be party to a case: their agency's, and their own (24.2)."""
    return frozenset(one for one in (subject.agency, subject.id) if one is not None)


def sides_of(own: Collection[str], roles: Collection[Role], case: Mapping[str, Any]) -> frozenset[Party]:
    """On which sides of a case or a grant somebody with these ids stands in these roles."""
    return frozenset(
        party
        for party, stands in (
            (Party.CONSUMER, case["consumer"] in own),
            (Party.PROVIDER, case["provider"] in own),
            (Party.CENTER, Role.CENTER in roles),
        )
        if stands
    )


def about_case(case: Mapping[str, Any], *others: str, hidden: bool = False) -> About:
    """What a case or a grant concerns: its parties, and other agencies that are told of it."""
    return About(
        tuple(dict.fromkeys([one for one in (case["provider"], case["consumer"], *others) if one.startswith(AGENCY)])),
        tuple(case["jurisdictions"]),
        (case["dataset"],),
        case=case.get("case", case["id"]),
        hidden=hidden,
    )
