"""From what somebody asks for to what the document says; whatever can be checked before it is signed is checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
from neo4j import AsyncManagedTransaction

from gateway.audit.event import About
from gateway.audit.ledger import Denied
from gateway.graph import random_id
from gateway.graph.times import instant
from gateway.identity import Subject
from gateway.policy.table import AccessTable
from gateway.rules import day_of
from gateway.sharing.acts import Answer, OnGrant, Request, stated_reason
from gateway.sharing.cases import about_case, find_case, find_grant
from gateway.sharing.entry import Entry, check_shared, find_entry
from gateway.sharing.office import Office
from gateway.sharing.procedure import Step, step_of
from gateway.sharing.scope import Fault, Scope, covers
from gateway.sharing.words import Act, CaseState, Party, Procedure
from gateway.vocabulary import ShareType

# Under the lock of the consumer's agency: of two officers who file the same, the second finds what the first has filed.
_ASKED: Final = """
MATCH (a:Agency {id: $consumer})
SET a.locked = true REMOVE a.locked
RETURN [
  head(COLLECT { MATCH (c:Case {consumer: $consumer, dataset: $dataset})
    WHERE c.state = $submitted AND c.purpose = $purpose RETURN c.id LIMIT 1 }),
  COLLECT { MATCH (g:Grant {consumer: $consumer, dataset: $dataset})
    WHERE g.status = 'ACTIVE' AND g.validTo > $now AND g.purpose = $purpose RETURN [g.id, g.scope] }]
"""


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be signed, and where it belongs."""

    step: Step
    case: str
    """Of the case, or of the grant."""
    version: int
    """The version that it had, 0 for one that begins with this."""
    content: Mapping[str, Any]
    about: About


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks, with what they may know, and when."""

    subject: Subject
    table: AccessTable
    office: Office
    now: datetime


async def draft_of(tx: AsyncManagedTransaction, asking: Asking, request: Request) -> Draft:
    """The draft of a request.

    Raises:
        Denied: it cannot be signed as it is; the code and the path say what would have to change.
    """
    match request:
        case Scope():
            return await _scope(tx, asking, request)
        case Answer():
            return await _answer(tx, asking, request)
        case OnGrant():
            return await _on_grant(tx, asking, request)


def _first(faults: Any, about: About, target: str) -> None:
    for fault in faults:
        raise _denied(fault, about, target)


def _denied(fault: Fault, about: About, target: str) -> Denied:
    return Denied(fault.code, fault.message, path=fault.path, target=target, about=about)


async def _scope(tx: AsyncManagedTransaction, asking: Asking, scope: Scope) -> Draft:
    office = asking.office
    entry = await find_entry(tx, asking.subject, asking.table, scope.dataset)
    about = about_entry(entry, office)
    _first(scope.faults(day_of(asking.now)), about, scope.dataset)
    way = way_of(entry, scope, about)
    step = step_of(way, None, Act.DECLARE if way is Procedure.DECLARATION else Act.APPLY)
    assert step is not None
    office.check_role(step)
    if entry.provider["id"] == office.agency["id"]:
        raise _denied(
            Fault("OWN_DATASET", "this is your own agency's dataset; nobody answers their own application", "dataset"),
            about,
            scope.dataset,
        )
    stated = stated_scope(entry, office, scope)
    await check_new(tx, stated, asking.now, about)
    return Draft(step, random_id("cs_"), 0, stated, about)


async def check_new(tx: AsyncManagedTransaction, stated: Mapping[str, Any], now: datetime, about: About) -> None:
    """Whether a scope is asked for that the consumer neither waits for nor has. Nobody else files for it meanwhile.

    Raises:
        Denied: `ALREADY_APPLIED`, `ALREADY_GRANTED`.
    """
    dataset = stated["dataset"]["id"]
    given = {
        "consumer": stated["consumer"]["id"],
        "dataset": dataset,
        "submitted": CaseState.SUBMITTED,
        "purpose": stated["purpose"],
        "now": instant(now),
    }
    waiting, held = (await (await tx.run(_ASKED, given)).single(strict=True))[0]
    if waiting is not None:
        text = f"your agency's application {waiting} for this purpose is not answered yet; withdraw it, or wait"
        raise _denied(Fault("ALREADY_APPLIED", text, "purpose"), about, dataset)
    for grant, image in held:
        if covers(orjson.loads(image), stated):
            text = f"your agency's grant {grant} has all of this already"
            raise _denied(Fault("ALREADY_GRANTED", text, "fields"), about, dataset)


def way_of(entry: Entry, scope: Scope, about: About) -> Procedure:
    """By which procedure all fields of a scope can be had together.

    Raises:
        Denied: there is none, or a field or a condition names what the entry has not, as far as the caller may know.
    """
    if entry.share_type is ShareType.NON_SHARED:
        raise _denied(_NOT_SHARED, about, scope.dataset)
    named = [("fields", one) for one in scope.fields] + [("rows", one.field) for one in scope.rows]
    for path, one in named:
        if one not in entry.fields:
            fault = Fault("UNKNOWN_FIELD", f"{entry.identifier} has no field {one!r:.60}", path)
            raise _denied(fault, about, scope.dataset)
    way = entry.way_to(one for _, one in named)
    if way is None:
        raise _denied(_NOT_SHARED, about, scope.dataset)
    return way


_NOT_SHARED: Final = Fault(
    "NOT_SHARED", "this is not shared; whoever needs it for a duty negotiates with the provider (16.3)", "fields"
)


def about_entry(entry: Entry, office: Office) -> About:
    """What a case about an entry concerns."""
    agencies = tuple(dict.fromkeys((entry.provider["id"], office.agency["id"])))
    jurisdictions = tuple(sorted({*entry.jurisdictions, *office.jurisdictions}))
    return About(agencies, jurisdictions, (entry.id,))


def stated_scope(entry: Entry, office: Office, scope: Scope) -> dict[str, Any]:
    """As documents have it."""
    return {
        "dataset": entry.stated,
        "provider": dict(entry.provider),
        "consumer": dict(office.agency),
        "fields": entry.stated_fields(scope.fields),
        "rows": [condition.stated for condition in scope.rows],
        "purpose": str(scope.purpose),
        "explanation": scope.explanation,
        "legalBasis": [basis.stated for basis in scope.legal_basis],
        "since": str(scope.since),
        "until": str(scope.until),
    }


async def _answer(tx: AsyncManagedTransaction, asking: Asking, answer: Answer) -> Draft:
    case = await find_case(tx, asking.subject, answer.case)
    about = about_case(case)
    _first(answer.faults(), about, answer.case)
    step = step_now(asking.office, case, Procedure(case["kind"]), answer.act, answer.version)
    if case["applicant"] == asking.office.person["id"]:
        raise _denied(Fault("OWN_APPLICATION", "who applied cannot answer", "case"), about, answer.case)
    application = orjson.loads(case["document"]["bytes"])["content"]
    names = {field["id"]: field for field in application["fields"]}
    for one in answer.dropped:
        if one.field not in names:
            fault = Fault("UNKNOWN_FIELD", f"the application names no field {one.field!r:.60}", "dropped")
            raise _denied(fault, about, answer.case)
    dropped = {one.field: one for one in answer.dropped}
    if len(dropped) < len(answer.dropped):
        raise _denied(Fault("DOUBLE_FIELD", "drop each field once", "dropped"), about, answer.case)
    kept = [field for field in application["fields"] if field["id"] not in dropped]
    if step.grants and not kept:
        text = "nothing is left; refuse the application instead"
        raise _denied(Fault("NOTHING_GRANTED", text, "dropped"), about, answer.case)
    if step.grants:
        await check_shared(tx, case["dataset"], [field["id"] for field in kept], about)
    content = {
        "application": case["document"]["digest"],
        "granted": {**application, "fields": kept} if step.grants else None,
        "dropped": [
            {"field": names[one.field], "reason": one.reason, "basis": one.basis.stated} for one in answer.dropped
        ],
        **stated_reason(answer.reason, answer.basis),
    }
    return Draft(step, answer.case, answer.version, content, about)


async def _on_grant(tx: AsyncManagedTransaction, asking: Asking, request: OnGrant) -> Draft:
    grant = await find_grant(tx, asking.subject, request.grant)
    about = about_case(grant)
    _first(request.faults(), about, request.grant)
    step = step_now(asking.office, grant, Procedure.GRANT, request.act, request.version)
    content = {"grant": grant["id"], "image": grant["image"], **stated_reason(request.reason, request.basis)}
    return Draft(step, request.grant, request.version, content, about)


def step_now(office: Office, case: Mapping[str, Any], procedure: Procedure, act: Act, version: int) -> Step:
    """The step that an act is at this moment, for whoever may take it, on a case or a grant that is locked.

    Raises:
        Denied: `NOT_NOW`, `NOT_ALLOWED`, `CONFLICT`.
    """
    about = about_case(case)
    step = step_of(procedure, CaseState(case["state"]), act)
    if step is None:
        text = f"{act} is not possible any more, or not yet: this is {case['state']}"
        raise Denied("NOT_NOW", text, path="act", target=case["id"], about=about)
    _check_party(office, case, step, about)
    if case["version"] != version:
        text = f"somebody else was faster: this is version {case['version']}, you have read {version}"
        raise Denied("CONFLICT", text, path="version", target=case["id"], about=about)
    return step


def _check_party(office: Office, case: Mapping[str, Any], step: Step, about: About) -> None:
    # The center never answers in the provider's name (R4.3).
    if step.by not in office.sides(case):
        whose = {Party.CONSUMER: "the consumer", Party.PROVIDER: "the provider", Party.CENTER: "the center"}[step.by]
        raise Denied("NOT_ALLOWED", f"{step.act} is for {whose} alone", target=case["id"], about=about)
    office.check_role(step)
