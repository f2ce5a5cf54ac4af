"""Following cases as applications do: who is told what, whoever changed it, and until when."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from gateway.graph import make_id
from gateway.identity.development import ISSUER as DEVELOPMENT
from gateway.identity.development import development_token
from tests.app.process import until
from tests.http.conftest import APPOINTMENTS
from tests.http.desk import Desk
from tests.http.served import Served
from tests.http.socket import Socket, figure, open_sockets
from tests.http.test_cases import _FIND, ANSWER, BASIS, CHANGE, PREPARE, scope
from tests.identity.tokens import ES256, ISSUER, claims

SKEW: Final = 30
"""Seconds of GATEWAY_CLOCK_SKEW: a token is good for so long past its expiry."""
CONSUMER: Final = "power"
_COPY: Final = """
MATCH (c:Case {id: $of})
CREATE (n:Case) SET n = c {.*, id: $id, version: 1, state: 'SUBMITTED', consumer: $consumer, provider: $provider,
  movedAt: $now, filedAt: $now}
REMOVE n.deadline
"""
_MOVE: Final = """
MATCH (c:Case {id: $id}) SET c.version = c.version + 1, c.movedAt = toString(datetime.realtime('Z'))
RETURN c.version
"""
_END: Final = """
MATCH (:Identity {iss: $iss, sub: $who})<-[:KNOWN_AS]-(:Person)-[:HOLDS]->(a:Appointment)
WITH a, a.validTo AS before SET a.validTo = $at RETURN before
"""
_GO: Final = """
MATCH (:Identity {iss: $iss, sub: $who})<-[:KNOWN_AS]-(:Person)-[:HOLDS]->(h:Appointment)-[r:AT]->(old:Agency)
MATCH (new:Agency {code: $code})
DELETE r CREATE (h)-[:AT]->(new)
RETURN old.code
"""
KNOWN: Final = (
    "MATCH (p:Person)-[:KNOWN_AS]->(:Identity {iss: $old, sub: $sub}) MERGE (i:Identity {iss: $iss, sub: $sub})"
    " MERGE (p)-[:KNOWN_AS]->(i)"
)


@dataclass(frozen=True)
class Other:
    """Two agencies that have no part in the case, and a case of theirs."""

    consumer: str
    provider: str
    case: str


def move(served: Served, case: str) -> int:
    """A case moves, whoever moved it: the version that it has then."""
    (version,) = served.cypher(_MOVE, id=case)
    return int(version)


@pytest.fixture(scope="module")
def entry(served: Served) -> dict[str, Any]:
    (found,) = served.cypher(_FIND, share="CONDITIONAL", apart=[CONSUMER])
    return dict(found)


@pytest.fixture(scope="module")
def consumer(served: Served, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return Desk(served, tmp_path_factory.mktemp("following"), CONSUMER)


@pytest.fixture(scope="module")
def provider(served: Served, entry: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return Desk(served, tmp_path_factory.mktemp("followed"), entry["agency"])


@pytest.fixture(scope="module")
def case(served: Served, consumer: Desk, entry: dict[str, Any]) -> Iterator[str]:
    """A case that nobody answers; taken back at the end."""
    filed = consumer.file(consumer.prepared(PREPARE, **scope(entry, purpose="DECISION")))["accessRequest"]
    yield str(filed["id"])
    (version,) = served.cypher("MATCH (c:Case {id: $id}) RETURN c.version", id=filed["id"])
    withdrawn = consumer.ask(
        "mutation($input: WithdrawRequestInput!) { withdrawRequest(input: $input) { problems { code } } }",
        input={"accessRequest": filed["id"], "version": version, "idempotencyKey": consumer.key()},
    )
    assert withdrawn == {"problems": []}


@pytest.fixture(scope="module")
def other(served: Served, case: str, entry: dict[str, Any]) -> Iterator[Other]:
    first, second = served.cypher(
        "MATCH (a:Agency)<-[:AT]-(:Appointment {role: 'OFFICER'}) WHERE NOT a.code IN $apart"
        " WITH DISTINCT a.code AS code ORDER BY code LIMIT 2 RETURN code",
        apart=[CONSUMER, entry["agency"]],
    )
    given = {"consumer": make_id("ag_", first), "provider": make_id("ag_", second), "now": "2026-01-01T00:00:00.000Z"}
    served.cypher(_COPY, of=case, id="cs_of_others", **given)
    yield Other(first, second, "cs_of_others")
    served.cypher("MATCH (c:Case {id: 'cs_of_others'}) DELETE c")


def test_both_sides_and_overseers_are_told_of_an_answer_and_of_the_grant_and_others_are_not(
    served: Served, strict: Served, consumer: Desk, provider: Desk, entry: dict[str, Any], other: Other
) -> None:
    served.cypher(KNOWN, old=DEVELOPMENT, iss=ISSUER, sub=f"staff@{CONSUMER}")
    token = ES256.token(claims(sub=f"staff@{CONSUMER}"))
    with (
        Socket(served, f"staff@{CONSUMER}") as asking,
        Socket(served, provider.who) as answering,
        Socket(served, "auditor") as overseeing,
        Socket(strict, token=token) as elsewhere,
        Socket(served, f"staff@{other.consumer}") as apart,
    ):
        sockets = (asking, answering, overseeing, elsewhere)
        for socket in (*sockets, apart):
            socket.follow()
        filed = consumer.file(consumer.prepared(PREPARE, **scope(entry, purpose="RESEARCH")))["accessRequest"]
        for socket in sockets:
            told = socket.told()
            changed = told.pop("changedAt")
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", changed)
            actions = ["APPROVE", "APPROVE_PARTLY", "REFUSE"] if socket is answering else []
            assert told == {
                "accessRequest": {
                    "id": filed["id"],
                    "state": "SUBMITTED",
                    "version": 1,
                    "availableActions": actions,
                    "provider": {"code": entry["agency"]},
                },
                "grant": None,
            }
        answered = provider.file(provider.prepared(ANSWER, accessRequest=filed["id"], version=1, answer="APPROVE"))[
            "accessRequest"
        ]
        for socket in sockets:
            told = socket.told()
            assert (told["accessRequest"]["state"], told["accessRequest"]["version"]) == ("APPROVED", 2)
            assert told["grant"] == {"id": answered["grant"]["id"], "state": "ACTIVE", "version": 1}
        given = {"grant": answered["grant"]["id"], "version": 1, "act": "REVOKE", "reason": "检查", "basis": BASIS}
        provider.file(provider.prepared(CHANGE, **given))
        for socket in sockets:
            told = socket.told()
            assert told["accessRequest"]["version"] == 2
            assert told["grant"] == {"id": answered["grant"]["id"], "state": "REVOKED", "version": 2}
        version = move(served, other.case)
        told = apart.told()
        assert (told["accessRequest"]["id"], told["accessRequest"]["version"]) == (other.case, version), "nothing else"


def test_one_case_can_be_followed_and_one_that_is_not_theirs_is_as_one_that_is_not_there(
    served: Served, case: str, other: Other
) -> None:
    with Socket(served, "auditor") as overseeing, Socket(served, f"staff@{other.consumer}") as apart:
        overseeing.follow(case)
        move(served, other.case)
        version = move(served, case)
        told = overseeing.told()["accessRequest"]
        assert (told["id"], told["version"]) == (case, version)
        for name, identifier in (("a", case), ("b", "cs_nothing")):
            apart.subscribe(name=name, id=identifier)
            error = apart.error(name)
            assert error["extensions"] == {"code": "NOT_FOUND"}
            assert error["message"].replace(identifier, "…") == "accessRequest: there is no case '…'."
            assert error["path"] == ["caseChanged"]


def test_the_public_sees_no_case_and_so_its_subscription_is_at_its_end(served: Served, case: str) -> None:
    with Socket(served) as socket:
        socket.subscribe()
        assert socket.receive() == {"type": "complete", "id": "1"}
        socket.subscribe(id=case)
        assert socket.error()["extensions"]["code"] == "NOT_FOUND"
        socket.send("ping")
        assert socket.receive() == {"type": "pong"}


def test_a_token_in_the_header_counts_too_but_not_two(served: Served, case: str) -> None:
    headers = {"Authorization": f"Bearer {served.token('auditor')}"}
    with Socket(served, headers=headers) as socket:
        socket.follow(case)
        version = move(served, case)
        assert socket.told()["accessRequest"]["version"] == version
    with Socket(served, headers=headers, begin=False) as socket:
        socket.send("connection_init", payload={"Authorization": headers["Authorization"]})
        assert socket.closed() == (4403, "Forbidden: there is more than one Authorization header")


def test_with_the_token_the_subscription_and_the_socket_end(served: Served, case: str) -> None:
    token = development_token(served.gateway.state, "urn:gateway:api", "auditor", lifetime=2 - SKEW)
    with Socket(served, token=token) as socket:
        socket.follow(case)
        version = move(served, case)
        assert socket.told()["accessRequest"]["version"] == version
        error = socket.error()
        assert (error["message"], error["extensions"]) == ("the token has expired", {"code": "UNAUTHENTICATED"})
        assert socket.closed() == (4403, "Forbidden: the token has expired")


def test_a_token_that_has_ended_begins_no_subscription(served: Served) -> None:
    token = development_token(served.gateway.state, "urn:gateway:api", "auditor", lifetime=1 - SKEW)
    with Socket(served, token=token) as socket:
        until(lambda: served.send("{ me { id } }", token=token).status_code == 401, 10, "the token ends")
        socket.subscribe()
        assert socket.error()["extensions"]["code"] == "UNAUTHENTICATED"
        assert socket.closed() == (4403, "Forbidden: the token has expired")


def test_an_appointment_that_ends_is_told_of_nothing_more(served: Served, case: str) -> None:
    who = f"staff@{CONSUMER}"
    me = "{ me { appointment } }"
    with Socket(served, who) as socket:
        socket.follow()
        version = move(served, case)
        assert socket.told()["accessRequest"]["version"] == version
        (before,) = served.cypher(_END, iss=DEVELOPMENT, who=who, at="2026-01-01T00:00:00.000Z")
        try:
            until(lambda: served.ask(me, None, who)["me"]["appointment"] is None, 5 * APPOINTMENTS, "it is noticed")
            move(served, case)
            assert socket.receive() == {"type": "complete", "id": "1"}
        finally:
            served.cypher(_END, iss=DEVELOPMENT, who=who, at=before)
            until(lambda: served.ask(me, None, who)["me"]["appointment"] is not None, 5 * APPOINTMENTS, "it holds")


def test_what_stands_beside_a_case_is_told_as_it_is_now(served: Served, case: str, entry: dict[str, Any]) -> None:
    rename = "MATCH (a:Agency {code: $code}) WITH a, a.name AS before SET a.name = $name RETURN before"
    with Socket(served, "auditor") as socket:
        query = "subscription($id: ID) { caseChanged(accessRequest: $id) { accessRequest { provider { name } } } }"
        socket.subscribe(query, id=case)
        socket.send("ping")
        assert socket.receive() == {"type": "pong"}
        move(served, case)
        first = socket.told()["accessRequest"]["provider"]["name"]
        served.cypher(rename, code=entry["agency"], name="新名")
        move(served, case)
        assert socket.told()["accessRequest"]["provider"]["name"] == "新名"
        assert served.cypher(rename, code=entry["agency"], name=first) == ["新名"]


def test_who_has_gone_to_another_agency_is_told_of_its_cases_and_of_no_other(
    served: Served, case: str, other: Other
) -> None:
    who, me = f"staff@{CONSUMER}", "{ me { agency { code } } }"

    def go(code: str) -> None:
        served.cypher(_GO, iss=DEVELOPMENT, who=who, code=code)
        until(lambda: served.ask(me, None, who)["me"]["agency"]["code"] == code, 5 * APPOINTMENTS, "it is noticed")

    with Socket(served, who) as socket, Socket(served, "auditor") as overseeing:
        socket.follow()
        overseeing.follow()
        go(other.consumer)
        try:
            move(served, case)
            assert overseeing.told()["accessRequest"]["id"] == case
            move(served, other.case)
            assert socket.told()["accessRequest"]["id"] == other.case, "nothing before"
        finally:
            go(CONSUMER)


def test_an_agency_that_has_no_part_in_a_case_any_more_is_not_told(served: Served, other: Other) -> None:
    with Socket(served, f"staff@{other.consumer}") as socket, Socket(served, "auditor") as overseeing:
        socket.follow()
        overseeing.follow(other.case)
        served.cypher("MATCH (c:Case {id: $id}) SET c.consumer = 'ag_somebody'", id=other.case)
        version = move(served, other.case)
        assert overseeing.told()["accessRequest"]["version"] == version
        own = make_id("ag_", other.consumer)
        served.cypher("MATCH (c:Case {id: $id}) SET c.consumer = $own", id=other.case, own=own)
        version = move(served, other.case)
        assert socket.told()["accessRequest"]["version"] == version, "nothing in between"


@pytest.mark.parametrize("bad", ["Bearer not.a.token", "Basic eA==", 5])
def test_bad_credentials_close_the_socket_and_are_counted(served: Served, bad: Any) -> None:
    before = figure(served, 'gateway_callers_total{outcome="refused"}')
    with Socket(served, begin=False) as socket:
        socket.send("connection_init", payload={"authorization": bad})
        code, reason = socket.closed()
        assert (code, reason.startswith("Forbidden: ")) == (4403, True)
    assert figure(served, 'gateway_callers_total{outcome="refused"}') == before + (bad != 5)


def test_errors_of_ours_leave_as_an_id(served: Served, other: Other) -> None:
    with Socket(served, f"staff@{other.consumer}") as socket:
        socket.follow(other.case)
        served.cypher("MATCH (c:Case {id: $id}) SET c.purpose = 'NONSENSE'", id=other.case)
        move(served, other.case)
        error = socket.error()
        served.cypher("MATCH (c:Case {id: $id}) SET c.purpose = 'SERVICE'", id=other.case)
        assert error["extensions"] == {"code": "INTERNAL", "id": socket.request_id}
        assert "NONSENSE" not in json.dumps(error)
        socket.follow(other.case, "2")
        version = move(served, other.case)
        assert socket.told("2")["accessRequest"]["version"] == version


def test_a_socket_is_counted_while_it_is_open_and_logged_when_it_ends(served: Served) -> None:
    before = open_sockets(served)
    with Socket(served, "auditor") as socket:
        assert open_sockets(served) == before + 1
        secret = served.token("auditor")
    lines: list[Any] = []

    def logged() -> bool:
        lines[:] = [one for one in served._lines(socket.request_id) if one["event"] == "socket"]
        return bool(lines)

    until(logged, 5, "the socket is logged")
    (line,) = lines
    assert (line["path"], line["status"], line["code"]) == ("/graphql", 101, 1000)
    assert re.fullmatch("[0-9a-f]{12}", line["subject"])
    assert secret not in served.gateway.err
    until(lambda: open_sockets(served) == before, 5, "it is closed")


def test_what_the_documents_say_of_following_works(served: Served, case: str) -> None:
    text = (Path(__file__).parents[2] / "docs" / "procedures.md").read_text(encoding="utf-8")
    (query,) = re.findall(r"```graphql\n(subscription .*?)```", text, flags=re.DOTALL)
    with Socket(served, "auditor") as socket:
        socket.subscribe(query)
        socket.send("ping")
        assert socket.receive() == {"type": "pong"}
        version = move(served, case)
        assert socket.told()["accessRequest"]["version"] == version
