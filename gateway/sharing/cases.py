"""Cases and grants as the graph has them, for those who may see them: both parties, and who oversees either."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from neo4j import AsyncManagedTransaction

from gateway.audit.event import About
from gateway.audit.ledger import Denied
from gateway.identity import Subject
from gateway.sharing.words import Party
from gateway.vocabulary import Role

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
SEEN: Final = """
(c.consumer = $agency OR c.provider = $agency OR c.consumerJurisdiction IN $jurisdictions
 OR c.providerJurisdiction IN $jurisdictions)
"""
"""A Cypher test of a case or a grant `c`: whether it is for a subject to see."""


async def find_case(tx: AsyncManagedTransaction, subject: Subject, identifier: str) -> Mapping[str, Any]:
    """A case, locked, with the document that it begins with.

    Raises:
        Denied: `NOT_FOUND`, also for what is not theirs to see.
    """
    found = await _read(tx, _CASE, identifier)
    if found is None or not sees(subject, found):
        raise _not_found("case", identifier, found)
    return found


async def find_grant(tx: AsyncManagedTransaction, subject: Subject, identifier: str) -> Mapping[str, Any]:
    """A grant, locked. The center sees every one, because it answers for safety (article 30).

    Raises:
        Denied: `NOT_FOUND`, also for what is not theirs to see.
    """
    found = await _read(tx, _GRANT, identifier)
    if found is None or not (sees(subject, found) or Role.CENTER in subject.profile.roles):
        raise _not_found("grant", identifier, found)
    return found


async def _read(tx: AsyncManagedTransaction, statement: str, identifier: str) -> Mapping[str, Any] | None:
    record = await (await tx.run(statement, {"id": identifier})).single()
    return None if record is None else record[0]


def _not_found(what: str, identifier: str, found: Mapping[str, Any] | None) -> Denied:
    about = About() if found is None else about_case(found, hidden=True)
    return Denied("NOT_FOUND", f"there is no {what} {identifier!r:.60}", path=what, target=identifier, about=about)


def sees(subject: Subject, case: Mapping[str, Any]) -> bool:
    """Whether a case or a grant is for a subject to see, by its parties."""
    return subject.agency is not None and (
        subject.agency in (case["consumer"], case["provider"])
        or not {case["consumerJurisdiction"], case["providerJurisdiction"]}.isdisjoint(subject.jurisdictions)
    )


def sides_of(agency: str | None, roles: Collection[Role], case: Mapping[str, Any]) -> frozenset[Party]:
    """On which sides of a case or a grant somebody of an agency stands in these roles."""
    return frozenset(
        party
        for party, stands in (
            (Party.CONSUMER, case["consumer"] == agency),
            (Party.PROVIDER, case["provider"] == agency),
            (Party.CENTER, Role.CENTER in roles),
        )
        if stands
    )


def about_case(case: Mapping[str, Any], *, hidden: bool = False) -> About:
    """What a case or a grant concerns."""
    return About(
        tuple(dict.fromkeys((case["provider"], case["consumer"]))),
        tuple(case["jurisdictions"]),
        (case["dataset"],),
        case=case.get("case", case["id"]),
        hidden=hidden,
    )
