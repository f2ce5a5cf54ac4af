"""Masks that a source's owner accepts in one field made from it (R17.2, R23.1)."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any, Final

import pytest

from gateway.audit.ledger import Denied
from gateway.lineage import MaskApproval, approving, declaring
from gateway.lineage.stating import Transformed
from gateway.lineage.tiering import Tiers
from gateway.lineage.words import TransformationType
from gateway.masks import Audience, Mask, MaskKind
from gateway.sharing.matters import Foreign
from gateway.vocabulary import FOREVER
from tests.lineage.stated import MASK, Statements, approved, declared, derived, ds, fd, withdrawn

NEWER: Final = Mask("names", 2, MaskKind.DROP)
_NODES: Final = "MATCH (n:Declassification) WITH n ORDER BY n.recordedFrom, n.validTo DESC RETURN collect(n {.*})"


async def nodes(statements: Statements) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = await statements.city.graph.read(_NODES)
    return found


async def test_an_approval_is_in_force_until_it_is_withdrawn_and_stays_on_record(
    statements: Statements, monkeypatch: pytest.MonkeyPatch
) -> None:
    marked: list[str] = []

    async def mark(_tx: Any, ids: Sequence[str]) -> None:
        marked.extend(ids)

    monkeypatch.setattr(approving, "mark", mark)
    monkeypatch.setattr(declaring, "mark", mark)
    identifier = await statements.act(approved(), "provider")
    since = statements.later()
    (node,) = await nodes(statements)
    provider = statements.city.officers["provider"].subject.agency
    document, event = node.pop("document"), node.pop("event")
    assert node == {
        "id": identifier,
        "source": fd("free.b"),
        "target": fd("stats.x"),
        "dataset": ds("free"),
        "mask": json.dumps(MASK.stated, separators=(",", ":"), sort_keys=True),
        "agency": provider,
        "validFrom": since,
        "validTo": FOREVER,
        "recordedFrom": since,
        "recordedTo": FOREVER,
    }
    assert json.loads(node["mask"]) == MASK.stated
    (logged,) = statements.city.events("lineage.mask-approved")
    assert (logged["id"], logged["about"]["fields"]) == (event, [fd("free.b"), fd("stats.x")])
    assert logged["about"]["agencies"] == [provider, statements.city.officers["consumer"].subject.agency]
    digest = await statements.city.graph.read("MATCH (x:Document {id: $id}) RETURN x.digest", {"id": document})
    assert (logged["data"]["document"], logged["data"]["mask"]) == (digest, "names/1")
    assert (await statements.why(approved(), "provider2"))[0] == "ALREADY_APPROVED"

    ended = await statements.act(withdrawn(identifier), "provider2")
    until = statements.now
    first, last = await nodes(statements)
    assert {**first, "recordedTo": FOREVER} == {**node, "document": document, "event": event}
    assert first["recordedTo"] == until
    assert (last["id"], last["validFrom"], last["validTo"], last["recordedFrom"], last["recordedTo"]) == (
        ended,
        since,
        until,
        until,
        FOREVER,
    )
    assert len(statements.city.events("lineage.mask-withdrawn")) == 1
    for one in (identifier, ended):
        assert await statements.why(withdrawn(one), "provider") == ("ALREADY_WITHDRAWN", "approval")
    await statements.act(approved(), "provider")
    await statements.act(declared(derived("free.b", "stats.x"), derived("free")))
    assert marked == [fd("stats.x")] * 4


async def test_only_the_owner_approves_its_own_rule_in_what_it_may_inspect(statements: Statements) -> None:
    for who, request, code, path in (
        ("consumer", approved(), "NOT_FOUND", "source"),
        ("consumer", approved("kept.a"), "NOT_FOUND", "source"),
        ("provider", approved("other.x"), "NOT_FOUND", "source"),
        ("provider", approved(target="plan.x"), "NOT_FOUND", "target"),
        ("provider", MaskApproval(fd("free.b"), "fd_no", "names", 1, Audience.SHARING), "NOT_FOUND", "target"),
        ("provider", approved(target="stats"), "NOT_A_FIELD", "target"),
        ("provider", MaskApproval(ds("free"), fd("stats.x"), "names", 1, Audience.SHARING), "NOT_A_FIELD", "source"),
        ("provider", approved(target="free.a"), "SAME_DATASET", "target"),
        ("provider", approved(mask=NEWER), "UNKNOWN_MASK", "mask"),
        ("provider", approved("free.a"), "UNKNOWN_MASK", "mask"),
        ("provider", MaskApproval(fd("free.b"), fd("stats.x"), "names", 1, Audience.OPENING), "UNKNOWN_MASK", "mask"),
        ("provider", approved(reason="\x1b[2J"), "BAD_TEXT", "reason"),
        ("staff", approved(), "NOT_ALLOWED", ""),
        ("center", approved(), "NOT_ALLOWED", ""),
        ("provider", withdrawn("ma_no"), "NOT_FOUND", "approval"),
    ):
        assert await statements.why(request, who) == (code, path)
    identifier = await statements.act(approved(), "provider")
    assert await statements.why(withdrawn(identifier)) == ("NOT_FOUND", "approval")
    refused = await statements.city.refused("consumer", withdrawn(identifier))
    unknown = await statements.city.refused("consumer", withdrawn("ma_no"))
    assert str(refused).replace(identifier, "") == str(unknown).replace("ma_no", "")


async def test_a_rule_that_has_changed_is_not_the_one_that_was_signed(statements: Statements) -> None:
    prepared = await statements.city.prepare("provider", approved())
    await statements.masked({Audience.SHARING: NEWER})
    assert await statements.why_not_filed(prepared, "provider") == "MASK_CHANGED"
    assert await nodes(statements) == []


async def test_of_two_officers_who_approve_or_withdraw_at_once_one_is_refused(statements: Statements) -> None:
    city = statements.city

    async def at_once(request: Foreign) -> list[str]:
        both = [(who, await city.prepare(who, request)) for who in ("provider", "provider2")]

        async def filed(who: str, prepared: Any) -> str:
            try:
                made = await city.file(who, prepared["signing"], city.sign(who, prepared["document"]))
            except Denied as denied:
                return denied.code
            return str(made["approval"])

        return sorted(await asyncio.gather(*(filed(*one) for one in both)))

    code, identifier = await at_once(approved())
    assert (code, len(await nodes(statements))) == ("ALREADY_APPROVED", 1)
    assert (await at_once(withdrawn(identifier)))[0] == "ALREADY_WITHDRAWN"
    assert len(await nodes(statements)) == 2


async def test_a_signed_approval_lifts_a_tier_and_its_withdrawal_brings_it_back(statements: Statements) -> None:
    """R17.2, from signatures to the tier: neither the mask nor the approval does it alone."""
    city, tiers = statements.city, Tiers.of(statements.city.ledger)

    async def through_lineage() -> str | None:
        await tiers.settle(city.cause(city.officers["consumer"].subject))
        found: str | None = await city.graph.read(
            "MATCH (f:Field {id: $id}) RETURN f.lineageTier", {"id": fd("stats.x")}
        )
        return found

    await statements.masked({Audience.SHARING: MASK}, "mixed_asked")
    assert await through_lineage() is None
    masks = (Transformed(TransformationType.DIRECT, "TRANSFORMATION", masking=True),)
    await statements.act(declared(derived("mixed.asked", "stats.x", transformations=masks)))
    assert await through_lineage() == "CC"
    approval = await statements.act(approved("mixed.asked"), "provider")
    assert await through_lineage() is None
    statements.later()
    await statements.act(withdrawn(approval), "provider")
    assert await through_lineage() == "CC"
