"""Working out again what is stricter since a change, and only that (R17.2).

Changes leave marks (`gateway.catalog.marks`). Here they are taken, the oldest first, one after the other in the whole
installation: what can have changed is what was made from the marked, however far; it is worked out from what comes in
from outside; and what differs is written, with its events, in the transaction that removes the marks. Whatever dies in
between, the marks are still there, and whoever comes next takes them.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar, Final, Self

from neo4j import AsyncManagedTransaction

from gateway.audit.errors import LogUnavailable
from gateway.audit.event import GATEWAY, About, Cause, Event
from gateway.audit.kinds import Redistribution, RedistributionChanged, TiersLoosened, TiersTightened
from gateway.audit.ledger import Ledger
from gateway.audit.outbox import Outbox, Parcel
from gateway.catalog.batches import pieces, run_rows, value
from gateway.catalog.marks import DUE, mark
from gateway.classes import UNPUBLISHED, ClassKey
from gateway.graph import Graph, GraphError
from gateway.graph.times import now as clock
from gateway.lineage import tier_statements as statements
from gateway.lineage.tier_reading import Ask, effective, owners, read_datasets, read_fields
from gateway.lineage.tiers import FieldTier, exceeds
from gateway.sharing.watching import Watching
from gateway.vocabulary import FOREVER

_log: Final = logging.getLogger(__name__)
_MARKS: Final = 500
_PAGE: Final = 10_000
_NAMED: Final = 100
"""Grants that an event names."""
_SECONDS: Final = 120.0
_FIELD: Final = "fd_"
_DATASET: Final = "ds_"
_BEHIND: Final = "~"
"""Behind every character of an instant."""


@dataclass(frozen=True, slots=True)
class Tiers:
    """Settles the tiers of a graph. Several gateways may: they wait for each other."""

    graph: Graph
    outbox: Outbox
    at_once: int = 2_000
    """Marked things that one transaction looks at, at least one mark's."""
    _one: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Of those who wait for this one, as all reports of a process do, the first settles for all."""

    @classmethod
    def of(cls, ledger: Ledger) -> Self:
        """Those of the graph that a ledger changes."""
        return cls(ledger.graph, ledger.outbox)

    async def settle(self, cause: Cause) -> int:
        """Take all marks that are due. Returns how many fields and datasets have changed.

        Raises:
            GraphError, LogUnavailable: it goes on where it was, whoever comes next.
        """
        cause, changed = Cause(GATEWAY, cause.policy), 0
        async with self._one:
            while await self.graph.read(statements.WAITING, {"due": _due(clock())}):

                async def work(tx: AsyncManagedTransaction) -> tuple[int, list[Parcel]]:
                    settling = _Settling(tx, clock())
                    await settling.take(self.at_once)
                    events = await settling.events(cause)
                    return settling.changed, await self.outbox.put(tx, events) if events else []

                number, parcels = await self.graph.write(work, timeout=_SECONDS)
                if parcels:
                    await self.outbox.deliver(parcels)
                changed += number
        return changed

    async def after(self, cause: Cause) -> None:
        """Settle after a change that is made already: what cannot be done now is done later."""
        try:
            await self.settle(cause)
        except (GraphError, LogUnavailable) as problem:
            _log.warning("tiers are settled later: %s", problem)

    async def look(self) -> None:
        """Mark what has changed by the clock alone: a declassification has begun or ended.

        Derivations that begin or end later were marked for that instant when they were recorded.
        """
        since, now = await self.graph.read(statements.SINCE), clock()
        if not await self.graph.read(statements.BY_THE_CLOCK, {"since": since, "now": now}):
            return

        async def work(tx: AsyncManagedTransaction) -> None:
            since, now = await value(tx, statements.LOCK), clock()
            await mark(tx, await value(tx, statements.BY_THE_CLOCK, since=since, now=now))
            await value(tx, statements.LOOKED, now=now)

        await self.graph.write(work)


@dataclass
class Retiering(Watching):
    """Settles what was left, and what changes by the clock. Several gateways may."""

    seconds: ClassVar[float] = 5.0
    tiers: Tiers
    cause: Callable[[], Cause]

    async def look(self) -> None:
        """See `Watching`."""
        await self.tiers.look()
        await self.tiers.settle(self.cause())


@dataclass(slots=True)
class _Changed:
    """What has changed of a dataset."""

    tighter: list[str] = field(default_factory=list)
    looser: int = 0
    owners: frozenset[str] | None = None


class _Settling:
    """The work of one transaction."""

    def __init__(self, tx: AsyncManagedTransaction, now: str) -> None:
        self._tx = tx
        self._ask: Ask = partial(value, tx)
        self._given = {"now": now, "forever": FOREVER}
        self._of: dict[str, _Changed] = defaultdict(_Changed)
        self.changed = 0

    async def take(self, at_once: int) -> None:
        """Take the oldest marks."""
        await value(self._tx, statements.LOCK)
        found = await value(self._tx, statements.TAKE, due=_due(self._given["now"]), most=_MARKS)
        derived, changed, done = set[str](), set[str](), list[str]()
        for one in found:
            if done and len(derived) + len(changed) >= at_once:
                break
            if one["after"] is not None:
                derived.update(await self._page(one["id"], one["after"]))
                break
            derived.update(one["ids"] or ())
            changed.update(one["changed"] or ())
            done.append(one["id"])
        await self._fields(_those(derived, _FIELD), _those(changed, _FIELD))
        await self._datasets(_those(derived, _DATASET), _those(changed, _DATASET))
        if done:
            await value(self._tx, statements.DONE, ids=done)

    async def _page(self, identifier: str, after: str) -> list[str]:
        """The next of all that there are, of a mark that means everything."""
        of_fields = after.startswith(_FIELD)
        statement = statements.EVERY_FIELD if of_fields else statements.EVERY_DATASET
        rows = await value(self._tx, statement, after=after, page=_PAGE)
        if len(rows) == _PAGE:
            await value(self._tx, statements.GO_ON, id=identifier, after=rows[-1][0])
        elif of_fields:
            await value(self._tx, statements.DONE, ids=[identifier])
        else:
            await value(self._tx, statements.GO_ON, id=identifier, after=_FIELD)
        return [id_ for id_, derived in rows if derived]

    async def _fields(self, derived: Sequence[str], changed: Sequence[str]) -> None:
        known = await read_fields(self._ask, [*derived, *changed], self._given)
        # Whatever is and was nothing but its own passes on what it did before.
        begin = [one for one in derived if one in known and not known[one].settled]
        reached = await self._below(statements.FIELDS_BELOW, [*begin, *changed])
        known |= await read_fields(self._ask, sorted(reached - known.keys()), self._given)
        known = {one: known[one] for one in reached if one in known}
        rows = []
        for one, tier in effective(known).items():
            before, kept = known[one], None if tier == known[one].own else str(tier)
            if kept == before.stored:
                continue
            rows.append({"id": one, "tier": kept, "agency": before.agency})
            if before.dataset is not None:
                self._note(self._of[before.dataset], one, before, tier)
        if rows:
            await run_rows(self._tx, statements.TIGHTEN, rows, now=self._given["now"], unpublished=str(UNPUBLISHED))
        self.changed += len(rows)

    def _note(self, dataset: _Changed, one: str, before: FieldTier, tier: ClassKey) -> None:
        # What it was before its own tier was changed is not known here; its dataset's own event tells of that.
        if exceeds(tier, before.effective):
            dataset.tighter.append(one)
        elif tier != before.effective:
            dataset.looser += 1

    async def _datasets(self, derived: Sequence[str], changed: Sequence[str]) -> None:
        known = await read_datasets(self._ask, [*derived, *changed], self._given)
        begin = [one for one in derived if one in known and not known[one].settled]
        reached = await self._below(statements.DATASETS_BELOW, [*begin, *changed])
        known |= await read_datasets(self._ask, sorted(reached - known.keys()), self._given)
        known = {one: known[one] for one in reached if one in known}
        rows = []
        for one, held in owners(known).items():
            if held != known[one].stored:
                rows.append({"id": one, "owners": sorted(held) or None})
                self._of[one].owners = held
        if rows:
            await run_rows(self._tx, statements.BAR, rows)
        self.changed += len(rows)

    async def _below(self, statement: str, begin: Iterable[str]) -> set[str]:
        """Some things and all that was made from them, level by level."""
        found, level = {*begin}, sorted({*begin})
        while level:
            below = set[str]()
            for piece in pieces(level):
                below.update(await value(self._tx, statement, ids=list(piece), **self._given))
            level = sorted(below - found)
            found.update(level)
        return found

    async def events(self, cause: Cause) -> Mapping[str, Sequence[Event]]:
        """What is to be told of it, by dataset: whoever provides it, and whoever oversees that, reads it."""
        named = {id_: one.tighter for id_, one in self._of.items() if one.tighter}
        barred = {id_: one.owners for id_, one in self._of.items() if one.owners}
        of_fields = await self._affected([{"dataset": id_, "fields": some} for id_, some in sorted(named.items())])
        of_datasets = await self._affected([{"dataset": id_, "owners": sorted(o)} for id_, o in sorted(barred.items())])
        rest = sorted({*self._of} - of_fields.keys() - of_datasets.keys())
        places = {**await self._affected([{"dataset": id_, "fields": []} for id_ in rest]), **of_fields, **of_datasets}
        events: dict[str, list[Event]] = defaultdict(list)
        for id_, place in sorted(places.items()):
            one = self._of[id_]
            about = About((place["agency"],), tuple(place["jurisdictions"]), (id_,))
            if one.tighter:
                grants = of_fields[id_]["grants"]
                events[id_].append(
                    TiersTightened(
                        cause=cause,
                        about=about,
                        fields=len(one.tighter),
                        grants=tuple(grants[:_NAMED]),
                        affected=len(grants),
                    )
                )
            if one.looser:
                events[id_].append(TiersLoosened(cause=cause, about=about, fields=one.looser))
            if one.owners is not None:
                grants = of_datasets[id_]["grants"] if one.owners else []
                events[id_].append(
                    RedistributionChanged(
                        cause=cause,
                        about=about,
                        after=Redistribution.BARRED if one.owners else Redistribution.FREE,
                        grants=tuple(grants[:_NAMED]),
                        affected=len(grants),
                    )
                )
        return events

    async def _affected(self, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for piece in pieces(rows):
            some = await value(self._tx, statements.AFFECTED, rows=list(piece), now=self._given["now"])
            found.update((one["dataset"], one) for one in some)
        return found


def _those(ids: Iterable[str], prefix: str) -> list[str]:
    return sorted(one for one in ids if one.startswith(prefix))


def _due(now: str) -> str:
    return f"{DUE}{now}{_BEHIND}"
