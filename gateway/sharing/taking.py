"""What takes effect when a signed document is filed: a case that begins or moves, a grant, and their events."""

import hashlib
from base64 import b64encode
from collections.abc import Mapping, Sequence
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
from gateway.sharing.answering import check_grantable, check_masks, check_resumed
from gateway.sharing.cases import about_case, find_case, find_grant
from gateway.sharing.clocks import Rules, keep_deadlines
from gateway.sharing.document import Document
from gateway.sharing.draft import Taken, step_now
from gateway.sharing.drafting import about_entry, check_new, check_openable
from gateway.sharing.entry import Entry, check_owners, fields_now, find_entry
from gateway.sharing.office import Office
from gateway.sharing.procedure import Effect, Step, awaited_of, is_for_center, step_of
from gateway.sharing.signatures import Signed
from gateway.sharing.treatment import differing, treatment_of
from gateway.sharing.words import Act, CaseState, Party, Procedure
from gateway.vocabulary import FOREVER

_BEGIN: Final = """
MATCH (v:DatasetVersion {id: $version}), (b:Agency {id: $case.provider})
OPTIONAL MATCH (a:Agency {id: $case.consumer})
OPTIONAL MATCH (p:Person {id: $case.consumer})
WITH v, b, coalesce(a, p) AS a
CREATE (c:Case)-[:ABOUT]->(v) SET c = $case
CREATE (c)-[:BY]->(a) CREATE (c)-[:TO]->(b)
FOREACH (owner IN $owners | CREATE (:Task {about: c.id, owner: owner, dueAt: $due})-[:FOR]->(c))
"""
_MOVE: Final = """
MATCH (c:Case {id: $id})
SET c.state = $state, c.version = c.version + 1, c.movedAt = $now, c.before = $party,
  c.consumers = coalesce(c.consumers, [c.applicant]) + $consumers, c.center = coalesce(c.center, false) OR $center
WITH c
OPTIONAL MATCH (t:Task {about: $id}) DETACH DELETE t
WITH DISTINCT c
FOREACH (owner IN $owners | CREATE (:Task {about: c.id, owner: owner, dueAt: $forever})-[:FOR]->(c))
"""
_MOVE_GRANT: Final = """
MATCH (g:Grant {id: $id})
SET g.status = $state, g.version = g.version + 1, g.movedAt = $now, g.suspendedBy = $suspendedBy,
  g.activation = coalesce(g.activation, $activation)
WITH g
OPTIONAL MATCH (t:Task {about: $id}) DETACH DELETE t
"""
_RESUMED: Final = """
MATCH (g:Grant {id: $id})
SET g.classes = $classes, g.policy = $policy REMOVE g.changes
"""
_OFFERED: Final = "MATCH (:Case {id: $id})-[:LED_TO]->(g:Grant {status: 'PENDING_SIGNATURE'}) RETURN g {.*}"
_SIGN: Final = """
OPTIONAL MATCH (h:Appointment {id: $appointment})
OPTIONAL MATCH (c:Case {id: $target})
OPTIONAL MATCH (g:Grant {id: $target})
OPTIONAL MATCH (d:Dataset {id: $target})
WITH h, coalesce(c, g, d) AS target
CREATE (target)-[:HAS]->(:Document {id: $id, person: $person, act: $act, begins: $begins, digest: $digest,
  bytes: $bytes, filedAt: $now, n: $n, parties: $parties, homes: $homes})
  <-[:SIGNS]-(s:Signature {digest: $signatureDigest, bytes: $signature, fingerprint: $fingerprint, genTime: $genTime,
    known: $known})
FOREACH (_ IN CASE WHEN h IS NULL OR $sealed THEN [] ELSE [1] END | CREATE (s)-[:AS]->(h))
WITH 1 AS one
MATCH (p:Preparation {id: $id}) DELETE p
"""
_GRANT: Final = """
MATCH (d:Dataset {id: $grant.dataset}), (c:Case {id: $grant.case})
OPTIONAL MATCH (a:Agency {id: $grant.consumer})
OPTIONAL MATCH (p:Person {id: $grant.consumer})
WITH d, c, coalesce(a, p) AS a
MATCH (c)-[:HAS]->(x:Document {id: $document})
CREATE (g:Grant)-[:ON]->(d) SET g = $grant
CREATE (g)-[:TO]->(a) CREATE (g)-[:IMAGE_OF]->(x) CREATE (c)-[:LED_TO]->(g)
"""
CENTER: Final = str(Party.CENTER)
"""Whose a task of the center is: whoever acts for it may take it."""


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
        self.office.check_begin(step)
        _check_unchanged(entry, content, step, about)
        check_owners(entry.owners, entry.id, self.office.consumer["id"], about)
        await check_new(self.tx, entry, step.procedure, content, self.now, about)
        now = instant(self.now)
        case = {
            "id": identifier,
            "kind": step.procedure,
            "state": step.target,
            "version": 1,
            "dataset": entry.id,
            "consumer": self.office.consumer["id"],
            "provider": entry.provider["id"],
            "consumerJurisdiction": self.office.jurisdiction,
            "providerJurisdiction": entry.jurisdiction,
            "jurisdictions": list(about.jurisdictions),
            "applicant": self.office.person["id"],
            "consumers": [self.office.person["id"]],
            "before": Party.CONSUMER,
            "center": False,
            "purpose": content["purpose"],
            "treatment": treatment_of(content) if step.procedure is Procedure.OPENING else None,
            "rules": stated["rules"],
            "filedAt": now,
            "movedAt": now,
        }
        due = None
        if step.starts is not None:
            deadline = self.rules.deadline(step.starts, entry.provider["code"], self.now, about)
            await keep_deadlines(self.tx, deadline)
            case["deadline"], due = deadline["id"], deadline["dueAt"]
        given = {"case": case, "version": entry.version["id"], "owners": owners(case, step, Party.CONSUMER)}
        await self._run(_BEGIN, {**given, "due": due or FOREVER})
        await self.sign(identifier, stated, begins=True)
        events: list[Event] = [self._case_moved(about, step, 1, due)]
        grant = await self._effect(step, case, content, stated, events)
        return Made({"case": identifier, "grant": grant}, {identifier: events})

    async def _move(self, stated: Mapping[str, Any]) -> Made:
        case = await find_case(self.tx, self.subject, stated["case"])
        about, act = about_case(case), Act(stated["act"])
        taken = step_now(self.office, case, Procedure(case["kind"]), act, stated["version"])
        step = taken.step
        granted = stated["content"].get("granted")
        await check_grantable(self.tx, self.now, step.procedure, granted, about)
        await check_masks(self.tx, stated, about)
        await self.sign(case["id"], stated, begins=False)
        signed = (self.document.digest, self.signature_digest)
        moved = await move_case(self.tx, self.cause, case, taken, instant(self.now), signed)
        events: list[Event] = [moved]
        grant = await self._effect(step, case, granted, stated, events)
        if step.procedure is Procedure.OPENING and step.source is CaseState.SUBMITTED:
            events += await differing(self.tx, self.cause, case, step.target)
        return Made({"case": case["id"], "grant": grant}, {case["id"]: events})

    async def _move_grant(self, stated: Mapping[str, Any]) -> Made:
        grant = await find_grant(self.tx, self.subject, stated["case"], self.now)
        taken = step_now(self.office, grant, Procedure.GRANT, Act(stated["act"]), stated["version"])
        step = taken.step
        await check_resumed(self.tx, grant, step, about_case(grant))
        by = taken.party if step.target is CaseState.SUSPENDED else None
        event = self._grant_moved(about_case(grant), grant["id"], step.act, step.source, step.target)
        await self._move_to(event, by)
        if step.act is Act.RESUME:
            classes = await self._classes(grant["dataset"], grant["fields"])
            await self._run(_RESUMED, {"id": grant["id"], "classes": classes, "policy": self.cause.policy})
        await self.sign(grant["id"], stated, begins=False)
        return Made({"case": grant["case"], "grant": grant["id"]}, {grant["case"]: [event]})

    async def _move_to(self, moved: GrantMoved, suspended_by: Party | None) -> None:
        given = {"id": moved.grant, "state": moved.after, "now": instant(self.now), "suspendedBy": suspended_by}
        await self._run(_MOVE_GRANT, {**given, "activation": _activation(moved)})

    async def _effect(
        self,
        step: Step,
        case: Mapping[str, Any],
        granted: Mapping[str, Any] | None,
        stated: Mapping[str, Any],
        events: list[Event],
    ) -> str | None:
        """What a step does to the grant of its case. Returns its id."""
        match step.effect:
            case Effect.GIVES | Effect.OFFERS:
                assert granted is not None
                offered = step.effect is Effect.OFFERS
                state = CaseState.PENDING_SIGNATURE if offered else CaseState.ACTIVE
                moved = self._grant_moved(about_case(case), random_id("gr_"), step.act, None, state)
                await self._grant(case, granted, stated, moved)
                events.append(moved)
                return moved.grant
            case Effect.CONFIRMS | Effect.LAPSES:
                found = (await (await self.tx.run(_OFFERED, {"id": case["id"]})).single(strict=True))[0]
                state = CaseState.ACTIVE if step.effect is Effect.CONFIRMS else CaseState.EXPIRED
                about = about_case(case)
                moved = self._grant_moved(about, found["id"], step.act, CaseState.PENDING_SIGNATURE, state)
                await self._move_to(moved, None)
                events.append(moved)
                return str(found["id"]) if step.effect is Effect.CONFIRMS else None
            case None:
                return None

    async def _grant(
        self, case: Mapping[str, Any], scope: Mapping[str, Any], stated: Mapping[str, Any], moved: GrantMoved
    ) -> None:
        """The exact image of what was signed (R16.2d)."""
        grant = {
            "id": moved.grant,
            "status": moved.after,
            "activation": _activation(moved),
            "version": 1,
            "case": case["id"],
            "dataset": case["dataset"],
            "consumer": case["consumer"],
            "provider": case["provider"],
            "consumerJurisdiction": case.get("consumerJurisdiction"),
            "providerJurisdiction": case["providerJurisdiction"],
            "jurisdictions": case["jurisdictions"],
            "procedure": case["kind"],
            "fields": [field["id"] for field in scope["fields"]],
            "purpose": scope["purpose"],
            "validFrom": _start_of(scope["since"]),
            "validTo": _start_of(scope["until"], days=1),
            "scope": canonical(scope).decode(),
            "classes": await self._classes(case["dataset"], [field["id"] for field in scope["fields"]]),
            "policy": self.cause.policy,
            "image": self.document.digest,
            "grantedAt": instant(self.now),
            "movedAt": instant(self.now),
        }
        await self._run(_GRANT, {"grant": grant, "document": stated["signing"]})

    async def _classes(self, dataset: str, fields: Sequence[str]) -> str:
        """The access classes as they are now, from which it is seen later what has become stricter."""
        entry, held = await fields_now(self.tx, dataset, fields)
        return canonical({dataset: entry, **{one: field["accessClass"] for one, field in held.items()}}).decode()

    async def sign(
        self,
        target: str,
        stated: Mapping[str, Any],
        *,
        begins: bool,
        parties: Sequence[str] | None = None,
        homes: Sequence[str] | None = None,
    ) -> None:
        """Keep the document and its signature, with the case, the grant or the dataset that it belongs to.

        Args:
            target: the id of that.
            stated: what the document states.
            begins: whether the case begins with it.
            parties: the agencies that may read it, and
            homes: the jurisdictions of these, where no case says whose it is.
        """
        verified = self.signed.verified
        given = {
            "target": target,
            "id": stated["signing"],
            "person": self.office.person["id"],
            "appointment": self.office.appointment,
            "sealed": self.signed.sealed,
            "act": stated["act"],
            "begins": begins,
            "n": stated["version"] + 1,
            "digest": self.document.digest,
            "bytes": self.document.data.decode(),
            "signature": b64encode(self.signed.data).decode(),
            "signatureDigest": self.signature_digest,
            "fingerprint": verified.certificate.fingerprint,
            "genTime": instant(verified.gen_time),
            "known": self.signed.known,
            "now": instant(self.now),
            "parties": None if parties is None else list(parties),
            "homes": None if homes is None else list(homes),
        }
        await self._run(_SIGN, given)

    async def _run(self, statement: str, parameters: Mapping[str, Any]) -> None:
        await (await self.tx.run(statement, dict(parameters))).consume()

    @property
    def signature_digest(self) -> str:
        """SHA-256 of the signature's file, in hexadecimal."""
        return hashlib.sha256(self.signed.data).hexdigest()

    def _case_moved(self, about: About, step: Step, version: int, due: str | None) -> CaseMoved:
        signed = (self.document.digest, self.signature_digest)
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
            signature=self.signature_digest,
        )


def _activation(moved: GrantMoved) -> str | None:
    """The event with which a grant begins, where it is this one: tokens name its place in the log."""
    return moved.id if moved.after == CaseState.ACTIVE else None


async def move_case(
    tx: AsyncManagedTransaction,
    cause: Cause,
    case: Mapping[str, Any],
    taken: Taken,
    now: str,
    signed: tuple[str, str] | None = None,
) -> CaseMoved:
    """Let a locked case take a step. Returns the event; `signed` are the digests of document and signature."""
    step, party = taken.step, taken.party
    given = {
        "id": case["id"],
        "state": step.target,
        "now": now,
        "party": party,
        "consumers": [taken.person] if party is Party.CONSUMER else [],
        "center": is_for_center(step.procedure, step.target),
        "owners": owners(case, step, party),
        "forever": FOREVER,
    }
    await (await tx.run(_MOVE, given)).consume()
    return _moved(cause, about_case(case), step, case["version"] + 1, signed, None)


def owners(case: Mapping[str, Any], step: Step, party: Party) -> list[str]:
    """For whom there is something to do after a step: agencies, and the center."""
    who = {Party.CONSUMER: case["consumer"], Party.PROVIDER: case["provider"], Party.CENTER: CENTER}
    return sorted(who[one] for one in awaited_of(step.procedure, step.target, party))


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
    known = entry.fields.keys() >= {*named}
    if step.procedure is Procedure.OPENING:
        if known:
            check_openable(entry, named, about)
    elif known and entry.way_to(named) is not step.procedure:
        known = False
    if not known or entry.version["digest"] != content["dataset"]["digest"]:
        text = "the entry was changed since this was prepared; prepare it anew from what it says now"
        raise Denied("ENTRY_CHANGED", text, path="signing", target=entry.id, about=about)


def _start_of(day: str, *, days: int = 0) -> str:
    """The instant at which a day begins in the city, or so many days after it."""
    return instant(datetime.combine(date.fromisoformat(day) + timedelta(days), time(), SHANGHAI))
