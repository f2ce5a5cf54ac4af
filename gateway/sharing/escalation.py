"""Deadlines that come near: who has to answer is told, exactly once each time, and of a gateway that was down later.

Two working days before an answer is due, on the day, and on the working day after it, an event says so to the
provider's officers and head and to the center (R16.2b). And when the calendar has changed, open cases are counted
again, and keep what was said before.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from types import TracebackType
from typing import Any, Final, Self

import orjson
from neo4j import AsyncManagedTransaction

from gateway.audit.errors import LogUnavailable
from gateway.audit.event import About, Cause, canonical
from gateway.audit.kinds import DeadlineEscalated, DeadlineRecounted
from gateway.audit.ledger import Denied
from gateway.audit.log import Sealed
from gateway.audit.outbox import Outbox
from gateway.graph import Graph, GraphError
from gateway.graph.times import instant
from gateway.rules import Duty, Escalation, UnknownYear, escalates_at
from gateway.sharing.cases import about_case
from gateway.sharing.clocks import Rules
from gateway.sharing.keeping import Keeper, rules_of
from gateway.sharing.words import CaseState
from gateway.vocabulary import Role

_log: Final = logging.getLogger(__name__)

SWEEP_SECONDS: Final = 30.0
_BATCH: Final = 500
_ORDER: Final = tuple(Escalation)

_DUE: Final = """
MATCH (c:Case) WHERE c.escalateAt <= $now
WITH c ORDER BY c.escalateAt, c.id LIMIT $n
RETURN collect(c.id)
"""
_OTHERWISE: Final = """
MATCH (c:Case) WHERE c.state = $submitted AND c.calendar <> $calendar
WITH c LIMIT $n
RETURN collect(c.id)
"""
_LOCKED: Final = """
MATCH (c:Case {id: $id})
SET c.locked = true REMOVE c.locked
RETURN c {.*, code: head(COLLECT { MATCH (c)-[:TO]->(a:Agency) RETURN a.code }),
  center: COLLECT { MATCH (h:Appointment {role: $center})-[:AT]->(a:Agency)
    WHERE h.validFrom <= $now AND $now < h.validTo RETURN DISTINCT a.id AS id ORDER BY id }}
"""
_NEXT: Final = "MATCH (c:Case {id: $id}) SET c.escalated = $done, c.escalateAt = $at"
_RECOUNT: Final = "MATCH (c:Case {id: $id}) SET c += $clocks, c.formerly = $formerly"


@dataclass
class Escalations:
    """Watches the deadlines of a graph. Several may: each escalation is one's alone."""

    graph: Graph
    outbox: Outbox
    rules: Rules
    cause: Callable[[], Cause]
    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    _task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Begin to watch."""
        self._task = asyncio.create_task(self._watch(), name="escalations")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop watching."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _watch(self) -> None:
        while True:
            try:
                await self.recount()
                await self.sweep()
            except (GraphError, LogUnavailable) as problem:
                _log.warning("deadlines are looked at later: %s", problem)
            await asyncio.sleep(SWEEP_SECONDS)

    async def sweep(self) -> int:
        """Tell of every deadline of which it is time. Returns how many escalations that were."""
        told = 0
        while identifiers := await self.graph.read(_DUE, {"now": instant(self.clock()), "n": _BATCH}):
            before = told
            for identifier in identifiers:
                told += await self._made(identifier, self._escalate)
            if told == before:  # what is left waits for a calendar
                return told
        return told

    async def recount(self) -> int:
        """Count open cases again that were counted by another calendar. Returns how many that were."""
        counted = 0
        asked = {"submitted": CaseState.SUBMITTED, "calendar": self.rules.calendar.digest, "n": _BATCH}
        while identifiers := await self.graph.read(_OTHERWISE, asked):
            before = counted
            for identifier in identifiers:
                counted += await self._made(identifier, self._recount)
            if counted == before:
                return counted
        return counted

    async def _made(self, identifier: str, work: Callable[[AsyncManagedTransaction, Mapping[str, Any]], Any]) -> int:
        async def locked(tx: AsyncManagedTransaction) -> tuple[int, list[Sealed]]:
            given = {"id": identifier, "center": Role.CENTER, "now": instant(self.clock())}
            record = await (await tx.run(_LOCKED, given)).single()
            found: tuple[int, list[Sealed]] = (0, []) if record is None else await work(tx, record[0])
            return found

        number, events = await self.graph.write(locked)
        if events:
            await self.outbox.deliver(events)
        return number

    async def _escalate(self, tx: AsyncManagedTransaction, case: Mapping[str, Any]) -> tuple[int, list[Sealed]]:
        done = [Escalation(one) for one in case.get("escalated") or ()]
        pending = _ORDER[len(done) :]
        if not pending or case["state"] != CaseState.SUBMITTED or case.get("escalateAt") is None:
            await (await tx.run(_NEXT, {"id": case["id"], "done": done, "at": None})).consume()
            return 0, []
        try:
            from_ = instant(self._at(pending[0], case))
        except UnknownYear as unknown:
            _log.error("case %s waits to be escalated: %s", case["id"], unknown)
            return 0, []
        if from_ > instant(self.clock()):  # another gateway was faster, or the year was not known before
            await (await tx.run(_NEXT, {"id": case["id"], "done": done, "at": from_})).consume()
            return 0, []
        event = DeadlineEscalated(cause=self.cause(), about=_told(case), escalation=pending[0], due=case["dueAt"])
        given = {"id": case["id"], "done": [*done, pending[0]], "at": self._following(pending[1:], case)}
        await (await tx.run(_NEXT, given)).consume()
        return 1, await self.outbox.put(tx, {case["id"]: [event]})

    def _following(self, rest: tuple[Escalation, ...], case: Mapping[str, Any]) -> str | None:
        """When to look again; from the due instant on where the day itself is in a year that is not known yet."""
        try:
            return instant(self._at(rest[0], case)) if rest else None
        except UnknownYear:
            return str(case["dueAt"])

    def _at(self, escalation: Escalation, case: Mapping[str, Any]) -> datetime:
        counted = tuple(date.fromisoformat(day) for day in orjson.loads(case["clocks"])[0]["counted"])
        return escalates_at(escalation, date.fromisoformat(case["startedOn"]), counted, self.rules.calendar)

    async def _recount(self, tx: AsyncManagedTransaction, case: Mapping[str, Any]) -> tuple[int, list[Sealed]]:
        if case["state"] != CaseState.SUBMITTED or case["calendar"] == self.rules.calendar.digest:
            return 0, []
        began = datetime.fromisoformat(case["filedAt"])
        try:
            clocks = self.rules.clocks(Duty(case["duty"]), case["code"], began, about_case(case))
            done = len(case.get("escalated") or ())
            clocks["escalateAt"] = self._following(_ORDER[done:], {**case, **clocks})
        except Denied as unknown:
            _log.error("case %s cannot be counted again: %s", case["id"], unknown)
            return 0, []
        changed = clocks["dueAt"] != case["dueAt"]
        formerly = orjson.loads(case.get("formerly") or "[]")
        if changed:
            formerly.append({"dueAt": case["dueAt"], "calendar": case["calendar"]})
        await Keeper().keep(tx, [rules_of(self.rules.book)])
        given = {"id": case["id"], "clocks": clocks, "formerly": canonical(formerly).decode()}
        await (await tx.run(_RECOUNT, given)).consume()
        if not changed:
            return 1, []
        event = DeadlineRecounted(cause=self.cause(), about=_told(case), before=case["dueAt"], due=clocks["dueAt"])
        return 1, await self.outbox.put(tx, {case["id"]: [event]})


def _told(case: Mapping[str, Any]) -> About:
    """Both parties, and the center, which is told of what is due."""
    about = about_case(case)
    return replace(about, agencies=tuple(dict.fromkeys((*about.agencies, *case["center"]))))
