"""From what somebody asks for to what the document says; whatever can be checked before it is signed is checked."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import orjson
from neo4j import AsyncManagedTransaction

from gateway.audit.event import About
from gateway.graph import random_id
from gateway.graph.times import instant
from gateway.rules import day_of
from gateway.sharing.acts import Answer, Move, OnGrant, Opening, Request
from gateway.sharing.answering import answer_draft, grant_draft, move_draft
from gateway.sharing.draft import Asking, Draft, check, denied
from gateway.sharing.entry import Entry, check_owners, find_entry, masked
from gateway.sharing.office import Office
from gateway.sharing.procedure import WAITING, step_of
from gateway.sharing.scope import Fault, Scope, covers
from gateway.sharing.words import Act, Procedure
from gateway.vocabulary import OpenType, ShareType

BEGINS: Final = {
    Procedure.DECLARATION: Act.DECLARE,
    Procedure.APPLICATION: Act.APPLY,
    Procedure.NEGOTIATION: Act.REQUEST,
    Procedure.OPENING: Act.APPLY,
}
"""With which act each procedure begins."""

# Under the lock of the consumer: of two officers who file the same, the second finds what the first has filed.
_ASKED: Final = """
OPTIONAL MATCH (a:Agency {id: $consumer})
OPTIONAL MATCH (p:Person {id: $consumer})
WITH coalesce(a, p) AS a
SET a.locked = true REMOVE a.locked
RETURN [
  head(COLLECT { MATCH (c:Case {consumer: $consumer, dataset: $dataset})
    WHERE c.state IN $waiting AND c.purpose = $purpose RETURN c.id LIMIT 1 }),
  COLLECT { MATCH (g:Grant {consumer: $consumer, dataset: $dataset})
    WHERE g.status = 'ACTIVE' AND g.validTo > $now AND g.purpose = $purpose RETURN [g.id, g.scope] }]
"""


async def draft_of(tx: AsyncManagedTransaction, asking: Asking, request: Request) -> Draft:
    """The draft of a request.

    Raises:
        Denied: it cannot be signed as it is; the code and the path say what would have to change.
    """
    match request:
        case Scope():
            return await _scope(tx, asking, request)
        case Opening():
            return await _opening(tx, asking, request)
        case Answer():
            return await answer_draft(tx, asking, request)
        case Move():
            return await move_draft(tx, asking, request)
        case OnGrant():
            return await grant_draft(tx, asking, request)


async def _scope(tx: AsyncManagedTransaction, asking: Asking, scope: Scope) -> Draft:
    office = asking.office
    entry = await find_entry(tx, asking.subject, asking.table, scope.dataset)
    about = about_entry(entry, office)
    unseen = entry.tier.share is ShareType.NON_SHARED and not entry.fields
    check(scope.faults(day_of(asking.now), unseen=unseen), about, scope.dataset)
    return await _begun(tx, asking, entry, scope, entry.way_to(_named(entry, scope, about)), {})


async def _opening(tx: AsyncManagedTransaction, asking: Asking, opening: Opening) -> Draft:
    scope, office = opening.scope, asking.office
    entry = await find_entry(tx, asking.subject, asking.table, scope.dataset)
    about = about_entry(entry, office)
    check(scope.faults(day_of(asking.now), of_duty=False), about, scope.dataset)
    check(opening.faults(), about, scope.dataset)
    check_openable(entry, _named(entry, scope, about), about)
    organisation = None if opening.organisation is None else opening.organisation.stated
    return await _begun(tx, asking, entry, scope, Procedure.OPENING, {"organisation": organisation})


async def _begun(
    tx: AsyncManagedTransaction,
    asking: Asking,
    entry: Entry,
    scope: Scope,
    procedure: Procedure,
    more: Mapping[str, Any],
) -> Draft:
    office, about = asking.office, about_entry(entry, asking.office)
    step = step_of(procedure, None, BEGINS[procedure])
    assert step is not None
    office.check_begin(step)
    if entry.provider["id"] == office.consumer["id"]:
        text = "this is your own agency's dataset; nobody answers their own application"
        raise denied(Fault("OWN_DATASET", text, "dataset"), about, scope.dataset)
    check_owners(entry.owners, entry.id, office.consumer["id"], about)
    stated = {**stated_scope(entry, office, scope), **more}
    if procedure is Procedure.DECLARATION:  # which is the grant's image; other procedures state masks in the answer
        stated["fields"] = [*masked(stated["fields"], entry.fields, procedure)]
    await check_new(tx, entry, procedure, stated, asking.now, about)
    return Draft(step, random_id("cs_"), 0, stated, about)


async def check_new(
    tx: AsyncManagedTransaction,
    entry: Entry,
    procedure: Procedure,
    stated: Mapping[str, Any],
    now: datetime,
    about: About,
) -> None:
    """Whether a scope is asked for that the consumer neither waits for nor has. Nobody else files for it meanwhile.

    Who has fields under other masks than those in force now does not have what they ask for.

    Raises:
        Denied: `ALREADY_APPLIED`, `ALREADY_GRANTED`.
    """
    dataset = stated["dataset"]["id"]
    given = {
        "consumer": stated["consumer"]["id"],
        "dataset": dataset,
        "waiting": WAITING,
        "purpose": stated["purpose"],
        "now": instant(now),
    }
    waiting, held = (await (await tx.run(_ASKED, given)).single(strict=True))[0]
    if waiting is not None:
        text = f"case {waiting} of yours for this purpose is not decided yet; withdraw it, or wait"
        raise denied(Fault("ALREADY_APPLIED", text, "purpose"), about, dataset)
    wanted = {**stated, "fields": [*masked(stated["fields"], entry.fields, procedure)]}
    for grant, image in held:
        if stated["fields"] and covers(orjson.loads(image), wanted):
            text = f"your grant {grant} has all of this already"
            raise denied(Fault("ALREADY_GRANTED", text, "fields"), about, dataset)


def _named(entry: Entry, scope: Scope, about: About) -> list[str]:
    """The fields that a scope names.

    Raises:
        Denied: `UNKNOWN_FIELD`: the entry has none of that id, as far as the caller may know.
    """
    named = [("fields", one) for one in scope.fields] + [("rows", one.field) for one in scope.rows]
    for path, one in named:
        if one not in entry.fields:
            fault = Fault("UNKNOWN_FIELD", f"{entry.identifier} has no field {one!r:.60}", path)
            raise denied(fault, about, scope.dataset)
    return [one for _, one in named]


def check_openable(entry: Entry, named: list[str], about: About) -> None:
    """Whether fields can be opened on conditions.

    Raises:
        Denied: `NOT_OPEN`; `ALREADY_OPEN`, where nobody has to apply.
    """
    tiers = {entry.tier.open, *(entry.tier_of(one).open for one in named)}
    if OpenType.NOT_OPEN in tiers:
        text = "this is not opened: a ground of article 22 stands against it"
        raise denied(Fault("NOT_OPEN", text, "fields"), about, entry.id)
    if tiers == {OpenType.OPEN}:
        text = "this is open to everybody without an application"
        raise denied(Fault("ALREADY_OPEN", text, "fields"), about, entry.id)


def about_entry(entry: Entry, office: Office) -> About:
    """What a case about an entry concerns."""
    parties = (entry.provider["id"], None if office.agency is None else office.agency["id"])
    jurisdictions = tuple(sorted({*entry.jurisdictions, *office.jurisdictions}))
    return About(tuple(dict.fromkeys(one for one in parties if one)), jurisdictions, (entry.id,))


def stated_scope(entry: Entry, office: Office, scope: Scope) -> dict[str, Any]:
    """As documents have it."""
    return {
        "dataset": entry.stated,
        "provider": dict(entry.provider),
        "consumer": dict(office.consumer),
        "fields": entry.stated_fields(scope.fields),
        "rows": [condition.stated for condition in scope.rows],
        "purpose": str(scope.purpose),
        "explanation": scope.explanation,
        "legalBasis": [basis.stated for basis in scope.legal_basis],
        "since": str(scope.since),
        "until": str(scope.until),
    }
