"""A stop of the tour: an application for fields of another agency's data, the signed answer, and the grant."""

import base64
import secrets
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from gateway.cli.certificate import issued_key
from gateway.rules import day_of
from gateway.settings import Settings
from gateway.signing import load_pkcs12, sign, timestamps

CONSUMER: Final = "officer@water"
STRANGER: Final = "officer@gaj"
_BASIS: Final = {"title": "城市供水条例", "citation": "第二十条"}
_ENTRIES: Final = """
{ me { agency { code } } datasets(first: 50, filter: {shareType: [CONDITIONAL]}) { nodes {
  id title provider { code name } fields(first: 10) { nodes { id name shareType } } } } }
"""
_PREPARE: Final = """
mutation ($input: PrepareRequestInput!) { prepareRequest(input: $input) {
  prepared { signing text digest } problems { message } } }
"""
_ANSWER: Final = """
mutation ($input: PrepareAnswerInput!) { prepareAnswer(input: $input) {
  prepared { signing text digest } problems { message } } }
"""
_FILE: Final = """
mutation ($input: FileSignedInput!) { fileSigned(input: $input) {
  accessRequest { id version state deadline { dueAt counted rule } grant { state fields validTo } }
  problems { message } } }
"""
_CASE: Final = "query ($id: ID!) { accessRequest(id: $id) { state } }"

Ask = Callable[[str | None, str, dict[str, Any]], dict[str, Any]]


class _Refused(Exception):
    """The gateway has a problem with what was asked."""


def steps(ask: Ask, settings: Settings) -> Iterator[tuple[str, str]]:
    """What happens, step by step, and what comes out."""
    try:
        yield from _steps(ask, settings)
    except _Refused as refused:
        yield "and there it ends", str(refused)


def _steps(ask: Ask, settings: Settings) -> Iterator[tuple[str, str]]:
    entry, fields = _wanted(ask(CONSUMER, _ENTRIES, {}))
    provider = f"officer@{entry['provider']['code']}"
    keys = {}
    for who in (CONSUMER, provider):
        keys[who], fingerprint = issued_key(settings, who, 1)
        yield f"{who} has a key; its certificate is registered", fingerprint

    def filed(who: str, prepared: dict[str, Any]) -> dict[str, Any]:
        signature = sign(prepared["text"].encode(), load_pkcs12(keys[who], None), timestamps(settings))
        encoded = base64.b64encode(signature).decode()
        given = {"signing": prepared["signing"], "signature": encoded, "idempotencyKey": secrets.token_hex()}
        made = _made(ask(who, _FILE, {"input": given})["fileSigned"])
        found: dict[str, Any] = made["accessRequest"]
        return found

    prepared = _made(ask(CONSUMER, _PREPARE, {"input": _scope(entry, fields)})["prepareRequest"])["prepared"]
    names = ", ".join(field["name"] for field in fields)
    yield f"{CONSUMER} applies for {names} of {entry['title']}", f"to be signed: SHA-256 {prepared['digest']}"
    case = filed(CONSUMER, prepared)
    deadline = case["deadline"]
    yield f"signed and filed: {case['state']}", f"due {deadline['dueAt']} by {deadline['rule']}"
    yield "the working days that count", ", ".join(day[5:] for day in deadline["counted"])
    answer = {
        "accessRequest": case["id"],
        "version": case["version"],
        "answer": "APPROVE_PARTLY",
        "dropped": [{"field": fields[1]["id"], "reason": "超出职责范围", "basis": _BASIS}],
        "idempotencyKey": secrets.token_hex(),
    }
    prepared = _made(ask(provider, _ANSWER, {"input": answer})["prepareAnswer"])["prepared"]
    yield f"{provider} grants {fields[0]['name']} alone, and says why", f"to be signed: SHA-256 {prepared['digest']}"
    answered = filed(provider, prepared)
    grant = answered["grant"]
    granted = ", ".join(field["name"] for field in fields if field["id"] in grant["fields"])
    yield f"signed and filed: {answered['state']}", f"a grant of {granted} until {grant['validTo']}: {grant['state']}"
    seen = ask(STRANGER, _CASE, {"id": case["id"]})["accessRequest"]
    yield f"{STRANGER} asks for the case", "is not shown it" if seen is None else "is shown it"


def _wanted(found: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A dataset of another agency, and two fields of it that need an application."""
    own = found["me"]["agency"]["code"]
    for entry in found["datasets"]["nodes"]:
        fields = [field for field in entry["fields"]["nodes"] if field["shareType"] == "CONDITIONAL"]
        if len(fields) > 1 and own != entry["provider"]["code"] != STRANGER.partition("@")[2]:
            return entry, fields[:2]
    raise _Refused("no dataset of another agency is shared on application here")


def _scope(entry: dict[str, Any], fields: list[dict[str, Any]]) -> dict[str, Any]:
    today = day_of(datetime.now(UTC))
    return {
        "dataset": entry["id"],
        "fields": [field["id"] for field in fields],
        "purpose": "SERVICE",
        "explanation": "办理供水报装业务",
        "legalBasis": [_BASIS],
        "since": str(today),
        "until": str(today + timedelta(days=180)),
        "idempotencyKey": secrets.token_hex(),
    }


def _made(payload: dict[str, Any]) -> dict[str, Any]:
    if payload["problems"]:
        raise _Refused(payload["problems"][0]["message"])
    return payload
