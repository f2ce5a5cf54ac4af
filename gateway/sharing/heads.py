"""主要负责人: of every agency exactly one person is the first responsible one, at any instant (R5.2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from neo4j import AsyncManagedTransaction

from gateway.audit.event import About, Cause
from gateway.audit.kinds import HeadAppointed
from gateway.audit.ledger import Denied, Key, Ledger, Made
from gateway.graph import make_id
from gateway.graph.times import instant
from gateway.vocabulary import FOREVER, Role

CHANGE: Final = "appointHead"

# Under the agency's lock: of two who appoint at once, the second finds what the first has done.
_HELD: Final = """
MATCH (a:Agency {code: $agency})
SET a.locked = true REMOVE a.locked
RETURN {agency: a.id,
  jurisdictions: COLLECT { MATCH (a)-[:IN]->(:Jurisdiction)-[:PART_OF*0..16]->(j) RETURN j.id ORDER BY j.id },
  person: head(COLLECT { MATCH (p:Person {id: $person}) RETURN p.id }),
  heads: COLLECT { MATCH (a)<-[:AT]-(h:Appointment {role: $head})<-[:HOLDS]-(p:Person)
    WHERE h.recordedTo > $now AND h.validTo > $since
    RETURN h {.*, person: p.id} ORDER BY h.validFrom, h.id }}
"""
# Of what was recorded only its end on record is ever set: the office that ends is written down again, with its end.
_APPOINT: Final = """
MATCH (a:Agency {id: $agency})
CALL (a) {
  UNWIND $before AS b
  MATCH (old:Appointment {id: b.id})<-[:HOLDS]-(p:Person)
  SET old.recordedTo = $now
  CREATE (p)-[:HOLDS]->(:Appointment {id: b.ended, role: $head, validFrom: b.validFrom, validTo: $since,
    recordedFrom: $now, recordedTo: $forever})-[:AT]->(a)
  RETURN count(*) AS ended
}
MATCH (p:Person {id: $person})
CREATE (p)-[:HOLDS]->(:Appointment {id: $id, role: $head, validFrom: $since, validTo: $forever, recordedFrom: $now,
  recordedTo: $forever})-[:AT]->(a)
"""


@dataclass(frozen=True, slots=True)
class Heads:
    """The heads of a graph's agencies."""

    ledger: Ledger

    async def appoint(self, cause: Cause, agency: str, person: str, since: datetime, key: str) -> Mapping[str, Any]:
        """Make somebody head of an agency from an instant on; who was it until then is it no longer.

        Args:
            cause: who appoints.
            agency: its code.
            person: their id.
            since: from when on: not in the past, for what was decided was decided by who was head then.
            key: the caller's idempotency key.

        Returns:
            `{appointment}`: the id of the new office.

        Raises:
            Denied: `NOT_FOUND`; `IN_PAST`; `ALREADY_HEAD`; `ALREADY_SET`, where a later change is on record already.
            LogError: see `Ledger.change`.
        """

        async def work(tx: AsyncManagedTransaction) -> Made:
            now, start = instant(datetime.now(UTC)), instant(since)
            given = {"agency": agency, "person": person, "head": Role.HEAD, "now": now, "since": start}
            record = await (await tx.run(_HELD, given)).single()
            held = None if record is None else record[0]
            if held is None or held["person"] is None:
                missing = f"agency {agency!r:.60}" if held is None else f"person {person!r:.60}"
                raise Denied("NOT_FOUND", f"there is no {missing}", target=agency)
            about = About((held["agency"],), tuple(held["jurisdictions"]))
            _check(held["heads"], person, start, now, about)
            before = [{**head, "ended": make_id("ap_", head["id"], start, now)} for head in held["heads"]]
            identifier = make_id("ap_", held["agency"], person, start, now)
            made = {"agency": held["agency"], "before": before, "id": identifier, "forever": FOREVER}
            await (await tx.run(_APPOINT, {**given, **made})).consume()
            former = before[0]["person"] if before else None
            event = HeadAppointed(cause=cause, about=about, person=person, former=former, since=start)
            return Made({"appointment": identifier}, {held["agency"]: [event]})

        asked = {"agency": agency, "person": person, "since": instant(since)}
        return await self.ledger.change(Key("", CHANGE, key, asked), cause, work)


def _check(heads: list[Mapping[str, Any]], person: str, since: str, now: str, about: About) -> None:
    if since < now[: len("2026-01-01T00:00")]:
        raise Denied(
            "IN_PAST", f"{since} has passed: a head is appointed from now on, or from a later day", about=about
        )
    later = [head for head in heads if head["validFrom"] >= since]
    if later or len(heads) > 1:
        text = f"a head from {heads[-1]['validFrom']} on is on record already"
        raise Denied("ALREADY_SET", text, path="since", about=about)
    if heads and heads[0]["person"] == person and heads[0]["validTo"] == FOREVER:
        raise Denied("ALREADY_HEAD", "they are head of this agency already", path="person", about=about)
