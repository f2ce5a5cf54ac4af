"""Stops of the tour: one application of each kind to its end, signed by everybody's own key (articles 16 and 24)."""

import base64
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from gateway.cli.certificate import issued_key
from gateway.rules import day_of
from gateway.settings import Settings
from gateway.signing import load_pkcs12, sign, timestamps

CONSUMER: Final = "officer@water"
STRANGER: Final = "officer@gaj"
CENTER: Final = "center"
CITIZEN: Final = "citizen"
_BASIS: Final = {"title": "城市供水条例", "citation": "第二十条"}
_ENTRIES: Final = """
query ($filter: DatasetFilter) { me { agency { code } } datasets(first: 50, filter: $filter) { nodes {
  id title provider { code name } fields(first: 10) { nodes { id name shareType openType } } } } }
"""
_PREPARED: Final = "prepared { signing text digest } problems { message }"
_PREPARE: Final = {
    "prepareRequest": "PrepareRequestInput",
    "prepareAnswer": "PrepareAnswerInput",
    "prepareStep": "PrepareStepInput",
    "prepareGrantChange": "PrepareGrantChangeInput",
}
_FILED: Final = """
accessRequest { id version state deadline { dueAt counted rule } } grant { id version state fields validTo }
problems { message }
"""
_CASE: Final = "query ($id: ID!) { accessRequest(id: $id) { state version } }"
_FIELDS: Final = "query ($id: ID!) { dataset(id: $id) { fields(first: 2) { nodes { id name } } } }"
_WAYS: Final = "query ($id: ID!) { accessWays(dataset: $id) { procedure fields { name } } }"

Ask = Callable[[str | None, str, dict[str, Any]], dict[str, Any]]
Lines = Iterator[tuple[str, str]]


class Refused(Exception):
    """The gateway has a problem with what was asked."""


@dataclass
class Tour:
    """The people of the demonstration city at work."""

    ask: Ask
    settings: Settings
    _keys: dict[str, bytes] = field(default_factory=dict)

    def stops(self) -> Iterator[tuple[str, Lines]]:
        """What each stop is about, and what happens at it, step by step, with what comes out."""
        yield "Data that every agency has at once: a declaration, signed, and a grant", self._told(self._declaration())
        yield "An application, its signed answer, and the grant", self._told(self._application())
        yield "What is not shared: negotiated, coordinated, and shared in one case", self._told(self._negotiation())
        yield "A citizen's application: answered, authorised, and opened", self._told(self._opening())

    def _told(self, lines: Lines) -> Lines:
        try:
            yield from lines
        except Refused as refused:
            yield "and there it ends", str(refused)

    def _declaration(self) -> Lines:
        entry, fields = self._wanted({"shareType": ["UNCONDITIONAL"]}, shareType="UNCONDITIONAL")
        made = self.signed(CONSUMER, "prepareRequest", **scope(entry, fields))
        names = ", ".join(one["name"] for one in fields)
        yield f"{CONSUMER} declares for what {names} of {entry['title']} is used", granted(made["grant"], fields)
        yield from self.revoked(entry, made["grant"])

    def _application(self) -> Lines:
        entry, fields = self._wanted({"shareType": ["CONDITIONAL"]}, shareType="CONDITIONAL")
        provider = officer_of(entry)
        ways = self.ask(CONSUMER, _WAYS, {"id": entry["id"]})["accessWays"]
        yield f"which fields of {entry['title']} are had how", "; ".join(map(_way, ways))
        yield f"{CONSUMER} has a key; its certificate is registered", self._registered(CONSUMER)
        filed = self.signed(CONSUMER, "prepareRequest", **scope(entry, fields))
        case, deadline = filed["accessRequest"], filed["accessRequest"]["deadline"]
        yield f"signed and filed: {case['state']}", f"due {deadline['dueAt']} by {deadline['rule']}"
        yield "the working days that count", ", ".join(day[5:] for day in deadline["counted"])
        dropped = [{"field": fields[1]["id"], "reason": "超出职责范围", "basis": _BASIS}]
        answer = {"accessRequest": case["id"], "version": case["version"], "answer": "APPROVE_PARTLY"}
        made = self.signed(provider, "prepareAnswer", **answer, dropped=dropped)
        yield f"{provider} grants {fields[0]['name']} alone, and says why", made["accessRequest"]["state"]
        yield "signed and filed", granted(made["grant"], fields)
        seen = self.ask(STRANGER, _CASE, {"id": case["id"]})["accessRequest"]
        yield f"{STRANGER} asks for the case", "is not shown it" if seen is None else "is shown it"

    def _negotiation(self) -> Lines:
        entry, _ = self._wanted({"shareType": ["NON_SHARED"]}, shareType=None)
        provider = officer_of(entry)
        filed = self.signed(CONSUMER, "prepareRequest", **scope(entry, []))
        case = filed["accessRequest"]["id"]
        yield f"{CONSUMER} asks for {entry['title']}, whose fields are not shown", filed["accessRequest"]["state"]
        for who, act, said in (
            (provider, "NEGOTIATE", "涉及个人信息，须说明必要性"),
            (CONSUMER, "STATE_POSITION", "仅用于停水救助名单核对"),
            (CONSUMER, "PROPOSE_FAILURE", "双方意见不一致"),
            (provider, "COUNTERSIGN", ""),
            (CENTER, "COORDINATE", "已听取双方意见"),
        ):
            yield f"{who}: {act} {said}".rstrip(), self._moved(who, case, act, said)["accessRequest"]["state"]
        fields = self.ask(CENTER, _FIELDS, {"id": entry["id"]})["dataset"]["fields"]["nodes"][:1]
        shared = {"fields": [one["id"] for one in fields]}
        offered = self._moved(CENTER, case, "PROPOSE_SHARE", "仅限本次", **shared)
        yield f"{CENTER} proposes to share {fields[0]['name']} in this case", granted(offered["grant"], fields)
        made = self._moved(provider, case, "COUNTERSIGN")
        yield f"{provider} signs it too: {made['accessRequest']['state']}", granted(made["grant"], fields)

    def _opening(self) -> Lines:
        entry, fields = self._wanted({"openType": ["CONDITIONAL"]}, CITIZEN, openType="CONDITIONAL")
        provider = officer_of(entry)
        given = {**scope(entry, fields), "legalBasis": [], "explanation": "论文研究", "purpose": "RESEARCH"}
        text = f"mutation ($input: ApplyForOpeningInput!) {{ applyForOpening(input: $input) {{ {_FILED} }} }}"
        case = _made(self.ask(CITIZEN, text, {"input": given})["applyForOpening"])["accessRequest"]
        yield f"{CITIZEN} applies for {entry['title']}; the gateway signs the receipt", case["state"]
        yield "due", f"{case['deadline']['dueAt']} by {case['deadline']['rule']}"
        answer = {"accessRequest": case["id"], "version": case["version"], "answer": "ACCEPT"}
        made = self.signed(provider, "prepareAnswer", **answer)
        yield f"{provider} accepts", made["accessRequest"]["state"]
        yield (
            f"{provider} authorises the center",
            self._moved(provider, case["id"], "AUTHORISE")["accessRequest"]["state"],
        )
        made = self._moved(CENTER, case["id"], "OPEN")
        yield f"{CENTER} opens it: {made['accessRequest']['state']}", granted(made["grant"], fields)
        yield from self.revoked(entry, made["grant"])

    def revoked(self, entry: dict[str, Any], grant: dict[str, Any]) -> Lines:
        """The provider takes a grant back."""
        change = {"grant": grant["id"], "version": grant["version"], "act": "REVOKE", "basis": _BASIS}
        made = self.signed(officer_of(entry), "prepareGrantChange", **change, reason="演示结束")
        yield f"{officer_of(entry)} revokes it, with a reason", made["grant"]["state"]

    def _moved(self, who: str, case: str, act: str, statement: str = "", **more: Any) -> dict[str, Any]:
        version = self.ask(who, _CASE, {"id": case})["accessRequest"]["version"]
        step = {"accessRequest": case, "version": version, "act": act, "statement": statement, **more}
        return self.signed(who, "prepareStep", **step)

    def signed(self, who: str, mutation: str, **given: Any) -> dict[str, Any]:
        """Prepare, sign where the key is, and file."""
        self._registered(who)
        text = f"mutation ($input: {_PREPARE[mutation]}!) {{ {mutation}(input: $input) {{ {_PREPARED} }} }}"
        asked = {"idempotencyKey": secrets.token_hex(), **given}
        prepared = _made(self.ask(who, text, {"input": asked})[mutation])["prepared"]
        signer = load_pkcs12(self._keys[who], None)
        signature = base64.b64encode(sign(prepared["text"].encode(), signer, timestamps(self.settings))).decode()
        text = f"mutation ($input: FileSignedInput!) {{ fileSigned(input: $input) {{ {_FILED} }} }}"
        asked = {"signing": prepared["signing"], "signature": signature, "idempotencyKey": secrets.token_hex()}
        return _made(self.ask(who, text, {"input": asked})["fileSigned"])

    def _registered(self, who: str) -> str:
        """The fingerprint of somebody's certificate, which is made when they first need one."""
        if who not in self._keys:
            self._keys[who], self._fingerprints[who] = issued_key(self.settings, who, 1)
        return self._fingerprints[who]

    _fingerprints: dict[str, str] = field(default_factory=dict)

    def _wanted(
        self, filtered: dict[str, Any], who: str = CONSUMER, **tier: str | None
    ) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """A dataset of another agency, and two fields of it in a tier; any dataset, where the fields are not shown."""
        found = self.ask(who, _ENTRIES, {"filter": filtered})
        own = (found["me"]["agency"] or {"code": None})["code"]
        ((name, value),) = tier.items()
        for entry in found["datasets"]["nodes"]:
            fields = [one for one in entry["fields"]["nodes"] if value is None or one[name] == value]
            apart = entry["provider"]["code"] in (own, STRANGER.partition("@")[2])
            if not apart and (value is None) is not (len(fields) > 1):
                return entry, fields[:2]
        raise Refused("no dataset of another agency is in this tier here")


def officer_of(entry: dict[str, Any]) -> str:
    """Who signs for the provider of an entry."""
    return f"officer@{entry['provider']['code']}"


def _way(way: dict[str, Any]) -> str:
    return f"{way['procedure']}: {', '.join(one['name'] for one in way['fields'])}"


def granted(grant: dict[str, Any], fields: list[dict[str, Any]]) -> str:
    """A grant in a reader's words."""
    names = ", ".join(one["name"] for one in fields if one["id"] in grant["fields"])
    return f"a grant of {names} until {grant['validTo']}: {grant['state']}"


def scope(entry: dict[str, Any], fields: list[dict[str, Any]]) -> dict[str, Any]:
    """What is asked for: these fields of an entry, for half a year."""
    today = day_of(datetime.now(UTC))
    return {
        "dataset": entry["id"],
        "fields": [one["id"] for one in fields],
        "purpose": "SERVICE",
        "explanation": "办理供水报装业务",
        "legalBasis": [_BASIS],
        "since": str(today),
        "until": str(today + timedelta(days=180)),
        "idempotencyKey": secrets.token_hex(),
    }


def _made(payload: dict[str, Any]) -> dict[str, Any]:
    if payload["problems"]:
        raise Refused(payload["problems"][0]["message"])
    return payload
