"""Who could have seen something then: by the tiers, offices, grants and policy of that instant, not of now."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copytree

import pytest

from gateway.audit.asking import Events
from gateway.audit.index import Index
from gateway.audit.log import LogFolder
from gateway.catalog import withdraw, write_entries
from gateway.graph import make_id
from gateway.graph.times import instant
from gateway.identity import Profile, Subject
from gateway.policy.store import PolicyStore
from gateway.sharing.access_then import AccessHistory, AccessThen, Holders
from gateway.sharing.policies import PolicyPeriods
from gateway.sharing.reading import Cases
from gateway.sharing.words import Act
from gateway.vocabulary import Action, AgencyKind, Relation, Role, ShareType
from tests.sharing.city import DATASETS, NOW, POLICIES, City, answer, on_grant
from tests.sharing.test_examination import stricter, without
from tests.sharing.test_procedures import field
from tests.support.logged import logged

MIXED = make_id("ds_", DATASETS["mixed"].identifier)
HELD = frozenset({Relation.ANYONE, Relation.GRANTED})


@pytest.fixture
async def auditor(city: City) -> Subject:
    """Somebody who oversees the whole city. Its policy is on record."""
    await city.graph.run("MATCH (p:PolicyPeriod) DELETE p")
    await PolicyPeriods(city.graph, city.policy).look()
    return await overseer(city)


async def overseer(city: City, *below: str, role: Role = Role.AUDITOR) -> Subject:
    whole = await city.graph.read("MATCH (j:Jurisdiction) RETURN collect(j.id)", {})
    profile = Profile(frozenset({role}), AgencyKind.ADMINISTRATIVE)
    return Subject("pe_auditor", "auditor", "ag_audit", "ap_audit", below or tuple(whole), profile=profile)


def moment() -> str:
    return instant(datetime.now(UTC))


async def tick() -> str:
    """An instant behind which all that follows is written."""
    await asyncio.sleep(0.003)
    found = moment()
    await asyncio.sleep(0.003)
    return found


async def asked(city: City, subject: Subject, of: str, at: str, known: str | None = None) -> AccessThen | None:
    """Asked when the index of the log has all that the log has."""
    folder = LogFolder(city.state)
    while Index(folder.index).next() < len(logged(city.state)):  # noqa: ASYNC110  # another task keeps it
        await asyncio.sleep(0.02)
    history = AccessHistory(Cases(city.graph), Events(folder))
    return await history.of(subject, of, at, known or moment())


async def then(city: City, subject: Subject, of: str, at: str, known: str | None = None) -> AccessThen:
    found = await asked(city, subject, of, at, known)
    assert found is not None
    return found


def group(found: AccessThen, role: Role, relations: frozenset[Relation]) -> Holders:
    (one,) = (one for one in found.holders if (one.role, one.relations) == (role, relations))
    return one


def could(found: AccessThen, role: Role, relation: Relation = Relation.ANYONE) -> Mapping[Action, bool]:
    one = group(found, role, frozenset({Relation.ANYONE, relation}))
    return {action: decision.allowed for action, decision in one.decisions.items()}


async def test_a_tier_of_then_decides(city: City, auditor: Subject) -> None:
    before = await tick()
    await write_entries(city.graph, [stricter("asked")])
    found = await then(city, auditor, field("asked"), before)
    assert found.stated["shareType"] == ShareType.CONDITIONAL
    assert could(found, Role.OFFICER)[Action.INSPECT]
    now = await then(city, auditor, field("asked"), moment())
    assert now.stated["shareType"] == ShareType.NON_SHARED
    assert not could(now, Role.OFFICER)[Action.INSPECT]
    assert could(now, Role.OFFICER, Relation.OWNER)[Action.INSPECT]
    assert now.version["n"] == found.version["n"] + 1
    for one in now.holders:
        assert all(decision.requirement and decision.reason_zh for decision in one.decisions.values()), "no reason"


async def test_what_was_not_on_record_then_was_not_known(city: City, auditor: Subject) -> None:
    before = await tick()
    await write_entries(city.graph, [stricter("asked")])
    after = moment()
    assert (await then(city, auditor, field("asked"), after, known=before)).stated["shareType"] == ShareType.CONDITIONAL
    assert (await then(city, auditor, field("asked"), before, known=after)).stated["shareType"] == ShareType.CONDITIONAL
    assert await asked(city, auditor, field("asked"), "2020-01-01T00:00:00.000Z") is None


async def test_a_field_is_there_as_long_as_its_entry_lists_it(city: City, auditor: Subject) -> None:
    before = await tick()
    await write_entries(city.graph, [without("also")])
    assert await asked(city, auditor, field("also"), moment()) is None
    assert (await then(city, auditor, field("also"), before)).published


async def test_what_was_withdrawn_could_be_seen_before(city: City, auditor: Subject) -> None:
    before = await tick()
    await withdraw(city.graph, [DATASETS["free"].identifier])
    free = make_id("ds_", DATASETS["free"].identifier)
    found, now = await then(city, auditor, free, before), await then(city, auditor, free, moment())
    assert (found.published, now.published) == (True, False)
    assert could(found, Role.PUBLIC)[Action.DISCOVER]
    assert not could(now, Role.PUBLIC)[Action.DISCOVER]


async def test_a_field_is_visible_with_its_dataset_alone(city: City, auditor: Subject) -> None:
    kept = DATASETS["kept"].identifier
    found = await then(city, auditor, make_id("fd_", kept, "a"), moment())
    whole = await then(city, auditor, make_id("ds_", kept), moment())
    for role in (Role.OFFICER, Role.PUBLIC):
        assert not could(found, role)[Action.DISCOVER]
    assert could(whole, Role.OFFICER)[Action.DISCOVER], "agencies may know of an entry that is not shared"
    assert could(found, Role.OFFICER, Relation.OWNER)[Action.DISCOVER]


async def test_offices_count_as_they_were_on_record(city: City, auditor: Subject) -> None:
    before = await tick()
    await city.hire("late", "bdc", Role.SUPERVISOR)
    await city.hire("aside", "power", Role.SUPERVISOR)
    since = moment()
    await city.graph.run(
        "MATCH (a:Appointment) WHERE a.id IN $ids SET a.validFrom = $since, a.recordedFrom = $since",
        {"ids": [make_id("ap_", "late"), make_id("ap_", "aside")], "since": since},
    )
    now = await then(city, auditor, MIXED, moment())
    for who, held in (("late", {Relation.ANYONE, Relation.JURISDICTION}), ("aside", {Relation.ANYONE})):
        one = group(now, Role.SUPERVISOR, frozenset(held))
        assert ([row["person"] for row in one.some], one.count) == ([who], 1)
    for at, known in ((before, moment()), (moment(), before)):
        found = await then(city, auditor, MIXED, at, known)
        assert Role.SUPERVISOR not in {one.role for one in found.holders}
    await city.graph.run("MATCH (p:Person)-[:HOLDS]->(a) WHERE p.name IN ['late', 'aside'] DETACH DELETE p, a")


async def test_grants_count_as_the_log_has_them(city: City, auditor: Subject) -> None:
    none = await tick()
    case = await city.applied("open", "asked")
    grant = (await city.act("provider", answer(case, Act.APPROVE)))["grant"]
    active = await tick()
    await city.act("center", on_grant(grant, Act.SUSPEND))
    suspended = await tick()
    await city.act("center", on_grant(grant, Act.RESUME, 2))
    resumed = await tick()
    await city.act("provider", on_grant(grant, Act.REVOKE, 3))
    for at, there in ((none, False), (active, True), (suspended, False), (resumed, True), (moment(), False)):
        found = await then(city, auditor, MIXED, at)
        assert [one["id"] for one in found.grants] == [grant] * there, at
        assert found.complete
        # Power's officer held it; water's own officer did not.
        held = [one for one in found.holders if one.role is Role.OFFICER and one.relations == HELD]
        assert bool(held) is there
        assert not there or held[0].decisions[Action.FETCH].allowed
    # Of a field that the grant does not name it says nothing.
    assert not (await then(city, auditor, field("also"), active)).grants
    assert len((await then(city, auditor, field("asked"), active)).grants) == 1


async def test_the_period_of_a_grant_counts(city: City, auditor: Subject) -> None:
    made = await city.act("consumer", city.scope("free", "a", since=NOW.date(), until=NOW.date() + timedelta(days=30)))
    free = make_id("ds_", DATASETS["free"].identifier)
    assert (await city.grant(made["grant"]))["status"] == "ACTIVE"
    assert not (await then(city, auditor, free, moment())).grants, "it ended, by its own period, months ago"


async def test_the_policy_of_then_decides(city: City, auditor: Subject, tmp_path: Path) -> None:
    before = await tick()
    folder = copytree(POLICIES, tmp_path / "policies")
    lines = (folder / "policy.csv").read_text("utf-8")
    narrower = lines.replace("unified-catalogue, AGENCY", "unified-catalogue, HEAD")
    assert narrower != lines
    (folder / "policy.csv").write_text(narrower, "utf-8")
    store = PolicyStore(folder)
    periods = PolicyPeriods(city.graph, store)
    await periods.look()
    await periods.look()
    kept = make_id("ds_", DATASETS["kept"].identifier)
    old, new = await then(city, auditor, kept, before), await then(city, auditor, kept, moment())
    assert could(old, Role.OFFICER)[Action.DISCOVER]
    assert not could(new, Role.OFFICER)[Action.DISCOVER]
    assert old.policy is not None
    assert new.policy is not None
    assert (old.policy.digest, new.policy.digest) == (city.policy.current.digest, store.current.digest)
    assert new.policy.since == instant(store.since)
    assert await city.graph.read("MATCH (p:PolicyPeriod) RETURN count(p)", {}) == 2
    # Another gateway that has the same one says nothing new; one that goes back to the old one does.
    await PolicyPeriods(city.graph, PolicyStore(folder)).look()
    assert await city.graph.read("MATCH (p:PolicyPeriod) RETURN count(p)", {}) == 2
    again = PolicyStore(POLICIES)
    await PolicyPeriods(city.graph, again).look()
    back = await then(city, auditor, kept, moment())
    assert back.policy is not None
    assert back.policy.digest == old.policy.digest
    assert back.policy.since == instant(again.since)


async def test_without_a_policy_on_record_nothing_is_decided(city: City, auditor: Subject) -> None:
    """Before the first one, and where somebody has changed its text in the graph: it is named by its digest."""
    await city.graph.run("MATCH (p:PolicyPeriod) SET p.since = $later", {"later": "2027-01-01T00:00:00.000Z"})
    found = await then(city, auditor, MIXED, moment())
    assert found.policy is None
    assert not any(one.decisions for one in found.holders)
    await city.graph.run("MATCH (p:PolicyPeriod) SET p.since = $before", {"before": "2026-01-01T00:00:00.000Z"})
    assert (await then(city, auditor, MIXED, moment())).policy is not None
    digest = city.policy.current.digest
    text = await city.graph.read("MATCH (k:Policy {digest: $digest}) RETURN k.text", {"digest": digest})
    changed = text.replace("open-to-all", "open-to-few")
    await city.graph.run("MATCH (k:Policy {digest: $digest}) SET k.text = $text", {"digest": digest, "text": changed})
    assert (await then(city, auditor, MIXED, moment())).policy is None
    await city.graph.run("MATCH (k:Policy {digest: $digest}) SET k.text = $text", {"digest": digest, "text": text})


async def test_a_gateway_without_a_policy_notes_none(city: City, auditor: Subject, tmp_path: Path) -> None:
    del auditor
    await PolicyPeriods(city.graph, PolicyStore(tmp_path)).look()
    assert await city.graph.read("MATCH (p:PolicyPeriod) RETURN count(p)", {}) == 1


async def test_only_who_oversees_the_provider_is_answered(city: City, auditor: Subject) -> None:
    del auditor
    supervisor = await overseer(city, role=Role.SUPERVISOR)
    assert await asked(city, supervisor, MIXED, moment()) is not None
    for subject in (
        await overseer(city, "ju_elsewhere"),
        replace(supervisor, profile=Profile(frozenset({Role.OFFICER}), AgencyKind.ADMINISTRATIVE)),
        city.officers["provider"].subject,
        city.officers["center"].subject,
    ):
        assert await asked(city, subject, MIXED, moment()) is None
