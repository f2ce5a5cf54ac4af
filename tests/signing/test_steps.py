"""Steps 2 to 8 of a verification: each refuses what only it can see, with its number and a code."""

import hashlib
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import AuthorityInformationAccessOID

from gateway.signing import (
    KeySigner,
    LocalTimestamps,
    Refusal,
    SignatureAlgorithm,
    Step,
    Trust,
    key_signer,
    making,
    read_signature,
    sign,
)
from gateway.signing.algorithms import SCHEMES
from gateway.signing.authority import Authority
from gateway.signing.certificates import der
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
    refused,
    usage,
)
from tests.signing.forging import (
    CERTIFICATES,
    add_timestamp,
    altered,
    inside,
    signed_over,
    timestamp,
    with_unsigned,
)
from tests.signing.openssl import accepts_signature, run
from tests.signing.trees import Node, parse

SECOND = timedelta(seconds=1)
CA = (x509.BasicConstraints(ca=True, path_length=None), True)


# Step 2


def test_a_signature_for_another_document_is_refused(city: City, signature: bytes) -> None:
    refused(city, signature, Step.SIGNATURE, Refusal.DOCUMENT_DIFFERS, document=DOCUMENT + b" ")


def test_another_persons_key_is_refused(city: City) -> None:  # R19
    thief = KeySigner(SCHEMES[SignatureAlgorithm.ES256], new_key(), der(city.officer), ())
    refused(city, city.stamped(thief), Step.SIGNATURE, Refusal.SIGNATURE_WRONG)


def test_a_key_of_another_kind_than_the_algorithm_is_refused(city: City) -> None:
    for key in (ec.generate_private_key(ec.SECP384R1()), rsa.generate_private_key(65537, 2048)):
        certificate = issue(city.root, key.public_key(), SIGNING, END)
        liar = KeySigner(SCHEMES[SignatureAlgorithm.ES256], new_key(), der(certificate), ())
        refused(city, city.stamped(liar), Step.SIGNATURE, Refusal.ALGORITHM_NOT_ALLOWED)


def test_a_signature_over_another_type_of_content_is_refused(city: City) -> None:
    """Such as one that was made for a timestamp."""
    attributes = making._signed_attributes("tst_info", DOCUMENT, city.signer, NOW)
    made = signed_over(attributes, city.signer, city.timestamps)
    refused(city, made, Step.SIGNATURE, Refusal.MALFORMED)


# Step 3


def test_a_root_of_ones_own_is_refused(city: City) -> None:
    """Of the same name as the trusted one, and also when it travels with the signature."""
    own = long_lived_root("City Officers")
    certificate = issue(own, city.officer_key.public_key(), SIGNING, END)
    signer = key_signer(city.officer_key, certificate, [own.certificate])
    refused(city, city.stamped(signer), Step.CHAIN, Refusal.NOT_TRUSTED)


def test_a_certificate_that_signed_itself_is_refused(city: City) -> None:
    own = long_lived_root("Officer")
    refused(city, city.stamped(key_signer(own.key, own.certificate)), Step.CHAIN, Refusal.NOT_TRUSTED)


def test_an_officer_cannot_issue_certificates(city: City) -> None:
    officer = Authority(city.officer, city.officer_key)
    key = new_key()
    signer = key_signer(key, issue(officer, key.public_key(), SIGNING, END), [city.officer])
    refused(city, city.stamped(signer), Step.CHAIN, Refusal.NOT_TRUSTED)


def test_a_certificate_signed_with_sha1_is_refused(city: City, tmp_path: Path) -> None:
    for name, key in (("root", city.root.key), ("officer", city.officer_key)):
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (tmp_path / f"{name}.key").write_bytes(private)
    (tmp_path / "root.pem").write_bytes(city.root.certificate.public_bytes(Encoding.PEM))
    (tmp_path / "usage").write_text("keyUsage=critical,digitalSignature\n")
    asked = run("req", "-new", "-key", tmp_path / "officer.key", "-subj", "/CN=Officer", "-out", tmp_path / "request")
    made = run(
        "x509", "-req", "-sha1", "-in", tmp_path / "request", "-CA", tmp_path / "root.pem",
        "-CAkey", tmp_path / "root.key", "-days", "30", "-extfile", tmp_path / "usage",
    )  # fmt: skip
    assert (asked.returncode, made.returncode) == (0, 0), made.stderr
    signer, now = city.holding(x509.load_pem_x509_certificate(made.stdout)), datetime.now(UTC)
    refused(city, city.stamped(signer, at=now), Step.CHAIN, Refusal.NOT_TRUSTED, prepared_at=now, now=now)


def test_who_trusts_nobody_accepts_nothing(city: City, signature: bytes) -> None:
    """Above all not the roots of the operating system."""
    refused(city, signature, Step.CHAIN, Refusal.NOT_TRUSTED, Trust())


def test_the_timestamps_root_is_no_root_of_officers(city: City) -> None:
    certificate = issue(city.time_root, city.officer_key.public_key(), SIGNING, END)
    refused(city, city.stamped(city.holding(certificate)), Step.CHAIN, Refusal.NOT_TRUSTED)


# Step 4 (revocation is in test_revocation)


@pytest.mark.parametrize(
    ("start", "end", "code"),
    [
        (NOW - YEAR, NOW - SECOND, Refusal.EXPIRED),
        (NOW + SECOND, NOW + YEAR, Refusal.NOT_YET_VALID),
        (NOW - YEAR, NOW, None),
        (NOW, NOW + YEAR, None),
    ],
)
def test_a_certificate_counts_from_its_first_second_to_its_last(
    city: City, tmp_path: Path, start: datetime, end: datetime, code: Refusal | None
) -> None:
    made = city.stamped(city.holding(city.certificate(SIGNING, END, start=start, end=end)))
    if code is None:
        assert city.verify(made)
    else:
        refused(city, made, Step.VALIDITY, code)
    # openssl's last second is already over.
    if end != NOW:
        assert accepts_signature(tmp_path, DOCUMENT, made, city.root.certificate, NOW) == (code is None)


def test_an_authority_in_between_has_to_be_valid_too(city: City) -> None:
    key, district = new_key(), intermediate(city.root, end=NOW - DAY)
    signer = key_signer(key, issue(district, key.public_key(), SIGNING, END), [district.certificate])
    refused(city, city.stamped(signer), Step.VALIDITY, Refusal.EXPIRED)


def test_a_trusted_root_that_has_expired_is_refused(city: City) -> None:
    old = long_lived_root("Old Root", end=NOW - DAY)
    signer = city.holding(issue(old, city.officer_key.public_key(), SIGNING, END))
    trust = Trust((old.certificate,), city.trust.timestamp_roots)
    refused(city, city.stamped(signer), Step.VALIDITY, Refusal.EXPIRED, trust)


# Step 5


@pytest.mark.parametrize(
    "extensions",
    [
        (END,),
        ((usage("key_encipherment"), True), END),
        ((usage("key_cert_sign", "crl_sign"), True), END),
        (SIGNING, CA),
        ((usage("digital_signature", "key_cert_sign"), True), CA),
    ],
    ids=["no usage", "encryption", "issuing", "authority", "authority that signs"],
)
def test_a_certificate_for_something_else_is_refused(
    city: City, extensions: tuple[tuple[x509.ExtensionType, bool], ...]
) -> None:
    signer = city.holding(city.certificate(*extensions))
    refused(city, city.stamped(signer), Step.USAGE, Refusal.USAGE_NOT_ALLOWED)


@pytest.mark.parametrize("allowed", ["digital_signature", "content_commitment"])
def test_either_usage_is_enough(city: City, allowed: str) -> None:
    assert city.verify(city.stamped(city.holding(city.certificate((usage(allowed), True), END))))


def test_the_root_itself_signs_no_documents(city: City) -> None:
    signer = key_signer(city.root.key, city.root.certificate)
    refused(city, city.stamped(signer), Step.USAGE, Refusal.USAGE_NOT_ALLOWED)


# Step 6


def test_another_certificate_of_the_same_key_cannot_be_put_in_its_place(city: City) -> None:
    """Of the same name and number even: so only the signed attribute tells them apart."""
    mine = city.certificate(SIGNING, END)
    other = city.certificate(SIGNING, END, serial=mine.serial_number, end=NOW + 2 * YEAR)
    made = city.stamped(city.holding(mine))

    def alter(body: list[Node]) -> None:
        body[CERTIFICATES].content = [parse(der(other))]

    assert city.verify(made)
    refused(city, altered(made, alter), Step.BINDING, Refusal.CERTIFICATE_NOT_NAMED)


@pytest.mark.parametrize("count", [0, 2])
def test_exactly_one_certificate_is_named(city: City, count: int) -> None:
    *others, named = making._signed_attributes("data", DOCUMENT, city.signer, NOW)
    tree = parse(named)
    identifiers = inside(inside(inside(tree)[1])[0])[0]
    identifiers.content = inside(identifiers) * count
    made = signed_over([*others, tree.encode()], city.signer, city.timestamps)
    refused(city, made, Step.BINDING, Refusal.CERTIFICATE_NOT_NAMED)


# Step 7


def test_another_certificate_of_the_timestamps_key_cannot_be_put_in_its_place(city: City) -> None:
    key = new_key()
    mine = issue(city.time_root, key.public_key(), STAMPING, END, subject="Time")
    other = issue(
        city.time_root, key.public_key(), STAMPING, END, subject="Time", serial=mine.serial_number, end=NOW + 2 * YEAR
    )
    made = sign(DOCUMENT, city.signer, LocalTimestamps(key_signer(key, mine), lambda: NOW))

    def alter(body: list[Node]) -> None:
        body[CERTIFICATES].content = [parse(der(other))]

    token = altered(read_signature(made).token, alter)
    assert city.verify(made)
    refused(city, with_unsigned(made, timestamp(token)), Step.TIMESTAMP, Refusal.CERTIFICATE_NOT_NAMED)


def test_the_timestamp_of_another_signature_is_refused(city: City, signature: bytes) -> None:
    other = read_signature(city.stamped(at=NOW - DAY))
    moved = with_unsigned(signature, timestamp(other.token))
    refused(city, moved, Step.TIMESTAMP, Refusal.TIMESTAMP_WRONG)


def test_a_timestamp_over_the_document_is_none_over_the_signature(city: City, signature: bytes) -> None:
    moved = add_timestamp(signature, city.timestamps, DOCUMENT)
    refused(city, moved, Step.TIMESTAMP, Refusal.TIMESTAMP_WRONG)


def test_a_signature_in_the_timestamps_place_is_refused(city: City, signature: bytes) -> None:
    inner = timestamp(with_unsigned(signature))
    refused(city, with_unsigned(signature, inner), Step.TIMESTAMP, Refusal.TIMESTAMP_WRONG)


def test_an_officer_stamps_no_times(city: City) -> None:
    made = sign(DOCUMENT, city.signer, LocalTimestamps(city.signer, lambda: NOW))
    trust = Trust(city.trust.roots, city.trust.roots + city.trust.timestamp_roots)
    refused(city, made, Step.TIMESTAMP, Refusal.USAGE_NOT_ALLOWED, trust)


def stamping(city: City, *extensions: tuple[x509.ExtensionType, bool], **kwargs: Any) -> bytes:
    """A signature with a timestamp by a certificate of these extensions."""
    key = new_key()
    certificate = issue(kwargs.pop("root", city.time_root), key.public_key(), *extensions, subject="Time", **kwargs)
    return sign(DOCUMENT, city.signer, LocalTimestamps(key_signer(key, certificate), lambda: NOW))


@pytest.mark.parametrize(
    "extensions",
    [
        (END,),
        ((STAMPING[0], False), END),
        ((x509.ExtendedKeyUsage([*STAMPING[0], x509.OID_CODE_SIGNING]), True), END),
        ((x509.ExtendedKeyUsage([x509.OID_CODE_SIGNING]), True), END),
        (STAMPING, CA),
    ],
    ids=["no purpose", "not critical", "also for code", "for code", "authority"],
)
def test_timestamps_need_a_certificate_for_nothing_else(
    city: City, extensions: tuple[tuple[x509.ExtensionType, bool], ...]
) -> None:
    refused(city, stamping(city, *extensions), Step.TIMESTAMP, Refusal.USAGE_NOT_ALLOWED)


def test_a_timestamp_of_an_authority_that_nobody_trusts_is_refused(city: City) -> None:
    own = long_lived_root("City Time")
    refused(city, stamping(city, STAMPING, END, root=own), Step.TIMESTAMP, Refusal.NOT_TRUSTED)
    refused(city, stamping(city, STAMPING, END, root=city.root), Step.TIMESTAMP, Refusal.NOT_TRUSTED)


def test_a_timestamp_of_an_expired_authority_is_refused(city: City) -> None:
    made = stamping(city, STAMPING, END, end=NOW - SECOND)
    refused(city, made, Step.TIMESTAMP, Refusal.EXPIRED)


def test_a_timestamp_made_with_another_key_is_refused(city: City) -> None:
    thief = KeySigner(SCHEMES[SignatureAlgorithm.ES256], new_key(), city.stamping.certificate, ())
    made = sign(DOCUMENT, city.signer, LocalTimestamps(thief, lambda: NOW))
    refused(city, made, Step.TIMESTAMP, Refusal.SIGNATURE_WRONG)


def test_a_timestamp_over_a_weak_hash_is_refused(city: City, signature: bytes) -> None:
    token = city.timestamps.token(hashlib.sha1(read_signature(signature).value).digest(), "sha1")
    refused(city, with_unsigned(signature, timestamp(token)), Step.TIMESTAMP, Refusal.TIMESTAMP_WRONG)


# Step 8


def test_the_timestamp_lies_between_preparation_and_now(city: City, signature: bytes) -> None:
    minute = timedelta(minutes=1)
    assert city.verify(signature, prepared_at=NOW + minute, now=NOW + minute)
    assert city.verify(signature, now=NOW - minute, prepared_at=NOW - minute)
    refused(city, signature, Step.TIME, Refusal.BEFORE_PREPARATION, prepared_at=NOW + minute + SECOND)
    refused(city, signature, Step.TIME, Refusal.IN_THE_FUTURE, now=NOW - minute - SECOND)


def test_an_instant_without_time_zone_is_the_callers_mistake(city: City, signature: bytes) -> None:
    with pytest.raises(ValueError, match="time zone"):
        city.verify(signature, now=NOW.replace(tzinfo=None))


# And for all of them


def test_nothing_is_fetched(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where a certificate says where lists, answers and issuers are to be had."""
    address = x509.UniformResourceIdentifier("http://127.0.0.1:9/fetched")
    points = x509.CRLDistributionPoints([x509.DistributionPoint([address], None, None, None)])
    access = x509.AuthorityInformationAccess([
        x509.AccessDescription(AuthorityInformationAccessOID.OCSP, address),
        x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, address),
    ])  # fmt: skip

    def connect(*_: Any) -> NoReturn:
        raise AssertionError("a verification opened a connection")

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(socket, "getaddrinfo", connect)
    known = city.certificate(SIGNING, END, (points, False), (access, False))
    assert city.verify(city.stamped(city.holding(known)))
    unknown = issue(long_lived_root("Elsewhere"), city.officer_key.public_key(), SIGNING, END, (access, False))
    refused(city, city.stamped(city.holding(unknown)), Step.CHAIN, Refusal.NOT_TRUSTED)
