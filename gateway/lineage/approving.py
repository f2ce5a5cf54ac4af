"""Masks that the owner of a field accepts as enough in one field made from it, signed (R17.2, R19, R23.1).

What comes through a mask is as strict as its source, unless the source's owner has signed for that rule and that field.
An approval is never changed: who withdraws it ends the record of it, and one begins that says until when it held.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from neo4j import AsyncManagedTransaction

from gateway.audit.event import About, canonical
from gateway.audit.kinds import MaskApproved, MaskWithdrawn
from gateway.audit.ledger import Denied, Made
from gateway.catalog.batches import value
from gateway.graph import random_id
from gateway.graph.times import instant
from gateway.lineage.known import Thing, check_officer, find_things, inspected, lock_dataset, own
from gateway.lineage.stating import LINEAGE, MaskApproval, MaskWithdrawal, reasoned
from gateway.lineage.tiers import mark
from gateway.lineage.words import LineageAct
from gateway.masks import Mask, read_kept
from gateway.sharing.draft import Asking, Paper, check
from gateway.sharing.office import Office
from gateway.sharing.taking import Taking
from gateway.vocabulary import FOREVER

_PREFIX: Final = "ma_"
_IN_FORCE: Final = """
MATCH (n:Declassification {source: $source, target: $target})
WHERE n.mask = $mask AND n.recordedTo = $forever AND n.validTo = $forever
RETURN collect(n.id)
"""
_FIND: Final = """
OPTIONAL MATCH (n:Declassification {id: $id})
SET n.locked = true REMOVE n.locked
RETURN CASE WHEN n IS NULL THEN null ELSE n {.*} END
"""
_BEGIN: Final = "CREATE (n:Declassification) SET n = $p RETURN n.id"
_END: Final = """
MATCH (n:Declassification {id: $id})
SET n.recordedTo = CASE WHEN n.recordedFrom > $now THEN n.recordedFrom ELSE $now END
RETURN count(*)
"""


@dataclass(frozen=True, slots=True)
class Approvals:
    """Takes what owners accept. The clock is what tests turn."""

    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))

    async def draft(self, tx: AsyncManagedTransaction, asking: Asking, request: MaskApproval) -> Paper:
        """The document that approves a mask.

        Raises:
            Denied: `NOT_ALLOWED`; `NOT_FOUND`, for what is not there, another agency's, or not to be inspected, alike;
                `NOT_A_FIELD`, `SAME_DATASET`, `UNKNOWN_MASK`, `ALREADY_APPROVED`; and what `faults` finds.
        """
        check_officer(asking.office)
        things = await find_things(tx, asking.subject, asking.table, [request.source, request.target])
        source, target = _fields(things, request.source, request.target, asking)
        check(request.faults(), source.about, source.id)
        mask = read_kept(source.masks).get(request.audience)
        if mask is None or (mask.name, mask.version) != (request.mask, request.version):
            text = f"the field has no rule {request.mask!r:.60} of version {request.version} for {request.audience} now"
            raise Denied("UNKNOWN_MASK", text, path="mask", target=source.id, about=source.about)
        await _check_new(tx, source, target, mask)
        content = {
            "id": random_id(_PREFIX),
            "source": source.stated,
            "target": target.stated,
            "provider": dict(asking.office.agency or {}),
            "audience": str(request.audience),
            "mask": mask.stated,
            **reasoned(request),
        }
        return Paper(LINEAGE, LineageAct.APPROVE_MASK, None, 0, content)

    async def take(self, taking: Taking) -> Made:
        """Put an approval in force.

        Raises:
            Denied: as in `draft`, for what has changed since; `MASK_CHANGED`.
        """
        tx, content = taking.tx, taking.document.stated["content"]
        check_officer(taking.office)
        named = content["source"]["id"], content["target"]["id"]
        found = await find_things(tx, taking.subject, taking.table, named)
        await lock_dataset(tx, own(found, named[0], taking.office, "source").dataset)
        things = await find_things(tx, taking.subject, taking.table, named)
        source, target = _fields(things, *named, taking)
        mask = {str(audience): one.stated for audience, one in read_kept(source.masks).items()}.get(content["audience"])
        if mask is None or mask != content["mask"]:
            text = "the rule was changed since this was prepared; prepare it anew"
            raise Denied("MASK_CHANGED", text, path="signing", target=source.id, about=source.about)
        kept = canonical(mask).decode()
        await _check_new(tx, source, target, kept)
        now, about = instant(self.clock()), _about(source, target)
        event = MaskApproved(
            cause=taking.cause,
            about=about,
            approval=content["id"],
            mask=f"{mask['name']}/{mask['version']}",
            document=taking.document.digest,
            signature=taking.signature_digest,
        )
        properties = {
            "id": content["id"],
            "source": source.id,
            "target": target.id,
            "dataset": source.dataset,
            "mask": kept,
            "agency": source.agency,
            "document": taking.document.stated["signing"],
            "event": event.id,
            "validFrom": now,
            "validTo": FOREVER,
            "recordedFrom": now,
            "recordedTo": FOREVER,
        }
        await value(tx, _BEGIN, p=properties)
        await mark(tx, [target.id])
        homes = sorted({source.home, target.home})
        await taking.sign(source.dataset, taking.document.stated, begins=False, parties=about.agencies, homes=homes)
        return _made(content["id"], source.dataset, event)


@dataclass(frozen=True, slots=True)
class Withdrawals:
    """Takes back what owners have accepted. The clock is what tests turn."""

    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))

    async def draft(self, tx: AsyncManagedTransaction, asking: Asking, request: MaskWithdrawal) -> Paper:
        """The document that withdraws an approval.

        Raises:
            Denied: `NOT_ALLOWED`; `NOT_FOUND`, also for another agency's; `ALREADY_WITHDRAWN`; and what `faults` finds.
        """
        check_officer(asking.office)
        found = await _find(tx, request.approval, asking.office)
        about = About((found["agency"],), asking.office.jurisdictions, (found["dataset"],))
        check(request.faults(), about, request.approval)
        content = {
            "id": random_id(_PREFIX),
            "approval": found["id"],
            "source": found["source"],
            "target": found["target"],
            "provider": dict(asking.office.agency or {}),
            "mask": found["mask"],
            **reasoned(request),
        }
        return Paper(LINEAGE, LineageAct.WITHDRAW_MASK, None, 0, content)

    async def take(self, taking: Taking) -> Made:
        """End an approval.

        Raises:
            Denied: as in `draft`, for what has changed since.
        """
        tx, content = taking.tx, taking.document.stated["content"]
        check_officer(taking.office)
        found = await _find(tx, content["approval"], taking.office)
        things = await find_things(
            tx, taking.subject, taking.table, [found["source"], found["target"], found["dataset"]]
        )
        now = max(instant(self.clock()), found["validFrom"])
        # Its dataset has been there since it was approved, and datasets are never deleted.
        source = things.get(found["source"]) or things[found["dataset"]]
        about = _about(source, things.get(found["target"]))
        event = MaskWithdrawn(
            cause=taking.cause,
            about=about,
            approval=found["id"],
            document=taking.document.digest,
            signature=taking.signature_digest,
        )
        await value(tx, _END, id=found["id"], now=now)
        ended = {
            **found,
            "id": content["id"],
            "document": taking.document.stated["signing"],
            "event": event.id,
            "validTo": now,
            "recordedFrom": now,
        }
        await value(tx, _BEGIN, p=ended)
        await mark(tx, [found["target"]])
        homes = sorted({one.home for one in things.values()})
        await taking.sign(found["dataset"], taking.document.stated, begins=False, parties=about.agencies, homes=homes)
        return _made(content["id"], found["dataset"], event)


def _fields(things: Mapping[str, Thing], source: str, target: str, asking: Asking | Taking) -> tuple[Thing, Thing]:
    """The agency's own field, and the one that was made from it.

    Raises:
        Denied: `NOT_FOUND`, `NOT_A_FIELD`, `SAME_DATASET`.
    """
    one = own(things, source, asking.office, "source")
    other = inspected(things, target, asking.table, "target")
    for path, thing in (("source", one), ("target", other)):
        if thing.field is None:
            text = "masks are approved for a field in a field; this is a dataset"
            raise Denied("NOT_A_FIELD", text, path=path, target=thing.id, about=one.about)
    if one.dataset == other.dataset:
        text = "both fields are of one dataset, of which one agency states the tiers"
        raise Denied("SAME_DATASET", text, path="target", target=other.id, about=one.about)
    return one, other


async def _check_new(tx: AsyncManagedTransaction, source: Thing, target: Thing, mask: Mask | str) -> None:
    """Whether this is not in force already.

    Raises:
        Denied: `ALREADY_APPROVED`.
    """
    kept = mask if isinstance(mask, str) else canonical(mask.stated).decode()
    held = await value(tx, _IN_FORCE, source=source.id, target=target.id, mask=kept, forever=FOREVER)
    if held:
        text = f"your agency has approved this already: {held[0]}"
        raise Denied("ALREADY_APPROVED", text, path="mask", target=source.id, about=source.about)


async def _find(tx: AsyncManagedTransaction, identifier: str, office: Office) -> Mapping[str, Any]:
    """An approval in force of an agency's own, locked.

    Raises:
        Denied: `NOT_FOUND`, `ALREADY_WITHDRAWN`.
    """
    found: dict[str, Any] | None = await value(tx, _FIND, id=identifier)
    if found is None or office.agency is None or found["agency"] != office.agency["id"]:
        about = About() if found is None else About((found["agency"],), (), (found["dataset"],), hidden=True)
        text = f"your agency has approved nothing {identifier!r:.60}"
        raise Denied("NOT_FOUND", text, path="approval", target=identifier, about=about)
    if found["recordedTo"] != FOREVER or found["validTo"] != FOREVER:
        about = About((found["agency"],), office.jurisdictions, (found["dataset"],))
        raise Denied("ALREADY_WITHDRAWN", "this was withdrawn", path="approval", target=identifier, about=about)
    return found


def _about(source: Thing, target: Thing | None) -> About:
    """Both agencies are concerned: the owner says it of its own, and to who provides what was made from it."""
    both = [source] if target is None else [source, target]
    return About(
        tuple(dict.fromkeys(one.agency for one in both)),
        tuple(sorted({above for one in both for above in one.jurisdictions})),
        tuple(dict.fromkeys(one.dataset for one in both)),
        tuple(one.id for one in both if one.field is not None),
    )


def _made(approval: str, dataset: str, event: MaskApproved | MaskWithdrawn) -> Made:
    return Made({"case": None, "grant": None, "derivations": [], "approval": approval}, {dataset: [event]})
