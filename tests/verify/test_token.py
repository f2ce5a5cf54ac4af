"""Checking tokens: what each check refuses, with its number and its reason; whatever is altered is refused."""

import hashlib
import hmac
import json
import random
from base64 import urlsafe_b64decode
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.verify import FixedKeys, Reason, Refused, TokenVerifier, check_proof
from gateway.verify.jws import encode
from tests.verify.making import AUDIENCE, CLAIMS, DETAILS, ISSUER, NOW, Key

KEY, OTHER = Key(), Key()


def verifier(now: float = NOW) -> TokenVerifier:
    return TokenVerifier(ISSUER, AUDIENCE, FixedKeys(KEY.jwks), None, skew=60, clock=lambda: now)


def refusal(token: str, now: float = NOW) -> tuple[int, Reason]:
    with pytest.raises(Refused) as refused:
        verifier(now).verify(token)
    assert str(refused.value)
    return refused.value.step, refused.value.reason


def unsigned(header: dict[str, Any], key: bytes = b"") -> str:
    signed = f"{encode(json.dumps(header).encode())}.{encode(json.dumps(CLAIMS).encode())}"
    mac = hmac.digest(key, signed.encode(), hashlib.sha256) if key else b""
    return f"{signed}.{encode(mac)}"


def test_a_token_says_what_was_granted() -> None:
    verified = verifier().verify(KEY.token())
    assert verified.details == DETAILS
    assert (verified.grant, verified.client, verified.subject) == (DETAILS["grant"], "sy_a", "ag_a")
    assert (verified.id, verified.expires, verified.thumbprint) == ("t1", NOW + 900, None)


PUBLIC = json.dumps(KEY.jwk).encode()


@pytest.mark.parametrize(
    ("token", "step", "reason"),
    [
        ("", 1, Reason.MALFORMED),
        ("a.b", 1, Reason.MALFORMED),
        ("a.b.c.d", 1, Reason.MALFORMED),
        (KEY.token() + "=", 1, Reason.MALFORMED),
        (KEY.token().replace(".", ". ", 1), 1, Reason.MALFORMED),
        (f"{'[' * 9_000}.e30.AA", 1, Reason.MALFORMED),
        (f"{encode(b'[' * 6_000)}.e30.AA", 1, Reason.MALFORMED),
        (f"{encode(b'[]')}.e30.AA", 1, Reason.MALFORMED),
        (KEY.token(more="x" * 17_000), 1, Reason.MALFORMED),
        (KEY.token({"typ": "JWT"}), 2, Reason.WRONG_TYPE),
        (KEY.token({"typ": "dpop+jwt"}), 2, Reason.WRONG_TYPE),
        (KEY.token({"typ": 1}), 2, Reason.WRONG_TYPE),
        (KEY.token({"crit": ["exp"], "exp": 1}), 3, Reason.CRITICAL_EXTENSION),
        (unsigned({"alg": "none", "typ": "at+jwt", "kid": KEY.kid}), 4, Reason.WRONG_ALGORITHM),
        (unsigned({"alg": "HS256", "typ": "at+jwt", "kid": KEY.kid}, PUBLIC), 4, Reason.WRONG_ALGORITHM),
        (OTHER.token({"kid": "another"}), 5, Reason.UNKNOWN_KEY),
        (OTHER.token(), 5, Reason.UNKNOWN_KEY),
        (OTHER.token({"kid": KEY.kid}), 6, Reason.BAD_SIGNATURE),
        (OTHER.token({"kid": KEY.kid, "jwk": OTHER.jwk}), 6, Reason.BAD_SIGNATURE),
        (OTHER.token({"kid": KEY.kid, "jku": "https://evil.example/jwks"}), 6, Reason.BAD_SIGNATURE),
        (OTHER.token({"kid": KEY.kid, "x5u": "https://evil.example/chain"}), 6, Reason.BAD_SIGNATURE),
        (KEY.token(iss="https://other.example.org"), 7, Reason.WRONG_ISSUER),
        (KEY.token(iss=f"{ISSUER}/"), 7, Reason.WRONG_ISSUER),
        (KEY.token(aud="https://other.example.org/data"), 8, Reason.WRONG_AUDIENCE),
        (KEY.token(aud=[AUDIENCE, "https://other.example.org"]), 8, Reason.WRONG_AUDIENCE),
        (KEY.token(exp=None), 9, Reason.MALFORMED),
        (KEY.token(iat=None), 9, Reason.MALFORMED),
        (KEY.token(exp=True), 9, Reason.MALFORMED),
        (KEY.token(exp=int(NOW) - 61), 9, Reason.EXPIRED),
        (KEY.token(nbf=int(NOW) + 61), 9, Reason.NOT_YET_VALID),
        (KEY.token(iat=int(NOW) + 61, exp=int(NOW) + 100), 9, Reason.NOT_YET_VALID),
        (KEY.token(exp=int(NOW) + 901), 9, Reason.LIVES_TOO_LONG),
        (KEY.token(authorization_details=None), 10, Reason.NO_GRANT),
        (KEY.token(authorization_details=[]), 10, Reason.NO_GRANT),
        (KEY.token(authorization_details=[DETAILS, DETAILS]), 10, Reason.NO_GRANT),
        (KEY.token(client_id=None), 10, Reason.NO_GRANT),
        (KEY.token(cnf={}), 10, Reason.NO_GRANT),
        (KEY.token(cnf={"jkt": 5}), 10, Reason.NO_GRANT),
        (KEY.token(cnf={"jkt": KEY.kid}), 11, Reason.PROOF_MISSING),
        *((KEY.details(**{name: None}), 10, Reason.NO_GRANT) for name in DETAILS),
        (KEY.details(type="another"), 10, Reason.NO_GRANT),
        (KEY.details(fields=[]), 10, Reason.NO_GRANT),
        (KEY.details(fields=[1]), 10, Reason.NO_GRANT),
        (KEY.details(version=True), 10, Reason.NO_GRANT),
        (KEY.details(rows=[{"sql": "true"}]), 10, Reason.NO_GRANT),
    ],
)
def test_each_check_refuses_what_it_is_for(token: str, step: int, reason: Reason) -> None:
    assert refusal(token) == (step, reason)


@pytest.mark.parametrize(
    ("claims", "now"),
    [
        ({}, NOW + 900 + 59),
        ({}, NOW - 60),
        ({"nbf": int(NOW) + 60}, NOW),
        ({"iat": int(NOW) + 60, "exp": int(NOW) + 960}, NOW),
    ],
)
def test_clocks_may_differ_by_a_minute(claims: dict[str, Any], now: float) -> None:
    verifier(now).verify(KEY.token(**claims))


@pytest.mark.parametrize("now", [NOW + 900 + 60, NOW - 61])
def test_and_by_no_more(now: float) -> None:
    assert refusal(KEY.token(), now)[0] == 9


@pytest.mark.parametrize("written", ["at+jwt", "AT+JWT", "application/at+jwt"])
def test_a_type_may_be_written_as_the_media_type_that_it_is(written: str) -> None:  # RFC 7515, 4.1.9
    verifier().verify(KEY.token({"typ": written}))


@given(st.integers(0, 10_000), st.characters(min_codepoint=33, max_codepoint=126))
def test_whatever_letter_of_a_token_is_another_it_is_refused(place: int, letter: str) -> None:
    token = KEY.token()
    at = place % len(token)
    if token[at] != letter:
        refusal(token[:at] + letter + token[at + 1 :])


@given(st.binary(max_size=80))
def test_no_other_bytes_are_a_signature(raw: bytes) -> None:
    step, reason = refusal(f"{KEY.token().rpartition('.')[0]}.{encode(raw)}")
    assert (step, reason) == (6, Reason.BAD_SIGNATURE)


@given(st.text(max_size=60))
def test_no_text_makes_it_fail_otherwise_than_by_refusing(text: str) -> None:
    assert refusal(text) == (1, Reason.MALFORMED)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from([*CLAIMS, "nbf", "cnf"]), _JSON)
def test_no_claim_makes_it_fail_otherwise_than_by_refusing(name: str, value: Any) -> None:
    try:
        verified = verifier().verify(KEY.token(None, **{name: value}))
    except Refused:
        return
    assert name not in ("iss", "aud") or value == CLAIMS[name]
    assert verified.details == DETAILS


def test_a_signature_is_the_keys_in_one_spelling_only() -> None:
    token = KEY.token()
    raw = urlsafe_b64decode(token.rpartition(".")[2] + "==")
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    same = [one for one in letters if urlsafe_b64decode(f"{token.rpartition('.')[2][:-1]}{one}==") == raw]
    assert len(same) > 1
    accepted = [one for one in same if _accepts(token[:-1] + one)]
    assert accepted == [token[-1]]


def _accepts(token: str) -> bool:
    try:
        verifier().verify(token)
    except Refused:
        return False
    return True


def test_a_bound_token_needs_a_proof_of_that_key() -> None:
    token = KEY.token(cnf={"jkt": OTHER.kid})
    proofs = {
        key: check_proof(key.proof(token), method="GET", url=f"{AUDIENCE}/x", now=NOW, token=token)
        for key in (OTHER, KEY)
    }
    assert verifier().verify(token, proofs[OTHER]).thumbprint == OTHER.kid
    with pytest.raises(Refused, match="not bound to the key") as refused:
        verifier().verify(token, proofs[KEY])
    assert (refused.value.step, refused.value.reason) == (11, Reason.BAD_PROOF)
    with pytest.raises(Refused, match="not bound to the key"):
        verifier().verify(KEY.token(), proofs[KEY])
    assert verifier().verify(token, possession=False).thumbprint == OTHER.kid


@pytest.mark.parametrize(
    ("proof", "wanted"),
    [
        (lambda token: "x", "signed JWT"),
        (lambda token: KEY.proof(token, {"typ": "JWT"}), "type"),
        (lambda token: KEY.proof(token, {"crit": ["a"], "a": 1}), "type"),
        (lambda token: KEY.proof(token, {"jwk": OTHER.jwk}), "not signed by the key"),
        (lambda token: KEY.proof(token, {"jwk": {**KEY.jwk, "d": "AA"}}), "public P-256"),
        (lambda token: KEY.proof(token, {"jwk": "x"}), "public P-256"),
        (lambda token: KEY.proof(token, {"jwk": {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}}), "P-256"),
        (lambda token: KEY.proof(token, htm="POST"), "another request"),
        (lambda token: KEY.proof(token, htu=f"{AUDIENCE}/y"), "another request"),
        (lambda token: KEY.proof(token, htu="https://evil.example/data/x"), "another request"),
        (lambda token: KEY.proof(token, htu=f"{AUDIENCE}:99999/x"), "another request"),
        (lambda token: KEY.proof(token, iat=int(NOW) - 61), "from now"),
        (lambda token: KEY.proof(token, iat=int(NOW) + 61), "from now"),
        (lambda token: KEY.proof(token, iat=None), "from now"),
        (lambda token: KEY.proof(token, jti=None), "needs an id"),
        (lambda token: KEY.proof(token, jti="x" * 201), "needs an id"),
        (lambda token: KEY.proof(KEY.token(jti="t2")), "another token"),
        (lambda token: KEY.proof(token, ath=None), "another token"),
    ],
)
def test_a_proof_is_for_one_request_and_one_token(proof: Callable[[str], str], wanted: str) -> None:  # RFC 9449, 4.3
    token = KEY.token(cnf={"jkt": KEY.kid})
    with pytest.raises(ValueError, match=wanted):
        check_proof(proof(token), method="GET", url=f"{AUDIENCE}/x", now=NOW, token=token)


@pytest.mark.parametrize("written", ["https://DATA.example.org/data/x", "https://data.example.org:443/data/x?a=1#b"])
def test_an_address_may_be_written_in_several_ways(written: str) -> None:
    check_proof(KEY.proof(htu=written), method="GET", url=f"{AUDIENCE}/x?limit=5", now=NOW)


def test_many_altered_claims_are_refused() -> None:
    """Whatever is said in a good token's place, with its signature kept."""
    head, _, tail = KEY.token().partition(".")[0], "", KEY.token().rpartition(".")[2]
    rnd = random.Random(5)
    for _ in range(100):
        name = rnd.choice([*CLAIMS])
        changed = {**CLAIMS, name: rnd.choice([0, "x", [], {"a": 1}])}
        assert refusal(f"{head}.{encode(json.dumps(changed).encode())}.{tail}") == (6, Reason.BAD_SIGNATURE)
