"""What takes effect when a signed document is filed: a case that begins or moves, a grant, and their events."""

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from neo4j import AsyncManagedTransaction

from gateway.audit.event import About, Cause, Event, canonical
from gateway.audit.kinds import CaseMoved, GrantMoved
from gateway.audit.ledger import Denied, Made
from gateway.graph import random_id
from gateway.graph.times import instant
from gateway.identity import Subject
from gateway.policy.table import AccessTable
from gateway.rules import SHANGHAI
from gateway.sharing.cases import about_case, find_case, find_grant
from gateway.sharing.clocks import Rules
from gateway.sharing.document import Document
from gateway.sharing.drafting import about_entry, check_new, step_now
from gateway.sharing.entry import Entry, check_shared, find_entry
from gateway.sharing.office import Office
from gateway.sharing.procedure import Step, step_of
from gateway.sharing.signatures import Signed
from gateway.sharing.words import Act, CaseState, Procedure

_BEGIN: Final = """
MATCH (v:DatasetVersion {id: $version}), (a:Agency {id: $case.consumer}), (b:Agency {id: $case.provider})
CREATE (c:Case)-[:ABOUT]->(v) SET c = $case
CREATE (c)-[:BY]->(a) CREATE (c)-[:TO]->(b)
"""
_MOVE: Final = """
MATCH (c:Case {id: $id})
SET c.state = $state, c.version = c.version + 1, c.movedAt = $now REMOVE c.escalateAt
"""
_MOVE_GRANT: Final = "MATCH (g:Grant {id: $id}) SET g.status = $state, g.version = g.version + 1, g.movedAt = $now"
_SIGN: Final = """
MATCH (h:Appointment {id: $appointment})
OPTIONAL MATCH (c:Case {id: $target})
OPTIONAL MATCH (g:Grant {id: $target})
WITH h, coalesce(c, g) AS target
CREATE (target)-[:HAS]->(:Document {id: $id, person: $person, act: $act, begins: $begins, digest: $digest,
  bytes: $bytes, filedAt: $now})
  <-[:SIGNS]-(:Signature {digest: $signatureDigest, bytes: $signature, fingerprint: $fingerprint, genTime: $genTime,
    known: $known})
  -[:AS]->(h)
WITH 1 AS one
MATCH (p:Preparation {id: $id}) DELETE p
"""
_GRANT: Final = """
MATCH (d:Dataset {id: $grant.dataset}), (a:Agency {id: $grant.consumer}), (c:Case {id: $grant.case})
MATCH (c)-[:HAS]->(x:Document {id: $document})
CREATE (g:Grant)-[:ON]->(d) SET g = $grant
CREATE (g)-[:TO]->(a) CREATE (g)-[:IMAGE_OF]->(x) CREATE (c)-[:LED_TO]->(g)
"""


@dataclass(frozen=True, slots=True)
class Taking:
    """One signed document in the transaction in which it takes effect."""

    tx: AsyncManagedTransaction
    subject: Subject
    table: AccessTable
    office: Office
    cause: Cause
    document: Document
    signed: Signed
    now: datetime
    rules: Rules

    async def made(self) -> Made:
        """Everything that follows from it.

        Raises:
            Denied: what it says does not hold any more since it was prepared.
        """
        stated = self.document.stated
        if stated["version"] == 0:
            return await self._begin(stated)
        if stated["procedure"] == Procedure.GRANT:
            return await self._move_grant(stated)
        return await self._move(stated)

    async def _begin(self, stated: Mapping[str, Any]) -> Made:
        content, identifier = stated["content"], stated["case"]
        entry = await find_entry(self.tx, self.subject, self.table, content["dataset"]["id"])
        about = about_entry(entry, self.office)
        about = About(about.agencies, about.jurisdictions, about.datasets, case=identifier)
        step = step_of(Procedure(stated["procedure"]), None, Act(stated["act"]))
        assert step is not None
        self.office.check_role(step)
        _check_unchanged(entry, content, step, about)
        await check_new(self.tx, content, self.now, about)
        now = instant(self.now)
        case = {
            "id": identifier,
            "kind": step.procedure,
            "state": step.target,
            "version": 1,
            "dataset": entry.id,
            "consumer": self.office.agency["id"],
            "provider": entry.provider["id"],
            "consumerJurisdiction": self.office.jurisdiction,
            "providerJurisdiction": entry.jurisdiction,
            "jurisdictions": list(about.jurisdictions),
            "applicant": self.office.person["id"],
            "purpose": content["purpose"],
            "rules": stated["rules"],
            "filedAt": now,
            "movedAt": now,
        }
        if step.starts is not None:
            case |= self.rules.clocks(step.starts, entry.provider["code"], self.now, about)
        await self._run(_BEGIN, {"case": case, "version": entry.version["id"]})
        await self._sign(identifier, stated, begins=True)
        events: list[Event] = [self._case_moved(about, step, 1, case.get("dueAt"))]
        grant = await self._grant(step, case, content, stated, events) if step.grants else None
        return Made({"case": identifier, "grant": grant}, {identifier: events})

    async def _move(self, stated: Mapping[str, Any]) -> Made:
        case = await find_case(self.tx, self.subject, stated["case"])
        act = Act(stated["act"])
        step = step_now(self.office, case, Procedure(case["kind"]), act, stated["version"])
        granted = stated["content"]["granted"]
        if step.grants:
            await check_shared(self.tx, case["dataset"], [one["id"] for one in granted["fields"]], about_case(case))
        await self._sign(case["id"], stated, begins=False)
        signed = (self.document.digest, self._signature_digest)
        events: list[Event] = [await move_case(self.tx, self.cause, case, step, instant(self.now), signed)]
        grant = await self._grant(step, case, granted, stated, events) if step.grants else None
        return Made({"case": case["id"], "grant": grant}, {case["id"]: events})

    async def _move_grant(self, stated: Mapping[str, Any]) -> Made:
        grant = await find_grant(self.tx, self.subject, stated["case"])
        step = step_now(self.office, grant, Procedure.GRANT, Act(stated["act"]), stated["version"])
        await self._run(_MOVE_GRANT, {"id": grant["id"], "state": step.target, "now": instant(self.now)})
        await self._sign(grant["id"], stated, begins=False)
        event = self._grant_moved(about_case(grant), grant["id"], step.act, step.source, step.target)
        return Made({"case": grant["case"], "grant": grant["id"]}, {grant["case"]: [event]})

    async def _grant(
        self,
        step: Step,
        case: Mapping[str, Any],
        scope: Mapping[str, Any],
        stated: Mapping[str, Any],
        events: list[Event],
    ) -> str:
        """The exact image of what was signed (R16.2d)."""
        identifier = random_id("gr_")
        grant = {
            "id": identifier,
            "status": CaseState.ACTIVE,
            "version": 1,
            "case": case["id"],
            "dataset": case["dataset"],
            "consumer": case["consumer"],
            "provider": case["provider"],
            "consumerJurisdiction": case["consumerJurisdiction"],
            "providerJurisdiction": case["providerJurisdiction"],
            "jurisdictions": case["jurisdictions"],
            "fields": [field["id"] for field in scope["fields"]],
            "purpose": scope["purpose"],
            "validFrom": _start_of(scope["since"]),
            "validTo": _start_of(scope["until"], days=1),
            "scope": canonical(scope).decode(),
            "image": self.document.digest,
            "grantedAt": instant(self.now),
            "movedAt": instant(self.now),
        }
        await self._run(_GRANT, {"grant": grant, "document": stated["signing"]})
        events.append(self._grant_moved(about_case(case), identifier, step.act, None, CaseState.ACTIVE))
        return identifier

    async def _sign(self, target: str, stated: Mapping[str, Any], *, begins: bool) -> None:
        verified = self.signed.verified
        given = {
            "target": target,
            "id": stated["signing"],
            "person": self.office.person["id"],
            "appointment": self.office.appointment,
            "act": stated["act"],
            "begins": begins,
            "digest": self.document.digest,
            "bytes": self.document.data.decode(),
            "signature": b64encode(self.signed.data).decode(),
            "signatureDigest": self._signature_digest,
            "fingerprint": verified.certificate.fingerprint,
            "genTime": instant(verified.gen_time),
            "known": self.signed.known,
            "now": instant(self.now),
        }
        await self._run(_SIGN, given)

    async def _run(self, statement: str, parameters: Mapping[str, Any]) -> None:
        await (await self.tx.run(statement, dict(parameters))).consume()

    @property
    def _signature_digest(self) -> str:
        return hashlib.sha256(self.signed.data).hexdigest()

    def _case_moved(self, about: About, step: Step, version: int, due: str | None) -> CaseMoved:
        signed = (self.document.digest, self._signature_digest)
        return _moved(self.cause, about, step, version, signed, due)

    def _grant_moved(
        self, about: About, grant: str, act: Act, before: CaseState | None, after: CaseState
    ) -> GrantMoved:
        return GrantMoved(
            cause=self.cause,
            about=about,
            grant=grant,
            act=act,
            before=before,
            after=after,
            document=self.document.digest,
            signature=self._signature_digest,
        )


async def move_case(
    tx: AsyncManagedTransaction,
    cause: Cause,
    case: Mapping[str, Any],
    step: Step,
    now: str,
    signed: tuple[str, str] | None = None,
) -> CaseMoved:
    """Let a locked case take a step. Returns the event; `signed` are the digests of document and signature."""
    await (await tx.run(_MOVE, {"id": case["id"], "state": step.target, "now": now})).consume()
    return _moved(cause, about_case(case), step, case["version"] + 1, signed, None)


def _moved(
    cause: Cause, about: About, step: Step, version: int, signed: tuple[str, str] | None, due: str | None
) -> CaseMoved:
    document, signature = signed or (None, None)
    return CaseMoved(
        cause=cause,
        about=about,
        procedure=step.procedure,
        act=step.act,
        before=step.source,
        after=step.target,
        n=version,
        document=document,
        signature=signature,
        due=due,
    )


def _check_unchanged(entry: Entry, content: Mapping[str, Any], step: Step, about: About) -> None:
    """Whether an entry is still what somebody signed for."""
    named = [field["id"] for field in content["fields"]] + [row["field"] for row in content["rows"]]
    way = entry.way_to(named) if entry.fields.keys() >= {*named} else None
    if way is not step.procedure or entry.version["digest"] != content["dataset"]["digest"]:
        text = "the entry was changed since this was prepared; prepare it anew from what it says now"
        raise Denied("ENTRY_CHANGED", text, path="signing", target=entry.id, about=about)


def _start_of(day: str, *, days: int = 0) -> str:
    """The instant at which a day begins in the city, or so many days after it."""
    return instant(datetime.combine(date.fromisoformat(day) + timedelta(days), time(), SHANGHAI))
