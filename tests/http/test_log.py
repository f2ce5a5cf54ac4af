"""The log as strangers fetch it, and a log that cannot be written, on a gateway that really serves."""

import json
import resource
import signal
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import psutil
import pytest

from gateway.audit.fsck import check_log
from gateway.audit.log import LogFolder
from gateway.audit.reading import UrlSource
from gateway.audit.tlog import Checkpoint, Verifier
from gateway.audit.tlog.tiles import ENTRIES, Tile, tile_at
from gateway.audit.verify import verify
from gateway.graph.state import StateDirectory
from gateway.graph.times import instant
from tests.app.process import Gateway, command, until
from tests.http.served import GOOD, Served
from tests.identity.tokens import ES256, ISSUER, claims, jwks
from tests.support.logged import logged

REFRESH: Final = """
mutation Refresh($input: RecordRefreshInput!) {
  recordRefresh(input: $input) { event dataset { id refreshedAt stale } problems { code message path } }
}
"""
STARTED: Final = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=10)
OWN: Final = "MATCH (d:Dataset {status: 'PUBLISHED'})-[:PROVIDED_BY]->(:Agency {code: $code}) RETURN d.id ORDER BY d.id"


def refresh(served: Served, dataset: str, at: str, key: str, who: str | None = "staff@water") -> Any:
    given = {"dataset": dataset, "refreshedAt": at, "idempotencyKey": key}
    return served.ask(REFRESH, {"input": given}, who)["recordRefresh"]


def own(served: Served, n: int) -> str:
    """A dataset of the water company's, last refreshed long ago."""
    found = served.cypher(OWN, code="water")[n]
    served.cypher(
        "MATCH (d:Dataset {id: $id}) SET d.refreshedAt = $at RETURN 1", id=found, at="2020-01-01T00:00:00.000Z"
    )
    return str(found)


def lately(seconds: int) -> str:
    """An instant some minutes ago, and so many seconds later."""
    return instant(STARTED + timedelta(seconds=seconds))


def key(served: Served) -> Verifier:
    return Verifier.parse((LogFolder(served.gateway.state).public / "key").read_text())


def test_the_whole_log_can_be_fetched_and_verified(served: Served) -> None:
    served.send("{ me { name } }", token="no token at all")
    with UrlSource(f"{served.address}/log") as source:
        shown = verify(source, key(served))
    assert shown.head.origin == "localhost/log"
    assert shown.head.size > 0
    assert served.client.get("/log/key").text == f"{key(served).vkey}\n"
    told = command(served.gateway.state, "log", "verify", f"{served.address}/log", "--key", key(served).vkey)
    assert told.returncode == 0, told.stderr
    assert f"{shown.head.origin}: " in told.stdout


def test_tiles_may_be_kept_and_the_checkpoint_not(served: Served) -> None:
    answer = served.client.get("/log/checkpoint")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    size = Checkpoint.open(answer.content, key(served)).size
    for level in (0, ENTRIES):
        tile = served.client.get(f"/log/{tile_at(level, 0, size).path}")
        assert tile.status_code == 200
        assert tile.headers["content-type"] == "application/octet-stream"
        assert tile.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert served.client.head(f"/log/{tile_at(level, 0, size).path}").status_code == 200


@pytest.mark.parametrize(
    "path",
    ["", "tile/0/001", "tile/9/000", "tile/0/x000/000", "tile/0/000.p/0", "%2e%2e/key", "bodies/000000.log", "settled"],
)
def test_there_is_nothing_else_in_it(served: Served, path: str) -> None:
    answer = served.client.get(f"/log/{path}")
    assert answer.status_code == 404
    assert "PRIVATE" not in answer.text


def test_it_is_only_read(served: Served) -> None:
    assert served.client.post("/log/checkpoint", content=b"x").status_code == 405
    assert served.client.put(f"/log/{Tile(0, 0).path}", content=b"x").status_code == 405


def test_a_start_and_the_keys_making_are_the_first_events(served: Served) -> None:
    first = logged(served.gateway.state)[:4]
    kinds = ["log.key-made", "catalog.seeded", "lineage.tightened", "gateway.started"]
    assert [body["kind"] for body in first] == kinds
    assert first[0]["data"]["vkey"] == key(served).vkey


def test_bad_tokens_are_counted_in_it(served: Served) -> None:
    for _ in range(5):
        assert served.send("{ me { name } }", token="no token at all").status_code == 401
    until(lambda: any(body["kind"] == "tokens.refused" for body in logged(served.gateway.state)), 5, "an event")
    body = next(body for body in logged(served.gateway.state) if body["kind"] == "tokens.refused")
    assert body["data"]["reasons"]
    assert sum(body["data"]["reasons"].values()) == body["data"]["count"]


def test_a_provider_records_a_refresh_once(served: Served) -> None:  # R10
    dataset = own(served, 0)
    made = refresh(served, dataset, lately(0), "refresh-0001")
    assert made["problems"] == []
    assert made["dataset"] == {"id": dataset, "refreshedAt": lately(0), "stale": False}
    assert refresh(served, dataset, lately(0), "refresh-0001") == made
    (body,) = [body for body in logged(served.gateway.state) if body["id"] == made["event"]]
    assert body["about"]["datasets"] == [dataset]
    assert body["actor"]["role"] == "STAFF"
    assert body["actor"]["jurisdictions"] == body["about"]["jurisdictions"]
    until(lambda: served.cypher("MATCH (o:Outbox) RETURN count(o)") == [0], 10, "what was delivered is removed")


@pytest.mark.parametrize(
    ("who", "code", "at", "expected"),
    [
        ("staff@gaj", "water", None, "NOT_ALLOWED"),
        ("center", "water", None, "NOT_ALLOWED"),
        ("supervisor", "water", None, "NOT_ALLOWED"),
        (None, "water", None, "NOT_ALLOWED"),
        ("staff@water", "water", "2999-01-01T00:00:00Z", "IN_FUTURE"),
        ("staff@water", "water", "1999-01-01T00:00:00Z", "NOT_NEWER"),
    ],
)
def test_a_refusal_says_why_changes_nothing_and_is_logged(
    served: Served, who: str | None, code: str, at: str | None, expected: str
) -> None:
    dataset = next(i for i in served.cypher(OWN, code=code) if _known_to_all(served, i))
    before = served.cypher("MATCH (d:Dataset {id: $id}) RETURN d.refreshedAt", id=dataset)
    (problem,) = refresh(served, dataset, at or lately(60), f"refused-{who}-{expected}", who)["problems"]
    assert problem["code"] == expected
    assert problem["path"] == ["dataset" if expected == "NOT_ALLOWED" else "refreshedAt"]
    assert served.cypher("MATCH (d:Dataset {id: $id}) RETURN d.refreshedAt", id=dataset) == before
    last = [body for body in logged(served.gateway.state) if body["kind"] == "change.refused"][-1]
    assert (last["outcome"], last["data"]["code"], last["data"]["target"]) == ("REFUSED", expected, dataset)
    assert last["about"]["datasets"] == [dataset]
    assert last["about"]["hidden"] is False


def test_what_may_not_be_known_is_refused_like_what_is_not_there(served: Served) -> None:
    hidden = served.cypher("MATCH (d:Dataset {title: '户籍人口登记信息(修订)'}) RETURN d.id")[0]
    nothing = f"ds_{'a' * 26}"
    answers = [refresh(served, i, lately(60), f"hidden-{i}") for i in (hidden, nothing)]
    texts = [json.dumps(answer).replace(hidden, "ID").replace(nothing, "ID") for answer in answers]
    assert texts[0] == texts[1]
    assert answers[0]["problems"][0]["code"] == "NOT_FOUND"
    seen, unseen = [body for body in logged(served.gateway.state) if body["data"].get("code") == "NOT_FOUND"][-2:]
    # The owner is to learn of the attempt; whoever made it learns nothing.
    assert (seen["about"]["datasets"], seen["about"]["hidden"]) == ([hidden], True)
    assert (unseen["about"]["datasets"], unseen["about"]["hidden"]) == ([], True)


def test_a_key_belongs_to_one_person_and_one_input(served: Served) -> None:
    dataset = own(served, 1)
    assert refresh(served, dataset, lately(1), "a-key-of-mine")["problems"] == []
    (reused,) = refresh(served, dataset, lately(2), "a-key-of-mine")["problems"]
    assert (reused["code"], reused["path"]) == ("IDEMPOTENCY_KEY_REUSED", ["idempotencyKey"])
    other = refresh(served, dataset, lately(2), "a-key-of-mine", "officer@water")
    assert other["problems"] == []
    for bad in ("short", "x" * 201, "with\nnewline"):
        assert refresh(served, dataset, lately(3), bad)["problems"][0]["code"] == "BAD_IDEMPOTENCY_KEY"


def test_a_change_cannot_come_by_get(served: Served) -> None:
    given = '{dataset: "x", refreshedAt: "2026-01-01T00:00:00Z", idempotencyKey: "12345678"}'
    text = f"mutation {{ recordRefresh(input: {given}) {{ event }} }}"
    answer = served.client.get("/graphql", params={"query": text})
    assert answer.status_code == 405


def test_two_changes_of_one_request_are_made_in_order(served: Served) -> None:
    dataset = own(served, 2)
    text = """mutation ($a: RecordRefreshInput!, $b: RecordRefreshInput!) {
      a: recordRefresh(input: $a) { dataset { refreshedAt } } b: recordRefresh(input: $b) { dataset { id title } } }"""
    given = [{"dataset": dataset, "refreshedAt": lately(i), "idempotencyKey": f"in-order-{i}"} for i in (1, 2)]
    found = served.ask(text, {"a": given[0], "b": given[1]}, "staff@water")
    assert found["a"]["dataset"] == {"refreshedAt": lately(1)}
    assert {*found["b"]["dataset"]} == {"id", "title"}


def test_while_the_log_cannot_be_written_reading_goes_on_and_changes_wait(served: Served, tmp_path: Path) -> None:
    """The disk is full: as it looks to a process whose files may not grow. It recovers without a restart."""
    address = StateDirectory(served.gateway.state).address()
    assert address is not None
    more = {
        "NEO4J_URI": address.uri,
        "NEO4J_PASSWORD": address.password.get_secret_value(),
        "LOG_LEVEL": "error",
        "ISSUERS": json.dumps([{"iss": ISSUER, "jwks_file": str(tmp_path / "jwks.json")}]),
    }
    (tmp_path / "jwks.json").write_text(json.dumps(jwks(ES256)))
    served.cypher(
        "MATCH (p:Person)-[:KNOWN_AS]->(:Identity {sub: 'staff@water'}) "
        "MERGE (i:Identity {iss: $iss, sub: 'staff@water'}) MERGE (p)-[:KNOWN_AS]->(i) RETURN count(*)",
        iss=ISSUER,
    )
    token = ES256.token(claims(sub="staff@water", exp=int(time.time()) + 600))
    dataset = own(served, 3)
    with (
        Gateway(tmp_path / "state", **more) as gateway,
        httpx.Client(base_url=f"http://127.0.0.1:{gateway.announced().port}", timeout=30) as client,
    ):
        headers = {"Authorization": f"Bearer {token}"}

        def change(n: int) -> list[Any]:
            given = {"dataset": dataset, "refreshedAt": lately(n), "idempotencyKey": f"full-{n:04d}"}
            answer = client.post("/graphql", json={"query": REFRESH, "variables": {"input": given}}, headers=headers)
            assert "errors" not in answer.json(), (answer.text, gateway.err)
            return [problem["code"] for problem in answer.json()["data"]["recordRefresh"]["problems"]]

        for n in range(30):  # so that the bodies are larger than whatever the process writes to its output
            assert change(n) == []
        process = psutil.Process(gateway.process.pid)
        size = (LogFolder(gateway.state).bodies / "000000.log").stat().st_size
        process.rlimit(resource.RLIMIT_FSIZE, (size + 10, resource.RLIM_INFINITY))
        first = change(30)
        assert first in (["LOG_PENDING"], ["LOG_UNAVAILABLE"])
        # Where the index could not be read either, nothing was written yet: the next sweep does.
        until(lambda: not client.get("/readyz").json()["changes"], 15, "it is known that the log cannot be written")
        assert change(31) == ["LOG_UNAVAILABLE"]
        assert client.post("/graphql", json={"query": GOOD}).json()["data"] == served.good
        ready = client.get("/readyz")
        assert (ready.status_code, ready.json()["ready"], ready.json()["changes"]) == (200, True, False)
        exported = client.get(f"/lineage/{dataset}/export", headers=headers)
        assert (exported.status_code, exported.json()["errors"][0]["extensions"]["code"]) == (503, "LOG_UNAVAILABLE")
        assert client.get(f"/lineage/{dataset}", headers=headers).status_code == 200, "a picture is no export"
        assert "gateway_log_writable 0.0" in client.get("/metrics").text
        process.rlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        until(lambda: client.get("/readyz").json()["changes"], 15, "the log can be written again")
        assert change(30) == change(31) == []
        assert "gateway_log_writable 1.0" in client.get("/metrics").text
        assert gateway.end(signal.SIGTERM) == 0
        refreshed = [body for body in logged(gateway.state) if body["kind"] == "data.refreshed"]
        assert len(refreshed) == len({body["id"] for body in refreshed}) == 32
        faults: list[str] = []
        check_log(LogFolder(gateway.state), faults.append)
        assert faults == []
        assert logged(gateway.state)[-1]["kind"] == "gateway.stopped"


def _known_to_all(served: Served, dataset: str) -> bool:
    return served.ask("query ($id: ID!) { dataset(id: $id) { id } }", {"id": dataset})["dataset"] is not None
