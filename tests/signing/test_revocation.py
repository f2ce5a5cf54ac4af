"""A certificate counts when it was not revoked at the time of the timestamp, whatever happened later."""

from datetime import datetime, timedelta

import pytest
from cryptography import x509

from gateway.signing import LocalTimestamps, Refusal, SignatureRefused, Step, Trust, key_signer, sign
from tests.signing.city import (
    DAY,
    DOCUMENT,
    END,
    NOW,
    SIGNING,
    STAMPING,
    YEAR,
    City,
    intermediate,
    issue,
    long_lived_root,
    new_key,
    revocation_list,
)

SECOND = timedelta(seconds=1)


def refusal(city: City, signature: bytes, trust: Trust) -> tuple[Step, Refusal] | None:
    """Where and why a signature is refused; None when it counts."""
    try:
        city.verify(signature, trust)
    except SignatureRefused as problem:
        return problem.step, problem.code
    return None


@pytest.mark.parametrize(
    ("since", "counts"),
    [(NOW - DAY, False), (NOW - SECOND, False), (NOW, False), (NOW + SECOND, True), (NOW + DAY, True)],
)
@pytest.mark.parametrize("required", [True, False])
def test_a_revocation_counts_from_its_instant_on(
    city: City, signature: bytes, since: datetime, counts: bool, required: bool
) -> None:  # R19
    revoked = revocation_list(city.root, (city.officer, since), until=NOW + YEAR)
    expected = None if counts else (Step.VALIDITY, Refusal.REVOKED)
    assert refusal(city, signature, city.trusting(revoked, required=required)) == expected


def test_the_revocation_of_somebody_else_changes_nothing(city: City, signature: bytes) -> None:
    other = city.certificate(SIGNING, END)
    assert refusal(city, signature, city.trusting(revocation_list(city.root, (other, NOW - DAY)))) is None


def test_where_lists_are_required_silence_is_no_yes(city: City, signature: bytes) -> None:
    unknown = (Step.VALIDITY, Refusal.REVOCATION_UNKNOWN)
    assert refusal(city, signature, city.trusting()) == unknown
    assert refusal(city, signature, city.trusting(required=False)) is None
    old = revocation_list(city.root, made=NOW - 2 * DAY, until=NOW - SECOND)
    assert refusal(city, signature, city.trusting(old)) == unknown
    assert refusal(city, signature, city.trusting(old, revocation_list(city.root))) is None


def test_a_list_that_its_authority_did_not_sign_says_nothing(city: City, signature: bytes) -> None:
    """Neither against a certificate nor for it."""
    forged = revocation_list(city.root, (city.officer, NOW - DAY), key=new_key())
    assert refusal(city, signature, city.trusting(forged, required=False)) is None
    assert refusal(city, signature, city.trusting(forged)) == (Step.VALIDITY, Refusal.REVOCATION_UNKNOWN)
    foreign = revocation_list(long_lived_root("Elsewhere"), (city.officer, NOW - DAY))
    assert refusal(city, signature, city.trusting(foreign, required=False)) is None
    officers = revocation_list(city.root, (city.officer, NOW - DAY), key=city.officer_key)
    assert refusal(city, signature, city.trusting(officers, required=False)) is None


def test_a_list_from_after_a_certificates_end_does_not_speak_for_it(city: City) -> None:
    """Authorities leave out what has expired, revoked or not."""
    brief = city.holding(city.certificate(SIGNING, END, end=NOW + DAY))
    late = revocation_list(city.root, made=NOW + 2 * DAY, until=NOW + YEAR)
    assert refusal(city, city.stamped(brief), city.trusting(late)) == (Step.VALIDITY, Refusal.REVOCATION_UNKNOWN)


def scope(**kwargs: object) -> x509.IssuingDistributionPoint:
    nothing = dict.fromkeys(
        ("only_contains_user_certs", "only_contains_ca_certs", "indirect_crl", "only_contains_attribute_certs"), False
    )
    rest: dict[str, object] = dict.fromkeys(("full_name", "relative_name", "only_some_reasons"))
    return x509.IssuingDistributionPoint(**{**nothing, **rest, **kwargs})  # type: ignore[arg-type]


HERE = x509.UniformResourceIdentifier("http://crl.example.org/1.crl")
THERE = x509.UniformResourceIdentifier("http://crl.example.org/2.crl")


@pytest.mark.parametrize(
    ("extension", "covers"),
    [
        (scope(only_contains_user_certs=True), True),
        (scope(only_contains_ca_certs=True), False),
        (scope(only_contains_attribute_certs=True), False),
        (scope(indirect_crl=True), False),
        (scope(full_name=[HERE]), True),
        (scope(full_name=[THERE]), False),
        (scope(only_some_reasons=frozenset({x509.ReasonFlags.key_compromise})), False),
        (x509.DeltaCRLIndicator(1), False),
    ],
)
def test_a_list_speaks_for_the_certificates_in_its_scope(
    city: City, extension: x509.ExtensionType, covers: bool
) -> None:
    points = x509.CRLDistributionPoints([x509.DistributionPoint([HERE], None, None, None)])
    signature = city.stamped(city.holding(city.certificate(SIGNING, END, (points, False))))
    expected = None if covers else (Step.VALIDITY, Refusal.REVOCATION_UNKNOWN)
    assert refusal(city, signature, city.trusting(revocation_list(city.root, extension=extension))) == expected


def test_an_authority_in_between_can_be_revoked_with_all_below_it(city: City) -> None:
    district, key = intermediate(city.root), new_key()
    officer = issue(district, key.public_key(), SIGNING, END)
    signature = city.stamped(key_signer(key, officer, [district.certificate]))
    below = revocation_list(district)
    assert refusal(city, signature, city.trusting(below, revocation_list(city.root))) is None
    assert refusal(city, signature, city.trusting(below)) == (Step.VALIDITY, Refusal.REVOCATION_UNKNOWN)
    revoked = revocation_list(city.root, (district.certificate, NOW))
    assert refusal(city, signature, city.trusting(below, revoked)) == (Step.VALIDITY, Refusal.REVOKED)


@pytest.mark.parametrize(
    ("since", "reason", "counts"),
    [
        (NOW - DAY, x509.ReasonFlags.superseded, False),
        (NOW + DAY, x509.ReasonFlags.superseded, True),
        (NOW + DAY, x509.ReasonFlags.cessation_of_operation, True),
        (NOW + DAY, x509.ReasonFlags.key_compromise, False),
        (NOW + DAY, None, False),
    ],
)
def test_a_stolen_key_of_a_timestamp_authority_takes_back_all_its_timestamps(
    city: City, since: datetime, reason: x509.ReasonFlags | None, counts: bool
) -> None:
    """Whoever has it can stamp any time."""
    key = new_key()
    certificate = issue(city.time_root, key.public_key(), STAMPING, END)
    signature = sign(DOCUMENT, city.signer, LocalTimestamps(key_signer(key, certificate), lambda: NOW))
    revoked = revocation_list(city.time_root, (certificate, since), reason=reason)
    expected = None if counts else (Step.TIMESTAMP, Refusal.REVOKED)
    assert refusal(city, signature, city.trusting(revoked, required=False)) == expected
