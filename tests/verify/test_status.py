"""What a status list says of a grant, for how long it counts, and where lists and keys are fetched."""

import json
from collections.abc import Callable

import pytest

from gateway.verify import FixedKeys, PublishedKeys, PublishedStatus, Reason, Refused, TokenVerifier
from gateway.verify.fetching import Unavailable, fetch
from gateway.verify.keys import MAX_AGE, MIN_INTERVAL
from tests.verify.making import AUDIENCE, ISSUER, LIST, NOW, Key

KEY, OTHER = Key(), Key()


class Place:
    """Where a list or keys are published, as far as they are."""

    def __init__(self, data: bytes | None = None) -> None:
        self.data = data
        self.now = NOW
        self.asked = 0

    def __call__(self, url: str) -> bytes:
        self.asked += 1
        if self.data is None:
            raise Unavailable("nobody answers")
        return self.data


def verifier(place: Place) -> TokenVerifier:
    keys, clock = FixedKeys(KEY.jwks), lambda: place.now
    status = PublishedStatus(f"{ISSUER}/oauth/status/", keys, skew=60, clock=clock, fetch=place)
    return TokenVerifier(ISSUER, AUDIENCE, keys, status, clock=clock)


def reason(check: TokenVerifier, token: str | None = None) -> Reason | None:
    try:
        check.verify(token or KEY.token())
    except Refused as refused:
        return refused.reason if refused.step == 12 else None
    return None


@pytest.mark.parametrize(
    ("entries", "wanted"),
    [
        ({}, None),
        ({4: 1, 6: 1, 7: 2}, None),
        ({5: 1}, Reason.REVOKED),
        ({5: 2}, Reason.SUSPENDED),
        ({5: 3}, Reason.REVOKED),
    ],
)
def test_the_entry_of_a_grant_says_whether_it_counts(entries: dict[int, int], wanted: Reason | None) -> None:
    assert reason(verifier(Place(KEY.status(entries)))) == wanted


def test_the_first_and_the_last_place_have_entries() -> None:
    check = verifier(Place(KEY.status({0: 1, 2**20 - 1: 2})))

    def at(index: int) -> Reason | None:
        return reason(check, KEY.token(status={"status_list": {"idx": index, "uri": LIST}}))

    assert [at(0), at(1), at(2**20 - 2), at(2**20 - 1)] == [Reason.REVOKED, None, None, Reason.SUSPENDED]
    assert [at(-1), at(2**20)] == [Reason.REVOKED, Reason.REVOKED]


@pytest.mark.parametrize(
    "entry",
    [None, {}, {"status_list": {"idx": 5}}, {"status_list": {"idx": "5", "uri": LIST}}, {"status_list": []}]
    + [{"status_list": {"idx": 5, "uri": uri}} for uri in ("https://evil.example/oauth/status/2026-11", "file:///x")],
)
def test_a_token_names_a_list_of_its_issuer(entry: object) -> None:
    place = Place(KEY.status({}))
    assert reason(verifier(place), KEY.token(status=entry)) == Reason.STATUS_UNAVAILABLE
    assert place.asked == 0


@pytest.mark.parametrize(
    "data",
    [
        None,
        b"x",
        b"\xff",
        OTHER.status({}),
        KEY.status({}, {"typ": "JWT"}),
        KEY.status({}, {"crit": ["a"], "a": 1}),
        KEY.status({}, sub=f"{LIST}0"),
        KEY.status({}, status_list={"bits": 1, "lst": ""}),
        KEY.status({}, status_list={"bits": 2, "lst": "AAAA"}),
        KEY.status({}, status_list={"bits": 2, "lst": "eNoDAAAAAAE"}),
        KEY.status({}, exp=None),
        KEY.status({}, iat=int(NOW) + 61),
        KEY.token().encode(),
    ],
)
def test_a_list_that_is_no_good_lets_no_token_count(data: bytes | None) -> None:
    assert reason(verifier(Place(data))) == Reason.STATUS_UNAVAILABLE


def test_a_list_is_asked_for_once_a_minute_and_counts_for_five() -> None:  # the bound
    place = Place(KEY.status({}))
    check = verifier(place)
    for seconds in (0, 30, 59):
        place.now = NOW + seconds
        assert reason(check) is None
    assert place.asked == 1
    place.data = None  # from now on nobody answers
    for seconds in (60, 200, 299):
        place.now = NOW + seconds
        assert reason(check) is None
    assert place.asked == 4
    place.now = NOW + 300
    assert reason(check) == Reason.STATUS_STALE
    place.data = KEY.status({5: 1}, iat=int(NOW) + 300, exp=int(NOW) + 600)
    place.now = NOW + 302
    assert reason(check) == Reason.REVOKED


def test_no_list_counts_longer_than_the_bound_whatever_it_says() -> None:
    place = Place(KEY.status({}, exp=int(NOW) + 100_000, ttl=100_000))
    check = verifier(place)
    assert reason(check) is None
    place.now = NOW + 299
    assert reason(check) is None
    place.now, place.data = NOW + 300, None
    assert reason(check) is not None


def _published(monkeypatch: pytest.MonkeyPatch, place: Place) -> PublishedKeys:
    monkeypatch.setattr("gateway.verify.keys.fetch", place)
    return PublishedKeys(f"{ISSUER}/.well-known/jwks.json", clock=lambda: place.now)


def test_keys_are_fetched_anew_for_an_unknown_id_but_not_for_each(monkeypatch: pytest.MonkeyPatch) -> None:
    place = Place(json.dumps(KEY.jwks).encode())
    keys = _published(monkeypatch, place)
    assert keys.find(KEY.kid) is not None
    assert [keys.find(OTHER.kid) for _ in range(5)] == [None] * 5
    assert place.asked == 1
    place.data = json.dumps({"keys": [OTHER.jwk]}).encode()  # rolled
    place.now += MIN_INTERVAL
    assert keys.find(OTHER.kid) is not None
    assert keys.find(KEY.kid) is None
    assert place.asked == 2


def test_keys_that_were_fetched_are_used_while_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    place = Place(json.dumps(KEY.jwks).encode())
    keys = _published(monkeypatch, place)
    assert keys.find(KEY.kid) is not None
    place.data = None
    place.now += 10 * MAX_AGE
    assert keys.find(KEY.kid) is not None


def test_without_keys_nothing_counts_and_the_next_call_tries_again(monkeypatch: pytest.MonkeyPatch) -> None:
    place = Place()
    keys = _published(monkeypatch, place)
    check = TokenVerifier(ISSUER, AUDIENCE, keys, None, clock=lambda: place.now)
    with pytest.raises(Refused, match="cannot be had") as refused:
        check.verify(KEY.token())
    assert (refused.value.step, refused.value.reason) == (5, Reason.KEYS_UNAVAILABLE)
    place.data = json.dumps(KEY.jwks).encode()
    check.verify(KEY.token())


@pytest.mark.parametrize("document", [b"[]", b"{}", b"x", b'{"keys": 5}'])
def test_what_is_no_jwks_document_is_no_answer(monkeypatch: pytest.MonkeyPatch, document: bytes) -> None:
    with pytest.raises(Unavailable):
        _published(monkeypatch, Place(document)).find(KEY.kid)


@pytest.mark.parametrize(
    "change",
    [
        lambda key: {**key, "kty": "RSA"},
        lambda key: {**key, "use": "enc"},
        lambda key: {**key, "alg": "ES384"},
        lambda key: {**key, "x": key["y"]},
        lambda key: {**key, "d": "AA"},
        lambda key: {name: value for name, value in key.items() if name != "kid"},
        lambda key: "x",
    ],
)
def test_keys_for_something_else_are_passed_over(change: Callable[[dict[str, str]], object]) -> None:
    assert FixedKeys({"keys": [change(KEY.jwk)]}).find(KEY.kid) is None


@pytest.mark.parametrize("url", ["http://data.example.org/x", "ftp://127.0.0.1/x", "file:///etc/passwd", "https", ""])
def test_nothing_is_fetched_in_the_clear_from_elsewhere(url: str) -> None:
    with pytest.raises(Unavailable):
        fetch(url)
