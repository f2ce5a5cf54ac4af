"""`explainAccess(asRole:)`: who may ask for another role, and the line that it leaves in the log (design section 9)."""

from typing import Any, Final

import pytest

from gateway.graph import make_id
from tests.http.served import Served, refusal

ASK: Final = """
query($target: ID!, $role: Role) { explainAccess(target: $target, action: INSPECT, asRole: $role) { allowed rule } }
"""
HUKOU: Final = make_id("ds_", "621000/gaj/hukou")
"""Shared on conditions, not open, and in the city's own jurisdiction."""
DRAFT: Final = make_id("ds_", "621000/gaj/hukou/rev")
EVENT: Final = "access asked for another role"

# Who asks about what as whom; then whether that is answered, and whether the role would be let in.
ASKED: Final[tuple[tuple[str | None, str, str, bool, bool], ...]] = (
    (None, HUKOU, "PUBLIC", True, False),
    ("officer@gaj", HUKOU, "PUBLIC", True, False),
    ("officer@gaj", HUKOU, "STAFF", True, True),
    ("officer@gaj", DRAFT, "CENTER", True, False),
    ("supervisor", HUKOU, "PUBLIC", True, False),
    ("auditor", HUKOU, "HEAD", True, True),
    ("center", HUKOU, "STAFF", True, True),
    ("staff@jyj", HUKOU, "PUBLIC", True, False),
    ("staff@jyj", HUKOU, "CENTER", False, False),
    ("supervisor@621022", HUKOU, "CENTER", False, False),
    ("staff@jyj", DRAFT, "CENTER", True, False),
    ("center", "' OR 1=1 // password", "STAFF", True, False),
)


@pytest.mark.parametrize(("who", "target", "role", "answered", "allowed"), ASKED)
def test_asking_as_another_role_is_logged(
    served: Served, who: str | None, target: str, role: str, answered: bool, allowed: bool
) -> None:
    me: dict[str, Any] = served.ask("{ me { id agency { id } } }", None, who)["me"]
    answer = served.send(ASK, {"target": target, "role": role}, who)
    if answered:
        assert answer.json()["data"]["explainAccess"]["allowed"] is allowed
    else:
        error = refusal(answer)
        assert error["extensions"]["code"] == "AS_ROLE_REFUSED"
        assert "only the owner of the target, the center, and who oversees its jurisdiction" in error["message"]
    (line,) = served.log(EVENT, answer)
    assert {name: line[name] for name in line.keys() - {"event", "level", "time"}} == {
        "request_id": answer.headers["x-request-id"],
        "person": me["id"],
        "agency": me["agency"] and me["agency"]["id"],
        "role": role,
        "target": target if target.startswith("ds_") else None,
        "outcome": "answered" if answered else "refused",
    }
    assert "password" not in served.gateway.err
    assert who is None or served.token(who) not in served.gateway.err


def test_asking_as_oneself_is_not_logged(served: Served) -> None:
    answer = served.send(ASK, {"target": HUKOU, "role": None}, "officer@gaj")
    assert answer.json()["data"]["explainAccess"]["allowed"] is True
    assert served.log(EVENT, answer) == []


def test_what_may_not_be_known_is_answered_as_what_is_not_there(served: Served) -> None:
    for role in ("CENTER", "PUBLIC", None):
        hidden = served.ask(ASK, {"target": DRAFT, "role": role}, "staff@jyj")
        assert hidden == served.ask(ASK, {"target": make_id("ds_", "nothing"), "role": role}, "staff@jyj")
