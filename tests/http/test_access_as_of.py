"""`accessAsOf` over HTTP: what it says of now is what is decided now, and nobody else than overseers is answered."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from gateway.graph import make_id
from tests.app.process import until
from tests.http.served import Served, refusal

ASK: Final = """
query($of: ID!, $at: DateTime!, $known: DateTime) { accessAsOf(of: $of, at: $at, knownAt: $known) {
  version digest published shareType openType sensitivity policy policySince isComplete grants { id }
  holders { role agencyKind relations count appointments { id person validFrom validTo agency { code } }
    discover { allowed rule requirement reason { zh en } next } inspect { allowed rule } fetch { allowed rule } } } }
"""
NOW: Final = """
query($of: ID!, $action: Action!, $role: Role) {
  explainAccess(target: $of, action: $action, asRole: $role) { allowed rule } }
"""
HUKOU: Final = make_id("ds_", "621000/gaj/hukou")


def moment(ago: float = 0) -> str:
    return (datetime.now(UTC) - timedelta(seconds=ago)).isoformat(timespec="milliseconds")


def asked(served: Served, who: str, of: str = HUKOU, at: str | None = None) -> Any:
    return served.ask(ASK, {"of": of, "at": at or moment()}, who)["accessAsOf"]


def test_of_now_it_says_what_is_decided_now(served: Served) -> None:
    until(lambda: asked(served, "auditor")["policy"] is not None, 5, "the policy is on record")
    found = asked(served, "auditor")
    assert found["isComplete"]
    assert found["published"]
    assert found["shareType"] == "CONDITIONAL"
    strangers = [one for one in found["holders"] if one["relations"] == ["ANYONE"]]
    assert {one["role"] for one in strangers} >= {"PUBLIC", "STAFF", "OFFICER"}
    for one in strangers:
        if one["role"] == "AUDITOR":  # who asks is one of those, with a relation of their own
            continue
        for action in ("DISCOVER", "INSPECT", "FETCH"):
            now = served.ask(NOW, {"of": HUKOU, "action": action, "role": one["role"]}, "center")["explainAccess"]
            assert {name: one[action.lower()][name] for name in now} == now, (one["role"], action)
    (owner,) = (one for one in found["holders"] if one["role"] == "OFFICER" and "OWNER" in one["relations"])
    assert {one["agency"]["code"] for one in owner["appointments"]} == {"gaj"}
    assert owner["count"] == len(owner["appointments"])
    assert owner["inspect"]["allowed"]
    assert strangers[0]["role"] == "PUBLIC"
    assert strangers[0]["count"] is None


def test_before_the_city_was_there_nothing_could_be_seen(served: Served) -> None:
    assert asked(served, "auditor", at="2019-01-01T00:00:00Z") is None


@pytest.mark.parametrize("who", [None, "officer@gaj", "center"])
def test_others_are_refused_alike_whatever_they_ask_about(served: Served, who: str | None) -> None:
    texts = set()
    for of in (HUKOU, make_id("ds_", "621000/gaj/hukou/rev"), "ds_nothing"):
        error = refusal(served.send(ASK, {"of": of, "at": moment()}, who))
        assert error["extensions"]["code"] == "ACCESS_AS_OF_REFUSED"
        texts.add(error["message"])
    assert len(texts) == 1


def test_what_another_oversees_is_as_what_there_is_not(served: Served) -> None:
    assert asked(served, "supervisor") is not None
    assert asked(served, "supervisor@621022") is None
    assert asked(served, "auditor", of="ds_nothing") is None
    assert asked(served, "auditor", of=make_id("fd_", "621000/gaj/hukou", "nothing")) is None


def test_what_is_to_come_is_not_told(served: Served) -> None:
    error = refusal(served.send(ASK, {"of": HUKOU, "at": moment(-3600)}, "auditor"))
    assert error["extensions"]["code"] == "IN_FUTURE"
