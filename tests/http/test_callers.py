"""Who is let in over HTTP: no token is the public, a bad one is 401 as RFC 6750 asks, an ended appointment is none."""

import re
import time
from collections.abc import Callable
from typing import Any, Final

import pytest

from gateway.graph.times import now
from gateway.identity.development import ISSUER as DEVELOPMENT
from gateway.identity.development import development_token
from gateway.vocabulary import FOREVER
from tests.http.conftest import APPOINTMENTS
from tests.http.served import Served, refusal
from tests.identity.tokens import ES256, ISSUER, RS256, STRANGER, claims, hmac_with_public_key, unsigned

ME: Final = "{ me { roles agency { code } appointments { id } } datasets { totalCount } }"
REALM: Final = 'Bearer realm="public-data-gateway"'
KNOWN: Final = "staff@water"


@pytest.fixture(scope="module")
def production(strict: Served) -> Served:
    """A person of the city is known to the production issuer too."""
    strict.cypher(
        "MATCH (p:Person)-[:KNOWN_AS]->(:Identity {iss: $old, sub: $sub}) MERGE (i:Identity {iss: $iss, sub: $sub})"
        " MERGE (p)-[:KNOWN_AS]->(i) RETURN p.id",
        old=DEVELOPMENT, iss=ISSUER, sub=KNOWN,
    )  # fmt: skip
    return strict


def good(**changed: Any) -> dict[str, Any]:
    return claims(**{"sub": KNOWN, **changed})


BAD: Final[dict[str, tuple[Callable[[], str], str]]] = {
    "no JWT": (lambda: "abc", "is not a signed JWT"),
    "alg none": (lambda: unsigned(body=good()), "algorithm is not accepted"),
    "HS256 with the public key": (
        lambda: hmac_with_public_key(ES256, ES256.key.as_pem(private=False)),  # type: ignore[union-attr]
        "algorithm is not accepted",
    ),
    "expired": (lambda: ES256.token(good(exp=time.time() - 3600)), "has expired"),
    "not yet valid": (lambda: ES256.token(good(nbf=time.time() + 3600)), "not valid yet"),
    "without expiry": (lambda: ES256.token(good(exp=None)), "no expiry"),
    "another audience": (lambda: ES256.token(good(aud="urn:else")), "another audience"),
    "unknown issuer": (lambda: ES256.token(good(iss="https://third.example")), "issuer is not known"),
    "the development issuer": (lambda: ES256.token(good(iss=DEVELOPMENT)), "issuer is not known"),
    "a stranger's key": (lambda: STRANGER.token(good()), "signature is wrong"),
    "a key of another kind": (lambda: RS256.token(good()), "key is not one of its issuer's"),
    "tampered": (lambda: ES256.token(good())[:-6] + "AAAAAA", "signature is wrong"),
    "unknown person": (lambda: ES256.token(good(sub="nobody")), "subject is not known"),
    "no person": (lambda: ES256.token(good(sub=None)), "names no subject"),
    "an appointment of somebody else's": (lambda: ES256.token(good(appointment="ap_x")), "appointment is not held"),
    "an id token": (lambda: ES256.token(good(), typ="id+jwt"), "type (typ) is not accepted"),
    "too long": (lambda: "a." * 2 + "x" * 9000, "is not a signed JWT"),
}
"""Made when they are sent: what is only good for minutes must not grow old while other tests run."""


@pytest.mark.parametrize("name", BAD)
def test_a_bad_token_is_401_with_a_challenge_that_says_why(production: Served, name: str) -> None:
    token, why = BAD[name]
    answer = production.send(ME, token=token())
    error = refusal(answer, 401)
    assert error["extensions"]["code"] == "UNAUTHENTICATED"
    assert why in error["message"]
    said = re.fullmatch(
        f'{REALM}, error="invalid_token", error_description="([^"\\\\]+)"', answer.headers["www-authenticate"]
    )
    assert said is not None
    assert said[1] == error["message"]


@pytest.mark.parametrize("header", ["Bearer", "bearer", "Basic c3RhZmY6cHc=", "Token x", ""])
def test_what_is_no_bearer_token_is_401_with_a_bare_challenge(production: Served, header: str) -> None:
    answer = production.client.post("/graphql", json={"query": ME}, headers={"Authorization": header})
    assert refusal(answer, 401)["extensions"]["code"] == "UNAUTHENTICATED"
    assert answer.headers["www-authenticate"] == REALM


def test_two_tokens_are_none(production: Served) -> None:
    header = ("Authorization", f"Bearer {ES256.token(good())}")
    answer = production.client.post("/graphql", json={"query": ME}, headers=[header, header])
    assert "more than one" in refusal(answer, 401)["message"]


def test_no_token_is_the_public_and_a_good_one_its_person(production: Served) -> None:
    public, staff = production.ask(ME), production.ask(ME, token=ES256.token(good()))
    assert (public["me"]["roles"], public["me"]["agency"]) == (["PUBLIC"], None)
    assert (staff["me"]["roles"], staff["me"]["agency"]) == (["STAFF"], {"code": "water"})
    assert public["datasets"]["totalCount"] < staff["datasets"]["totalCount"]


def test_a_token_in_the_address_is_not_looked_at(production: Served) -> None:
    parameters = {"query": ME, "access_token": ES256.token(good())}
    assert production.client.get("/graphql", params=parameters).json()["data"]["me"]["roles"] == ["PUBLIC"]


OFFICE: Final = "MATCH (:Identity {iss: $iss, sub: $who})<-[:KNOWN_AS]-(:Person)-[:HOLDS]->(a:Appointment) "
END: Final = OFFICE + "SET a.validTo = $at RETURN a.id"
BEGIN: Final = OFFICE + "WITH a, a.validFrom AS before SET a.validFrom = $at RETURN before"


def test_an_ended_appointment_counts_for_nothing_within_the_stated_time(served: Served) -> None:
    who = {"iss": DEVELOPMENT, "who": "officer@heat"}
    before = served.ask(ME, None, "officer@heat")
    assert (before["me"]["roles"], before["me"]["agency"]) == (["OFFICER"], {"code": "heat"})
    (appointment,) = served.cypher(END, **who, at=now())
    try:
        ended = asked = time.monotonic()
        while served.ask(ME, None, "officer@heat")["me"]["roles"] != ["PUBLIC"]:
            assert asked - ended < APPOINTMENTS, "asked later than GATEWAY_APPOINTMENT_CACHE says"
            time.sleep(0.05)
            asked = time.monotonic()
        after = served.ask(ME, None, "officer@heat")
        assert after["me"]["agency"] is None
        assert after["datasets"] == served.ask(ME)["datasets"] != before["datasets"]
        selecting = development_token(
            served.gateway.state, "urn:gateway:api", "officer@heat", lifetime=60, appointment=appointment
        )
        assert "appointment is not held" in refusal(served.send(ME, token=selecting), 401)["message"]
    finally:
        served.cypher(END, **who, at=FOREVER)


def test_an_appointment_that_begins_later_does_not_count_yet(served: Served) -> None:
    who = {"iss": DEVELOPMENT, "who": "head@heat"}
    (before,) = served.cypher(BEGIN, **who, at="9998-01-01T00:00:00.000Z")
    try:
        assert served.ask(ME, None, "head@heat")["me"]["roles"] == ["PUBLIC"]
    finally:
        served.cypher(BEGIN, **who, at=before)
