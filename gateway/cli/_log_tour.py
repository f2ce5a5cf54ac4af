"""The tour's last stop: a change, its event in the log, the proof of it, and a tampered copy that is caught."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final

import orjson

from gateway.audit.leaf import Leaf
from gateway.audit.tlog import NotProven, Proof, Verifier

ACTOR: Final = "staff@water"
STRANGER: Final = "staff@gaj"
_PATIENCE: Final = 10.0

_OWN: Final = "{ me { agency { name datasets(first: 1) { nodes { id title } } } } }"
_CHANGE: Final = """
mutation ($input: RecordRefreshInput!) { recordRefresh(input: $input) { event problems { code message } } }
"""
_EVENT: Final = "query ($id: ID!) { auditEvent(id: $id) { index proof leaf body salt } }"

Ask = Callable[[str | None, str, dict[str, Any]], dict[str, Any]]
"""The data of a query with variables, asked as somebody."""


def steps(ask: Ask, key: str) -> Iterator[tuple[str, str]]:
    """What happens, step by step, and what comes out; `key` is the log's verifier key."""
    agency = ask(ACTOR, _OWN, {})["me"]["agency"]
    dataset = agency["datasets"]["nodes"][0]
    moment = datetime.now(UTC)
    stated = {"dataset": dataset["id"], "refreshedAt": moment.isoformat(), "idempotencyKey": f"tour-{moment:%s%f}"}
    made = ask(ACTOR, _CHANGE, {"input": stated})["recordRefresh"]
    if made["event"] is None:
        yield f"{ACTOR} records a refresh of {dataset['title']}", made["problems"][0]["message"]
        return
    yield f"{ACTOR} records a refresh of {dataset['title']}", made["event"]
    event = _found(ask, made["event"])
    proof, entry, body = Proof.parse(event["proof"]), event["leaf"].encode(), event["body"].encode()
    yield "what a stranger sees of it in the log", event["leaf"]
    head = proof.check(entry, Verifier.parse(key))
    yield "the proof, checked with the log's key", f"entry {proof.index} of {head.size} in {head.origin}"
    commit = Leaf.parse(entry).commit
    yield "SHA-256 of salt and body is the commitment", _yes(commit == _commit(event["salt"], body))
    forged = body.replace(stated["refreshedAt"][:4].encode(), b"1999", 1)
    yield "a body that says another year", _yes(commit == _commit(event["salt"], forged))
    changed = orjson.dumps({**orjson.loads(entry), "commit": _commit(event["salt"], forged)})
    try:
        proof.check(changed, Verifier.parse(key))
        yield "a leaf that fits that body", "went unnoticed"
    except NotProven as caught:
        yield "a leaf that fits that body", f"caught: {caught}"
    other = ask(STRANGER, _EVENT, {"id": made["event"]})["auditEvent"]
    yield f"{STRANGER} asks for the event", "is not shown it" if other is None else "is shown it"


def _found(ask: Ask, identifier: str) -> dict[str, Any]:
    """The event, as soon as index and checkpoint have it."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        event: dict[str, Any] | None = ask(ACTOR, _EVENT, {"id": identifier})["auditEvent"]
        if event is not None and event["proof"] is not None:
            return event
        if time.monotonic() > deadline:
            raise TimeoutError(f"the event {identifier} is not in the index; try 'gateway log reindex'")
        time.sleep(0.1)


def _commit(salt: str, body: bytes) -> str:
    return sha256(bytes.fromhex(salt) + body).hexdigest()


def _yes(holds: bool) -> str:
    return "yes" if holds else "no: it is not the one that was logged"
