"""The tour's last stop: from the signed answer to rows with a program's own key, and what stops them again."""

import json
import secrets
import time
from collections.abc import Iterator
from typing import Any, Final

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey

from gateway.audit.tlog import Proof, Verifier
from gateway.cli._case_tour import CENTER, CONSUMER, Tour, granted, officer_of, scope
from gateway.cli._client import NoAnswer
from gateway.verify import Refused, TokenVerifier

_CONNECTED: Final = """
query { datasets(first: 100, filter: { shareType: [CONDITIONAL] }) { nodes {
  id identifier title source { kind } provider { code } fields(first: 10) { nodes { id name shareType } } } } }
"""
_REGISTER: Final = """
mutation ($input: RegisterClientInput!) { registerClient(input: $input) { clientId problems { message } } }
"""
_HOLDERS: Final = "query ($id: ID!) { accessGrant(id: $id) { holders { name agency { code } } } }"
_REFUSALS: Final = """
query ($dataset: ID!) { auditEvents(first: 1, filter: { dataset: [$dataset], kind: ["data.fetch-refused"] },
  orderBy: DESC) { nodes { id index proof leaf body } } }
"""
_ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_PATIENCE: Final = 10.0


def steps(tour: Tour, address: str, log_key: str) -> Iterator[tuple[str, str]]:
    """What happens, step by step, and what comes out; `address` is the gateway's, `log_key` its log's verifier key."""
    own = CONSUMER.partition("@")[2]
    entries = tour.ask(CENTER, _CONNECTED, {})["datasets"]["nodes"]
    found = (
        (one, asked)
        for one in entries
        if one["source"] is not None
        and one["provider"]["code"] != own
        and len(asked := [f for f in one["fields"]["nodes"] if f["shareType"] == "CONDITIONAL"]) > 1
    )
    entry, fields = next(found, (None, []))
    if entry is None:
        yield "no dataset that is shared on conditions is delivered here", "see docs/data.md"
        return
    provider = officer_of(entry)
    case = tour.signed(CONSUMER, "prepareRequest", **scope(entry, fields[:1]))["accessRequest"]
    answer = {"accessRequest": case["id"], "version": case["version"], "answer": "APPROVE"}
    grant = tour.signed(provider, "prepareAnswer", **answer)["grant"]
    yield f"{provider} grants {fields[0]['name']} of {entry['title']}", granted(grant, fields)

    key = ECKey.generate_key("P-256", auto_kid=True)
    program = {"name": "前置机", "jwks": json.dumps({"keys": [key.as_dict(private=False)]})}
    made = tour.ask(CONSUMER, _REGISTER, {"input": {**program, "idempotencyKey": secrets.token_hex()}})
    client = made["registerClient"]["clientId"]
    yield f"{CONSUMER} registers a program by its public key", client
    with httpx.Client(base_url=address, timeout=30) as http:
        token = _token(http, address, client, key, grant["id"])
        yield "the program proves its key and has a token", f"{token[:16]}… ({len(token)} characters)"
        verifier = TokenVerifier.of(address, f"{address}/data")
        verified = verifier.verify(token)
        yield (
            "anybody checks it with the published keys, without asking",
            f"{', '.join(verified.fields)} for {verified.purpose}; entry {verified.log_index} of the log",
        )
        where = f"/data/{entry['identifier']}"
        headers = {"Authorization": f"Bearer {token}"}

        def fetch(**more: Any) -> str:
            return _said(http.get(where, params={"purpose": "SERVICE", "limit": 2, **more}, headers=headers))

        yield "it fetches two rows", fetch()
        yield f"it asks for {fields[1]['name']} too", fetch(fields=f"{fields[0]['name']},{fields[1]['name']}")
        yield "it asks for another purpose", fetch(purpose="RESEARCH")
        held = tour.ask(provider, _HOLDERS, {"id": grant["id"]})["accessGrant"]["holders"]
        yield (
            f"{provider} sees who holds the grant",
            "; ".join(f"{one['name']} of {one['agency']['code']}" for one in held),
        )
        yield from tour.revoked(entry, grant)
        yield "it fetches again", fetch()
        event = _refusal(tour, entry["id"])
        proof = Proof.parse(event["proof"])
        head = proof.check(event["leaf"].encode(), Verifier.parse(log_key))
        yield (
            "that refusal is in the log, with its proof",
            f"entry {proof.index} of {head.size}: {json.loads(event['body'])['data']}",
        )
        yield "and by the next status list everybody refuses the token", _listed(verifier, token)


def _token(http: httpx.Client, address: str, client: str, key: ECKey, grant: str) -> str:
    """A token, as RFC 7523 and RFC 9396 have it; the grant may not be in the log yet."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        claims = {
            "iss": client,
            "sub": client,
            "aud": address,
            "exp": int(time.time()) + 60,
            "jti": secrets.token_hex(),
        }
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": _ASSERTION,
            "client_assertion": jwt.encode({"alg": "ES256", "kid": str(key.kid)}, claims, key),
            "authorization_details": json.dumps([{"type": "urn:gateway:grant", "grant": grant}]),
        }
        answer = http.post("/oauth/token", data=form)
        if answer.status_code == httpx.codes.OK:
            return str(answer.json()["access_token"])
        if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE or time.monotonic() > deadline:
            raise NoAnswer(f"no token is given out: {answer.text}")
        time.sleep(0.1)


def _said(answer: httpx.Response) -> str:
    if answer.status_code == httpx.codes.OK:
        return "\n".join(json.dumps(row, ensure_ascii=False) for row in answer.json())
    error = answer.json()["errors"][0]
    return f"{answer.status_code} {error['extensions']['code']}: {error['message']}"


def _refusal(tour: Tour, dataset: str) -> dict[str, Any]:
    """The last refusal about a dataset, as soon as index and checkpoint have it."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        found: list[dict[str, Any]] = tour.ask(CONSUMER, _REFUSALS, {"dataset": dataset})["auditEvents"]["nodes"]
        if found and found[0]["proof"] is not None and "REVOKED" in str(found[0]["body"]):
            return found[0]
        if time.monotonic() > deadline:
            raise TimeoutError("the refusal is not in the index; try 'gateway log reindex'")
        time.sleep(0.1)


def _listed(verifier: TokenVerifier, token: str) -> str:
    """What an offline check says: for up to a minute the list that it has may be from before."""
    try:
        verifier.verify(token)
    except Refused as refused:
        return f"check {refused.step}, {refused.reason}: {refused}"
    return "the list that was fetched above is up to a minute old; then it is refused at check 12"
