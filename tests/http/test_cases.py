"""From application to signed answer to grant, as an application would have it: tokens, HTTP, keys, and the commands."""

import hashlib
import json
import zipfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from gateway.audit.index import Index
from gateway.audit.log import LogFolder
from gateway.graph import make_id
from gateway.rules import day_of
from gateway.signing import DevelopmentAuthority
from tests.app.process import command_here, until
from tests.http.desk import CASE, FILE, Desk
from tests.http.served import Served, refusal
from tests.support.logged import logged

PREPARE: Final = """
mutation($input: PrepareRequestInput!) { prepareRequest(input: $input) {
  prepared { signing text digest readable } problems { code message path } } }
"""
ANSWER: Final = """
mutation($input: PrepareAnswerInput!) { prepareAnswer(input: $input) {
  prepared { signing text } problems { code message path } } }
"""
CHANGE: Final = """
mutation($input: PrepareGrantChangeInput!) { prepareGrantChange(input: $input) {
  prepared { signing text } problems { code path } } }
"""
BASIS: Final = {"title": "城市供水条例", "citation": "第二十条"}
_FIND: Final = """
MATCH (d:Dataset {status: 'PUBLISHED', shareType: $share})-[:PROVIDED_BY]->(a:Agency)
WHERE COUNT { (d)-[:HAS_FIELD]->(f) WHERE f.accessClass = d.accessClass } >= 2 AND NOT a.code IN $apart
MATCH (a)<-[:AT]-(:Appointment {role: 'OFFICER'})
WITH d, a ORDER BY d.id LIMIT 1
RETURN {dataset: d.id, agency: a.code,
  fields: COLLECT { MATCH (d)-[:HAS_FIELD]->(f) WHERE f.accessClass = d.accessClass RETURN f.id ORDER BY f.id LIMIT 2 }}
"""
_OPENABLE: Final = """
MATCH (d:Dataset {status: 'PUBLISHED', openType: 'CONDITIONAL'})-[:PROVIDED_BY]->(a:Agency)
WHERE COUNT { (d)-[:HAS_FIELD]->(f) WHERE f.accessClass = d.accessClass } >= 2 AND NOT a.code IN $apart
WITH d, a ORDER BY d.id LIMIT 1
RETURN {dataset: d.id, agency: a.code,
  fields: COLLECT { MATCH (d)-[:HAS_FIELD]->(f) WHERE f.accessClass = d.accessClass RETURN f.id ORDER BY f.id LIMIT 2 }}
"""
TASKS: Final = """
query($after: String) { me { tasks(first: 2, after: $after) {
  nodes { accessRequest { id } } pageInfo { hasNextPage endCursor } } } }
"""
MINE: Final = "{ me { tasks(first: 50) { nodes { accessRequest { id } grant { id } } } } }"
CONSUMER: Final = "water"


@pytest.fixture(scope="module")
def consumer(served: Served, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return Desk(served, tmp_path_factory.mktemp("consumer"), CONSUMER)


@pytest.fixture(scope="module")
def entry(served: Served) -> dict[str, Any]:
    """A dataset that is shared on application, of another agency."""
    (found,) = served.cypher(_FIND, share="CONDITIONAL", apart=[CONSUMER])
    return dict(found)


@pytest.fixture(scope="module")
def provider(served: Served, entry: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return Desk(served, tmp_path_factory.mktemp("provider"), entry["agency"])


def scope(entry: dict[str, Any], **changes: Any) -> dict[str, Any]:
    today = day_of(datetime.now(UTC))
    return {
        "dataset": entry["dataset"],
        "fields": entry["fields"],
        "purpose": "SERVICE",
        "explanation": "办理报装业务",
        "legalBasis": [BASIS],
        "since": str(today),
        "until": str(today + timedelta(days=200)),
        **changes,
    }


def test_an_application_is_answered_with_a_grant_that_both_sides_see(
    served: Served,
    consumer: Desk,
    provider: Desk,
    entry: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    prepared = consumer.prepared(PREPARE, **scope(entry))
    assert f'content.explanation: "{scope(entry)["explanation"]}"' in prepared["readable"].splitlines()
    filed = consumer.file(prepared)
    assert filed["problems"] == []
    case = filed["accessRequest"]
    assert (case["state"], case["procedure"], case["availableActions"]) == ("SUBMITTED", "APPLICATION", ["WITHDRAW"])
    counted = [date.fromisoformat(day) for day in case["deadline"]["counted"]]
    assert len(counted) == case["deadline"]["workingDaysLeft"] == 7
    assert datetime.fromisoformat(case["deadline"]["dueAt"]).astimezone(UTC).date() == counted[-1]
    assert not case["deadline"]["overdue"]

    asked = f"{{ me {{ who: id tasks {{ nodes {{ dueAt accessRequest {{ {CASE} }} }} }} name }} }}"
    me = provider.ask(asked)
    assert list(me) == ["who", "tasks", "name"]
    (task,) = [one for one in me["tasks"]["nodes"] if one["accessRequest"]["id"] == case["id"]]
    mine = task["accessRequest"]
    monkeypatch.setenv("COLUMNS", "400")
    port = str(served.gateway.port)
    listed = command_here(served.gateway.state, "tasks", "--as", provider.who, PORT=port)
    (line,) = [one for one in listed.stdout.splitlines() if case["id"] in one]
    assert "APPLICATION SUBMITTED" in line
    assert "APPROVE, APPROVE_PARTLY, REFUSE" in line
    nothing = command_here(served.gateway.state, "tasks", "--as", "citizen", PORT=port)
    assert (nothing.returncode, nothing.stdout, nothing.stderr.strip()) == (0, "", "Nothing waits for you.")
    assert command_here(served.gateway.state, "tasks", PORT=port).returncode == 1
    assert mine["availableActions"] == ["APPROVE", "APPROVE_PARTLY", "REFUSE"]
    assert mine["documents"][0]["readable"] == prepared["readable"]
    dropped = [{"field": entry["fields"][1], "reason": "超出职责", "basis": BASIS}]
    given = {"accessRequest": case["id"], "version": 1, "answer": "APPROVE_PARTLY", "dropped": dropped}
    answered = provider.file(provider.prepared(ANSWER, **given))
    assert answered["problems"] == []
    assert answered["accessRequest"]["state"] == "PARTIALLY_APPROVED"
    grant = answered["accessRequest"]["grant"]
    assert (grant["state"], grant["fields"], grant["expired"]) == ("ACTIVE", entry["fields"][:1], False)
    assert case["id"] not in json.dumps(provider.ask(MINE))

    seen = consumer.ask(f"query($id: ID!) {{ accessRequest(id: $id) {{ {CASE} }} }}", id=case["id"])
    assert seen["grant"]["fields"] == entry["fields"][:1]
    assert [one["act"] for one in seen["documents"]] == ["APPLY", "APPROVE_PARTLY"]
    assert [one["agency"]["code"] for one in seen["documents"]] == [CONSUMER, entry["agency"]]
    access = consumer.ask("query($id: ID!) { dataset(id: $id) { access { fetch { allowed } } } }", id=entry["dataset"])
    assert access["access"]["fetch"]["allowed"], "the grant counts in the catalogue"
    events = [one for one in logged(served.gateway.state) if one["about"]["case"] == case["id"]]
    assert [(one["kind"], one["data"]["after"]) for one in events] == [
        ("case.moved", "SUBMITTED"),
        ("case.moved", "PARTIALLY_APPROVED"),
        ("grant.moved", "ACTIVE"),
    ]
    index = Index(LogFolder(served.gateway.state).index)
    until(lambda: index.find(events[-1]["id"]) is not None, 10, "the events are in the index")
    check_evidence(served, case["id"], tmp_path)
    check_download(served, case["id"], (consumer.who, provider.who, "auditor", "supervisor"), tmp_path)


def verified(served: Served, export: Path) -> Any:
    """What the command says of an export."""
    authority = DevelopmentAuthority(served.gateway.state)
    key = (LogFolder(served.gateway.state).public / "key").read_text().strip()
    roots = ("--roots", str(authority.root_file), "--timestamp-roots", str(authority.timestamp_root_file))
    return command_here(served.gateway.state, "evidence", "verify", str(export), *roots, "--key", key)


def check_evidence(served: Served, case: str, folder: Path) -> None:
    """Exported and verified by the commands, and not any more when a letter was changed."""
    state = served.gateway.state

    def export(to: str, *more: str, of: str = case) -> Any:
        return command_here(state, "evidence", "export", of, "--to", str(folder / to), *more)

    for to, more in (("case", ()), ("case.zip", ()), ("packed", ("--zip",)), ("party.zip", ("--for", CONSUMER))):
        exported = export(to, *more)
        assert exported.returncode == 0, exported.stderr
        done = verified(served, folder / to)
        assert (done.returncode, "Everything holds" in done.stderr) == (0, True), done.stderr
        assert done.stdout.splitlines()[2].startswith("3. 01-APPLY: signed by CN=")
    assert zipfile.is_zipfile(folder / "packed")
    document = folder / "case" / "01-APPLY" / "document.json"
    document.write_text(document.read_text().replace("SERVICE", "RESEARCH"))
    (folder / "case" / "\N{RIGHT-TO-LEFT OVERRIDE}").touch()
    refused = verified(served, folder / "case")
    assert (refused.returncode, refused.stderr.splitlines()[0].isprintable()) == (1, True)
    (folder / "case" / "\N{RIGHT-TO-LEFT OVERRIDE}").unlink()
    changed = verified(served, folder / "case")
    assert (changed.returncode, "01-APPLY: the signature does not count" in changed.stderr) == (1, True)
    for to, more, of in (("case", (), case), ("x", (), "cs_nothing"), ("x", ("--for", "gaj"), case)):
        assert export(to, *more, of=of).returncode == 1
    assert not (folder / "x").exists()
    assert verified(served, folder / "x").returncode == 1


def fetch(served: Served, case: str, who: str | None, method: str = "GET") -> httpx.Response:
    headers = {"Authorization": f"Bearer {served.token(who)}"} if who else {}
    return served.client.request(method, f"/evidence/{case}", headers=headers)


def check_download(served: Served, case: str, entitled: tuple[str, ...], folder: Path) -> None:
    """Who may see the case fetches a file that holds, and the log has its digest; others are told of no case."""
    for who in entitled:
        answer = fetch(served, case, who)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip"), answer.text
        assert answer.headers["content-disposition"] == f'attachment; filename="{case}.zip"'
        assert answer.headers["cache-control"] == "no-store"
        (folder / "fetched.zip").write_bytes(answer.content)
        done = verified(served, folder / "fetched.zip")
        assert done.returncode == 0, done.stderr
        (event,) = [one for one in logged(served.gateway.state) if one["request"] == answer.headers["x-request-id"]]
        assert event["kind"] == "evidence.exported"
        assert event["about"]["case"] == case
        assert event["data"]["digest"] == hashlib.sha256(answer.content).hexdigest()
    unknown = [refusal(fetch(served, f"cs_{'a' * 26}", who), 404) for who in (None, "center")]
    for other in (None, "center", "officer@gaj", "supervisor@621022"):
        answer = fetch(served, case, other)
        assert refusal(answer, 404) == unknown[0] == unknown[1]
        events = [one for one in logged(served.gateway.state) if one["request"] == answer.headers["x-request-id"]]
        assert [(one["kind"], one["data"]["code"], one["about"]["hidden"]) for one in events] == (
            [("change.refused", "NOT_FOUND", True)] if other else []
        )
    assert fetch(served, case, entitled[0], "POST").headers["allow"] == "GET"
    assert served.client.get(f"/evidence/{case}", headers={"Authorization": "Bearer x"}).status_code == 401


def test_others_learn_nothing_of_a_case(served: Served, consumer: Desk, provider: Desk, entry: dict[str, Any]) -> None:
    given = scope(entry, purpose="RESEARCH")
    case = consumer.file(consumer.prepared(PREPARE, **given))["accessRequest"]
    one = "query($id: ID!) { accessRequest(id: $id) { id } }"
    listed = "{ accessRequests(first: 50) { nodes { id } } }"
    codes = served.cypher(
        "MATCH (a:Agency)<-[:AT]-(:Appointment {role: 'OFFICER'}) WHERE NOT a.code IN $not RETURN a.code LIMIT 1",
        **{"not": [CONSUMER, entry["agency"]]},
    )
    for who in (None, f"officer@{codes[0]}", "center"):
        assert served.ask(one, {"id": case["id"]}, who)["accessRequest"] is None
        assert case["id"] not in json.dumps(served.ask(listed, None, who))
        assert case["id"] not in json.dumps(served.ask(MINE, None, who))
    for who in (consumer.who, provider.who, "auditor", "supervisor"):
        assert served.ask(one, {"id": case["id"]}, who)["accessRequest"] == {"id": case["id"]}
        assert case["id"] in json.dumps(served.ask(listed, None, who))
    withdrawn = consumer.ask(
        "mutation($input: WithdrawRequestInput!) { withdrawRequest(input: $input) {"
        " accessRequest { state } problems { code } } }",
        input={"accessRequest": case["id"], "version": 1, "idempotencyKey": consumer.key()},
    )
    assert withdrawn == {"accessRequest": {"state": "WITHDRAWN"}, "problems": []}


def test_pages_of_cases_follow_each_other_without_gap_or_double(
    served: Served, consumer: Desk, provider: Desk, entry: dict[str, Any]
) -> None:
    for purpose in ("STATISTICS", "DECISION", "EMERGENCY"):
        consumer.file(consumer.prepared(PREPARE, **scope(entry, purpose=purpose)))
    text = """query($after: String, $state: CaseState) {
      accessRequests(side: CONSUMER, state: $state, first: 2, after: $after) {
      nodes { id filedAt state } pageInfo { hasNextPage endCursor } } }"""
    for state in (None, "SUBMITTED"):
        found: list[Any] = []
        after = None
        while True:
            page = consumer.ask(text, after=after, state=state)
            found += page["nodes"]
            after = page["pageInfo"]["endCursor"]
            if not page["pageInfo"]["hasNextPage"]:
                break
        every = served.cypher(
            "MATCH (c:Case {consumer: $id}) WHERE $state IS NULL OR c.state = $state"
            " RETURN c.id ORDER BY c.filedAt DESC, c.id DESC",
            id=make_id("ag_", CONSUMER),
            state=state,
        )
        assert [one["id"] for one in found] == every
        assert len(every) >= 3
    waits, at = [], None
    while True:
        page = provider.ask(TASKS, after=at)["tasks"]
        waits += [one["accessRequest"] for one in page["nodes"]]
        at = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert [one["id"] for one in waits] == served.cypher(
        "MATCH (c:Case {provider: $id, state: 'SUBMITTED'}), (d:Deadline {id: c.deadline}) "
        "RETURN c.id ORDER BY d.dueAt, c.id",
        id=make_id("ag_", entry["agency"]),
    )
    assert len(waits) >= 3
    wrong = served.send(text, {"after": after, "state": "REFUSED"}, consumer.who).json()
    assert wrong["errors"][0]["extensions"]["code"] == "INVALID_CURSOR"


def test_problems_have_codes_and_nothing_is_made(served: Served, consumer: Desk, entry: dict[str, Any]) -> None:
    def problems(who: str | None, **changes: Any) -> list[dict[str, Any]]:
        given = {**scope(entry, purpose="SUPERVISION"), "idempotencyKey": consumer.key(), **changes}
        found: list[dict[str, Any]] = served.ask(PREPARE, {"input": given}, who)["prepareRequest"]["problems"]
        return found

    before = served.cypher("MATCH (n:Preparation|Case) RETURN count(n)")
    assert [one["code"] for one in problems(None)] == ["NOT_ALLOWED"]
    assert [one["code"] for one in problems(f"staff@{CONSUMER}")] == ["NOT_ALLOWED"]
    assert [one["code"] for one in problems(consumer.who, idempotencyKey="short")] == ["BAD_IDEMPOTENCY_KEY"]
    (missing,) = problems(consumer.who, explanation="")
    assert (missing["code"], missing["path"]) == ("EMPTY_TEXT", ["explanation"])
    given = {"signing": "sg_nothing", "signature": "not base64!", "idempotencyKey": consumer.key()}
    filed = consumer.ask(FILE, input=given)
    assert [one["code"] for one in filed["problems"]] == ["NOT_BASE64"]
    filed = consumer.ask(FILE, input={**given, "signature": "AAAA", "idempotencyKey": consumer.key()})
    assert [one["code"] for one in filed["problems"]] == ["NOT_FOUND"]
    assert filed["accessRequest"] is None
    assert served.cypher("MATCH (n:Preparation|Case) RETURN count(n)") == before


def test_citizens_apply_for_an_opening_and_different_answers_are_shown_to_who_watches(
    served: Served, tmp_path: Path
) -> None:  # R21, R24.2
    (found,) = served.cypher(_OPENABLE, apart=[CONSUMER])
    officer = Desk(served, tmp_path, found["agency"])
    apply = (
        "mutation($input: ApplyForOpeningInput!) { applyForOpening(input: $input) {"
        f" accessRequest {{ {CASE} }} problems {{ code }} }} }}"
    )
    cases = []
    for who in ("citizen", "citizen2"):
        given = {**scope(found, legalBasis=[], purpose="RESEARCH"), "idempotencyKey": officer.key()}
        made = served.ask(apply, {"input": given}, who)["applyForOpening"]
        assert made["problems"] == []
        assert served.ask(apply, {"input": given}, who)["applyForOpening"] == made, "the same key is the same change"
        case = made["accessRequest"]
        assert (case["state"], case["consumer"], case["documents"][0]["signer"]) == ("SUBMITTED", None, None)
        assert len(case["deadline"]["counted"]) == 15
        cases.append(case["id"])
    officer.file(officer.prepared(ANSWER, accessRequest=cases[0], version=1, answer="ACCEPT"))
    refusal = {"answer": "REFUSE", "reason": "不符合", "basis": BASIS}
    officer.file(officer.prepared(ANSWER, accessRequest=cases[1], version=1, **refusal))
    differing = "query($id: ID!) { accessRequest(id: $id) { state answeredDifferently { id state } } }"
    for who in (officer.who, "center", "supervisor"):
        seen = served.ask(differing, {"id": cases[1]}, who)["accessRequest"]
        assert seen == {"state": "REFUSED", "answeredDifferently": [{"id": cases[0], "state": "ACCEPTED"}]}
    own = served.ask(differing, {"id": cases[1]}, "citizen2")["accessRequest"]
    assert own == {"state": "REFUSED", "answeredDifferently": None}
    assert served.ask(differing, {"id": cases[1]}, "citizen")["accessRequest"] is None
    ways = "query($id: ID!) { accessWays(dataset: $id) { procedure fields { id } } }"
    (way,) = served.ask(ways, {"id": found["dataset"]}, "citizen")["accessWays"]
    assert (way["procedure"], {*found["fields"]} <= {one["id"] for one in way["fields"]}) == ("OPENING", True)


def test_a_revoked_certificate_counts_no_more(served: Served, tmp_path: Path, entry: dict[str, Any]) -> None:
    desk = Desk(served, tmp_path, CONSUMER)
    prepared = desk.prepared(PREPARE, **scope(entry, purpose="SUPERVISION"))
    revoked = command_here(served.gateway.state, "certificate", "revoke", desk.fingerprint)
    assert revoked.stdout.strip() == desk.fingerprint, revoked.stderr
    filed = desk.file(prepared)
    assert [one["code"] for one in filed["problems"]] == ["CERTIFICATE_REVOKED"]
