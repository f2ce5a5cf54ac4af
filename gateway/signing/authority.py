"""A small authority with a key in this process: issues certificates, revokes them, and stamps times."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from asn1crypto import algos, parser, tsp
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import CertificateBuilder, KeyUsage, Name, NameAttribute
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gateway.signing.algorithms import Signer
from gateway.signing.making import sign_token

POLICY: Final = "2.25.263186746897061854438118087095596484962"
"""The policy that its timestamps name: an arbitrary identifier (a UUID), because there is no policy to read."""
_NO_USAGE: Final = dict.fromkeys(
    ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
     "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
    False,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate that may issue others, and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def make(cls, name: str, not_before: datetime, not_after: datetime) -> "Authority":
        """A new root."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _name(name)
        builder = (
            _builder(subject, subject, key.public_key(), key.public_key(), not_before, not_after)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(KeyUsage(**{**_NO_USAGE, "key_cert_sign": True, "crl_sign": True}), critical=True)
        )
        return cls(builder.sign(key, SHA256()), key)

    def issue_officer(
        self, name: str, key: ec.EllipticCurvePublicKey, not_before: datetime, not_after: datetime
    ) -> x509.Certificate:
        """A certificate for somebody who signs documents."""
        usage = KeyUsage(**{**_NO_USAGE, "digital_signature": True, "content_commitment": True})
        return self._issue(name, key, not_before, not_after, usage)

    def issue_timestamps(
        self, name: str, key: ec.EllipticCurvePublicKey, not_before: datetime, not_after: datetime
    ) -> x509.Certificate:
        """A certificate for who stamps times, and does nothing else."""
        usage = KeyUsage(**{**_NO_USAGE, "digital_signature": True})
        purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
        return self._issue(name, key, not_before, not_after, usage, purpose)

    def list_revoked(self, revoked: dict[int, datetime], number: int) -> x509.CertificateRevocationList:
        """The list of everything that this authority has ever revoked, by serial numbers.

        It leaves nobody out, so it speaks about all of the root's time: who verifies needs no older list.
        """
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(self.certificate.not_valid_before_utc)
            .next_update(self.certificate.not_valid_after_utc)
            .add_extension(x509.CRLNumber(number), critical=False)
            .add_extension(_identifier(self.key.public_key()), critical=False)
        )
        for serial, since in revoked.items():
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(since).build()
            builder = builder.add_revoked_certificate(entry)
        return builder.sign(self.key, SHA256())

    def _issue(
        self,
        name: str,
        key: ec.EllipticCurvePublicKey,
        not_before: datetime,
        not_after: datetime,
        usage: KeyUsage,
        purpose: x509.ExtendedKeyUsage | None = None,
    ) -> x509.Certificate:
        builder = (
            _builder(_name(name), self.certificate.subject, key, self.key.public_key(), not_before, not_after)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(usage, critical=True)
        )
        if purpose is not None:
            builder = builder.add_extension(purpose, critical=True)
        return builder.sign(self.key, SHA256())


class LocalTimestamps:
    """A timestamp authority whose key is in this process."""

    def __init__(self, signer: Signer, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._signer = signer
        self._clock = clock

    def token(self, digest: bytes, hash_name: str) -> bytes:
        """See `Timestamps.token`."""
        imprint = {"hash_algorithm": algos.DigestAlgorithm({"algorithm": hash_name}), "hashed_message": digest}
        return sign_token(self._info(tsp.MessageImprint(imprint), None), self._signer)

    def answer(self, question: bytes) -> bytes:
        """The answer to a request (RFC 3161, both DER), as an authority sends it over HTTP.

        Raises:
            ValueError: it is no request.
        """
        asked = tsp.TimeStampReq.load(question, strict=True)
        token = sign_token(self._info(asked["message_imprint"], asked["nonce"].native), self._signer)
        return bytes(parser.emit(0, 1, tsp.TimeStampResp.tag, tsp.PKIStatusInfo({"status": "granted"}).dump() + token))

    def _info(self, imprint: tsp.MessageImprint, nonce: int | None) -> tsp.TSTInfo:
        info = tsp.TSTInfo({
            "version": "v1", "policy": POLICY, "message_imprint": imprint, "serial_number": secrets.randbits(127) | 1,
            "gen_time": self._clock().astimezone(UTC),
        })  # fmt: skip
        if nonce is not None:
            info["nonce"] = nonce
        return info


def _builder(
    subject: Name,
    issuer: Name,
    key: ec.EllipticCurvePublicKey,
    issuers_key: ec.EllipticCurvePublicKey,
    not_before: datetime,
    not_after: datetime,
) -> CertificateBuilder:
    return (
        CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(_identifier(issuers_key), critical=False)
    )


def _identifier(key: ec.EllipticCurvePublicKey) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(key)


def _name(name: str) -> Name:
    return Name([NameAttribute(NameOID.COUNTRY_NAME, "CN"), NameAttribute(NameOID.COMMON_NAME, name)])
