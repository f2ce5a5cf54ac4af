"""From application to signed answer to grant, as an application would have it: tokens, HTTP, keys, and the commands."""

import base64
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from gateway.audit.index import Index
from gateway.audit.log import LogFolder
from gateway.graph import make_id
from gateway.rules import day_of
from gateway.signing import DevelopmentAuthority
from tests.app.process import command_here, until
from tests.http.served import Served
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
CASE: Final = """
  id state version procedure availableActions
  dataset { identifier } consumer { code } provider { code }
  deadline { dueAt overdue workingDaysLeft counted rule clocks { rule dueAt } }
  documents { act digest readable signer role agency { code } }
  grant { id state version fields expired validFrom validTo availableActions }
"""
FILE: Final = f"""
mutation($input: FileSignedInput!) {{ fileSigned(input: $input) {{
  accessRequest {{ {CASE} }} grant {{ id state }} problems {{ code message path }} }} }}
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
TASKS: Final = """
query($after: String) { me { tasks(first: 2, after: $after) {
  nodes { accessRequest { id } } pageInfo { hasNextPage endCursor } } } }
"""
MINE: Final = "{ me { tasks(first: 50) { nodes { accessRequest { id } grant { id } } } } }"
CONSUMER: Final = "water"


class Desk:
    """One agency's officer at work, with a key from `gateway certificate` and signatures from `gateway sign`."""

    def __init__(self, served: Served, folder: Path, agency: str) -> None:
        self.who = f"officer@{agency}"
        self._served = served
        self._folder = folder / agency
        self._folder.mkdir()
        self._number = 0
        key = self._folder / "key.p12"
        issued = command_here(served.gateway.state, "certificate", "issue", "--as", self.who, "--out", str(key))
        assert issued.returncode == 0, issued.stderr
        self.fingerprint = issued.stdout.strip()

    def ask(self, text: str, **variables: Any) -> Any:
        (found,) = self._served.ask(text, variables, self.who).values()
        return found

    def key(self) -> str:
        self._number += 1
        return f"{self.who}-{self._number:04}-{self._folder.stat().st_ino}"

    def prepared(self, text: str, **given: Any) -> dict[str, str]:
        made = self.ask(text, input={**given, "idempotencyKey": self.key()})
        assert made["problems"] == []
        found: dict[str, str] = made["prepared"]
        return found

    def signature(self, text: str) -> str:
        self._number += 1
        document = self._folder / f"{self._number}.json"
        document.write_bytes(text.encode())
        arguments = ("sign", str(document), "--key", str(self._folder / "key.p12"), "--passphrase-file", "/dev/null")
        signed = command_here(self._served.gateway.state, *arguments)
        assert signed.returncode == 0, signed.stderr
        return base64.b64encode(document.with_name(f"{document.name}.p7s").read_bytes()).decode()

    def file(self, prepared: dict[str, str]) -> Any:
        signature = self.signature(prepared["text"])
        return self.ask(
            FILE, input={"signing": prepared["signing"], "signature": signature, "idempotencyKey": self.key()}
        )


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
    check_evidence(served, case["id"], tmp_path / "case")


def check_evidence(served: Served, case: str, folder: Path) -> None:
    """Exported and verified by the commands, and not any more when a letter was changed."""
    state = served.gateway.state
    exported = command_here(state, "evidence", "export", case, "--to", str(folder))
    assert exported.returncode == 0, exported.stderr
    authority = DevelopmentAuthority(state)
    key = (LogFolder(state).public / "key").read_text().strip()
    arguments = ("--roots", authority.root_file, "--timestamp-roots", authority.timestamp_root_file, "--key", key)
    verify = ("evidence", "verify", str(folder), *map(str, arguments))
    verified = command_here(state, *verify)
    assert (verified.returncode, "Everything holds" in verified.stderr) == (0, True), verified.stderr
    assert verified.stdout.splitlines()[1].startswith("01-APPLY: signed by CN=")
    document = folder / "01-APPLY" / "document.json"
    document.write_text(document.read_text().replace("SERVICE", "RESEARCH"))
    changed = command_here(state, *verify)
    assert (changed.returncode, "01-APPLY: the signature does not count" in changed.stderr) == (1, True)
    assert command_here(state, "evidence", "export", case, "--to", str(folder)).returncode == 1
    assert command_here(state, "evidence", "export", "cs_nothing", "--to", str(folder / "x")).returncode == 1


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
        "MATCH (c:Case {provider: $id, state: 'SUBMITTED'}) RETURN c.id ORDER BY c.dueAt, c.id",
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


def test_a_revoked_certificate_counts_no_more(served: Served, tmp_path: Path, entry: dict[str, Any]) -> None:
    desk = Desk(served, tmp_path, CONSUMER)
    prepared = desk.prepared(PREPARE, **scope(entry, purpose="SUPERVISION"))
    revoked = command_here(served.gateway.state, "certificate", "revoke", desk.fingerprint)
    assert revoked.stdout.strip() == desk.fingerprint, revoked.stderr
    filed = desk.file(prepared)
    assert [one["code"] for one in filed["problems"]] == ["CERTIFICATE_REVOKED"]
