"""Which policy was in force when: noted by every gateway that puts one in force, and only ever added to.

Until the next note a policy is the one in force, also while no gateway runs.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import orjson
from neo4j import AsyncManagedTransaction

from gateway.graph import Graph
from gateway.graph.times import instant
from gateway.identity import Profile
from gateway.policy.engine import NoPolicy
from gateway.policy.reading import digest
from gateway.policy.store import PolicyStore
from gateway.sharing.keeping import Keeper, policy_of
from gateway.sharing.watching import Watching

_log: Final = logging.getLogger(__name__)

# Two gateways may note the same one at once: that says the same twice.
_NOTE: Final = """
WITH head(COLLECT { MATCH (p:PolicyPeriod) WHERE p.since > '' RETURN p.digest ORDER BY p.since DESC LIMIT 1 }) AS last
WHERE coalesce(last <> $digest, true)
CREATE (:PolicyPeriod {digest: $digest, since: $since})
"""
_THEN: Final = """
MATCH (p:PolicyPeriod) WHERE p.since <= $at
WITH p ORDER BY p.since DESC LIMIT 1
MATCH (k:Policy {digest: p.digest})
RETURN [p.digest, p.since, k.text]
"""


@dataclass(frozen=True, slots=True)
class PolicyThen:
    """A policy that was in force."""

    digest: str
    since: str
    texts: Mapping[str, str]
    """Its files, by their names."""


@dataclass
class PolicyPeriods(Watching):
    """Notes the policy of this process, whenever that is another one than before."""

    seconds: ClassVar[float] = 1.0
    graph: Graph
    policy: PolicyStore
    _noted: str | None = None

    async def look(self) -> None:
        """See `Watching`."""
        policy, since = self.policy.current, self.policy.since
        if isinstance(policy, NoPolicy) or policy.digest == self._noted:
            return
        given = {"digest": policy.digest, "since": instant(since)}
        kept = policy_of(policy.table_for(Profile()))

        async def note(tx: AsyncManagedTransaction) -> None:
            await Keeper().keep(tx, kept)
            await (await tx.run(_NOTE, given)).consume()

        await self.graph.write(note)
        self._noted = policy.digest


async def policy_at(graph: Graph, at: str) -> PolicyThen | None:
    """The policy that was in force at an instant; None where none is on record.

    Raises:
        GraphError: Neo4j is away.
    """
    found: list[Any] | None = await graph.read(_THEN, {"at": at})
    if found is None:
        return None
    named, since, texts = found[0], found[1], orjson.loads(found[2])
    if digest(texts) != named:
        _log.error("the policy %s in the graph has been changed; it counts as one that is not on record", named)
        return None
    return PolicyThen(named, since, texts)
