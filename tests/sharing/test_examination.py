"""Grants are suspended when what they were given for has changed to the worse, and never by anything else."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from shutil import copytree

import pytest

from gateway.audit.event import GATEWAY, Cause
from gateway.audit.ledger import Denied
from gateway.audit.recording import Recording
from gateway.catalog import Entry, withdraw, write_entries
from gateway.catalog.model import FieldSpec
from gateway.policy.store import PolicyStore
from gateway.sharing.cases import standing
from gateway.sharing.examination import Examinations, suspend_changed
from gateway.sharing.words import Act
from gateway.vocabulary import OpenType, ShareType
from tests.sharing.city import DATASETS, POLICIES, WITHHELD, City, answer, on_grant
from tests.sharing.test_opening import applied, opened
from tests.sharing.test_procedures import field

MIXED = DATASETS["mixed"]


def recording(city: City) -> Recording:
    return Recording(city.outbox, Cause(GATEWAY, city.policy.current.digest), (suspend_changed,))


async def rewrite(city: City, entry: Entry) -> None:
    await write_entries(city.graph, [entry], recording=recording(city))


def without(name: str) -> Entry:
    return replace(MIXED, fields=tuple(one for one in MIXED.fields if one.name != name))


def stricter(name: str) -> Entry:
    fields = tuple(replace(one, tier=WITHHELD) if one.name == name else one for one in MIXED.fields)
    return replace(MIXED, fields=fields)


async def granted(city: City, *fields: str) -> str:
    case = await city.applied(*fields)
    return str((await city.act("provider", answer(case, Act.APPROVE)))["grant"])


async def suspensions(city: City) -> list[dict[str, str]]:
    return [one["data"]["changes"] for one in city.events("grant.suspended")]


async def test_a_dropped_field_suspends_says_so_and_gives_the_provider_a_task(city: City) -> None:
    hit, missed = await granted(city, "open", "asked"), await city.act("consumer", city.scope("free", "a"))
    await rewrite(city, without("asked"))
    grant = await city.grant(hit)
    assert (grant["status"], grant["suspendedBy"], grant["version"]) == ("SUSPENDED", "GATEWAY", 2)
    assert await suspensions(city) == [{field("asked"): "DROPPED"}]
    assert await city.owners(hit) == ["water"]
    assert (await city.grant(missed["grant"]))["status"] == "ACTIVE"
    # It has lost a field, and with it what was signed: it never comes back.
    assert (await city.refused("provider", on_grant(hit, Act.RESUME, 2))).code == "FIELD_WITHHELD"
    await city.act("provider", on_grant(hit, Act.REVOKE, 2))
    assert await city.owners(hit) == []


async def test_a_stricter_tier_suspends_and_the_provider_alone_resumes(city: City) -> None:
    grant = await granted(city, "open", "asked")
    await rewrite(city, stricter("asked"))
    assert await suspensions(city) == [{field("asked"): "NON_SHARED"}]
    for who in ("center", "consumer"):
        assert (await city.refused(who, on_grant(grant, Act.RESUME, 2))).code == "NOT_ALLOWED"
    await city.act("provider", on_grant(grant, Act.RESUME, 2))
    assert (await city.grant(grant))["status"] == "ACTIVE"
    assert await city.owners(grant) == []
    await rewrite(city, replace(stricter("asked"), title="另一标题"))  # the same tier is no change
    assert (await city.grant(grant))["status"] == "ACTIVE"


async def test_what_the_center_has_suspended_the_provider_does_not_resume(city: City) -> None:
    grant = await granted(city, "asked")
    await city.act("center", on_grant(grant, Act.SUSPEND))
    assert (await city.refused("provider", on_grant(grant, Act.RESUME, 2))).code == "NOT_ALLOWED"
    await city.act("center", on_grant(grant, Act.RESUME, 2))


async def test_a_withdrawn_entry_suspends_and_another_title_or_a_wider_tier_does_not(city: City) -> None:
    grant = await granted(city, "asked")
    wider: Sequence[FieldSpec] = [replace(one, tier=None) if one.name == "asked" else one for one in MIXED.fields]
    await rewrite(city, replace(MIXED, title="另一标题", fields=tuple(wider)))
    assert (await city.grant(grant))["status"] == "ACTIVE"
    await withdraw(city.graph, [MIXED.identifier], recording=recording(city))
    assert (await suspensions(city))[0][(await city.grant(grant))["dataset"]] == "WITHDRAWN"


async def test_towards_the_public_the_opening_tier_counts(city: City) -> None:
    person, agency = await opened(city, await applied(city)), await granted(city, "asked")
    tier = replace(MIXED.fields[1].tier or WITHHELD, share=ShareType.NON_SHARED)
    fields = tuple(replace(one, tier=tier) if one.name == "asked" else one for one in MIXED.fields)
    await rewrite(city, replace(MIXED, fields=fields))
    assert ((await city.grant(person))["status"], (await city.grant(agency))["status"]) == ("ACTIVE", "SUSPENDED")
    closed = replace(WITHHELD, share=ShareType.NON_SHARED)
    fields = tuple(replace(one, tier=closed) if one.name == "asked" else one for one in MIXED.fields)
    await rewrite(city, replace(MIXED, fields=fields))
    assert (await city.grant(person))["status"] == "SUSPENDED"
    assert (await suspensions(city))[-1] == {field("asked"): str(OpenType.NOT_OPEN)}


async def test_another_policy_suspends_what_it_forbids_and_nothing_else(city: City, tmp_path: Path) -> None:
    free = (await city.act("consumer", city.scope("free", "a")))["grant"]
    conditional, opening = await granted(city, "asked"), await opened(city, await applied(city))
    policies = tmp_path / "policies"
    copytree(POLICIES, policies)
    store = PolicyStore(policies)
    watch = Examinations(city.graph, city.outbox, store, lambda: Cause(GATEWAY, store.current.digest))
    assert await watch.sweep() == 0
    rule = "conditional-granted, AGENCY, {}, GRANTED"
    text = (policies / "policy.csv").read_text("utf-8")
    assert rule.format("ANY") in text
    narrower = text.replace(rule.format("ANY"), rule.format("BY_REFERENCE"))
    (policies / "policy.csv").write_text(narrower, "utf-8")
    assert store.reload() == ()
    assert await watch.sweep() == 1
    assert await watch.sweep() == 0
    states = [(await city.grant(one))["status"] for one in (free, conditional, opening)]
    assert states == ["ACTIVE", "SUSPENDED", "ACTIVE"]
    assert {"FORBIDDEN"} == {*(await suspensions(city))[0].values()}
    (policies / "policy.csv").write_text("nonsense", "utf-8")
    assert store.reload()
    assert await watch.sweep() == 0  # the last good policy stays in force
    nothing = PolicyStore(policies)
    assert (
        await Examinations(city.graph, city.outbox, nothing, lambda: Cause(GATEWAY, nothing.current.digest)).sweep()
        == 0
    )
    assert (await city.grant(free))["status"] == "ACTIVE"


async def test_a_period_that_is_over_ends_a_grant_without_anybodys_doing(city: City) -> None:
    grant = await granted(city, "asked")
    held = {**await city.grant(grant), "state": "ACTIVE"}
    assert standing(held, city.now)["state"] == "ACTIVE"
    city.now = city.now.replace(year=2027, month=2, day=9, hour=16)
    assert standing(held, city.now)["state"] == "EXPIRED"
    for who, act in (("center", Act.SUSPEND), ("provider", Act.REVOKE)):
        assert (await city.refused(who, on_grant(grant, act))).code == "NOT_NOW"


async def test_a_period_that_is_over_is_not_granted_any_more(city: City) -> None:
    made = await city.act("consumer", city.scope("mixed", "asked", until=city.now.date()))
    city.now = city.now.replace(day=11)
    assert (await city.refused("provider", answer(made["case"], Act.APPROVE))).code == "PERIOD_OVER"


@pytest.mark.parametrize("late", [False, True])
async def test_whichever_is_first_an_answer_or_a_change_no_grant_is_left_of_what_is_withheld(
    city: City, late: bool
) -> None:
    case = await city.applied("asked")
    prepared = await city.prepare("provider", answer(case, Act.APPROVE))
    if not late:
        await rewrite(city, stricter("asked"))
    filed = city.file("provider", prepared["signing"], city.sign("provider", prepared["document"]))
    if late:
        await filed
        await rewrite(city, stricter("asked"))
    else:
        with pytest.raises(Denied) as denied:
            await filed
        assert denied.value.code == "FIELD_WITHHELD"
    active = await city.graph.read("MATCH (g:Grant {status: 'ACTIVE'}) RETURN count(g)")
    assert active == 0
