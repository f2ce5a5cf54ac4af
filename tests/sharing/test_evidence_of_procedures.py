"""Evidence of every kind of case: what both must sign, what the gateway signs, and what it suspends."""

import json
from dataclasses import replace

import pytest

from gateway.audit.event import GATEWAY, Cause, canonical
from gateway.audit.recording import Recording
from gateway.catalog import write_entries
from gateway.sharing.evidence import Viewer, verify_case
from gateway.sharing.evidence.checking import _Check
from gateway.sharing.examination import suspend_changed
from gateway.sharing.words import Act
from tests.sharing.city import DATASETS, City, answer, on_grant
from tests.sharing.test_evidence import against, collected, faults
from tests.sharing.test_negotiation import KEPT, failed, negotiating
from tests.sharing.test_opening import applied, opened
from tests.sharing.test_procedures import field


async def test_a_negotiation_and_its_coordination(city: City) -> None:
    case = await failed(city)
    await city.move("center", case, Act.COORDINATE)
    await city.move("center", case, Act.PROPOSE_SHARE, fields=(KEPT,))
    await city.move("provider", case, Act.STATE_POSITION, "期限须缩短")
    await city.move("center", case, Act.PROPOSE_SHARE, fields=(KEPT,))
    await city.move("provider", case, Act.COUNTERSIGN, "")
    files = await collected(city, case)
    assert faults(files, against(city)) == []
    acts = sorted(path.partition("/")[0] for path in files if path.endswith("/document.json"))
    assert acts == [
        "01-REQUEST", "02-NEGOTIATE", "03-PROPOSE_FAILURE", "04-COUNTERSIGN", "05-COORDINATE", "06-PROPOSE_SHARE",
        "07-STATE_POSITION", "08-PROPOSE_SHARE", "09-COUNTERSIGN",
    ]  # fmt: skip
    grants = json.loads(files["case.json"])["grants"]
    assert sorted(one["state"] for one in grants) == ["ACTIVE", "EXPIRED"]
    # Without the proposal that was countersigned, what it says is worth nothing.
    bare = {path: data for path, data in files.items() if not path.startswith("08-")}
    assert any("the document that it builds on, its outcome, is not here" in one for one in faults(bare, against(city)))
    for viewer in ("provider", "consumer", "center"):
        agency = city.officers[viewer].subject.agency
        assert agency is not None
        seen = await collected(city, case, Viewer(frozenset({agency})))
        assert faults(seen, against(city)) == []


async def test_an_opening_with_the_gateways_receipt(city: City) -> None:
    case = await applied(city)
    grant = await opened(city, case)
    await city.act("provider", on_grant(grant, Act.REVOKE))
    files = await collected(city, case)
    found: list[str] = []
    lines = list(verify_case(files, against(city), found.append))
    assert found == []
    assert "3. 01-APPLY: signed by CN=Demonstration City Gateway,C=CN at" in " ".join(lines)
    assert any(line.startswith("6. 01-APPLY: a receipt, which the gateway signs") for line in lines)
    citizen = city.citizens["citizen"]
    assert citizen.id is not None
    for own in ({citizen.id}, {str(city.officers["provider"].subject.agency)}):
        assert faults(await collected(city, case, Viewer(frozenset(own))), against(city)) == []


async def test_a_grant_that_the_gateway_suspended(city: City) -> None:
    made = await city.act("provider", answer(await city.applied("open", "asked"), Act.APPROVE))
    entry = DATASETS["mixed"]
    fewer = replace(entry, fields=tuple(one for one in entry.fields if one.name != "asked"))
    recording = Recording(city.outbox, Cause(GATEWAY, city.policy.current.digest), (suspend_changed,))
    await write_entries(city.graph, [fewer], recording=recording)
    files = await collected(city, made["case"])
    assert faults(files, against(city)) == []
    (grant,) = json.loads(files["case.json"])["grants"]
    assert grant["state"] == "SUSPENDED"
    said = json.loads(files["case.json"])
    said["grants"][0]["state"] = "ACTIVE"
    files["case.json"] = canonical(said)
    assert faults(files, against(city)) == ["case.json: the grants are not what was signed"]
    assert field("asked") in grant["scope"]["fields"][1]["id"]


async def test_an_outcome_that_one_side_signed_twice_is_found(city: City) -> None:
    """No gateway lets it happen; a forger with a log of their own could."""
    case = await negotiating(city)
    await city.move("provider", case, Act.PROPOSE_AGREEMENT, fields=(KEPT,))
    await city.move("consumer", case, Act.COUNTERSIGN, "")
    found: list[str] = []
    check = _Check(await collected(city, case), against(city), found.append)
    assert [*check.steps()]
    (countersigned,) = (one for one in check._signed.values() if one.stated["act"] == "COUNTERSIGN")
    (proposal,) = (one for one in check._signed.values() if one.stated["act"] == "PROPOSE_AGREEMENT")
    assert found == []
    agency = countersigned.stated["by"]["agency"]
    countersigned.stated["by"]["agency"] = proposal.stated["by"]["agency"]
    assert [*check._check_built()]
    countersigned.stated["by"]["agency"] = agency
    countersigned.stated["content"]["granted"]["fields"] = []
    assert [*check._check_built()]
    assert [one.partition(": ")[2] for one in found] == [
        "the side that proposed the outcome has signed it a second time",
        "it does not grant what its outcome grants",
    ]


@pytest.mark.parametrize("act", [Act.PROPOSE_AGREEMENT, Act.PROPOSE_FAILURE])
async def test_a_case_that_is_still_open_is_exported_too(city: City, act: Act) -> None:
    case = await negotiating(city)
    await city.move("provider", case, act, fields=(KEPT,) if act is Act.PROPOSE_AGREEMENT else ())
    files = await collected(city, case)
    assert faults(files, against(city)) == []
    assert json.loads(files["case.json"])["state"].endswith("_PROPOSED")
