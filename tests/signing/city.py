"""A city with two authorities of its own, and what goes wrong with their certificates."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import (
    CertificateIssuerPrivateKeyTypes,
    CertificatePublicKeyTypes,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import CertificateRevocationList, KeyUsage
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gateway.signing import (
    KeySigner,
    LocalTimestamps,
    Refusal,
    SignatureRefused,
    Step,
    Trust,
    Verified,
    key_signer,
    sign,
    verify,
)
from gateway.signing.authority import Authority

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
YEAR = timedelta(days=365)
DAY = timedelta(days=1)
DOCUMENT = '{"answer":"同意","case":"7"}'.encode()
NO_USAGE = dict.fromkeys(
    ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
     "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
    False,
)  # fmt: skip


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def usage(*allowed: str) -> KeyUsage:
    return KeyUsage(**{**NO_USAGE, **dict.fromkeys(allowed, True)})


def issue(
    authority: Authority,
    key: CertificatePublicKeyTypes,
    *extensions: tuple[x509.ExtensionType, bool],
    subject: str = "Officer",
    **kwargs: Any,
) -> x509.Certificate:
    """A certificate with these extensions, each critical or not, and with no others."""
    return _issue(authority.certificate.subject, authority.key, name(subject), key, *extensions, **kwargs)


def _issue(
    issuer: x509.Name,
    issuers_key: CertificateIssuerPrivateKeyTypes,
    subject: x509.Name,
    key: CertificatePublicKeyTypes,
    *extensions: tuple[x509.ExtensionType, bool],
    start: datetime = NOW - YEAR,
    end: datetime = NOW + YEAR,
    serial: int | None = None,
) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(issuers_key, SHA256())


SIGNING = (usage("digital_signature", "content_commitment"), True)
ISSUING = (usage("key_cert_sign", "crl_sign"), True)
END = (x509.BasicConstraints(ca=False, path_length=None), True)
STAMPING = (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), True)


def intermediate(root: Authority, subject: str = "Officers of the District", **kwargs: Any) -> Authority:
    """An authority below a root."""
    key = new_key()
    ca = (x509.BasicConstraints(ca=True, path_length=0), True)
    return Authority(issue(root, key.public_key(), ca, ISSUING, subject=subject, **kwargs), key)


def revocation_list(
    authority: Authority,
    *revoked: tuple[x509.Certificate, datetime],
    made: datetime = NOW - DAY,
    until: datetime = NOW + DAY,
    reason: x509.ReasonFlags | None = None,
    extension: x509.ExtensionType | None = None,
    key: CertificateIssuerPrivateKeyTypes | None = None,
) -> CertificateRevocationList:
    """A list of an authority, or one that pretends to be its and is signed with another `key`."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.certificate.subject)
        .last_update(made)
        .next_update(until)
    )
    if extension is not None:
        builder = builder.add_extension(extension, critical=True)
    for certificate, since in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(certificate.serial_number).revocation_date(since)
        if reason is not None:
            entry = entry.add_extension(x509.CRLReason(reason), critical=False)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(key or authority.key, SHA256())


def long_lived_root(common: str, start: datetime = NOW - 10 * YEAR, end: datetime = NOW + 10 * YEAR) -> Authority:
    """A root below which there may be other authorities."""
    key = new_key()
    itself, ca = name(common), (x509.BasicConstraints(ca=True, path_length=None), True)
    return Authority(_issue(itself, key, itself, key.public_key(), ca, ISSUING, start=start, end=end), key)


@dataclass
class City:
    """A root for officers, one for timestamps, an officer, and a clock that a test can set."""

    root: Authority = field(default_factory=lambda: long_lived_root("City Officers"))
    time_root: Authority = field(default_factory=lambda: long_lived_root("City Time"))
    clock: datetime = NOW

    def __post_init__(self) -> None:
        self.officer_key = new_key()
        self.officer = self.certificate(SIGNING, END)
        self.signer = key_signer(self.officer_key, self.officer)
        key = new_key()
        self.stamping = key_signer(key, issue(self.time_root, key.public_key(), STAMPING, END, subject="Time"))
        self.timestamps = LocalTimestamps(self.stamping, lambda: self.clock)
        self.trust = Trust((self.root.certificate,), (self.time_root.certificate,))

    def certificate(self, *extensions: tuple[x509.ExtensionType, bool], **kwargs: Any) -> x509.Certificate:
        """Another certificate for the officer's key."""
        return issue(self.root, self.officer_key.public_key(), *extensions, **kwargs)

    def holding(self, certificate: x509.Certificate) -> KeySigner:
        """The officer with another certificate."""
        return key_signer(self.officer_key, certificate)

    def trusting(self, *lists: CertificateRevocationList, required: bool = True) -> Trust:
        """The city's trust, with revocation lists."""
        return Trust(self.trust.roots, self.trust.timestamp_roots, lists, required)

    def stamped(self, signer: KeySigner | None = None, at: datetime = NOW, document: bytes = DOCUMENT) -> bytes:
        """A signature over the document, with a timestamp of that instant."""
        return sign(document, signer or self.signer, LocalTimestamps(self.stamping, lambda: at))

    def verify(self, signature: bytes, trust: Trust | None = None, **kwargs: Any) -> Verified:
        """The verdict on a signature over the document."""
        given = {"document": DOCUMENT, "prepared_at": NOW, "now": NOW, **kwargs}
        return verify(given.pop("document"), signature, trust or self.trust, **given)


def refused(city: City, signature: bytes, step: Step, code: Refusal, trust: Trust | None = None, **kwargs: Any) -> str:
    """The words of a refusal, which has to be at this step and for this reason."""
    with pytest.raises(SignatureRefused) as caught:
        city.verify(signature, trust, **kwargs)
    assert (caught.value.step, caught.value.code) == (step, code), caught.value
    assert str(caught.value).startswith(f"step {step.value}: ")
    return caught.value.message
