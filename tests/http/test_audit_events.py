"""Asking for events over HTTP: who reads what, pages both ways, and proofs that other programs can check."""

import hashlib
import json
from typing import Any, Final

import pytest

from gateway.audit.log import LogFolder
from gateway.audit.tlog import Proof, Verifier
from tests.app.process import until
from tests.http.served import Served, refusal
from tests.http.test_log import lately, own, refresh

PAGE: Final = """
query ($filter: AuditEventFilter, $orderBy: OrderDirection, $first: Int, $after: String) {
  auditEvents(filter: $filter, orderBy: $orderBy, first: $first, after: $after) {
    edges { cursor node { id } }
    nodes { id index time kind stage outcome actor { kind person agency role } datasets agencies body salt leaf }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}
"""
ONE: Final = "query ($id: ID!) { auditEvent(id: $id) { id kind proof leaf body salt index datasets } }"


def page(served: Served, who: str | None, **variables: Any) -> Any:
    return served.ask(PAGE, variables, who)["auditEvents"]


@pytest.fixture(scope="module")
def refreshed(served: Served) -> dict[str, Any]:
    """A dataset of the water company's that was refreshed three times, and the events of that."""
    dataset = own(served, 4)
    made = [refresh(served, dataset, lately(i), f"audit-{i:04d}")["event"] for i in (1, 2, 3)]
    until(lambda: served.ask(ONE, {"id": made[-1]}, "staff@water")["auditEvent"] is not None, 5, "the index has it")
    return {"dataset": dataset, "events": made}


def test_an_event_comes_with_a_proof_that_holds(served: Served, refreshed: dict[str, Any]) -> None:
    one = served.ask(ONE, {"id": refreshed["events"][0]}, "staff@water")["auditEvent"]
    verifier = Verifier.parse((LogFolder(served.gateway.state).public / "key").read_text())
    proof = Proof.parse(one["proof"])
    assert proof.check(one["leaf"].encode(), verifier).size > proof.index == int(one["index"])
    leaf = json.loads(one["leaf"])
    assert leaf["id"] == one["id"]
    assert hashlib.sha256(bytes.fromhex(one["salt"]) + one["body"].encode()).hexdigest() == leaf["commit"]
    assert json.loads(one["body"])["about"]["datasets"] == [refreshed["dataset"]]


def test_who_it_does_not_concern_cannot_have_it(served: Served, refreshed: dict[str, Any]) -> None:
    for who, seen in (("officer@water", True), ("supervisor", True), ("auditor", True), ("staff@gaj", False),
                      ("center", False), (None, False)):  # fmt: skip
        found = served.ask(ONE, {"id": refreshed["events"][0]}, who)["auditEvent"]
        assert (found is not None) is seen, who
        listed = page(served, who, filter={"dataset": [refreshed["dataset"]]}, first=50)["nodes"]
        assert (refreshed["events"][0] in [one["id"] for one in listed]) is seen, who
    assert served.ask(ONE, {"id": "ev_" + "a" * 26}, "auditor")["auditEvent"] is None
    assert served.ask(ONE, {"id": "nonsense"}, "auditor")["auditEvent"] is None


def test_pages_follow_each_other_both_ways(served: Served, refreshed: dict[str, Any]) -> None:
    wanted = {"dataset": [refreshed["dataset"]], "kind": ["data.refreshed"]}
    for way, expected in (("ASC", refreshed["events"]), ("DESC", refreshed["events"][::-1])):
        found, after = [], None
        while True:
            one = page(served, "auditor", filter=wanted, orderBy=way, first=2, after=after)
            found += [node["id"] for node in one["nodes"]]
            assert one["pageInfo"]["hasPreviousPage"] is (after is not None)
            if not one["pageInfo"]["hasNextPage"]:
                break
            after = one["pageInfo"]["endCursor"]
            assert after == one["edges"][-1]["cursor"]
        assert found == expected


def test_filters_are_all_to_hold(served: Served, refreshed: dict[str, Any]) -> None:
    assert {one["kind"] for one in page(served, "auditor", filter={"kind": ["data.refreshed"]})["nodes"]} == {
        "data.refreshed"
    }
    own = page(served, "auditor", filter={"kind": ["gateway.started"]})["nodes"]
    assert [one["stage"] for one in own] == ["BUILDING"]
    assert own[0]["actor"] == {"kind": "GATEWAY", "person": None, "agency": None, "role": None}
    me = served.ask("{ me { id agency { id } } }", None, "staff@water")["me"]
    mine = page(served, "auditor", filter={"actor": [me["id"]], "agency": [me["agency"]["id"]], "outcome": ["DONE"]})
    assert {*refreshed["events"]} <= {one["id"] for one in mine["nodes"]}
    nothing: list[dict[str, Any]] = [
        {"since": "2999-01-01T00:00:00Z"},
        {"until": "1999-01-01T00:00:00Z"},
        {"kind": []},
        {"case": ["x"]},
    ]
    for never in nothing:
        assert page(served, "auditor", filter=never)["nodes"] == []


def test_a_page_that_cannot_be_is_refused(served: Served, refreshed: dict[str, Any]) -> None:
    cursor = page(served, "auditor", first=1)["pageInfo"]["endCursor"]
    for variables, code in (
        ({"first": -1}, "INVALID_PAGE"),
        ({"first": 101}, "INVALID_PAGE"),
        ({"first": 10**9}, "LIMIT_NODES"),
        ({"after": "nonsense"}, "INVALID_CURSOR"),
        ({"after": cursor, "orderBy": "ASC"}, "INVALID_CURSOR"),
        ({"after": cursor, "filter": {"kind": ["gateway.started"]}}, "INVALID_CURSOR"),
        ({"after": cursor[:13] + "ev_" + "a" * 26}, "INVALID_CURSOR"),
    ):
        assert refusal(served.send(PAGE, variables, "auditor"))["extensions"]["code"] == code, variables
    assert page(served, "auditor", first=0)["nodes"] == []
