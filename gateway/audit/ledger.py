"""One change of the graph: once per idempotency key, with its events in the same transaction.

It is answered when its events are in the log. Refusals are events too.
"""

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson
from neo4j import AsyncManagedTransaction

from gateway.audit.errors import KeyReused, LogPending, LogUnavailable
from gateway.audit.event import About, Cause, Event, Outcome, canonical
from gateway.audit.kinds import ChangeRefused
from gateway.audit.outbox import Outbox, Parcel
from gateway.audit.recorder import Recorder
from gateway.graph import Graph
from gateway.graph.times import instant
from gateway.graph.times import now as clock

KEPT: Final = timedelta(days=30)
"""How long a change is remembered by its idempotency key."""
LONGEST_KEY: Final = 200
_LONGEST_TARGET: Final = 100

_CLAIM: Final = """
MERGE (i:Idempotency {key: $key})
ON CREATE SET i.digest = $digest, i.at = $now
WITH i, i.at < $expired AS old
SET i.digest = CASE WHEN old THEN $digest ELSE i.digest END, i.at = CASE WHEN old THEN $now ELSE i.at END,
  i.result = CASE WHEN old THEN null ELSE i.result END
RETURN [i.digest, i.result, i.cases]
"""
_KEEP: Final = "MATCH (i:Idempotency {key: $key}) SET i.result = $result, i.cases = $cases WITH i"


@dataclass(frozen=True, slots=True)
class Key:
    """By what a change is recognised when it is asked for again: person, mutation, the caller's key, and the input."""

    person: str
    change: str
    key: str
    input: Mapping[str, Any]

    @property
    def stored(self) -> str:
        """As the graph keeps it."""
        return hashlib.sha256(f"{self.person}\x1f{self.change}\x1f{self.key}".encode()).hexdigest()

    @property
    def digest(self) -> str:
        """Of the input."""
        return hashlib.sha256(canonical(dict(self.input))).hexdigest()


@dataclass(frozen=True, slots=True)
class Made:
    """What a change gave, as JSON, and its events by the case that gives them their order."""

    result: Mapping[str, Any]
    events: Mapping[str, Sequence[Event]]


class Denied(Exception):
    """A change that is refused. Raised inside its transaction, of which nothing is kept; recorded by the ledger."""

    def __init__(self, code: str, message: str, *, path: str = "", target: str = "", about: About = About()) -> None:  # noqa: B008  # frozen
        super().__init__(message)
        self.code = code
        self.path = path
        self.target = target
        self.about = about


Work = Callable[[AsyncManagedTransaction], Awaitable[Made]]


class Ledger:
    """Makes changes. One per process."""

    def __init__(self, graph: Graph, recorder: Recorder, outbox: Outbox) -> None:
        self.graph = graph
        self.recorder = recorder
        self.outbox = outbox

    async def change(self, key: Key, cause: Cause, work: Work, *, timeout: float | None = None) -> Mapping[str, Any]:
        """Make a change, or give what it gave when it was made before.

        Args:
            key: by what it is recognised.
            cause: why it is made.
            work: what it does.
            timeout: seconds that it may take; as long as any query without it.

        Returns:
            The result, when every event of the change is durable in the log.

        Raises:
            Denied: it is refused, and the refusal is in the log.
            KeyReused: the key was used for another input.
            LogUnavailable: the log cannot be written, so nothing was changed.
            LogPending: the change was made, and its events wait for the log.
            GraphUnavailable: Neo4j is away. Whether the change was made, a retry with the same key will tell.
        """
        self.recorder.check()

        async def claimed(tx: AsyncManagedTransaction) -> tuple[Mapping[str, Any], list[Parcel], bool]:
            return await self._claimed(tx, key, work)

        try:
            result, parcels, again = await self.graph.write(claimed, timeout=timeout)
        except Denied as denied:
            await self._refuse(key, cause, denied)
            raise
        try:
            await self.outbox.deliver(parcels, again=again)
        except LogUnavailable:
            raise LogPending(result) from None
        return result

    async def _claimed(
        self, tx: AsyncManagedTransaction, key: Key, work: Work
    ) -> tuple[Mapping[str, Any], list[Parcel], bool]:
        expired = instant(datetime.now(UTC) - KEPT)
        parameters = {"key": key.stored, "digest": key.digest, "now": clock(), "expired": expired}
        digest, result, cases = (await (await tx.run(_CLAIM, parameters)).single(strict=True))[0]
        if digest != key.digest:
            raise KeyReused("this idempotency key was used for another input; take a new one for a new change")
        if result is not None:
            return orjson.loads(result), await self.outbox.pending(tx, cases), True
        made = await work(tx)
        kept = {"key": key.stored, "result": orjson.dumps(made.result).decode(), "cases": sorted(made.events)}
        return made.result, await self.outbox.put(tx, made.events, _KEEP, kept), False

    async def _refuse(self, key: Key, cause: Cause, denied: Denied) -> None:
        await self.recorder.record(
            ChangeRefused(
                cause=cause,
                about=denied.about,
                outcome=Outcome.REFUSED,
                change=key.change,
                code=denied.code,
                target=denied.target[:_LONGEST_TARGET],
            )
        )
