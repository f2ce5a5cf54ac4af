"""From a grant to a token to rows, as a partner's program does it: with its own key, over HTTP, checked without us."""

import asyncio
import csv
import io
import json
import socket
import time
from collections import Counter
from typing import Any, Final
from urllib.parse import quote

import httpx
import pyarrow.ipc
import pyarrow.parquet
import pytest

from gateway.verify import Reason, TokenVerifier
from gateway.verify.jws import split
from tests.app.process import command_here, until
from tests.http.desk import Desk
from tests.http.partner import AGENCY, ROWS, Partner, connect, grown, partner_of, registered
from tests.http.served import Served, refusal
from tests.http.test_cases import CHANGE
from tests.support.logged import logged
from tests.verify.making import Key

GRANT: Final = '"type":"urn:gateway:grant","grant":"gr_x"'
QUOTA: Final = "query($id: ID!) { accessGrant(id: $id) { quota { requests rows requestsUsed rowsUsed resetsAt } } }"
HOLDERS: Final = "query($id: ID!) { accessGrant(id: $id) { holders { clientId name agency { code } } } }"
_OPEN: Final = """
MATCH (d:Dataset {status: 'PUBLISHED', openType: 'OPEN'})
WHERE NOT EXISTS { (d)-[:HAS_FIELD]->(f) WHERE f.accessClass <> d.accessClass } AND NOT EXISTS { (:Source)-[:OF]->(d) }
WITH d ORDER BY d.id LIMIT 1 RETURN d.id
"""


@pytest.fixture(scope="module")
def consumer(served: Served, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return Desk(served, tmp_path_factory.mktemp("partner"), AGENCY)


@pytest.fixture(scope="module")
def partner(served: Served, consumer: Desk) -> Partner:
    return partner_of(served, consumer)


@pytest.fixture(scope="module")
def opened(served: Served) -> dict[str, Any]:
    """A dataset that is open, and delivered."""
    (dataset,) = served.cypher(_OPEN)
    return connect(served, dataset, [])


def test_a_program_finds_out_how_tokens_are_had(served: Served) -> None:  # RFC 8414, RFC 9728
    server = served.client.get("/.well-known/oauth-authorization-server").json()
    resource = served.client.get("/.well-known/oauth-protected-resource/data").json()
    assert server["issuer"] == served.address
    assert server["token_endpoint"] == f"{served.address}/oauth/token"
    assert server["token_endpoint_auth_methods_supported"] == ["private_key_jwt"]
    assert resource["resource"] == f"{served.address}/data"
    assert resource["authorization_servers"] == [served.address]
    assert resource == served.client.get("/.well-known/oauth-protected-resource").json()
    keys = served.client.get("/.well-known/jwks.json").json()["keys"]
    assert [{"d"} & one.keys() for one in keys] == [set()]


def test_a_token_is_checked_without_us_and_fetches_what_it_says(served: Served, partner: Partner) -> None:  # R16.2d
    answer = partner.ask().json()
    verified = TokenVerifier.of(served.address, f"{served.address}/data").verify(answer["access_token"])
    assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 900)
    assert [verified.details] == answer["authorization_details"]
    assert verified.fields == tuple(partner.entry["fields"])
    fetched = partner.fetch(answer["access_token"], limit=3)
    assert fetched.status_code == 200, fetched.text
    assert [{*row} for row in fetched.json()] == [{*verified.fields}] * 3
    assert fetched.headers["row-count"] == "3"
    told = command_here(served.gateway.state, "token", "verify", answer["access_token"], "--issuer", served.address)
    assert json.loads(told.stdout) == verified.details
    refused = command_here(served.gateway.state, "token", "verify", "x", "--issuer", served.address)
    assert refused.returncode == 1
    assert "refused at check 1, MALFORMED" in refused.stderr


def test_both_sides_and_the_center_see_who_holds_the_grant(served: Served, partner: Partner) -> None:
    partner.token()
    wanted = {"clientId": partner.client, "name": "前置机", "agency": {"code": AGENCY}}
    for who in (f"staff@{AGENCY}", f"staff@{partner.entry['agency']}", "center"):
        found = served.ask(HOLDERS, {"id": partner.grant}, who)
        assert found["accessGrant"]["holders"] == [wanted]


def test_both_sides_see_how_much_was_fetched_today(served: Served, partner: Partner) -> None:
    def quota(who: str) -> Any:
        return served.ask(QUOTA, {"id": partner.grant}, who)["accessGrant"]["quota"]

    before = quota(f"staff@{AGENCY}")
    assert partner.fetch(partner.token(), limit=7).status_code == 200
    # What tests before this one have fetched may be told of together with it.
    until(lambda: quota(f"staff@{AGENCY}")["rowsUsed"] >= before["rowsUsed"] + 7, 5, "the graph is told")
    after = quota(f"staff@{partner.entry['agency']}")
    assert after["requestsUsed"] >= before["requestsUsed"] + 1
    assert after["requests"] == 10_000


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"resource": "https://other.example.org"}, "invalid_target"),
        ({"authorization_details": "x"}, "invalid_authorization_details"),
        ({"authorization_details": "[]"}, "invalid_authorization_details"),
        ({"authorization_details": '[{"type":"urn:gateway:grant","grant":"gr_x"}]'}, "invalid_authorization_details"),
        (
            {"authorization_details": '[{"type":"urn:gateway:grant","grant":"gr_x","sql":"1"}]'},
            "invalid_authorization_details",
        ),
        ({"client_assertion": "x"}, "invalid_client"),
        ({"client_id": "sy_other"}, "invalid_client"),
    ],
)
def test_a_request_for_a_token_that_is_no_good_is_refused(
    partner: Partner, form: dict[str, str], error: str
) -> None:  # RFC 6749, 5.2
    answer = partner.ask(**form)
    assert answer.json()["error"] == error
    assert answer.status_code == (401 if error == "invalid_client" else 400)
    assert answer.json()["error_description"]
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("content", "headers"),
    [
        (b"grant_type=client_credentials&grant_type=x", {"content-type": "application/x-www-form-urlencoded"}),
        (b"grant_type", {"content-type": "application/x-www-form-urlencoded"}),
        (b"a=%ff", {"content-type": "application/x-www-form-urlencoded"}),
        (b"{}", {"content-type": "application/json"}),
        (b"", {}),
    ],
)
def test_what_is_no_form_is_refused(served: Served, content: bytes, headers: dict[str, str]) -> None:
    answer = served.client.post("/oauth/token", content=content, headers=headers)
    assert answer.status_code == 400
    assert answer.json()["error"] in ("invalid_request", "unsupported_grant_type")


def test_the_endpoints_take_posts_alone_and_no_long_ones(served: Served) -> None:
    assert served.client.get("/oauth/token").status_code == 405
    long = served.client.post("/oauth/token", content=b"a=" + b"x" * 50_000)
    assert long.status_code == 413
    assert served.client.get("/oauth/nothing").status_code == 404
    assert served.client.get("/oauth/status/1999-13").status_code == 404


def test_a_token_is_introspected_and_given_back(partner: Partner) -> None:  # RFC 7662, RFC 7009
    token = partner.token()

    def introspected(presented: str) -> Any:
        return partner.served.client.post("/oauth/introspect", data=partner.form(token=presented)).json()

    found = introspected(token)
    assert found["active"]
    assert found["client_id"] == partner.client
    assert found["authorization_details"][0]["grant"] == partner.grant
    assert introspected("x") == introspected(token[:-2] + "AA") == {"active": False}
    for _ in range(2):  # the same whether there was something to revoke or not
        revoked = partner.served.client.post("/oauth/revoke", data=partner.form(token=token))
        assert (revoked.status_code, revoked.content) == (200, b"")
    assert introspected(token) == {"active": False}
    assert refusal(partner.fetch(token), 403)["extensions"]["code"] == "GIVEN_BACK"


def test_a_program_gives_back_its_own_tokens_alone(served: Served, consumer: Desk, partner: Partner) -> None:
    client, key = registered(consumer)
    other, token = Partner(served, client, key, partner.grant, partner.entry), partner.token()
    assert served.client.post("/oauth/revoke", data=other.form(token=token)).status_code == 200
    assert partner.fetch(token, limit=1).status_code == 200
    found = served.client.post("/oauth/introspect", data=other.form(token=token)).json()
    assert found["client_id"] == partner.client  # of one agency: both may know


def test_a_bound_token_is_no_use_without_its_key(served: Served, partner: Partner) -> None:  # RFC 9449
    holder, thief = Key(), Key()
    now = int(time.time())
    proof = holder.proof(htm="POST", htu=f"{served.address}/oauth/token", iat=now, jti="first")
    asked = partner.ask({"DPoP": proof})
    assert asked.json()["token_type"] == "DPoP"
    assert partner.ask({"DPoP": proof}).json()["error"] == "invalid_dpop_proof"  # replayed
    token = asked.json()["access_token"]
    place = f"{served.address}{partner.address}"

    def fetch(key: Key, **claims: Any) -> httpx.Response:
        made = key.proof(token, htu=place, iat=int(time.time()), **{"jti": f"{time.time_ns()}", **claims})
        headers = {"Authorization": f"DPoP {token}", "DPoP": made}
        return served.client.get(partner.address, params={"purpose": "SERVICE", "limit": 1}, headers=headers)

    assert fetch(holder, jti="once").status_code == 200
    again = refusal(fetch(holder, jti="once"), 401)
    assert again["extensions"]["reason"] == Reason.PROOF_REPLAYED
    assert refusal(fetch(thief), 401)["extensions"]["reason"] == Reason.BAD_PROOF
    assert refusal(fetch(holder, htm="POST"), 401)["extensions"]["reason"] == Reason.BAD_PROOF
    assert refusal(partner.fetch(token), 401)["extensions"]["reason"] == Reason.PROOF_MISSING


@pytest.mark.parametrize("token", ["x", "eyJhbGciOiJub25lIn0.eyJpc3MiOiJ4In0."])
def test_who_comes_with_a_bad_token_is_told_where_good_ones_are(served: Served, partner: Partner, token: str) -> None:
    answer = partner.fetch(token)
    refusal(answer, 401)
    challenges = answer.headers.get_list("www-authenticate")
    assert [one.split(" ")[0] for one in challenges] == ["Bearer", "DPoP"]
    where = f'resource_metadata="{served.address}/.well-known/oauth-protected-resource/data"'
    assert all(where in one and 'error="invalid_token"' in one for one in challenges)


def test_a_request_is_for_the_purpose_of_its_grant_and_for_its_fields(partner: Partner) -> None:  # R17.3
    token = partner.token()
    assert refusal(partner.fetch(token, purpose="RESEARCH"), 403)["extensions"]["code"] == "WRONG_PURPOSE"
    others = [name for name in partner.entry["names"] if name not in partner.entry["fields"]]
    outside = refusal(partner.fetch(token, fields=",".join(others)), 403)
    assert outside["extensions"]["code"] == "OUTSIDE_GRANT"
    assert refusal(
        partner.fetch(token, filter=json.dumps([{"field": others[0], "operator": "IN", "values": ["x"]}])), 403
    )


FIRST: Final = "值00000"


def _read(form: str, data: bytes) -> list[dict[str, Any]]:
    match form:
        case "json":
            return list(json.loads(data))
        case "ndjson":
            return [json.loads(line) for line in data.splitlines()]
        case "csv":
            return list(csv.DictReader(io.StringIO(data.decode())))
        case "parquet":
            return list(pyarrow.parquet.read_table(io.BytesIO(data)).to_pylist())
        case _:
            return list(pyarrow.ipc.open_stream(data).read_all().to_pylist())


@pytest.mark.parametrize(
    ("form", "accept"),
    [
        ("json", "application/json"),
        ("ndjson", "application/x-ndjson"),
        ("csv", "text/csv;q=0.9, text/html"),
        ("parquet", "application/vnd.apache.parquet"),
        ("arrow", "application/vnd.apache.arrow.stream, */*;q=0.1"),
    ],
)
def test_rows_come_in_the_form_that_is_wanted(served: Served, opened: dict[str, Any], form: str, accept: str) -> None:
    answer = served.client.get(f"/data/{opened['identifier']}", headers={"Accept": accept})
    assert answer.status_code == 200, answer.text
    named = served.client.get(f"/data/{opened['identifier']}", params={"format": form}, headers={"Accept": "text/html"})
    assert named.headers["content-type"] == answer.headers["content-type"]
    rows = _read(form, answer.content)
    assert len(rows) == ROWS
    assert {*rows[0]} == {*opened["names"]}
    assert _read(form, named.content) == rows


def test_a_client_that_takes_none_of_the_forms_is_told_which_there_are(served: Served, opened: dict[str, Any]) -> None:
    answer = served.client.get(f"/data/{opened['identifier']}", headers={"Accept": "text/html"})
    assert "text/csv" in refusal(answer, 406)["message"]


def test_pages_lead_to_each_other(served: Served, partner: Partner) -> None:
    token = partner.token()
    first = partner.fetch(token, limit=1_000, order=partner.entry["fields"][0])
    rows, answer = first.json(), first
    while (link := answer.links.get("next")) is not None:
        answer = served.client.get(link["url"], headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 200, answer.text
        rows += answer.json()
    assert len(rows) == ROWS
    assert rows == sorted(rows, key=lambda row: row[partner.entry["fields"][0]])
    assert first.headers["row-order"].startswith(partner.entry["fields"][0])


def test_a_question_can_be_posted(partner: Partner) -> None:
    token, name = partner.token(), partner.entry["fields"][0]
    asked = {
        "purpose": "SERVICE",
        "fields": [name],
        "filter": [{"field": name, "operator": "IN", "values": [f"{name}{FIRST}"]}],
    }
    headers = {"Authorization": f"Bearer {token}"}
    answer = partner.served.client.post(partner.address, json=asked, headers=headers)
    assert answer.json() == [{name: f"{name}{FIRST}"}]
    terms = [asked["filter"][0]] * 10_000
    long = partner.served.client.post(partner.address, json={**asked, "filter": terms}, headers=headers)
    assert refusal(long, 400)["extensions"]["code"] == "BAD_CONDITION"
    assert refusal(partner.served.client.post(partner.address, content=b"x", headers=headers), 400)
    unknown = partner.served.client.post(partner.address, json={"sql": "SELECT 1"}, headers=headers)
    assert refusal(unknown, 400)["extensions"]["parameter"] == "sql"


def test_what_a_client_has_already_does_not_leave_again(served: Served, opened: dict[str, Any]) -> None:
    address = f"/data/{opened['identifier']}"
    first = served.client.get(address, params={"limit": 5})
    again = served.client.get(address, params={"limit": 5}, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = served.client.get(address, params={"limit": 6}, headers={"If-None-Match": first.headers["etag"]})
    assert other.status_code == 200
    (ended,) = [
        one for one in logged(served.gateway.state)
        if one["kind"] == "data.fetch-ended" and one["request"] == again.headers["x-request-id"]
    ]  # fmt: skip
    assert ended["data"]["reason"] == "NOT_MODIFIED"


@pytest.mark.parametrize(
    ("asked", "status", "begin", "length"),
    [
        (None, 200, 0, 1_024),
        ("bytes=0-9", 206, 0, 10),
        ("bytes=1000-", 206, 1_000, 24),
        ("bytes=-4", 206, 1_020, 4),
        ("bytes=5-2000", 206, 5, 1_019),
        ("bytes=9-3", 200, 0, 1_024),
        ("bytes=0-1,4-5", 200, 0, 1_024),
        ("lines=1-2", 200, 0, 1_024),
        ("bytes=1024-", 416, 0, 0),
    ],
)
def test_a_film_comes_in_parts(
    served: Served, opened: dict[str, Any], asked: str | None, status: int, begin: int, length: int
) -> None:  # R2.1
    headers = {} if asked is None else {"Range": asked}
    address = f"/data/{opened['identifier']}"
    answer = served.client.get(address, params={"file": "film.mp4"}, headers=headers)
    assert answer.status_code == status
    assert answer.content == (bytes(range(256)) * 4)[begin : begin + length]
    if status == 206:
        assert answer.headers["content-range"] == f"bytes {begin}-{begin + length - 1}/1024"
    if status == 416:
        assert answer.headers["content-range"] == "bytes */1024"


def test_a_client_that_hangs_up_leaves_a_count_in_the_log(served: Served, opened: dict[str, Any]) -> None:
    with grown(opened["path"]):
        with socket.create_connection(("127.0.0.1", served.gateway.port)) as connection:
            target = quote(f"/data/{opened['identifier']}")
            request = f"GET {target}?format=ndjson HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: hangs-up-1\r\n\r\n"
            connection.sendall(request.encode())
            assert connection.recv(4_096)

        def ended() -> list[Any]:
            return [
                one for one in logged(served.gateway.state)
                if one["kind"] == "data.fetch-ended" and one["request"] == "hangs-up-1"
            ]  # fmt: skip

        until(lambda: bool(ended()), 10, "the end of the fetch is in the log")
    assert ended()[0]["data"]["reason"] == "CLIENT_GONE"
    assert 0 <= ended()[0]["data"]["rows"] < 60 * ROWS


def test_a_source_that_is_replaced_breaks_the_stream_and_leaves_no_end(served: Served, opened: dict[str, Any]) -> None:
    with grown(opened["path"]) as whole:
        asked = served.client.stream("GET", f"/data/{opened['identifier']}", params={"format": "ndjson"})
        with asked as answer:
            assert answer.status_code == 200
            pieces = answer.iter_bytes()
            next(pieces)
            opened["path"].write_text(whole, "utf-8")
            with pytest.raises(httpx.RemoteProtocolError):
                list(pieces)


def test_a_source_that_is_gone_is_said_to_be_and_disturbs_nobody(
    served: Served, opened: dict[str, Any], partner: Partner
) -> None:
    aside = opened["path"].with_suffix(".aside")
    opened["path"].rename(aside)
    try:
        answer = served.client.get(f"/data/{opened['identifier']}", params={"limit": 1})
        assert refusal(answer, 504)["extensions"]["code"] == "SOURCE_GONE"
        assert partner.fetch(partner.token(), limit=1).status_code == 200
    finally:
        aside.rename(opened["path"])


def test_five_hundred_fetches_at_once_are_all_answered(served: Served, partner: Partner) -> None:
    token = partner.token()

    async def at_once() -> list[httpx.Response]:
        limits = httpx.Limits(max_connections=500)
        async with httpx.AsyncClient(base_url=served.address, timeout=120, limits=limits) as client:
            headers, asked = {"Authorization": f"Bearer {token}"}, f"{partner.address}?purpose=SERVICE&limit=2"
            return await asyncio.gather(*(client.get(asked, headers=headers) for _ in range(500)))

    answers = asyncio.run(at_once())
    assert Counter(answer.status_code for answer in answers) == {200: 500}
    assert {answer.content for answer in answers} == {answers[0].content}


def test_only_rows_are_fetched(served: Served, opened: dict[str, Any]) -> None:
    for method in ("PUT", "DELETE", "HEAD"):
        assert served.client.request(method, f"/data/{opened['identifier']}").status_code == 405


def test_the_public_fetches_so_often_and_no_more(strict: Served) -> None:  # R24.1
    found = [strict.client.get("/data/nothing/here").status_code for _ in range(8)]
    assert found == [404] * 5 + [429] * 3


def test_a_key_is_rolled_and_old_tokens_count_on(served: Served, partner: Partner) -> None:
    before = partner.token()
    rolled = command_here(served.gateway.state, "token", "rotate-key")
    assert rolled.returncode == 0, rolled.stderr

    def published() -> set[str]:
        return {one["kid"] for one in served.client.get("/.well-known/jwks.json").json()["keys"]}

    until(lambda: rolled.stdout.strip() in published(), 5, "the new key is published")
    made = [one["data"] for one in logged(served.gateway.state) if one["kind"] == "token.key-made"]
    assert made == [
        {"key": _kid(before), "before": None},
        {"key": rolled.stdout.strip(), "before": _kid(before)},
    ]
    assert published() == {_kid(before), rolled.stdout.strip()}
    assert _kid(partner.token()) == rolled.stdout.strip()
    assert partner.fetch(before, limit=1).status_code == 200
    assert partner.fetch(partner.token(), limit=1).status_code == 200


def _kid(token: str) -> str:
    return str(split(token).header["kid"])


def test_a_revocation_counts_here_at_once_and_elsewhere_within_the_bound(
    served: Served, partner: Partner, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The last of this module: the grant is gone after it."""
    token = partner.token()
    assert partner.fetch(token, limit=1).status_code == 200
    provider = Desk(served, tmp_path_factory.mktemp("provider"), partner.entry["agency"])
    change = {
        "grant": partner.grant,
        "version": 1,
        "act": "REVOKE",
        "reason": "检查",
        "basis": {"title": "规定", "citation": "一"},
    }
    assert provider.file(provider.prepared(CHANGE, **change))["problems"] == []
    assert refusal(partner.fetch(token, limit=1), 403)["extensions"]["code"] == "REVOKED"
    assert partner.ask().json()["reason"] == "REVOKED"
    listed = served.client.get(_list_of(token))
    assert listed.headers["content-type"] == "application/statuslist+jwt"
    assert listed.headers["cache-control"] == "public, max-age=60"


def _list_of(token: str) -> str:
    return str(split(token).claims["status"]["status_list"]["uri"])
