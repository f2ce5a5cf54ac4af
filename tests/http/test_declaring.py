"""A derivation from its declaration to its correction, as an officer does it: GraphQL, `gateway sign`, the trail."""

import base64
import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography import x509

from gateway.audit.log import LogFolder
from gateway.audit.tlog import Proof, Verifier
from gateway.signing import DevelopmentAuthority
from tests.app.process import until
from tests.http.desk import Desk
from tests.http.served import Served
from tests.signing.openssl import accepts_signature, accepts_timestamp

_ENDS: Final = """
MATCH (d:Dataset {status: 'PUBLISHED', shareType: $share})-[:PROVIDED_BY]->(a:Agency)
WHERE (a.code = $own) = $mine AND EXISTS { (a)<-[:AT]-(:Appointment {role: 'OFFICER'}) }
MATCH (d)-[:HAS_FIELD]->(f) WHERE f.accessClass = d.accessClass
RETURN {dataset: d.id, field: f.id, agency: a.code} ORDER BY d.id, f.id LIMIT 1
"""
PREPARE: Final = """
mutation($input: PrepareDerivationsInput!) { prepareDerivations(input: $input) {
  prepared { signing text readable } problems { code path } } }
"""
END: Final = """
mutation($input: PrepareDerivationsEndInput!) { prepareDerivationsEnd(input: $input) {
  prepared { signing text } problems { code path } } }
"""
FILE: Final = """
mutation($input: FileSignedInput!) { fileSigned(input: $input) {
  derivations maskApproval accessRequest { id } grant { id } problems { code message path } } }
"""
TRAIL: Final = """
query($of: ID!, $source: ID!, $knownAt: DateTime) {
  paths(from: $source, to: $of, knownAt: $knownAt) { paths { edges {
    id observed validFrom validTo recordedFrom recordedTo
    statement { act text signature signatureDigest signer agency { code } }
    event { kind body salt leaf proof }
  } } }
}
"""
OWN: Final = "water"
SINCE: Final = "2026-01-31T08:00:00Z"


@pytest.fixture(scope="module")
def desk(served: Served, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return Desk(served, tmp_path_factory.mktemp("declaring"), OWN)


@pytest.fixture(scope="module")
def ends(served: Served) -> tuple[Any, Any]:
    """A field of the water company's, and one of another agency's, which it may inspect."""
    (mine,) = served.cypher(_ENDS, share="CONDITIONAL", own=OWN, mine=True)
    (theirs,) = served.cypher(_ENDS, share="UNCONDITIONAL", own=OWN, mine=False)
    return mine, theirs


def file(desk: Desk, prepared: dict[str, str]) -> Any:
    given = {
        "signing": prepared["signing"],
        "signature": desk.signature(prepared["text"]),
        "idempotencyKey": desk.key(),
    }
    made = desk.ask(FILE, input=given)
    assert made["problems"] == []
    return made


def test_from_a_declaration_to_its_correction(
    served: Served, desk: Desk, ends: tuple[Any, Any], tmp_path: Path
) -> None:
    mine, theirs = ends
    how = [{"type": "DIRECT", "subtype": "AGGREGATION"}]
    stated = {"field": mine["field"], "source": theirs["field"], "since": SINCE, "transformations": how}
    prepared = desk.prepared(PREPARE, dataset=mine["dataset"], derivations=[stated])
    assert 'content.derivations.1.since: "2026-01-31T08:00:00.000Z"' in prepared["readable"].splitlines()
    made = file(desk, prepared)
    (identifier,) = made["derivations"]
    assert (made["maskApproval"], made["accessRequest"], made["grant"]) == (None, None, None)

    def trail(who: str, known_at: str | None = None) -> list[Any]:
        asked = {"of": mine["field"], "source": theirs["field"], "knownAt": known_at}
        paths = served.ask(TRAIL, asked, who)["paths"]["paths"]
        return [edge for path in paths for edge in path["edges"]]

    until(lambda: [one["event"] and one["event"]["proof"] for one in trail("auditor")] > [""], 10, "it is in the log")
    (edge,) = trail("auditor")
    assert (edge["id"], edge["observed"], edge["validTo"]) == (identifier, False, None)
    statement, event = edge["statement"], edge["event"]
    assert (statement["act"], statement["agency"]["code"]) == ("DECLARE_DERIVATIONS", OWN)
    text, signature = statement["text"].encode(), base64.b64decode(statement["signature"])
    authority, now = DevelopmentAuthority(served.gateway.state), datetime.now(UTC)
    roots = authority.root_file, authority.timestamp_root_file
    root, time_root = (x509.load_pem_x509_certificate(path.read_bytes()) for path in roots)
    assert accepts_signature(tmp_path, text, signature, root, now)
    assert accepts_timestamp(tmp_path, signature, time_root, now)
    assert not accepts_signature(tmp_path, text.replace(b"AGGREGATION", b"IDENTITY"), signature, root, now)
    data = json.loads(event["body"])["data"]
    assert (data["document"], data["signature"]) == (hashlib.sha256(text).hexdigest(), statement["signatureDigest"])
    assert hashlib.sha256(signature).hexdigest() == statement["signatureDigest"]
    verifier = Verifier.parse((LogFolder(served.gateway.state).public / "key").read_text())
    Proof.parse(event["proof"]).check(event["leaf"].encode(), verifier)
    leaf = json.loads(event["leaf"])
    assert hashlib.sha256(bytes.fromhex(event["salt"]) + event["body"].encode()).hexdigest() == leaf["commit"]

    # Who provides the source sees the derivation and its event; a third agency sees that it is, as far as both ends go.
    (seen,) = trail(f"staff@{theirs['agency']}")
    assert (seen["statement"], seen["event"]["kind"]) == (None, "lineage.declared")
    assert [(one["statement"], one["event"]) for one in trail("center")] == [(None, None)]

    prepared = desk.prepared(
        END, dataset=mine["dataset"], ends=[{"derivation": identifier, "until": "2026-03-01T00:00:00Z"}], reason="更正"
    )
    (shorter,) = file(desk, prepared)["derivations"]
    assert trail("auditor") == []
    recorded = edge["recordedFrom"]
    (before,) = trail("auditor", recorded)
    assert (before["id"], before["validTo"], before["recordedTo"] is not None) == (identifier, None, True)
    (kept,) = served.cypher(
        "MATCH ()-[e:DERIVED_FROM {declared: $id}]->() RETURN e {.validFrom, .validTo, .recordedTo}", id=shorter
    )
    assert kept == {
        "validFrom": "2026-01-31T08:00:00.000Z",
        "validTo": "2026-03-01T00:00:00.000Z",
        "recordedTo": "9999-12-31T23:59:59.999Z",
    }


def test_what_is_wrong_is_told_with_its_place(desk: Desk, ends: tuple[Any, Any]) -> None:
    mine, theirs = ends

    def problems(**stated: Any) -> Any:
        given = {"dataset": mine["dataset"], "derivations": [{"since": SINCE, **stated}], "idempotencyKey": desk.key()}
        made = desk.ask(PREPARE, input=given)
        assert made["prepared"] is None
        return [(one["code"], one["path"]) for one in made["problems"]]

    both = {"source": theirs["dataset"], "named": {"namespace": "n", "name": "x"}}
    assert problems() == problems(**both) == [("BAD_SOURCE", ["derivations[0].source"])]
    assert problems(source="ds_nothing") == [("NOT_FOUND", ["derivations[0].source"])]
    assert problems(named={"namespace": "n", "name": "a\u001fb"}) == [("BAD_NAME", ["derivations[0].source"])]
    made = desk.ask(PREPARE, input={"dataset": mine["dataset"], "derivations": [], "idempotencyKey": "short"})
    assert made["problems"][0]["code"] == "BAD_IDEMPOTENCY_KEY"
