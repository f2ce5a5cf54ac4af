"""What we sign is accepted by a program that is not ours, and nothing else is."""

import asyncio
import time
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gateway.signing import KeySigner, SignatureAlgorithm, SignatureRefused, Step, key_signer, read_signature, sign
from gateway.signing.algorithms import SCHEMES
from gateway.signing.certificates import der
from tests.signing.city import DOCUMENT, END, NOW, SIGNING, YEAR, City, intermediate, issue, new_key
from tests.signing.forging import add_timestamp
from tests.signing.openssl import accepts_signature, accepts_timestamp, run


def test_a_signature_is_accepted_by_openssl_and_by_us(city: City, signature: bytes, tmp_path: Path) -> None:  # R19
    assert accepts_signature(tmp_path, DOCUMENT, signature, city.root.certificate, NOW)
    assert accepts_timestamp(tmp_path, signature, city.time_root.certificate, NOW)
    verified = city.verify(signature)
    assert verified.gen_time == NOW
    assert verified.algorithm is SignatureAlgorithm.ES256
    assert verified.certificate.der == der(city.officer)
    assert verified.certificate.serial == f"{city.officer.serial_number:x}"
    assert verified.certificate.subject == "CN=Officer"
    assert [step.value for step in verified.steps] == [1, 2, 3, 4, 5, 6, 7, 8]


def test_no_bit_of_a_document_can_be_changed(city: City, signature: bytes) -> None:  # R19
    for at in range(len(DOCUMENT)):
        for bit in range(8):
            changed = bytearray(DOCUMENT)
            changed[at] ^= 1 << bit
            with pytest.raises(SignatureRefused) as refused:
                city.verify(signature, document=bytes(changed))
            assert refused.value.step is Step.SIGNATURE


@pytest.mark.parametrize("at", range(0, len(DOCUMENT), 4))
def test_a_changed_byte_of_a_document_fails_in_openssl_too(
    city: City, signature: bytes, tmp_path: Path, at: int
) -> None:
    changed = bytearray(DOCUMENT)
    changed[at] ^= 1
    assert not accepts_signature(tmp_path, bytes(changed), signature, city.root.certificate, NOW)


@pytest.mark.parametrize("document", [DOCUMENT[:-1], DOCUMENT + b"\n", b"", DOCUMENT[::-1]])
def test_a_document_cannot_be_cut_or_extended(city: City, signature: bytes, document: bytes) -> None:
    with pytest.raises(SignatureRefused, match="step 2: the document is not the one that was signed"):
        city.verify(signature, document=document)


@pytest.mark.parametrize("document", [b"", b"\r\n\r\nlines\n", bytes(range(256)) * 500])
def test_any_bytes_can_be_signed(city: City, tmp_path: Path, document: bytes) -> None:
    made = city.stamped(document=document)
    assert city.verify(made, document=document)
    assert accepts_signature(tmp_path, document, made, city.root.certificate, NOW)


def test_the_certificates_between_officer_and_root_travel_with_the_signature(city: City, tmp_path: Path) -> None:
    district = intermediate(city.root)
    key = new_key()
    officer = issue(district, key.public_key(), SIGNING, END)
    made = city.stamped(key_signer(key, officer, [district.certificate, city.root.certificate]))
    assert city.verify(made).certificate.der == der(officer)
    assert accepts_signature(tmp_path, DOCUMENT, made, city.root.certificate, NOW)
    assert [entry.dump() for entry in read_signature(made).signed.others] == [der(district.certificate)]


def rsa_key() -> CertificateIssuerPrivateKeyTypes:
    return rsa.generate_private_key(65537, 2048)


@pytest.mark.parametrize("algorithm", SignatureAlgorithm)
def test_each_algorithm_is_made_and_verified_here_and_by_openssl(
    city: City, tmp_path: Path, algorithm: SignatureAlgorithm
) -> None:
    keys = {
        SignatureAlgorithm.ES256: new_key,
        SignatureAlgorithm.ES384: lambda: ec.generate_private_key(ec.SECP384R1()),
    }
    key = keys.get(algorithm, rsa_key)()
    officer = issue(city.root, key.public_key(), SIGNING, END)
    made = city.stamped(KeySigner(SCHEMES[algorithm], key, der(officer), ()))
    assert city.verify(made).algorithm is algorithm
    assert accepts_signature(tmp_path, DOCUMENT, made, city.root.certificate, NOW)


def test_a_signature_made_by_openssl_counts_once_it_has_a_timestamp(city: City, tmp_path: Path) -> None:
    (tmp_path / "document").write_bytes(DOCUMENT)
    (tmp_path / "officer.pem").write_bytes(city.officer.public_bytes(Encoding.PEM))
    key = city.officer_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "officer.key").write_bytes(key)
    made = run(
        "cms", "-sign", "-cades", "-binary", "-md", "sha256", "-nosmimecap", "-outform", "DER",
        "-in", tmp_path / "document", "-signer", tmp_path / "officer.pem", "-inkey", tmp_path / "officer.key",
    )  # fmt: skip
    with pytest.raises(SignatureRefused, match="no timestamp"):
        city.verify(made.stdout)
    assert city.verify(add_timestamp(made.stdout, city.timestamps)).certificate.der == der(city.officer)


async def test_signing_and_verifying_work_within_a_running_loop(city: City) -> None:
    made = sign(DOCUMENT, city.signer, city.timestamps)
    assert city.verify(made).gen_time == NOW
    assert asyncio.get_running_loop().is_running()


def test_no_length_makes_a_difference(city: City) -> None:
    """asn1crypto takes one that ends in 0x80 for an indefinite one: slowly, and perhaps with other bytes."""
    started, ends = time.process_time(), set()
    for length in range(1, 130):
        name = ".".join("a" * min(40, length - at) for at in range(0, length, 40))
        more = (x509.SubjectAlternativeName([x509.DNSName(name)]), False)
        certificate = city.certificate(SIGNING, END, more)
        assert city.verify(city.stamped(city.holding(certificate))).certificate.der == der(certificate)
        ends |= {len(certificate.tbs_certificate_bytes) % 256, len(der(certificate)) % 256}
    assert len(ends) > 100
    assert time.process_time() - started < 20


def test_a_signature_outlives_its_certificate(city: City, signature: bytes) -> None:
    """What counts is the time of the timestamp, not that of the verification."""
    assert city.verify(signature, now=NOW + 5 * YEAR).gen_time == NOW
