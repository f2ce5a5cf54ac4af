"""What an answer says, a step of a negotiation or an opening, and what becomes of a grant, as documents."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import orjson
from neo4j import AsyncManagedTransaction

from gateway.audit.event import About
from gateway.rules import day_of
from gateway.sharing.acts import ANSWERS, PROPOSALS, Answer, Move, OnGrant, stated_reason
from gateway.sharing.cases import about_case, find_case, find_grant, latest_of
from gateway.sharing.draft import Asking, Draft, check, denied, step_now
from gateway.sharing.entry import check_granted, check_redistributed, fields_now, masked
from gateway.sharing.procedure import Step
from gateway.sharing.scope import Fault
from gateway.sharing.words import Act, Party, Procedure

_PROPOSED: Final = frozenset({*PROPOSALS, Act.PROPOSE_FAILURE})
_FORMING: Final = ANSWERS | PROPOSALS
"""The acts that say what is granted; others only repeat it."""


async def answer_draft(tx: AsyncManagedTransaction, asking: Asking, answer: Answer) -> Draft:
    """What a provider answers to an application.

    Raises:
        Denied: it cannot be signed as it is.
    """
    case = await find_case(tx, asking.subject, answer.case)
    about = about_case(case)
    check(answer.faults(), about, answer.case)
    step = step_now(asking.office, case, Procedure(case["kind"]), answer.act, answer.version).step
    application = _application(case)
    names = {field["id"]: field for field in application["fields"]}
    for one in answer.dropped:
        if one.field not in names:
            fault = Fault("UNKNOWN_FIELD", f"the application names no field {one.field!r:.60}", "dropped")
            raise denied(fault, about, answer.case)
    dropped = {one.field: one for one in answer.dropped}
    if len(dropped) < len(answer.dropped):
        raise denied(Fault("DOUBLE_FIELD", "drop each field once", "dropped"), about, answer.case)
    kept = [field for field in application["fields"] if field["id"] not in dropped]
    yes = answer.act is not Act.REFUSE
    if yes and not kept:
        text = "nothing is left; refuse the application instead"
        raise denied(Fault("NOTHING_GRANTED", text, "dropped"), about, answer.case)
    _, held = await fields_now(tx, case["dataset"], [field["id"] for field in kept])
    granted = {**application, "fields": [*masked(kept, held, step.procedure)]} if yes else None
    await check_grantable(tx, asking.now, step.procedure, granted, about)
    content = {
        "application": case["document"]["digest"],
        "granted": granted,
        "dropped": [
            {"field": names[one.field], "reason": one.reason, "basis": one.basis.stated} for one in answer.dropped
        ],
        **stated_reason(answer.reason, answer.basis),
    }
    return Draft(step, answer.case, answer.version, content, about)


async def move_draft(tx: AsyncManagedTransaction, asking: Asking, move: Move) -> Draft:
    """A step of a negotiation, a coordination or an opening.

    Raises:
        Denied: it cannot be signed as it is.
    """
    case = await find_case(tx, asking.subject, move.case)
    about = about_case(case)
    check(move.faults(), about, move.case)
    taken = step_now(asking.office, case, Procedure(case["kind"]), move.act, move.version)
    step, party = taken.step, taken.party
    content: dict[str, Any] = {"application": case["document"]["digest"], "statement": move.statement}
    match move.act:
        case Act.PROPOSE_AGREEMENT | Act.PROPOSE_SHARE:
            content["granted"] = await _proposed(tx, case, move, party, about)
        case Act.COUNTERSIGN:
            outcome = await latest_of(tx, case, _PROPOSED)
            content |= {"outcome": outcome.digest, "granted": outcome.content.get("granted")}
        case Act.AUTHORISE:
            answer = await latest_of(tx, case, {Act.ACCEPT})
            content |= {"answer": answer.digest, "granted": answer.content["granted"], "to": str(Party.CENTER)}
        case Act.OPEN:
            authorisation = await latest_of(tx, case, {Act.AUTHORISE})
            content |= {"authorisation": authorisation.digest, "granted": authorisation.content["granted"]}
        case Act.RESOLVE_NO_SHARE:
            content |= stated_reason(move.statement, move.basis)
        case _:
            pass
    await check_grantable(tx, asking.now, step.procedure, content.get("granted"), about)
    return Draft(step, move.case, move.version, content, about)


async def _proposed(
    tx: AsyncManagedTransaction, case: Mapping[str, Any], move: Move, party: Party, about: About
) -> dict[str, Any]:
    """What is shared in this single case: of what was asked for, or what the provider names where none was shown."""
    application = _application(case)
    asked = {field["id"]: field for field in application["fields"]}
    _, held = await fields_now(tx, case["dataset"], move.fields)
    if not asked and party is not Party.CONSUMER:
        asked = {one: {"id": one, "name": field["name"]} for one, field in held.items()}
    for one in move.fields:
        if one not in asked:
            fault = Fault("UNKNOWN_FIELD", f"no field {one!r:.60} was asked for, or is known to you", "fields")
            raise denied(fault, about, move.case)
    chosen = masked((asked[one] for one in move.fields), held, Procedure(case["kind"]))
    return {**application, "fields": [*chosen]}


async def check_masks(tx: AsyncManagedTransaction, stated: Mapping[str, Any], about: About) -> None:
    """Whether an answer or a proposal still states the masks in force: what is signed later copies what it says.

    Raises:
        Denied: `MASK_CHANGED`.
    """
    granted = stated["content"].get("granted")
    if granted is None or stated["act"] not in _FORMING:
        return
    dataset, fields = granted["dataset"]["id"], granted["fields"]
    _, held = await fields_now(tx, dataset, named_fields(granted))
    if [*masked(fields, held, Procedure(stated["procedure"]))] != fields:
        text = "a mask of these fields was changed since this was prepared; prepare it anew"
        raise denied(Fault("MASK_CHANGED", text, "signing"), about, dataset)


async def check_grantable(
    tx: AsyncManagedTransaction,
    now: datetime,
    procedure: Procedure,
    granted: Mapping[str, Any] | None,
    about: About,
) -> None:
    """Whether what a document grants, if it grants anything, can be granted now.

    Raises:
        Denied: `FIELD_WITHHELD`, `PERIOD_OVER`, `NO_REDISTRIBUTION`.
    """
    if granted is None:
        return
    dataset = granted["dataset"]["id"]
    if granted["until"] < str(day_of(now)):
        text = f"the period that was asked for ended on {granted['until']}; refuse, and let them ask anew"
        raise denied(Fault("PERIOD_OVER", text, "answer"), about, dataset)
    await check_redistributed(tx, dataset, granted["consumer"]["id"], about)
    await check_granted(tx, procedure, dataset, named_fields(granted), about)


def named_fields(scope: Mapping[str, Any]) -> Sequence[str]:
    """The fields that a stated scope has."""
    return [field["id"] for field in scope["fields"]]


async def grant_draft(tx: AsyncManagedTransaction, asking: Asking, request: OnGrant) -> Draft:
    """What becomes of a grant.

    Raises:
        Denied: it cannot be signed as it is; `FIELD_WITHHELD`, for one that is resumed and has a field no more.
    """
    grant = await find_grant(tx, asking.subject, request.grant, asking.now)
    about = about_case(grant)
    check(request.faults(), about, request.grant)
    step = step_now(asking.office, grant, Procedure.GRANT, request.act, request.version).step
    await check_resumed(tx, grant, step, about)
    content = {"grant": grant["id"], "image": grant["image"], **stated_reason(request.reason, request.basis)}
    return Draft(step, request.grant, request.version, content, about)


async def check_resumed(tx: AsyncManagedTransaction, grant: Mapping[str, Any], step: Step, about: About) -> None:
    """Whether a grant that is resumed can still be used: a field that was dropped never comes back under it.

    Raises:
        Denied: `FIELD_WITHHELD`, `NO_REDISTRIBUTION`.
    """
    if step.act is Act.RESUME:
        await check_redistributed(tx, grant["dataset"], grant["consumer"], about)
        await check_granted(tx, Procedure.NEGOTIATION, grant["dataset"], grant["fields"], about)


def _application(case: Mapping[str, Any]) -> dict[str, Any]:
    content: dict[str, Any] = orjson.loads(case["document"]["bytes"])["content"]
    return content
