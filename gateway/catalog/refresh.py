"""A provider states that it has verified and updated the data behind an entry (R10)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from neo4j import AsyncManagedTransaction

from gateway.audit.event import About, Cause
from gateway.audit.kinds import DataRefreshed
from gateway.audit.ledger import Denied, Key, Ledger, Made
from gateway.catalog.staleness import stale_at
from gateway.graph.times import instant
from gateway.identity import Subject
from gateway.plan.guard import relations_of
from gateway.policy.table import AccessTable
from gateway.vocabulary import Action, Period, Role

CHANGE: Final = "recordRefresh"
_BY: Final = frozenset({Role.STAFF, Role.OFFICER, Role.HEAD})
_AHEAD: Final = timedelta(minutes=5)
"""How far a provider's clock may be ahead of ours."""

_HELD: Final = """
MATCH (d:Dataset {id: $id})
SET d.writing = true REMOVE d.writing
RETURN {id: d.id, accessClass: d.accessClass, refreshedAt: d.refreshedAt, period: d.accrualPeriodicity,
  agency: d.agency, mask: CASE WHEN d.agency = $agency THEN 1 ELSE 0 END
    + CASE WHEN d.jurisdiction IN $jurisdictions THEN 2 ELSE 0 END,
  jurisdictions: COLLECT { MATCH (:Jurisdiction {id: d.jurisdiction})-[:PART_OF*0..16]->(j) RETURN j.id ORDER BY j.id }}
"""
_SET: Final = "MATCH (d:Dataset {id: $id}) SET d.refreshedAt = $refreshed, d.staleAt = $stale"


@dataclass(frozen=True, slots=True)
class Refresh:
    """What the provider states."""

    dataset: str
    refreshed_at: str
    """The instant as of which the data is up to date, as the graph stores instants."""


async def record_refresh(
    ledger: Ledger, subject: Subject, table: AccessTable, cause: Cause, refresh: Refresh, key: str
) -> Mapping[str, Any]:
    """Record a refresh: the entry is no longer stale, until its update limit has passed again.

    Returns:
        `{dataset, event}`, both ids.

    Raises:
        Denied: `NOT_FOUND`, for what is not there and for what the caller may not know of; `NOT_ALLOWED`, for who is
            not of the provider; `IN_FUTURE`; `NOT_NEWER`.
        LogError: see `Ledger.change`.
    """

    async def work(tx: AsyncManagedTransaction) -> Made:
        given = {"id": refresh.dataset, "agency": subject.agency, "jurisdictions": list(subject.jurisdictions)}
        record = await (await tx.run(_HELD, given)).single()
        held = None if record is None else record[0]
        about = _about(held)
        if held is None or not table.decide(held["accessClass"], relations_of(held["mask"]), Action.DISCOVER).allowed:
            raise _denied("NOT_FOUND", f"there is no dataset {refresh.dataset!r:.60}", "dataset", refresh, about, True)
        if held["agency"] != subject.agency or not subject.profile.roles & _BY:
            text = "only the agency that provides a dataset can state that it was refreshed"
            raise _denied("NOT_ALLOWED", text, "dataset", refresh, about)
        if refresh.refreshed_at > instant(datetime.now(UTC) + _AHEAD):
            text = f"{refresh.refreshed_at} lies in the future; state when the data was refreshed"
            raise _denied("IN_FUTURE", text, "refreshedAt", refresh, about)
        if held["refreshedAt"] is not None and refresh.refreshed_at <= held["refreshedAt"]:
            text = f"a refresh of {held['refreshedAt']} is recorded already; state a later one"
            raise _denied("NOT_NEWER", text, "refreshedAt", refresh, about)
        period = Period(held["period"]) if held["period"] else None
        stale = stale_at(refresh.refreshed_at, period)
        await (await tx.run(_SET, {"id": held["id"], "refreshed": refresh.refreshed_at, "stale": stale})).consume()
        event = DataRefreshed(cause=cause, about=about, refreshed_at=refresh.refreshed_at)
        return Made({"dataset": held["id"], "event": event.id}, {held["id"]: [event]})

    stated = {"dataset": refresh.dataset, "refreshedAt": refresh.refreshed_at}
    return await ledger.change(Key(str(subject.id), CHANGE, key, stated), cause, work)


def _about(held: Mapping[str, Any] | None) -> About:
    if held is None:
        return About()
    return About((held["agency"],), tuple(held["jurisdictions"]), (held["id"],))


def _denied(code: str, message: str, path: str, refresh: Refresh, about: About, hidden: bool = False) -> Denied:
    about = About(about.agencies, about.jurisdictions, about.datasets, hidden=hidden)
    return Denied(code, message, path=path, target=refresh.dataset, about=about)
