"""Grants and what they were given for: when that has changed to the worse, the grant is suspended (R16.2d).

A stricter tier or a dropped field suspends in the transaction that changes the entry. A changed policy, and whatever
was changed around the gateway, is found by a sweep; until then the new policy itself decides every fetch. The provider
gets a task: to resume the grant with a reason, where it has lost no field, or to revoke it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import orjson
from neo4j import AsyncManagedTransaction

from gateway.audit.event import Cause, Event
from gateway.audit.kinds import GrantSuspended
from gateway.audit.outbox import Outbox, Parcel
from gateway.classes import TIERS, ClassKey, Tier
from gateway.graph import Graph
from gateway.graph.times import now as clock
from gateway.identity import Profile
from gateway.policy.engine import NoPolicy
from gateway.policy.store import PolicyStore
from gateway.policy.table import AccessTable
from gateway.sharing.cases import about_case
from gateway.sharing.watching import Watching
from gateway.sharing.words import CaseState, Party, Procedure
from gateway.vocabulary import FOREVER, Action, AgencyKind, OpenType, Relation, Role, ShareType

_BATCH: Final = 200
_HELD: Final = frozenset({Relation.ANYONE, Relation.GRANTED})
WITHDRAWN: Final = "WITHDRAWN"
DROPPED: Final = "DROPPED"
FORBIDDEN: Final = "FORBIDDEN"
"""What a change is called that is no stricter tier: the entry, a field of it, or the policy's leave is gone."""

_OF_DATASETS: Final = "MATCH (:Dataset {id: one})<-[:ON]-(g:Grant) WHERE g.status = 'ACTIVE'"
_OF_GRANTS: Final = "MATCH (g:Grant {id: one}) WHERE g.status = 'ACTIVE'"
_READ: Final = """
UNWIND $ids AS one
{which}
SET g.locked = true REMOVE g.locked
WITH g ORDER BY g.id
MATCH (g)-[:ON]->(d:Dataset)
RETURN collect({{grant: g {{.*}}, kind: head(COLLECT {{ MATCH (a:Agency {{id: g.consumer}}) RETURN a.kind }}),
  now: [[d.id, d.accessClass]] + COLLECT {{ MATCH (d)-[:HAS_FIELD]->(f:Field) WHERE f.id IN g.fields
    RETURN [f.id, f.accessClass] }}}})
"""
_SUSPEND: Final = """
UNWIND $rows AS row
MATCH (g:Grant {id: row.id})
SET g.status = $suspended, g.version = g.version + 1, g.movedAt = $now, g.suspendedBy = $by, g.changes = row.changes,
  g.policy = $policy
CREATE (:Task {about: g.id, owner: g.provider, dueAt: $forever})-[:FOR]->(g)
"""
_EXAMINED: Final = "UNWIND $ids AS id MATCH (g:Grant {id: id}) SET g.policy = $policy"
_OTHERWISE: Final = """
CALL () { MATCH (g:Grant) WHERE g.status = 'ACTIVE' AND g.policy < $policy RETURN g.id AS id LIMIT $n
  UNION MATCH (g:Grant) WHERE g.status = 'ACTIVE' AND g.policy > $policy RETURN g.id AS id LIMIT $n }
RETURN collect(id)
"""


async def suspend_changed(
    tx: AsyncManagedTransaction, cause: Cause, datasets: Sequence[str]
) -> Mapping[str, Sequence[Event]]:
    """Suspend the grants on entries that have just been changed to the worse. The events, by case.

    A consequence of the transaction that changes the entries: see `Recording`.
    """
    return await _examine(tx, cause, _OF_DATASETS, datasets, None)


async def _examine(
    tx: AsyncManagedTransaction,
    cause: Cause,
    which: str,
    ids: Sequence[str],
    tables: Callable[[Profile], AccessTable] | None,
) -> Mapping[str, Sequence[Event]]:
    read = _READ.format(which=which)
    found = (await (await tx.run(read, {"ids": list(ids)})).single(strict=True))[0]
    rows, events = [], dict[str, list[Event]]()
    for one in found:
        grant = one["grant"]
        changes = changes_of(grant, dict(one["now"]))
        if tables is not None and not changes:
            changes = forbidden_of(tables(holder_profile(one["kind"])), dict(one["now"]))
        if not changes:
            continue
        rows.append({"id": grant["id"], "changes": orjson.dumps(changes).decode()})
        event = GrantSuspended(cause=cause, about=about_case(grant), grant=grant["id"], changes=changes)
        events.setdefault(grant["case"], []).append(event)
    if rows:
        given = {"rows": rows, "suspended": CaseState.SUSPENDED, "now": clock(), "by": Party.GATEWAY}
        given |= {"policy": cause.policy, "forever": FOREVER}
        await (await tx.run(_SUSPEND, given)).consume()
    if tables is not None:
        kept = {*ids}.difference(row["id"] for row in rows)
        await (await tx.run(_EXAMINED, {"ids": sorted(kept), "policy": cause.policy})).consume()
    return events


def changes_of(grant: Mapping[str, Any], now: Mapping[str, str]) -> dict[str, str]:
    """What has changed to the worse since a grant was given or resumed, by dataset and field.

    Towards the public the opening tier counts, between agencies the sharing tier. What became less strict is no change.
    """
    then: dict[str, str] = orjson.loads(grant.get("classes") or "{}")
    opening = grant.get("procedure") == Procedure.OPENING
    found = {}
    for one in (grant["dataset"], *grant["fields"]):
        tier = TIERS.get(ClassKey(now.get(one, "")))
        before = TIERS.get(ClassKey(then.get(one, "")))
        if tier is None:
            found[one] = WITHDRAWN if one == grant["dataset"] else DROPPED
        elif before is not None and _strictness(tier, opening=opening) > _strictness(before, opening=opening):
            found[one] = str(tier.open if opening else tier.share)
    return found


def _strictness(tier: Tier, *, opening: bool) -> int:
    return list(OpenType).index(tier.open) if opening else list(ShareType).index(tier.share)


def forbidden_of(table: AccessTable, now: Mapping[str, str]) -> dict[str, str]:
    """What the policy in force does not let a consumer fetch any more, though they hold the grant."""
    return {
        one: FORBIDDEN
        for one, access_class in now.items()
        if not table.decide(access_class, _HELD, Action.FETCH).allowed
    }


def holder_profile(kind: str | None) -> Profile:
    """In which profile a consumer fetches: an agency's officer, or the public's."""
    return Profile() if kind is None else Profile(frozenset({Role.OFFICER}), AgencyKind(kind))


@dataclass
class Examinations(Watching):
    """Examines the grants of a graph whenever another policy is in force. Several gateways may."""

    seconds: ClassVar[float] = 5.0
    graph: Graph
    outbox: Outbox
    policy: PolicyStore
    cause: Callable[[], Cause]
    _examined: str | None = None

    async def look(self) -> None:
        """See `Watching`."""
        await self.sweep()

    async def sweep(self) -> int:
        """Examine every active grant that was examined under another policy. Returns how many were suspended."""
        cause, policy = self.cause(), self.policy.current
        # Without a policy everything is refused: that is somebody's mistake, and no reason to suspend what was signed.
        if cause.policy == self._examined or isinstance(policy, NoPolicy):
            return 0
        suspended = 0
        while ids := await self.graph.read(_OTHERWISE, {"policy": cause.policy, "n": _BATCH}):

            async def work(tx: AsyncManagedTransaction, ids: list[str] = ids) -> tuple[int, list[Parcel]]:
                events = await _examine(tx, cause, _OF_GRANTS, sorted(ids), policy.table_for)
                return sum(map(len, events.values())), await self.outbox.put(tx, events) if events else []

            number, parcels = await self.graph.write(work)
            if parcels:
                await self.outbox.deliver(parcels)
            suspended += number
        self._examined = cause.policy
        return suspended
