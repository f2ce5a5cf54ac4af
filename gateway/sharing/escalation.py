"""Deadlines that come near: who has to answer is told, exactly once each time, and of a gateway that was down later.

Two working days before an answer is due, on the day, and on the working day after it, an event says so to the
provider's officers and head and to the center (R16.2b). And when the calendar has changed, open cases are counted
again, and keep what was said before. Either is counted once for all cases that share a deadline. Then each of them is
told of, in the transaction in which it comes under the next one.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, ClassVar, Final

import orjson
from neo4j import AsyncManagedTransaction

from gateway.audit.event import About, Cause, Event, canonical, new_ids, now
from gateway.audit.kinds import DeadlineEscalated, DeadlineRecounted
from gateway.audit.ledger import Denied
from gateway.audit.outbox import Outbox, Parcel
from gateway.graph import Graph
from gateway.graph.times import instant
from gateway.rules import SHANGHAI, Duty, Escalation, UnknownYear, day_of, escalates_at
from gateway.sharing.cases import about_case
from gateway.sharing.clocks import Rules, counted_by, deadline, keep_deadlines, told_by
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
_DAY: Final = timedelta(days=1)

# By deadline, and by agency where a rule is for that agency alone. Walks along an index, of which nothing is left to do
# when nothing is; cases that wait under another calendar than the one in force are those that it cannot count.
_FOUND: Final = """
CALL () {{
  {walks}
}}
WITH c.deadline AS id, c.provider AS provider, collect(c.id) AS cases
MATCH (d:Deadline {{id: id}}), (a:Agency {{id: provider}})
WITH d, CASE WHEN a.code IN $own THEN a.code ELSE '' END AS agency, collect(cases) AS cases
RETURN collect({{deadline: d {{.*}}, agency: agency, cases: cases}})
"""
_WAITS: Final = "MATCH (c:Case) WHERE c.state = $submitted AND c.deadline"
_OTHERWISE: Final = _FOUND.format(walks=f"{_WAITS} < $first RETURN c UNION ALL {_WAITS} > $last RETURN c")
_DUE: Final = _FOUND.format(
    walks=f"{_WAITS} >= $first AND c.deadline < $until RETURN c"
    f" UNION ALL {_WAITS} < $first AND substring(c.deadline, size($first)) < $rest RETURN c"
    f" UNION ALL {_WAITS} > $last AND substring(c.deadline, size($first)) < $rest RETURN c"
)
# Only what is read after the case was written is read under its lock; what never changes is written, which locks and
# changes nothing. Tasks too, for queues are in the order of when an answer is due.
_MOVE: Final = """
UNWIND range(0, size($ids) - 1) AS i
MATCH (c:Case {id: $ids[i]})
SET c.applicant = c.applicant
WITH c, $moves[$of[i]] AS move, $of[i] AS place WHERE c.state = $submitted AND c.deadline = move.before
SET c.deadline = move.after
WITH c, move, place
OPTIONAL MATCH (c)<-[:FOR]-(t:Task)
SET t.dueAt = move.due
WITH collect([place, c {.id, .provider, .consumer, .jurisdictions, .dataset}]) AS moved
RETURN [moved, COLLECT {
  MATCH (h:Appointment {role: $center})-[:AT]->(a:Agency) WHERE h.validFrom <= $now AND $now < h.validTo
  WITH DISTINCT a.id AS id ORDER BY id
  RETURN id
}]
"""


@dataclass(frozen=True, slots=True)
class _Next:
    """The deadline that cases come under in place of the one that they had, and what is told of each."""

    before: Mapping[str, Any]
    after: Mapping[str, Any]
    escalations: Sequence[Escalation] = ()

    @property
    def another(self) -> bool:
        """Whether an answer is due at another time."""
        return bool(self.before["dueAt"] != self.after["dueAt"])

    @property
    def told(self) -> int:
        """How many events of a case that makes."""
        return len(self.escalations) + self.another

    def events(self, cause: Cause, about: About, moment: datetime, ids: Sequence[str]) -> list[Event]:
        """Those of one case, with ids of that moment."""
        if self.another:
            before, due = self.before["dueAt"], self.after["dueAt"]
            return [DeadlineRecounted(cause=cause, about=about, before=before, due=due, moment=moment, id=ids[0])]
        due = self.before["dueAt"]
        return [
            DeadlineEscalated(cause=cause, about=about, escalation=one, due=due, moment=moment, id=identifier)
            for one, identifier in zip(self.escalations, ids, strict=True)
        ]


_Work = Callable[[Mapping[str, Any], str], _Next | None]
"""What follows a deadline, for an agency by its code; empty where no rule is for it alone."""


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
        until = told_by(self.rules.calendar, day_of(self.clock()))
        first, _ = counted_by(self.rules.calendar)
        asked = {"until": until, "rest": until.removeprefix(first)}
        moved = await self._moved(await self._waiting(_DUE, asked), self._escalated)
        return sum(len(one.escalations) for one in moved)

    async def recount(self) -> int:
        """Count open cases again that were counted by another calendar. Returns how many that were."""
        return len(await self._moved(await self._waiting(_OTHERWISE, {}), self._recounted))

    async def _waiting(self, statement: str, more: Mapping[str, str]) -> Sequence[Mapping[str, Any]]:
        """Cases that wait for their answer, by what they are counted by."""
        first, last = counted_by(self.rules.calendar)
        own = sorted({rule.agency for rule in self.rules.book.rules if rule.agency is not None})
        given = {"submitted": CaseState.SUBMITTED, "first": first, "last": last, "own": own, **more}
        found: list[Mapping[str, Any]] = await self.graph.read(statement, given)
        return found

    async def _moved(self, found: Sequence[Mapping[str, Any]], work: _Work) -> list[_Next]:
        """Let cases come under their next deadlines. Returns that of each case for which this has done it."""
        nexts: list[_Next] = []
        of: list[tuple[str, int]] = []
        for one in found:
            if (made := work(one["deadline"], one["agency"])) is not None:
                of += ((case, len(nexts)) for some in one["cases"] for case in some)
                nexts.append(made)
        if not nexts:
            return []
        await self.graph.write(lambda tx: self._keep(tx, nexts))
        of.sort()  # those of a transaction are locked in one order, by whoever watches
        batches = [of[start : start + _BATCH] for start in range(0, len(of), _BATCH)]

        async def one_after_another(some: Sequence[Sequence[tuple[str, int]]]) -> list[_Next]:
            return [one for batch in some for one in await self._batch(batch, nexts)]

        each = await asyncio.gather(*(one_after_another(batches[i::_AT_ONCE]) for i in range(_AT_ONCE)))
        return [one for some in each for one in some]

    async def _keep(self, tx: AsyncManagedTransaction, nexts: Sequence[_Next]) -> None:
        """Keep the deadlines before any case names them: the transactions of the cases need not wait for each other."""
        await keep_deadlines(tx, *{one.after["id"]: one.after for one in nexts}.values())
        if any(one.after.get("ruleBook") == self.rules.book.digest for one in nexts):
            await Keeper().keep(tx, [rules_of(self.rules.book)])

    async def _batch(self, batch: Sequence[tuple[str, int]], nexts: Sequence[_Next]) -> list[_Next]:
        places = {place: number for number, place in enumerate(dict.fromkeys(place for _, place in batch))}
        here = [nexts[place] for place in places]
        given = {
            "ids": [case for case, _ in batch],
            "of": [places[place] for _, place in batch],
            "moves": [
                {"before": one.before["id"], "after": one.after["id"], "due": one.after["dueAt"]} for one in here
            ],
            "submitted": CaseState.SUBMITTED,
            "center": Role.CENTER,
        }

        async def made(tx: AsyncManagedTransaction) -> tuple[list[_Next], list[Parcel]]:
            stated = {**given, "now": instant(self.clock())}
            cases, center = (await (await tx.run(_MOVE, stated)).single(strict=True))[0]
            moment, cause = now(), self.cause()
            moved = [here[place] for place, _ in cases]
            ids, begin = new_ids(moment, sum(one.told for one in moved)), 0
            told: dict[str, list[Event]] = {}
            for one, (_, case) in zip(moved, cases, strict=True):
                if number := one.told:
                    about = about_case(case, *center)
                    told[case["id"]] = one.events(cause, about, moment, ids[begin : begin + number])
                    begin += number
            return moved, await self.outbox.put(tx, told)

        moved, parcels = await self.graph.write(made)
        if parcels:
            await self.outbox.deliver(parcels)
        return moved

    def _escalated(self, before: Mapping[str, Any], _: str) -> _Next | None:
        """What follows when it is time to tell of a deadline."""
        done, today, on = [Escalation(one) for one in before["escalated"]], day_of(self.clock()), None
        new: list[Escalation] = []
        try:
            for pending in _ORDER[len(done) :]:
                on = self._on(pending, before)
                if on > today:  # the year was not known before
                    break
                new.append(pending)
                on = None
        except UnknownYear as unknown:
            _log.error("cases that were to be answered by %s wait to be escalated: %s", before["dueAt"], unknown)
            on = _behind(before)
        after = deadline({**before, "escalated": [*done, *new], "escalatesOn": None if on is None else str(on)})
        return None if after["id"] == before["id"] else _Next(before, after, new)

    def _recounted(self, before: Mapping[str, Any], agency: str) -> _Next | None:
        """What follows a deadline of another calendar."""
        began = datetime.combine(date.fromisoformat(before["startedOn"]), time(), SHANGHAI)
        try:
            found = self.rules.deadline(Duty(before["duty"]), agency, began, About())
        except Denied as unknown:
            _log.error("cases that began on %s cannot be counted again: %s", before["startedOn"], unknown)
            return None
        formerly, pending = before.get("formerly"), _ORDER[len(before["escalated"]) :]
        if before["dueAt"] != found["dueAt"]:
            earlier = [*orjson.loads(formerly or "[]"), {"dueAt": before["dueAt"], "calendar": before["calendar"]}]
            formerly = canonical(earlier).decode()
        try:
            on = str(self._on(pending[0], found)) if pending else None
        except UnknownYear:  # looked at again and again, until the calendar has it
            on = str(_behind(found))
        kept = {"escalated": before["escalated"], "escalatesOn": on, "formerly": formerly}
        return _Next(before, deadline({**found, **kept}))

    def _on(self, escalation: Escalation, said: Mapping[str, Any]) -> date:
        """The day on which it is time for an escalation."""
        counted = tuple(date.fromisoformat(day) for day in orjson.loads(said["clocks"])[0]["counted"])
        return day_of(escalates_at(escalation, date.fromisoformat(said["startedOn"]), counted, self.rules.calendar))


def _behind(said: Mapping[str, Any]) -> date:
    """The day after that on which an answer is due."""
    return day_of(datetime.fromisoformat(said["dueAt"])) + _DAY
