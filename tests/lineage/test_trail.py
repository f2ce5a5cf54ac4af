"""One query joins derivations, grants, signatures and proofs of the log, and all of it can be checked (R19, R20)."""

import asyncio
import base64
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from types import SimpleNamespace
from typing import Any, Final, cast

import pytest

from gateway.audit.asking import Events
from gateway.audit.event import About, Actor, ActorKind, Cause
from gateway.audit.index import Index
from gateway.audit.kinds import DataFetched
from gateway.audit.log import LogFolder
from gateway.audit.tlog import Proof, Verifier
from gateway.identity import PUBLIC, Profile, Subject
from gateway.lineage import Ended, Name, Names, Recording, Reporter, Stated
from gateway.schema import audit
from gateway.sharing.filing import Filing
from gateway.sharing.reading import Cases
from gateway.signing import SignatureRefused, Trust, verify
from gateway.vocabulary import AgencyKind, Role
from tests.lineage.reporting import NAMESPACE, event
from tests.lineage.stated import ENTRIES, Statements, approved, at, corrected, declared, derived, ds, fd
from tests.plan.asking import Gateway
from tests.support.logged import logged
from tests.support.waiting import eventually

EVENT: Final = "id kind index body salt leaf proof"
SIGNED: Final = "text digest signature signatureDigest certificate signer role agency { code } signedAt filedAt"
TRAIL: Final = f"""
query T($up: ID!, $down: ID!, $level: LineageLevel) {{
  lineage(of: $up, direction: UPSTREAM, level: $level) {{
    totalCount
    edges {{
      id source target observed
      statement {{ id act appointment {SIGNED} }}
      event {{ {EVENT} }}
      maskApprovals {{ id name version validTo recordedTo statement {{ act {SIGNED} }} event {{ {EVENT} }} }}
    }}
  }}
  impact(of: $down, level: $level) {{
    agencies {{
      agency {{ code }}
      grants {{
        id documents {{ act {SIGNED} }} accessRequest {{ id documents {{ act {SIGNED} }} }}
        events(first: 10) {{ nodes {{ {EVENT} }} }}
      }}
      uses {{ datasetId fetches events(first: 10) {{ nodes {{ {EVENT} }} }} }}
    }}
  }}
}}
"""
SEEN: Final = """
query S($up: ID!) { lineage(of: $up, direction: UPSTREAM) {
  edges { statement { id } event { id } maskApprovals { statement { id } event { id } } } } }
"""
WALK: Final = """
query W($up: ID!, $filter: LineageFilter, $asOf: DateTime, $knownAt: DateTime) {
  lineage(of: $up, direction: UPSTREAM, filter: $filter, asOf: $asOf, knownAt: $knownAt) {
    edges { observed validFrom } } }
"""
FIELDS: Final = {"up": fd("stats.x"), "down": fd("free.b"), "level": None}


@dataclass
class Asked:
    """The city, whom its log and its certificates are checked against, and who asks."""

    statements: Statements
    gateway: Gateway
    verifier: Verifier
    trust: Trust
    before: str
    """When the correction was not known yet."""

    async def trail(self, subject: Subject, **more: Any) -> dict[str, Any]:
        return await self.gateway.data(TRAIL, {**FIELDS, **more}, subject)

    async def settled(self) -> None:
        """Wait until the log's index and its tree have everything."""
        folder = LogFolder(self.statements.city.state)
        last = logged(self.statements.city.state)[-1]["id"]
        await eventually(lambda: Index(folder.index).find(last) is not None)
        found = "query E($id: ID!) { auditEvent(id: $id) { proof } }"
        over = overseer(self.statements)
        async with asyncio.timeout(30):
            while (await self.gateway.data(found, {"id": last}, over))["auditEvent"]["proof"] is None:  # noqa: ASYNC110
                await asyncio.sleep(0.02)


def overseer(statements: Statements) -> Subject:
    """Somebody of the center's who audits the whole city."""
    home = statements.city.officers["center"].subject
    profile = Profile(frozenset({Role.AUDITOR}), AgencyKind.ADMINISTRATIVE)
    return Subject("pe_over", "over", home.agency, "ap_over", statements.homes, profile=profile)


@pytest.fixture(scope="module")
async def said(stated: Statements) -> Asked:
    """A field that was declared, corrected, and made through an approved mask; a grant of its source, and a fetch."""
    city = stated.city
    await city.renew()
    await stated.renew()
    (first,) = await stated.act(declared(derived("free.b", "stats.x")))
    before = stated.later()
    await stated.act(corrected(Ended(first), instead=(derived("free.b", "stats.x", at(2)), derived("free"))))
    await stated.act(approved(), "provider")
    made = await city.act("consumer", city.scope("free", "a", "b"))
    consumer, provider = city.officers["consumer"].subject, city.officers["provider"].subject
    about = About((str(provider.agency),), stated.homes, (ds("free"),), case=made["case"])
    fetched = DataFetched(cause=city.cause(consumer), about=about, purpose="SERVICE", grant=made["grant"], n=1)
    await city.ledger.recorder.record(fetched)
    name = Name(NAMESPACE, "out")
    stating = Stated(name, ENTRIES["stats"].identifier, {})
    await Names(city.ledger).map(city.cause(consumer), stating, city.key(), by=consumer)
    by = Reporter("sy_a", str(consumer.agency), About((str(consumer.agency),), stated.homes))
    cause = Cause(Actor(ActorKind.SYSTEM, agency=consumer.agency), "0" * 64)
    body = json.dumps(event(inputs=["in"], outputs=["out"])).encode()
    await Recording(city.graph, city.ledger).record(cause, by, body)
    gateway = Gateway(city.graph, cases=Cases(city.graph, lambda: city.now), events=Events(LogFolder(city.state)))
    gateway.filing = cast(Filing, SimpleNamespace(clock=lambda: city.now))
    verifier = Verifier.parse((LogFolder(city.state).public / "key").read_text())
    asked = Asked(stated, gateway, verifier, city.authority.trust(), before)
    await asked.settled()
    return asked


def broken(trail: dict[str, Any], asked: Asked) -> Iterator[str]:
    """What does not hold of a trail: each signature over its document, each event in the log, and what joins them."""
    edges = trail["lineage"]["edges"]
    grants = [one for part in trail["impact"]["agencies"] for one in part["grants"]]
    uses = [one for part in trail["impact"]["agencies"] for one in part["uses"]]
    joined = [(one["statement"], [one["event"]]) for one in edges if not one["observed"]]
    joined += [(one["statement"], [one["event"]]) for edge in edges for one in edge["maskApprovals"]]
    joined += [
        (document, grant["events"]["nodes"])
        for grant in grants
        for document in (*grant["documents"], *grant["accessRequest"]["documents"])
    ]
    for document, events in joined:
        yield from unsigned(document, events, asked)
    told = [one["event"] for one in edges] + [one for use in uses for one in use["events"]["nodes"]]
    for one in (*told, *(one for _, events in joined for one in events)):
        yield from unlogged(one, asked)
    for edge in edges:
        if not edge["observed"] and f'"id":"{edge["id"]}"' not in edge["statement"]["text"]:
            yield "the document says nothing of the derivation"


def unsigned(document: dict[str, Any], events: list[dict[str, Any]], asked: Asked) -> Iterator[str]:
    """What does not hold of a document, its signature, and the event that names both."""
    text, signature = document["text"].encode(), base64.b64decode(document["signature"])
    if hashlib.sha256(text).hexdigest() != document["digest"]:
        yield "the digest is of another text"
    if hashlib.sha256(signature).hexdigest() != document["signatureDigest"]:
        yield "the digest is of another signature"
    prepared, now = datetime.fromisoformat(json.loads(text)["preparedAt"]), asked.statements.city.now
    try:
        found = verify(text, signature, asked.trust, prepared_at=prepared, now=now)
    except SignatureRefused as refused:
        yield f"the signature does not count: {refused}"
    else:
        if found.certificate.fingerprint != document["certificate"]:
            yield "somebody else has signed it"
    signed = document["digest"], document["signatureDigest"]
    if signed not in [
        (data.get("document"), data.get("signature")) for one in events for data in [json.loads(one["body"])["data"]]
    ]:
        yield "the log holds another document"


def unlogged(one: dict[str, Any], asked: Asked) -> Iterator[str]:
    """What does not hold of an event and its proof."""
    leaf = json.loads(one["leaf"])
    if leaf["id"] != one["id"] or json.loads(one["body"])["id"] != one["id"]:
        yield "the proof is of another event"
    if hashlib.sha256(bytes.fromhex(one["salt"]) + one["body"].encode()).hexdigest() != leaf["commit"]:
        yield "the log commits to another body"
    try:
        Proof.parse(one["proof"]).check(one["leaf"].encode(), asked.verifier)
    except ValueError as problem:
        yield f"the proof does not hold: {problem}"


async def test_what_an_auditor_is_given_in_one_answer_holds(said: Asked) -> None:
    trail = await said.trail(overseer(said.statements))
    (edge,) = trail["lineage"]["edges"]
    assert (edge["statement"]["act"], edge["event"]["kind"]) == ("END_DERIVATIONS", "lineage.ended")
    consumer = said.statements.city.officers["consumer"].subject
    assert (edge["statement"]["signer"], edge["statement"]["role"]) == ("consumer", "OFFICER")
    assert (edge["statement"]["agency"]["code"], edge["statement"]["appointment"]) == ("power", consumer.appointment)
    (approval,) = edge["maskApprovals"]
    assert (approval["name"], approval["validTo"], approval["statement"]["act"]) == ("names", None, "APPROVE_MASK")
    (water,) = [one for one in trail["impact"]["agencies"] if one["agency"]["code"] == "water"]
    (grant,) = water["grants"]
    assert [one["act"] for one in grant["accessRequest"]["documents"]] == ["DECLARE"]
    assert [one["kind"] for one in grant["events"]["nodes"]] == ["case.moved", "grant.moved", "data.fetched"]
    (use,) = water["uses"]
    assert [one["kind"] for one in use["events"]["nodes"]] == ["data.fetched"]
    assert [*broken(trail, said)] == []


@pytest.mark.parametrize(
    "link",
    [
        "text",
        "signature",
        "digest",
        "signatureDigest",
        "body",
        "salt",
        "leaf",
        "proof",
        "document",
        "event",
    ],
)
async def test_a_link_that_is_broken_is_found(said: Asked, link: str) -> None:
    trail = await said.trail(overseer(said.statements))
    (edge,) = trail["lineage"]["edges"]
    (approval,) = edge["maskApprovals"]
    if link == "document":
        edge["statement"] = approval["statement"]
    elif link == "event":
        edge["event"] = approval["event"]
    else:
        held = edge["statement"] if link in edge["statement"] else edge["event"]
        value = held[link]
        if link == "signature":
            data = bytearray(base64.b64decode(value))
            data[len(data) // 2] ^= 1
            held[link] = base64.b64encode(data).decode()
        elif link == "proof":
            held[link] = approval["event"]["proof"]
        else:
            place = value.index({"text": "END", "body": "ended"}.get(link, value[-5:]))
            held[link] = value[:place] + ("0" if value[place] != "0" else "1") + value[place + 1 :]
    assert [*broken(trail, said)]


@pytest.mark.parametrize(
    ("how", "since"),
    [
        ({}, [at(2)]),
        ({"known": True}, [at(1)]),
        ({"asOf": at(1)}, []),
        ({"asOf": at(1), "known": True}, [at(1)]),
        ({"filter": {"observed": False}}, [at(2)]),
        ({"filter": {"observed": True}}, []),
    ],
)
async def test_a_walk_goes_along_what_was_declared_as_of_then(
    said: Asked, how: dict[str, Any], since: list[str]
) -> None:
    known = {"knownAt": said.before} if "known" in how else {}
    asked = {"up": fd("stats.x"), **{name: one for name, one in how.items() if name != "known"}, **known}
    found = await said.gateway.data(WALK, asked, said.statements.city.officers["consumer"].subject)
    assert [(one["observed"], one["validFrom"]) for one in found["lineage"]["edges"]] == [
        (False, begun) for begun in since
    ]


async def test_a_run_is_told_by_the_event_of_its_report(said: Asked) -> None:
    consumer = said.statements.city.officers["consumer"].subject
    asked = {"up": ds("stats"), "down": ds("stats")}
    trail = await said.trail(consumer, **asked)
    (run,) = [one for one in trail["lineage"]["edges"] if one["observed"]]
    assert (run["statement"], run["event"]["kind"], run["maskApprovals"]) == (None, "lineage.recorded", [])
    implied = [one for one in trail["lineage"]["edges"] if not one["observed"]]
    assert {(one["statement"]["act"], one["event"]["kind"]) for one in implied} == {
        ("END_DERIVATIONS", "lineage.ended")
    }


async def test_who_may_not_read_it_sees_no_trace_of_it(said: Asked) -> None:
    """The documents are for their parties and who oversees these; a derivation itself for who may inspect its ends."""
    statements = said.statements
    officers = {name: one.subject for name, one in statements.city.officers.items()}
    elsewhere = Subject("pe_e", "e", "ag_e", "ap_e", ("ju_e",), profile=overseer(statements).profile)
    for subject, statement, approvals, recorded in (
        (overseer(statements), True, 1, True),
        (officers["consumer"], True, 1, True),
        # Who provides the source is told of the derivation, and not what else the document says.
        (officers["provider"], False, 1, True),
        (officers["center"], False, 0, False),
        (elsewhere, False, 0, False),
        (PUBLIC, False, 0, False),
    ):
        trail = await said.gateway.data(SEEN, {"up": fd("stats.x")}, subject)
        (edge,) = trail["lineage"]["edges"]
        assert (edge["statement"] is not None) is statement, subject
        assert (edge["event"] is not None) is recorded, subject
        assert len(edge["maskApprovals"]) == approvals, subject
        if recorded:
            assert edge["maskApprovals"][0]["statement"] is not None
            assert edge["maskApprovals"][0]["event"] is not None


async def test_an_answer_proves_a_bounded_number_of_events_and_says_so(
    said: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "MOST_PROOFS", 1)
    result = await said.gateway.ask(TRAIL, FIELDS, overseer(said.statements))
    codes = {(error.extensions or {}).get("code") for error in result.errors or ()}
    assert codes == {"TOO_MANY_PROOFS"}
    assert result.data is not None
