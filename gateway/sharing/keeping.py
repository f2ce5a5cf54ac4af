"""What documents refer to by a digest, kept as it was: policies, rule sets, and what was known of revocations.

Each is kept once, in the transaction of the first change that refers to it, and never changed.
"""

import hashlib
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from neo4j import AsyncManagedTransaction

from gateway.audit.event import canonical
from gateway.graph.times import now
from gateway.policy.table import AccessTable
from gateway.rules import RuleBook

_MOST: Final = 1_000
"""Digests that a process remembers."""


class Kind(StrEnum):
    """What is kept, by the label that it has in the graph."""

    POLICY = "Policy"
    """Its text is a JSON object with the policy's files by their names."""
    RULES = "RuleBook"
    """Its text is that of the file."""
    REVOCATION = "RevocationData"
    """A revocation list or a responder's answer (DER). Its text is base64."""


_KEEP: Final = {
    kind: f"UNWIND $rows AS row MERGE (k:{kind} {{digest: row.digest}}) "
    "ON CREATE SET k.text = row.text, k.keptAt = $now"
    for kind in Kind
}


@dataclass(frozen=True, slots=True)
class Thing:
    """Something that is named by its digest."""

    kind: Kind
    digest: str
    text: str


def policy_of(table: AccessTable) -> list[Thing]:
    """The policy that a table was made from; nothing when there is none."""
    return [Thing(Kind.POLICY, table.digest, canonical(dict(table.texts)).decode())] if table.texts else []


def rules_of(book: RuleBook) -> Thing:
    """The rule sets."""
    return Thing(Kind.RULES, book.digest, book.text)


def revocation_of(known: Iterable[bytes]) -> list[Thing]:
    """What a signature was checked by."""
    return [Thing(Kind.REVOCATION, hashlib.sha256(data).hexdigest(), b64encode(data).decode()) for data in known]


class Keeper:
    """Remembers what is kept already, so that it is not sent again."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    async def keep(self, tx: AsyncManagedTransaction, things: Iterable[Thing]) -> None:
        """Keep some things with a change."""
        new = [one for one in things if one.digest not in self._known]
        for kind in Kind:
            if rows := [{"digest": one.digest, "text": one.text} for one in new if one.kind is kind]:
                await (await tx.run(_KEEP[kind], {"rows": rows, "now": now()})).consume()

    def kept(self, things: Iterable[Thing]) -> None:
        """Remember, once the change is made, that these are kept."""
        if len(self._known) > _MOST:
            self._known.clear()
        self._known.update(one.digest for one in things)
