"""Step 1 of a verification: one shape is allowed, and everything else that CMS allows is refused."""

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gateway.signing import (
    Refusal,
    Step,
    read_signature,
)
from gateway.signing.certificates import der
from gateway.signing.shape import LARGEST
from tests.signing.city import (
    DOCUMENT,
    END,
    SIGNING,
    City,
    issue,
    new_key,
    refused,
    revocation_list,
)
from tests.signing.forging import (
    CERTIFICATES,
    add_timestamp,
    altered,
    attribute,
    inside,
    timestamp,
    with_unsigned,
)
from tests.signing.openssl import run
from tests.signing.trees import Node, parse


@pytest.mark.parametrize(
    "data", [b"", b"\x30", b"\x30\x00", b"\x30\x80\x00\x00", b"hello", b"\x02\x01\x00", b"\x31\x00"]
)
def test_something_else_is_no_signature(city: City, data: bytes) -> None:
    refused(city, data, Step.SHAPE, Refusal.MALFORMED)


def test_bytes_after_the_end_are_refused(city: City, signature: bytes) -> None:
    for more in (b"\x00", b"\x00\x00", signature):
        refused(city, signature + more, Step.SHAPE, Refusal.MALFORMED)


def test_a_file_that_is_too_large_is_not_even_parsed(city: City, signature: bytes) -> None:
    refused(city, signature + bytes(LARGEST), Step.SHAPE, Refusal.TOO_LARGE)


def test_lengths_have_one_spelling(city: City, signature: bytes) -> None:
    """The outermost length in three bytes where two do, and without an end mark where DER counts."""
    assert signature[:2] == b"\x30\x82"
    refused(city, b"\x30\x83\x00" + signature[2:], Step.SHAPE, Refusal.MALFORMED)
    refused(city, b"\x30\x80" + signature[4:] + b"\x00\x00", Step.SHAPE, Refusal.MALFORMED)


def test_attached_content_is_refused(city: City, signature: bytes) -> None:
    def alter(body: list[Node]) -> None:
        inside(body[2]).append(Node(0xA0, [Node(0x04, DOCUMENT)]))

    refused(city, altered(signature, alter), Step.SHAPE, Refusal.CONTENT_ATTACHED)


@pytest.mark.parametrize("count", [0, 2])
def test_one_signer_is_expected(city: City, signature: bytes, count: int) -> None:
    def alter(body: list[Node]) -> None:
        body[-1].content = inside(body[-1]) * count

    refused(city, altered(signature, alter), Step.SHAPE, Refusal.NOT_ONE_SIGNER)


def test_a_signature_without_timestamp_is_refused(city: City, signature: bytes) -> None:
    refused(city, with_unsigned(signature), Step.SHAPE, Refusal.TIMESTAMP_MISSING)


def test_two_timestamps_are_refused(city: City, signature: bytes) -> None:
    """Either as two values or as two attributes: which one counted would be a guess."""
    token = read_signature(signature).token
    for attributes in ([timestamp(token, token)], [timestamp(token), timestamp(token)]):
        refused(city, with_unsigned(signature, *attributes), Step.SHAPE, Refusal.ATTRIBUTE_NOT_ALLOWED)


def test_an_unsigned_attribute_that_nobody_looks_at_is_refused(city: City, signature: bytes) -> None:
    token = read_signature(signature).token
    for name in ("1.2.840.113549.1.9.16.2.25", "1.2.840.113549.1.9.6"):
        more = with_unsigned(signature, timestamp(token), attribute(name, token))
        refused(city, more, Step.SHAPE, Refusal.ATTRIBUTE_NOT_ALLOWED)


def test_revocation_lists_within_a_signature_are_refused(city: City, signature: bytes) -> None:
    mine = revocation_list(city.root).public_bytes(Encoding.DER)

    def alter(body: list[Node]) -> None:
        body.insert(CERTIFICATES + 1, Node(0xA1, [parse(mine)]))

    refused(city, altered(signature, alter), Step.SHAPE, Refusal.SHAPE_NOT_ALLOWED)


def test_a_signature_has_to_carry_its_certificate_once(city: City, signature: bytes) -> None:
    def without(body: list[Node]) -> None:
        del body[CERTIFICATES]

    def twice(body: list[Node]) -> None:
        body[CERTIFICATES].content = inside(body[CERTIFICATES]) * 2

    refused(city, altered(signature, without), Step.SHAPE, Refusal.CERTIFICATE_MISSING)
    refused(city, altered(signature, twice), Step.SHAPE, Refusal.CERTIFICATE_MISSING)


def test_a_crowd_of_certificates_is_refused(city: City, signature: bytes) -> None:
    crowd = [parse(der(issue(city.root, new_key().public_key()))) for _ in range(6)]

    def alter(body: list[Node]) -> None:
        inside(body[CERTIFICATES]).extend(crowd)

    refused(city, altered(signature, alter), Step.SHAPE, Refusal.SHAPE_NOT_ALLOWED)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["-cades", "-md", "sha1", "-nosmimecap"], Refusal.ALGORITHM_NOT_ALLOWED),
        (["-cades", "-md", "sha512", "-nosmimecap"], Refusal.ALGORITHM_NOT_ALLOWED),
        (["-md", "sha256", "-nosmimecap"], Refusal.ATTRIBUTE_MISSING),
        (["-cades", "-md", "sha256"], Refusal.ATTRIBUTE_NOT_ALLOWED),
        (["-cades", "-md", "sha256", "-nosmimecap", "-keyid"], Refusal.CERTIFICATE_MISSING),
        (["-cades", "-md", "sha256", "-nosmimecap", "-nocerts"], Refusal.CERTIFICATE_MISSING),
        (["-cades", "-md", "sha256", "-nosmimecap", "-nodetach"], Refusal.CONTENT_ATTACHED),
        (["-cades", "-md", "sha256", "-nosmimecap", "-stream"], Refusal.MALFORMED),
    ],
)
def test_what_openssl_can_sign_otherwise_is_refused(
    city: City, tmp_path: Path, arguments: list[str], code: Refusal
) -> None:
    """SHA-1, a hash that is not the curve's, no CAdES, other attributes, other shapes, and BER."""
    if "-keyid" in arguments:
        certificate = city.certificate(SIGNING, END, (x509.SubjectKeyIdentifier(b"x" * 20), False))
        code = Refusal.SHAPE_NOT_ALLOWED
    else:
        certificate = city.officer
    (tmp_path / "document").write_bytes(DOCUMENT)
    (tmp_path / "officer.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    key = city.officer_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "officer.key").write_bytes(key)
    made = run(
        "cms", "-sign", "-binary", "-outform", "DER", "-in", tmp_path / "document",
        "-signer", tmp_path / "officer.pem", "-inkey", tmp_path / "officer.key", *arguments,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    # The last one is BER, which nobody who alters it would leave as it is.
    signature = made.stdout if "-stream" in arguments else add_timestamp(made.stdout, city.timestamps)
    refused(city, signature, Step.SHAPE, code)
