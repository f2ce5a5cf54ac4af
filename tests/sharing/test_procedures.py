"""From declaration and application to signed answer and grant, as the regulation has it."""

import asyncio
import json
import subprocess
from base64 import b64decode
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.audit.ledger import Denied
from gateway.catalog import write_entries
from gateway.graph import make_id
from gateway.sharing.acts import Dropped
from gateway.sharing.scope import Basis, Condition
from gateway.sharing.words import Act, Purpose, RowOperator
from gateway.vocabulary import Status
from tests.sharing.city import BASIS, DATASETS, WITHHELD, City, answer, on_grant


def field(name: str, dataset: str = "mixed") -> str:
    return make_id("fd_", DATASETS[dataset].identifier, name)


def moved(city: City) -> list[tuple[str, str, str | None, str]]:
    said = city.events("case.moved", "grant.moved")
    return [(one["kind"], one["data"]["act"], one["data"]["before"], one["data"]["after"]) for one in said]


async def test_a_declaration_of_scope_and_purpose_gives_a_grant_at_once(city: City) -> None:  # R16.1
    made = await city.act("consumer", city.scope("free", "a"))
    grant = await city.grant(made["grant"])
    assert (grant["status"], grant["fields"], grant["purpose"]) == ("ACTIVE", [field("a", "free")], "SERVICE")
    assert (grant["validFrom"], grant["validTo"]) == ("2026-02-09T16:00:00.000Z", "2027-02-09T16:00:00.000Z")
    assert (await city.case(made["case"]))["state"] == "DECLARED"
    assert moved(city) == [
        ("case.moved", "DECLARE", None, "DECLARED"),
        ("grant.moved", "DECLARE", None, "ACTIVE"),
    ]


async def test_what_is_conditional_needs_an_application_with_a_deadline(city: City) -> None:  # R16.2a, R16.2b
    case = await city.case(await city.applied())
    assert (case["kind"], case["state"]) == ("APPLICATION", "SUBMITTED")
    assert case["deadline"]["dueAt"] == "2026-02-26T15:59:59.999Z"
    (clock,) = json.loads(case["deadline"]["clocks"])
    assert clock["counted"] == [f"2026-02-{day}" for day in (11, 12, 13, 14, 24, 25, 26)]
    assert clock["basis"] == "庆政办发〔2021〕34号"
    assert await city.graph.read("MATCH (g:Grant) RETURN count(g)") == 0


async def test_an_approval_grants_exactly_what_was_applied_for(city: City) -> None:  # R16.2d
    case = await city.applied("open", "asked")
    made = await city.act("provider", answer(case, Act.APPROVE))
    grant = await city.grant(made["grant"])
    assert grant["fields"] == [field("open"), field("asked")]
    document = await city.graph.read(
        "MATCH (:Grant {id: $id})-[:IMAGE_OF]->(x:Document)<-[:SIGNS]-(s) RETURN x {.*, signature: s.digest}",
        {"id": made["grant"]},
    )
    assert json.loads(document["bytes"])["content"]["granted"] == json.loads(grant["scope"])
    assert grant["image"] == document["digest"]
    assert (await city.case(case))["state"] == "APPROVED"
    last = city.events()[-1]
    assert (last["data"]["document"], last["data"]["signature"]) == (document["digest"], document["signature"])
    assert {*last["about"]["agencies"]} == {make_id("ag_", "water"), make_id("ag_", "power")}
    assert last["about"]["case"] == case


async def test_a_partial_approval_grants_the_rest_and_says_why_not_all(city: City) -> None:  # R16.2c
    case = await city.applied("open", "asked", "also")
    dropped = (Dropped(field("asked"), "超出职责范围", BASIS),)
    made = await city.act("provider", answer(case, Act.APPROVE_PARTLY, dropped=dropped))
    assert (await city.grant(made["grant"]))["fields"] == [field("open"), field("also")]
    assert (await city.case(case))["state"] == "PARTIALLY_APPROVED"


async def test_a_refusal_needs_a_reason_and_grants_nothing(city: City) -> None:  # R16.2c
    case = await city.applied()
    assert (await city.refused("provider", answer(case, Act.REFUSE))).code == "EMPTY_TEXT"
    assert (await city.refused("provider", answer(case, Act.REFUSE, reason="不符合"))).code == "NO_BASIS"
    made = await city.act("provider", answer(case, Act.REFUSE, reason="不符合", basis=BASIS))
    assert made == {"case": case, "grant": None}
    assert (await city.case(case))["state"] == "REFUSED"
    assert await city.graph.read("MATCH (g:Grant) RETURN count(g)") == 0


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({}, "NOTHING_DROPPED"),
        ({"dropped": (Dropped("fd_x", "r", BASIS),)}, "UNKNOWN_FIELD"),
        ({"dropped": (Dropped(field("open"), " ", BASIS),)}, "EMPTY_TEXT"),
        ({"dropped": (Dropped(field("open"), "r", Basis("b", "")),)}, "EMPTY_TEXT"),
        ({"dropped": (Dropped(field("open"), "r", BASIS),) * 2}, "DOUBLE_FIELD"),
        ({"dropped": tuple(Dropped(field(f), "r", BASIS) for f in ("open", "asked"))}, "NOTHING_GRANTED"),
    ],
)
async def test_a_partial_approval_that_lacks_something_is_not_prepared(
    city: City, more: dict[str, Any], code: str
) -> None:
    case = await city.applied()
    assert (await city.refused("provider", answer(case, Act.APPROVE_PARTLY, **more))).code == code


@pytest.mark.parametrize(
    ("changes", "code", "path"),
    [
        ({"fields": ()}, "NO_FIELDS", "fields"),
        ({"fields": (field("asked"),) * 2}, "DOUBLE_FIELD", "fields"),
        ({"fields": (field("asked"), "fd_elsewhere")}, "UNKNOWN_FIELD", "fields"),
        ({"rows": (Condition("fd_elsewhere", RowOperator.IN, ("1",)),)}, "UNKNOWN_FIELD", "rows"),
        ({"rows": (Condition(field("open"), RowOperator.FROM, ("1", "2")),)}, "BAD_CONDITION", "rows"),
        ({"rows": (Condition(field("open"), RowOperator.IN, ("\x1b[2J",)),)}, "BAD_CONDITION", "rows"),
        ({"explanation": " "}, "EMPTY_TEXT", "explanation"),
        ({"explanation": "x" * 2001}, "BAD_TEXT", "explanation"),
        ({"legal_basis": ()}, "NO_BASIS", "legalBasis"),
        ({"legal_basis": (Basis("", "1"),)}, "EMPTY_TEXT", "legalBasis"),
        ({"since": date(2026, 2, 9)}, "PERIOD_PAST", "since"),
        ({"until": date(2026, 2, 9)}, "PERIOD_EMPTY", "until"),
        ({"until": date(2032, 2, 9)}, "PERIOD_LONG", "until"),
    ],
)
async def test_each_missing_or_impossible_element_has_its_code_and_path(
    city: City, changes: dict[str, Any], code: str, path: str
) -> None:  # R16.2a, R17.1
    denied = await city.refused("consumer", city.scope("mixed", "asked", **changes))
    assert (denied.code, denied.path) == (code, path)
    (refusal,) = city.events()
    assert (refusal["kind"], refusal["outcome"], refusal["data"]["code"]) == ("change.refused", "REFUSED", code)
    assert await city.graph.read("MATCH (p:Preparation) RETURN count(p)") == 0


async def test_what_may_not_be_known_is_not_there_and_its_fields_are_not_named(city: City) -> None:
    asked = city.scope("mixed", "asked")
    assert (await city.refused("consumer", replace(asked, dataset="ds_nowhere"))).code == "NOT_FOUND"
    await write_entries(city.graph, [replace(DATASETS["mixed"], status=Status.DRAFT)])
    hidden = await city.refused("consumer", asked)
    nowhere = await city.refused("consumer", replace(asked, dataset="ds_nowhere"))
    assert (hidden.code, str(hidden).replace(asked.dataset, "X")) == (
        nowhere.code,
        str(nowhere).replace("ds_nowhere", "X"),
    )


async def test_who_may_not_sign_for_an_agency_prepares_nothing(city: City) -> None:
    assert (await city.refused("staff", city.scope("free", "a"))).code == "NOT_ALLOWED"
    assert (await city.refused("provider", city.scope("free", "a"))).code == "OWN_DATASET"
    case = await city.applied()
    assert (await city.refused("consumer", answer(case, Act.APPROVE))).code == "NOT_ALLOWED"
    assert (await city.refused("center", answer(case, Act.APPROVE))).code == "NOT_FOUND"  # R4.3


async def test_an_answer_counts_once_and_the_second_officer_is_told(city: City) -> None:
    case = await city.applied()
    first = await city.prepare("provider", answer(case, Act.APPROVE))
    second = await city.prepare("provider2", answer(case, Act.REFUSE, reason="不符合", basis=BASIS))
    outcomes = await asyncio.gather(
        city.file("provider", first["signing"], city.sign("provider", first["document"])),
        city.file("provider2", second["signing"], city.sign("provider2", second["document"])),
        return_exceptions=True,
    )
    (lost,) = [one for one in outcomes if isinstance(one, Denied)]
    assert lost.code == "NOT_NOW"
    assert (await city.case(case))["version"] == 2
    assert await city.graph.read("MATCH (:Case)-[:HAS]->(x:Document) RETURN count(x)") == 2


async def test_an_answer_after_a_withdrawal_comes_too_late(city: City) -> None:
    case = await city.applied()
    prepared = await city.prepare("provider", answer(case, Act.APPROVE))
    consumer = city.officers["consumer"].subject
    await city.filing.withdraw(consumer, city.cause(consumer), case, 1, city.key())
    with pytest.raises(Denied) as late:
        await city.file("provider", prepared["signing"], city.sign("provider", prepared["document"]))
    assert late.value.code == "NOT_NOW"
    with pytest.raises(Denied) as twice:
        await city.filing.withdraw(consumer, city.cause(consumer), case, 2, city.key())
    assert twice.value.code == "NOT_NOW"


async def test_an_application_is_not_made_twice_nor_for_what_is_granted(city: City) -> None:
    case = await city.applied()
    assert (await city.refused("consumer", city.scope("mixed", "asked"))).code == "ALREADY_APPLIED"
    await city.prepare("consumer", city.scope("mixed", "asked", purpose=Purpose.STATISTICS))
    await city.act("provider", answer(case, Act.APPROVE))
    assert (await city.refused("consumer", city.scope("mixed", "asked"))).code == "ALREADY_GRANTED"
    await city.prepare("consumer", city.scope("mixed", "asked", "also"))


async def test_of_two_who_file_the_same_application_one_is_told(city: City) -> None:
    await city.hire("colleague")
    first = await city.prepare("consumer", city.scope("mixed", "asked"))
    second = await city.prepare("colleague", city.scope("mixed", "also"))
    outcomes = await asyncio.gather(
        city.file("consumer", first["signing"], city.sign("consumer", first["document"])),
        city.file("colleague", second["signing"], city.sign("colleague", second["document"])),
        return_exceptions=True,
    )
    (lost,) = [one for one in outcomes if isinstance(one, Denied)]
    assert lost.code == "ALREADY_APPLIED"
    assert await city.graph.read("MATCH (c:Case) RETURN count(c)") == 1


async def test_what_was_withheld_since_it_was_applied_for_is_not_granted(city: City) -> None:
    case = await city.applied("open", "asked")
    ready = await city.prepare("provider", answer(case, Act.APPROVE))
    kept = [one for one in DATASETS["mixed"].fields if one.name != "asked"]
    await write_entries(city.graph, [replace(DATASETS["mixed"], fields=tuple(kept))])
    assert (await city.refused("provider", answer(case, Act.APPROVE))).code == "FIELD_WITHHELD"
    with pytest.raises(Denied) as late:
        await city.file("provider", ready["signing"], city.sign("provider", ready["document"]))
    assert late.value.code == "FIELD_WITHHELD"
    assert await city.graph.read("MATCH (g:Grant) RETURN count(g)") == 0
    dropped = (Dropped(field("asked"), "已撤下", BASIS),)
    made = await city.act("provider", answer(case, Act.APPROVE_PARTLY, dropped=dropped))
    assert (await city.grant(made["grant"]))["fields"] == [field("open")]
    withheld = tuple(replace(one, tier=WITHHELD) if one.name == "open" else one for one in kept)
    other = await city.act("consumer", city.scope("mixed", "also", "open", purpose=Purpose.STATISTICS))
    await write_entries(city.graph, [replace(DATASETS["mixed"], fields=withheld)])
    assert (await city.refused("provider", answer(other["case"], Act.APPROVE))).code == "FIELD_WITHHELD"


async def test_an_entry_that_changed_between_preparing_and_filing_is_prepared_anew(city: City) -> None:
    prepared = await city.prepare("consumer", city.scope("free", "a"))
    await write_entries(city.graph, [replace(DATASETS["free"], title="另一标题")])
    with pytest.raises(Denied) as changed:
        await city.file("consumer", prepared["signing"], city.sign("consumer", prepared["document"]))
    assert changed.value.code == "ENTRY_CHANGED"
    assert await city.graph.read("MATCH (n:Grant|Case) RETURN count(n)") == 0


async def test_a_grant_is_suspended_by_the_center_and_revoked_by_the_provider(city: City) -> None:
    made = await city.act("consumer", city.scope("free", "a"))
    grant = made["grant"]
    assert (await city.refused("provider", on_grant(grant, Act.SUSPEND))).code == "NOT_ALLOWED"
    assert (await city.refused("center", on_grant(grant, Act.REVOKE))).code == "NOT_ALLOWED"
    assert (await city.refused("consumer", on_grant(grant, Act.REVOKE))).code == "NOT_ALLOWED"
    await city.act("center", on_grant(grant, Act.SUSPEND))
    assert (await city.grant(grant))["status"] == "SUSPENDED"
    await city.act("center", on_grant(grant, Act.RESUME, 2))
    assert (await city.refused("provider", on_grant(grant, Act.REVOKE, 2))).code == "CONFLICT"
    await city.act("provider", on_grant(grant, Act.REVOKE, 3))
    assert (await city.grant(grant))["status"] == "REVOKED"
    assert (await city.refused("center", on_grant(grant, Act.SUSPEND, 4))).code == "NOT_NOW"
    assert [one[1:] for one in moved(city)[2:]] == [
        ("SUSPEND", "ACTIVE", "SUSPENDED"),
        ("RESUME", "SUSPENDED", "ACTIVE"),
        ("REVOKE", "ACTIVE", "REVOKED"),
    ]


async def test_a_year_without_a_calendar_stops_an_application_before_it_is_signed(city: City) -> None:
    city.now = city.now.replace(month=12, day=28)
    asked = city.scope("mixed", "asked", since=date(2026, 12, 28), until=date(2027, 2, 9))
    denied = await city.refused("consumer", asked)
    assert denied.code == "NO_DEADLINE"
    assert "2027" in str(denied)


async def test_openssl_accepts_the_signature_of_every_document_in_the_graph(city: City, tmp_path: Path) -> None:  # R19
    case = await city.applied()
    await city.act("provider", answer(case, Act.APPROVE))
    rows = await city.graph.read("MATCH (x:Document)<-[:SIGNS]-(s:Signature) RETURN collect([x.bytes, s.bytes])")
    assert len(rows) == 2
    for document, signature in rows:
        (tmp_path / "document").write_bytes(document.encode())
        (tmp_path / "signature").write_bytes(b64decode(signature))
        assert await asyncio.to_thread(openssl, city, tmp_path) == ""


def openssl(city: City, folder: Path) -> str:
    """What openssl has against a signature."""
    told = subprocess.run(
        ["openssl", "cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", folder / "signature",
         "-content", folder / "document", "-CAfile", city.authority.root_file, "-purpose", "any",
         "-attime", str(int((city.now + timedelta(minutes=1)).timestamp())), "-out", "/dev/null"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return "" if told.returncode == 0 else told.stderr
