"""Deadlines that come near: who has to answer is told, exactly once each time, and of a gateway that was down later.

Two working days before an answer is due, on the day, and on the working day after it, an event says so to the
provider's officers and head and to the center (R16.2b). And when the calendar has changed, open cases are counted
again, and keep what was said before.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, ClassVar, Final, NamedTuple

import orjson
from neo4j import AsyncManagedTransaction

from gateway.audit.event import Cause, Event, canonical, new_ids, now
from gateway.audit.kinds import DeadlineEscalated, DeadlineRecounted
from gateway.audit.ledger import Denied
from gateway.audit.outbox import Outbox, Parcel
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
UNWIND $ids AS id
MATCH (c:Case {{id: id}})
SET c.locked = true REMOVE c.locked
WITH collect(c {{.id, .state, .dueAt, .escalated, .provider, .consumer, .jurisdictions, .dataset, {more}}}) AS cases
RETURN [cases, COLLECT {{
  MATCH (h:Appointment {{role: $center}})-[:AT]->(a:Agency) WHERE h.validFrom <= $now AND $now < h.validTo
  WITH DISTINCT a.id AS id ORDER BY id
  RETURN id
}}, COLLECT {{
  UNWIND cases AS case
  WITH DISTINCT case.provider AS id
  MATCH (a:Agency {{id: id}})
  RETURN [id, a.code]
}}]
"""
_TO_ESCALATE: Final = _LOCKED.format(more=".startedOn, .clocks, .escalateAt")
_TO_RECOUNT: Final = _LOCKED.format(more=".duty, .filedAt, .calendar, .formerly")
_COUNTED: Final = ("dueAt", "clocks", "calendar", "ruleBook")
"""What depends on the calendar, and by what it was counted. The duty and its first day do not."""
# Tasks too, where it has changed until when an answer is due: queues are in that order.
_KEEP: Final = """
UNWIND $same AS same
UNWIND same.ids AS id
MATCH (c:Case {id: id})
SET c += same.kept
WITH same, id WHERE same.due IS NOT NULL
MATCH (t:Task {about: id})
SET t.dueAt = same.due
"""


@dataclass(frozen=True, slots=True, eq=False)
class _New:
    """What is to be kept of a case, null for what is to be forgotten. Cases that are alike share one."""

    kept: Mapping[str, Any]
    due: str | None = None
    """Until when an answer is due, where that has changed."""


@dataclass(frozen=True, slots=True)
class _Done:
    """What becomes of a case, and the events that tell of it."""

    new: _New
    events: Sequence[Event] = ()
    number: int = 0


class _Around(NamedTuple):
    """What the cases of a transaction have in common."""

    center: Sequence[str]
    """The ids of the agencies that are the center."""
    codes: Mapping[str, str]
    """Of the providers, by their ids."""
    moment: datetime
    ids: Iterator[str]
    """For as many events of that moment as there are cases."""


_Work = Callable[[Mapping[str, Any], _Around], _Done | None]
"""What to do with a locked case."""


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
        return await self._made(due, _TO_ESCALATE, self._escalated)

    async def recount(self) -> int:
        """Count open cases again that were counted by another calendar. Returns how many that were."""
        asked = {"submitted": CaseState.SUBMITTED, "calendar": self.rules.calendar.digest}
        return await self._made(await self.graph.read(_OTHERWISE, asked), _TO_RECOUNT, self._recounter())

    async def _made(self, identifiers: Sequence[str], locked: str, work: _Work) -> int:
        """Do the same with many cases. Those of a transaction are locked in one order, by whoever watches."""
        ids = sorted(identifiers)
        batches = [ids[start : start + _BATCH] for start in range(0, len(ids), _BATCH)]

        async def one_after_another(some: Sequence[Sequence[str]]) -> int:
            return sum([await self._batch(batch, locked, work) for batch in some])

        return sum(await asyncio.gather(*(one_after_another(batches[i::_AT_ONCE]) for i in range(_AT_ONCE))))

    async def _batch(self, ids: Sequence[str], locked: str, work: _Work) -> int:
        async def made(tx: AsyncManagedTransaction) -> tuple[int, list[Parcel]]:
            given = {"ids": ids, "center": Role.CENTER, "now": instant(self.clock())}
            cases, center, codes = (await (await tx.run(locked, given)).single(strict=True))[0]
            moment = now()
            around = _Around(center, dict(codes), moment, iter(new_ids(moment, len(cases))))
            done = {case["id"]: found for case in cases if (found := work(case, around)) is not None}
            alike: dict[_New, list[str]] = defaultdict(list)
            for case, one in done.items():
                alike[one.new].append(case)
            same = [{"ids": some, "kept": new.kept, "due": new.due} for new, some in alike.items()]
            await (await tx.run(_KEEP, {"same": same})).consume()
            if any("ruleBook" in new.kept for new in alike):
                await Keeper().keep(tx, [rules_of(self.rules.book)])
            told = {case: one.events for case, one in done.items() if one.events}
            return sum(one.number for one in done.values()), await self.outbox.put(tx, told)

        number, parcels = await self.graph.write(made)
        if parcels:
            await self.outbox.deliver(parcels)
        return number

    def _escalated(self, case: Mapping[str, Any], around: _Around) -> _Done | None:
        done = [Escalation(one) for one in case["escalated"] or ()]
        if case["state"] != CaseState.SUBMITTED or case["escalateAt"] is None:
            return _Done(_New({"escalateAt": None}))
        events: list[Event] = []
        now, at = instant(self.clock()), None
        try:
            for pending in _ORDER[len(done) :]:
                at = instant(self._at(pending, case))
                if at > now:  # another gateway was faster, or the year was not known before
                    break
                about = about_case(case, *around.center)
                events.append(DeadlineEscalated(cause=self.cause(), about=about, escalation=pending, due=case["dueAt"]))
                done.append(pending)
                at = None
        except UnknownYear as unknown:
            _log.error("case %s waits to be escalated: %s", case["id"], unknown)
            at = case["dueAt"]  # looked at again and again, until the calendar has the year
        if not events and at == case["escalateAt"]:
            return None
        return _Done(_New({"escalated": done, "escalateAt": at}), events, len(events))

    def _following(self, rest: tuple[Escalation, ...], case: Mapping[str, Any]) -> str | None:
        """When to look again; from the due instant on where the day itself is in a year that is not known yet."""
        try:
            return instant(self._at(rest[0], case)) if rest else None
        except UnknownYear:
            return str(case["dueAt"])

    def _at(self, escalation: Escalation, case: Mapping[str, Any]) -> datetime:
        counted = tuple(date.fromisoformat(day) for day in orjson.loads(case["clocks"])[0]["counted"])
        return escalates_at(escalation, date.fromisoformat(case["startedOn"]), counted, self.rules.calendar)

    def _recounter(self) -> _Work:
        """Counts cases. What began on the same day for the same agency is counted once."""
        counted: dict[tuple[str, str, date, int], Mapping[str, Any] | None] = {}
        news: dict[tuple[int, str, str, str | None], _New] = {}
        digest = self.rules.calendar.digest

        def clocks(case: Mapping[str, Any], code: str) -> Mapping[str, Any] | None:
            began, done = datetime.fromisoformat(case["filedAt"]), len(case["escalated"] or ())
            key = (case["duty"], code, day_of(began), done)
            if key not in counted:
                try:
                    found = self.rules.clocks(Duty(case["duty"]), code, began, about_case(case))
                    following = self._following(_ORDER[done:], found)
                    counted[key] = {**{name: found[name] for name in _COUNTED}, "escalateAt": following}
                except Denied as unknown:
                    counted[key] = None
                    _log.error("case %s and those like it cannot be counted again: %s", case["id"], unknown)
            return counted[key]

        def new(case: Mapping[str, Any], found: Mapping[str, Any]) -> _New:
            before, calendar, formerly = case["dueAt"], case["calendar"], case["formerly"]
            key = (id(found), before, calendar, formerly)
            if key not in news:
                if len(news) >= _BATCH:
                    news.clear()
                if before == found["dueAt"]:
                    news[key] = _New(found)
                else:
                    earlier = [*orjson.loads(formerly or "[]"), {"dueAt": before, "calendar": calendar}]
                    news[key] = _New({**found, "formerly": canonical(earlier).decode()}, found["dueAt"])
            return news[key]

        def recounted(case: Mapping[str, Any], around: _Around) -> _Done | None:
            if case["state"] != CaseState.SUBMITTED or case["calendar"] == digest:
                return None
            if (found := clocks(case, around.codes[case["provider"]])) is None:
                return None
            made = new(case, found)
            if made.due is None:
                return _Done(made, number=1)
            about = about_case(case, *around.center)
            event = DeadlineRecounted(
                cause=self.cause(),
                about=about,
                before=case["dueAt"],
                due=made.due,
                moment=around.moment,
                id=next(around.ids),
            )
            return _Done(made, [event], 1)

        return recounted
