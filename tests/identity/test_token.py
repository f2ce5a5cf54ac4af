"""A token is believed only when everything about it is right; each way to be wrong has its own test."""

import json
import time
from collections.abc import Iterable
from typing import Any

import pytest

from gateway.identity.errors import InvalidToken
from gateway.identity.keys import FixedKeys, read_jwks
from gateway.identity.token import MAX_LENGTH, Issuer, Proof, Verifier
from gateway.settings import Algorithm, TokenType
from tests.identity.tokens import (
    AUDIENCE,
    EDDSA,
    ES256,
    ISSUER,
    P384,
    RS256,
    STRANGER,
    WEAK_RSA,
    Signer,
    b64,
    claims,
    hmac_with_public_key,
    jwks,
    unsigned,
)

SKEW = 30.0


def issuer(
    *signers: Signer,
    iss: str = ISSUER,
    algorithms: Iterable[Algorithm] = Algorithm,
    types: Iterable[TokenType] = TokenType,
) -> Issuer:
    keys = FixedKeys(read_jwks(json.dumps(jwks(*signers)).encode()))
    return Issuer(iss, AUDIENCE, frozenset(algorithms), frozenset(types), keys)


def verifier(*issuers: Issuer) -> Verifier:
    return Verifier({entry.iss: entry for entry in issuers or (issuer(ES256),)}, skew=SKEW)


async def refusal(token: str, *issuers: Issuer) -> str:
    with pytest.raises(InvalidToken) as caught:
        await verifier(*issuers).verify(token)
    description = caught.value.description
    assert description.isascii()
    assert '"' not in description
    assert "\\" not in description
    return description


@pytest.mark.parametrize("signer", [ES256, RS256, EDDSA], ids=lambda signer: signer.alg)
@pytest.mark.parametrize("typ", ["at+jwt", "JWT", "AT+JWT", "application/at+jwt"])
async def test_a_good_token_proves_issuer_and_subject(signer: Signer, typ: str) -> None:
    expires = int(time.time()) + 60
    proof = await verifier(issuer(signer)).verify(signer.token(claims(exp=expires), typ=typ))
    assert proof == Proof(ISSUER, "wang", expires + SKEW)


async def test_a_token_may_select_an_appointment() -> None:
    proof = await verifier().verify(ES256.token(claims(appointment="ap_one")))
    assert proof.appointment == "ap_one"


@pytest.mark.parametrize("audience", [AUDIENCE, [AUDIENCE], ["urn:else", AUDIENCE]])
async def test_our_audience_may_be_one_of_several(audience: Any) -> None:
    assert (await verifier().verify(ES256.token(claims(aud=audience)))).sub == "wang"


@pytest.mark.parametrize(
    "audience", ["urn:else", [], None, ["urn:else"], AUDIENCE + "/", {AUDIENCE: 1}, 1, f"{AUDIENCE} x", [[AUDIENCE]]]
)
async def test_a_token_for_somebody_else_is_refused(audience: Any) -> None:
    assert "audience" in await refusal(ES256.token(claims(aud=audience)))


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "nOnE", ""])
async def test_a_token_without_a_signature_is_refused(alg: str) -> None:
    assert "algorithm" in await refusal(unsigned(alg))


@pytest.mark.parametrize("signer", [RS256, ES256], ids=lambda signer: signer.alg)
async def test_hs256_with_the_public_key_as_secret_is_refused(signer: Signer) -> None:
    for secret in (
        signer.key.as_pem(private=False),  # type: ignore[union-attr]  # only octet keys have none
        signer.key.as_der(private=False),  # type: ignore[union-attr]
        json.dumps(signer.public).encode(),
    ):
        assert "algorithm" in await refusal(hmac_with_public_key(signer, secret), issuer(signer))


@pytest.mark.parametrize(
    "alg", ["HS256", "HS512", "ES384", "PS256", "RS512", "RSA1_5", "dir", "es256", None, 5, ["ES256"]]
)
async def test_other_algorithms_do_not_exist(alg: Any) -> None:
    assert "algorithm" in await refusal(ES256.token(alg=alg))


async def test_an_algorithm_has_to_be_allowed_for_the_issuer() -> None:
    assert "algorithm" in await refusal(ES256.token(), issuer(ES256, algorithms={Algorithm.RS256}))


@pytest.mark.parametrize(("alg", "signer"), [("RS256", ES256), ("EdDSA", ES256), ("ES256", RS256), ("ES256", EDDSA)])
async def test_an_algorithm_has_to_fit_the_key(alg: str, signer: Signer) -> None:
    assert "key" in await refusal(signer.token(alg=alg), issuer(signer))


async def test_keys_of_another_curve_or_too_short_are_no_keys() -> None:
    for unfit in (P384, WEAK_RSA):
        token = Signer(unfit.alg, unfit.key, "unfit").token()
        assert "key" in await refusal(token, issuer(ES256, Signer(unfit.alg, unfit.key, "unfit")))


@pytest.mark.parametrize("extra", [{"use": "enc"}, {"alg": "RS256"}, {"alg": "ES384"}])
async def test_a_key_meant_for_something_else_is_no_key(extra: dict[str, str]) -> None:
    other = Signer("ES256", ES256.key, "other", extra)
    assert "key" in await refusal(other.token(), issuer(RS256, other))


async def test_an_unknown_key_id_is_refused_and_a_missing_one_only_counts_without_a_choice() -> None:
    assert "key" in await refusal(ES256.token(kid="unheard-of"))
    assert (await verifier(issuer(ES256, RS256)).verify(ES256.token(kid=None))).sub == "wang"
    second = Signer("ES256", STRANGER.key, "k2")
    assert "key" in await refusal(ES256.token(kid=None), issuer(ES256, second))
    assert "key id" in await refusal(ES256.token(kid=7))


async def test_keys_and_addresses_of_keys_inside_the_token_are_never_looked_at() -> None:
    for header in (
        {"jwk": STRANGER.public},
        {"jku": "http://127.0.0.1:1/jwks.json"},
        {"x5u": "http://127.0.0.1:1/chain.pem"},
        {"x5c": ["MIIB"]},
    ):
        assert "signature" in await refusal(STRANGER.token(**header))
        assert (await verifier().verify(ES256.token(**header))).sub == "wang"


@pytest.mark.parametrize(
    "typ", [None, "", "dpop+jwt", "logout+jwt", "id+jwt", "secevent+jwt", "application/json", 3, ["JWT"]]
)
async def test_tokens_of_another_type_are_refused(typ: Any) -> None:
    assert "type" in await refusal(ES256.token(typ=typ))


async def test_a_type_has_to_be_one_that_the_issuer_uses() -> None:
    assert "type" in await refusal(ES256.token(typ="JWT"), issuer(ES256, types={TokenType.AT_JWT}))


@pytest.mark.parametrize(
    "header", [{"crit": ["exp"]}, {"crit": []}, {"crit": ["b64"], "b64": False}, {"b64": False}, {"b64": True}]
)
async def test_extensions_are_refused(header: dict[str, Any]) -> None:
    assert "extensions" in await refusal(ES256.token(**header))


async def test_expiry_is_needed_and_kept_with_a_little_tolerance() -> None:
    now = time.time()
    assert "expired" in await refusal(ES256.token(claims(exp=now - SKEW - 1)))
    assert (await verifier().verify(ES256.token(claims(exp=now - SKEW + 5)))).sub == "wang"
    assert "no expiry" in await refusal(ES256.token(claims(exp=None)))


async def test_a_token_of_the_future_is_refused() -> None:
    now = time.time()
    assert "not valid yet" in await refusal(ES256.token(claims(nbf=now + SKEW + 5)))
    assert (await verifier().verify(ES256.token(claims(nbf=now + SKEW - 5)))).sub == "wang"


@pytest.mark.parametrize("name", ["exp", "nbf"])
@pytest.mark.parametrize("value", ["9999999999", True, [9999999999], {}])
async def test_times_are_numbers(name: str, value: Any) -> None:
    assert f"claim {name}" in await refusal(ES256.token(claims(**{name: value})))


@pytest.mark.parametrize("subject", [None, "", 7, ["wang"], {}])
async def test_a_token_names_a_subject(subject: Any) -> None:
    assert "subject" in await refusal(ES256.token(claims(sub=subject)))


@pytest.mark.parametrize("appointment", [7, [], {"id": "ap_one"}])
async def test_a_selected_appointment_is_an_id(appointment: Any) -> None:
    assert "appointment" in await refusal(ES256.token(claims(appointment=appointment)))


@pytest.mark.parametrize("iss", [None, "https://evil.example", ISSUER + "/", ISSUER.upper(), 5, [ISSUER]])
async def test_other_issuers_are_not_believed(iss: Any) -> None:
    assert "issuer" in await refusal(ES256.token(claims(iss=iss)))


async def test_one_issuers_key_proves_nothing_for_another() -> None:
    ours, theirs = issuer(ES256), issuer(STRANGER, iss="https://other.example")
    assert "signature" in await refusal(STRANGER.token(claims(iss=ISSUER)), ours, theirs)
    both = verifier(ours, theirs)
    assert (await both.verify(ES256.token())).iss == ISSUER
    assert (await both.verify(STRANGER.token(claims(iss="https://other.example")))).iss == "https://other.example"


async def test_any_change_after_signing_is_noticed() -> None:
    head, body, signature = ES256.token().split(".")
    other = ES256.token(claims(sub="zhang")).split(".")
    for token in (
        f"{head}.{other[1]}.{signature}",
        f"{head}.{body}.{other[2]}",
        f"{head}.{body}.",
        f"{head}.{body}.{b64(bytes(64))}",
        f"{head}.{body}.{signature[:-4]}",
        f"{ES256.token(extra=1).split('.')[0]}.{body}.{signature}",
    ):
        await refusal(token)


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        "...",
        "a.b",
        "a.b.c.d",
        "x" * (MAX_LENGTH + 1),
        "名.字.号",
        "\ud800.a.b",
        f"{b64(b'[]')}.{b64(b'{}')}.",
        f"{b64(b'{}')}.{b64(b'[]')}.",
        f"{b64(b'null')}.{b64(b'{}')}.",
        f"{b64(b'[' * 3000)}.{b64(b'{}')}.",
        f"{b64(bytes([0xFF, 0xFE]))}.{b64(b'{}')}.",
        f"{b64(b'{}')}=.{b64(b'{}')}.",
        f"{b64(b'{}')}.{b64(b'{}')}.+/",
    ],
)
async def test_what_is_no_token_is_refused_without_a_trace(token: str) -> None:
    await refusal(token)


async def test_a_body_that_is_not_json_is_refused() -> None:
    for body in (b"not json", b"", b'{"iss":', b'"text"', b'{"iss": NaN}'):
        await refusal(ES256.token(body))
