"""Reporting lineage as a program does it: with a token for it alone, over HTTP; and naming what it reports."""

import json
import time
from typing import Any, Final

import httpx
import pytest

from tests.http.desk import Desk
from tests.http.partner import AGENCY, Partner, partner_of, registered
from tests.http.served import Served, refusal
from tests.lineage.reporting import NAMESPACE, at, event
from tests.support.logged import logged
from tests.verify.making import Key

SCOPE: Final = "lineage:write"
MAP: Final = """
mutation($input: MapLineageNameInput!) { mapLineageName(input: $input) { nameId problems { code path } } }
"""
UNMAP: Final = """
mutation($input: UnmapLineageNameInput!) { unmapLineageName(input: $input) { nameId problems { code path } } }
"""
NAMES: Final = """
query($state: LineageNameState!, $first: Int, $after: String) {
  lineageNames(state: $state, first: $first, after: $after) {
    nodes { namespace name state agency { code } dataset { identifier } fields { called field } }
    pageInfo { hasNextPage endCursor }
  }
}
"""


@pytest.fixture(scope="module")
def program(served: Served, tmp_path_factory: pytest.TempPathFactory) -> Partner:
    """A program of the water company's, without any grant."""
    client, key = registered(Desk(served, tmp_path_factory.mktemp("reporting"), AGENCY))
    return Partner(served, client, key, "", {"identifier": "nothing"})


def asked(program: Partner, headers: Any = None, **more: str) -> httpx.Response:
    form = program.form(**{"grant_type": "client_credentials", "scope": SCOPE, **more})
    return program.served.client.post("/oauth/token", data=form, headers=headers or {})


def token(program: Partner) -> str:
    answer = asked(program)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


def send(served: Served, content: Any, with_token: str | None, **headers: str) -> httpx.Response:
    given = {"content-type": "application/json", **headers}
    if with_token is not None:
        given["authorization"] = f"Bearer {with_token}"
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return served.client.post("/lineage/events", content=body, headers=given)


def test_a_program_finds_out_how_such_tokens_are_had(served: Served) -> None:  # RFC 8414, RFC 9728
    server = served.client.get("/.well-known/oauth-authorization-server").json()
    resource = served.client.get("/.well-known/oauth-protected-resource/lineage").json()
    assert server["scopes_supported"] == resource["scopes_supported"] == [SCOPE]
    assert resource["resource"] == f"{served.address}/lineage"
    assert resource["resource"] in server["protected_resources"]
    challenge = send(served, event(), None).headers["www-authenticate"]
    assert "/.well-known/oauth-protected-resource/lineage" in challenge


def test_from_a_token_to_what_is_reported_and_named(served: Served, program: Partner) -> None:
    good = token(program)
    before = [one["kind"] for one in logged(served.gateway.state)].count("lineage.recorded")
    batch = [event(day, at(day), inputs=["in.b"], outputs=["out.a"]) for day in (1, 2)]
    answer = send(served, batch, good)
    assert (answer.status_code, answer.json()) == (201, {"accepted": 2})
    assert send(served, event(3, at(3), inputs=["nothing"], outputs=["nowhere"]), good).json() == {"accepted": 1}
    kinds = [one["kind"] for one in logged(served.gateway.state)]
    assert kinds.count("lineage.recorded") == before + 2
    assert kinds.count("lineage.token-issued") >= 1
    (mine, _) = served.cypher(
        "MATCH (d:Dataset {status: 'PUBLISHED'})-[:PROVIDED_BY]->(a:Agency {code: $code}) "
        "WITH d ORDER BY d.identifier LIMIT 2 RETURN d.identifier",
        code=AGENCY,
    )
    who = f"officer@{AGENCY}"
    given = {"namespace": NAMESPACE, "name": "out.a", "identifier": mine, "idempotencyKey": "lineage-map-1"}
    made = served.ask(MAP, {"input": given}, who)["mapLineageName"]
    assert made["problems"] == []
    assert served.ask(MAP, {"input": given}, who)["mapLineageName"] == made
    mapped = served.ask(NAMES, {"state": "MAPPED"}, who)["lineageNames"]["nodes"]
    assert mapped == [
        {
            "namespace": NAMESPACE,
            "name": "out.a",
            "state": "MAPPED",
            "agency": {"code": AGENCY},
            "dataset": {"identifier": mine},
            "fields": [],
        }
    ]
    named, after, more = list[str](), None, True
    while more:
        page = served.ask(NAMES, {"state": "UNMATCHED", "first": 2, "after": after}, f"staff@{AGENCY}")["lineageNames"]
        assert 0 < len(page["nodes"]) <= 2
        named += [one["name"] for one in page["nodes"]]
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    assert named == sorted(named)
    assert {"in.b", "nothing", "nowhere"} <= {*named}
    assert "out.a" not in named
    for other in ("officer@gaj", "citizen", None):
        assert served.ask(NAMES, {"state": "UNMATCHED"}, other)["lineageNames"]["nodes"] == []
    gone = served.ask(
        UNMAP, {"input": {"namespace": NAMESPACE, "name": "out.a", "idempotencyKey": "lineage-unmap-1"}}, who
    )
    assert gone["unmapLineageName"]["problems"] == []


def test_what_is_wrong_is_told_by_its_path(served: Served, program: Partner) -> None:
    error = refusal(send(served, [event(), event(2, "yesterday")], token(program)), 400)
    assert (error["extensions"]["code"], error["extensions"]["path"]) == ("BAD_EVENT", "[1].eventTime")


def test_a_token_is_for_one_thing(served: Served, program: Partner, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A token for lineage fetches nothing, and one that is not for it reports nothing."""
    error = refusal(program.fetch(token(program)), 401)
    assert error["extensions"]["reason"] == "WRONG_AUDIENCE"
    consumer = Desk(served, tmp_path_factory.mktemp("granted"), AGENCY)
    for wrong, reason in (
        (partner_of(served, consumer).token(), "WRONG_AUDIENCE"),
        (served.token(f"officer@{AGENCY}"), "UNKNOWN_KEY"),
        ("nonsense", "MALFORMED"),
    ):
        assert refusal(send(served, event(), wrong), 401)["extensions"]["reason"] == reason
    assert refusal(send(served, event(), None), 401)["extensions"]["code"] == "UNAUTHENTICATED"


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"scope": f"{SCOPE} more"}, "invalid_scope"),
        ({"authorization_details": "[]"}, "invalid_scope"),
        ({"grant_type": "urn:ietf:params:oauth:grant-type:token-exchange"}, "invalid_scope"),
        ({"resource": "https://elsewhere.example"}, "invalid_target"),
        ({"client_assertion": "x"}, "invalid_client"),
    ],
)
def test_what_is_asked_for_together_with_it(program: Partner, more: dict[str, str], error: str) -> None:
    answer = asked(program, **more)
    assert answer.json()["error"] == error


def test_a_token_that_is_bound_to_a_key_needs_its_proof(served: Served, program: Partner) -> None:  # RFC 9449
    key = Key()

    def proof(method: str, path: str, given: str | None = None) -> str:
        return key.proof(
            given, htm=method, htu=f"{served.address}{path}", iat=int(time.time()), jti=f"{time.time_ns()}"
        )

    answer = asked(program, {"DPoP": proof("POST", "/oauth/token")}).json()
    assert answer["token_type"] == "DPoP"
    bound = answer["access_token"]
    assert refusal(send(served, event(), bound), 401)["extensions"]["reason"] == "PROOF_MISSING"
    headers = {
        "authorization": f"DPoP {bound}",
        "dpop": proof("POST", "/lineage/events", bound),
        "content-type": "application/json",
    }
    sent = served.client.post("/lineage/events", content=json.dumps(event(9)), headers=headers)
    assert sent.status_code == 201
    again = served.client.post("/lineage/events", content=json.dumps(event(9)), headers=headers)
    assert refusal(again, 401)["extensions"]["reason"] == "PROOF_REPLAYED"


def test_a_program_that_was_removed_reports_no_more(served: Served, tmp_path_factory: pytest.TempPathFactory) -> None:
    desk = Desk(served, tmp_path_factory.mktemp("removed"), AGENCY)
    client, key = registered(desk)
    gone = Partner(served, client, key, "", {})
    held = token(gone)
    remove = "mutation($input: RemoveClientInput!) { removeClient(input: $input) { problems { code } } }"
    desk.ask(remove, input={"clientId": client, "idempotencyKey": desk.key()})
    refusal(send(served, event(), held), 401)


def test_what_is_no_report(served: Served, program: Partner) -> None:
    good = token(program)
    assert refusal(send(served, b"x", good, **{"content-type": "text/plain"}), 415)
    assert refusal(send(served, b"x", good, **{"content-encoding": "gzip"}), 415)
    assert served.client.get("/lineage/events").status_code == 405
    huge = send(served, b"[" + b" " * 17_000_000 + b"]", good)
    assert refusal(huge, 413)["extensions"]["limit"] == 16_000_000
    assert send(served, [], good).json() == {"accepted": 0}
