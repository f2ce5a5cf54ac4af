"""Deadlines that come near: who has to answer is told, exactly once each time, and of a gateway that was down later.

Two working days before an answer is due, on the day, and on the working day after it, an event says so to the
provider's officers and head and to the center (R16.2b). And when the calendar has changed, open cases are counted
again, and keep what was said before.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any, ClassVar, Final

import orjson
from neo4j import AsyncManagedTransaction

from gateway.audit.event import About, Cause, Event, canonical
from gateway.audit.kinds import DeadlineEscalated, DeadlineRecounted
from gateway.audit.ledger import Denied
from gateway.audit.log import Sealed
from gateway.audit.outbox import Outbox
from gateway.graph import Graph
from gateway.graph.times import instant
from gateway.rules import Duty, Escalation, UnknownYear, day_of, escalates_at
from gateway.sharing.cases import about_case
from gateway.sharing.clocks import Rules
from gateway.sharing.keeping import Keeper, rules_of
from gateway.sharing.watching import Watching
from gateway.sharing.words import CaseState
from gateway.vocabulary import Role

_log: Final = logging.getLogger(__name__)

_BATCH: Final = 1_000
"""Cases of one transaction: somebody who acts in one of them waits for all."""
_AT_ONCE: Final = 2
"""Transactions at the same time: this process prepares one while Neo4j writes another."""
_ORDER: Final = tuple(Escalation)

_DUE: Final = "MATCH (c:Case) WHERE c.escalateAt <= $now RETURN collect(c.id)"
_OTHERWISE: Final = """
CALL () {
  MATCH (c:Case) WHERE c.state = $submitted AND c.calendar < $calendar RETURN c.id AS id
  UNION ALL
  MATCH (c:Case) WHERE c.state = $submitted AND c.calendar > $calendar RETURN c.id AS id
}
RETURN collect(id)
"""
"""Two walks along an index, of which nothing is left to do when nothing is."""
_LOCKED: Final = """
CALL () {
  MATCH (h:Appointment {role: $center})-[:AT]->(a:Agency) WHERE h.validFrom <= $now AND $now < h.validTo
  WITH DISTINCT a.id AS id ORDER BY id
  RETURN collect(id) AS center
}
UNWIND $ids AS id
MATCH (c:Case {id: id})
SET c.locked = true REMOVE c.locked
RETURN collect(c {.id, .state, .duty, .filedAt, .startedOn, .dueAt, .clocks, .calendar, .escalated, .escalateAt,
  .formerly, .provider, .consumer, .jurisdictions, .dataset, center: center,
  code: head(COLLECT { MATCH (c)-[:TO]->(a:Agency) RETURN a.code })})
"""
_KEEP: Final = "UNWIND $rows AS row MATCH (c:Case {id: row.id}) SET c += row.kept"
_DEFER: Final = "UNWIND $rows AS row MATCH (t:Task {about: row.id}) SET t.dueAt = row.due"
"""Queues are in the order of what is due."""


@dataclass(frozen=True, slots=True)
class _Done:
    """What is to be kept of a case, null for what is to be forgotten, and the events that tell of it."""

    kept: Mapping[str, Any]
    events: Sequence[Event] = ()
    number: int = 0
    due: str | None = None
    """Until when an answer is due, where that has changed."""


@dataclass
class Escalations(Watching):
    """Watches the deadlines of a graph. Several may: each escalation is one's alone."""

    seconds: ClassVar[float] = 30.0
    graph: Graph
    outbox: Outbox
    rules: Rules
    cause: Callable[[], Cause]
    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))

    async def look(self) -> None:
        """See `Watching`."""
        await self.recount()
        await self.sweep()

    async def sweep(self) -> int:
        """Tell of every deadline of which it is time. Returns how many escalations that were."""
        due = await self.graph.read(_DUE, {"now": instant(self.clock())})
        return await self._made(due, self._escalated)

    async def recount(self) -> int:
        """Count open cases again that were counted by another calendar. Returns how many that were."""
        asked = {"submitted": CaseState.SUBMITTED, "calendar": self.rules.calendar.digest}
        return await self._made(await self.graph.read(_OTHERWISE, asked), self._recounter())

    async def _made(self, identifiers: Sequence[str], work: Callable[[Mapping[str, Any]], _Done | None]) -> int:
        """Do the same with many cases. Those of a transaction are locked in one order, by whoever watches."""
        ids = sorted(identifiers)
        batches = [ids[start : start + _BATCH] for start in range(0, len(ids), _BATCH)]

        async def one_after_another(some: Sequence[Sequence[str]]) -> int:
            return sum([await self._batch(batch, work) for batch in some])

        return sum(await asyncio.gather(*(one_after_another(batches[i::_AT_ONCE]) for i in range(_AT_ONCE))))

    async def _batch(self, ids: Sequence[str], work: Callable[[Mapping[str, Any]], _Done | None]) -> int:
        async def locked(tx: AsyncManagedTransaction) -> tuple[int, list[Sealed]]:
            given = {"ids": ids, "center": Role.CENTER, "now": instant(self.clock())}
            cases = (await (await tx.run(_LOCKED, given)).single(strict=True))[0]
            done = {case["id"]: found for case in cases if (found := work(case)) is not None}
            rows = [{"id": case, "kept": one.kept} for case, one in done.items()]
            await (await tx.run(_KEEP, {"rows": rows})).consume()
            if any("ruleBook" in one.kept for one in done.values()):
                await Keeper().keep(tx, [rules_of(self.rules.book)])
            if due := [{"id": case, "due": one.due} for case, one in done.items() if one.due is not None]:
                await (await tx.run(_DEFER, {"rows": due})).consume()
            told = {case: one.events for case, one in done.items() if one.events}
            return sum(one.number for one in done.values()), await self.outbox.put(tx, told) if told else []

        number, events = await self.graph.write(locked)
        if events:
            await self.outbox.deliver(events)
        return number

    def _escalated(self, case: Mapping[str, Any]) -> _Done | None:
        done = [Escalation(one) for one in case["escalated"] or ()]
        if case["state"] != CaseState.SUBMITTED or case["escalateAt"] is None:
            return _Done({"escalateAt": None})
        events: list[Event] = []
        now, at = instant(self.clock()), None
        try:
            for pending in _ORDER[len(done) :]:
                at = instant(self._at(pending, case))
                if at > now:  # another gateway was faster, or the year was not known before
                    break
                about = _told(case)
                events.append(DeadlineEscalated(cause=self.cause(), about=about, escalation=pending, due=case["dueAt"]))
                done.append(pending)
                at = None
        except UnknownYear as unknown:
            _log.error("case %s waits to be escalated: %s", case["id"], unknown)
            at = case["dueAt"]  # looked at again and again, until the calendar has the year
        if not events and at == case["escalateAt"]:
            return None
        return _Done({"escalated": done, "escalateAt": at}, events, len(events))

    def _following(self, rest: tuple[Escalation, ...], case: Mapping[str, Any]) -> str | None:
        """When to look again; from the due instant on where the day itself is in a year that is not known yet."""
        try:
            return instant(self._at(rest[0], case)) if rest else None
        except UnknownYear:
            return str(case["dueAt"])

    def _at(self, escalation: Escalation, case: Mapping[str, Any]) -> datetime:
        counted = tuple(date.fromisoformat(day) for day in orjson.loads(case["clocks"])[0]["counted"])
        return escalates_at(escalation, date.fromisoformat(case["startedOn"]), counted, self.rules.calendar)

    def _recounter(self) -> Callable[[Mapping[str, Any]], _Done | None]:
        """Counts cases. What began on the same day for the same agency is counted once."""
        counted: dict[tuple[str, str, date, int], Mapping[str, Any] | None] = {}
        digest = self.rules.calendar.digest

        def clocks(case: Mapping[str, Any]) -> Mapping[str, Any] | None:
            began, done = datetime.fromisoformat(case["filedAt"]), len(case["escalated"] or ())
            key = (case["duty"], case["code"], day_of(began), done)
            if key not in counted:
                try:
                    found = self.rules.clocks(Duty(case["duty"]), case["code"], began, about_case(case))
                    counted[key] = {**found, "escalateAt": self._following(_ORDER[done:], found)}
                except Denied as unknown:
                    counted[key] = None
                    _log.error("case %s and those like it cannot be counted again: %s", case["id"], unknown)
            return counted[key]

        def recounted(case: Mapping[str, Any]) -> _Done | None:
            if case["state"] != CaseState.SUBMITTED or case["calendar"] == digest:
                return None
            if (found := clocks(case)) is None:
                return None
            before, due = case["dueAt"], found["dueAt"]
            if before == due:
                return _Done(found, number=1)
            formerly = [*orjson.loads(case["formerly"] or "[]"), {"dueAt": before, "calendar": case["calendar"]}]
            event = DeadlineRecounted(cause=self.cause(), about=_told(case), before=before, due=due)
            return _Done({**found, "formerly": canonical(formerly).decode()}, [event], 1, due)

        return recounted


def _told(case: Mapping[str, Any]) -> About:
    """Both parties, and the center, which is told of what is due."""
    about = about_case(case)
    return replace(about, agencies=tuple(dict.fromkeys((*about.agencies, *case["center"]))))
