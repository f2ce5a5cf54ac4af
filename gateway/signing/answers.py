"""What a responder says of one certificate (OCSP, RFC 6960), and whether its answer is the issuer's word."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import HashAlgorithm
from cryptography.x509 import ReasonFlags, ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from gateway.signing.errors import TrustUnusable

_HASHES: Final = frozenset({"sha256", "sha384", "sha512"})
_NAMING: Final = frozenset({"sha1", *_HASHES})
"""Hashes by which an answer may name its certificate; nothing hangs on them but the name."""


@dataclass(frozen=True, slots=True)
class Said:
    """What an issuer says of one certificate."""

    status: ocsp.OCSPCertStatus
    since: datetime | None
    """From when on it is revoked."""
    reason: ReasonFlags | None
    made: datetime
    """As of when it is said."""
    until: datetime | None
    """When there is something newer at the latest."""

    def covers(self, certificate: x509.Certificate, at: datetime) -> bool:
        """Whether it speaks about that instant. Of certificates that have ended, responders may know nothing more."""
        if self.status is ocsp.OCSPCertStatus.UNKNOWN or self.made > certificate.not_valid_after_utc:
            return False
        return self.made >= at or (self.until is not None and self.until >= at)


def read_answer(data: bytes, what: str) -> ocsp.OCSPResponse:
    """A responder's answer in DER, if it is one about certificates.

    Raises:
        TrustUnusable: it is none. The message names `what`.
    """
    try:
        found = ocsp.load_der_ocsp_response(data)
    except ValueError as problem:
        raise TrustUnusable(f"{what} is no answer of an OCSP responder in DER: {problem}") from None
    if found.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        raise TrustUnusable(f"{what} says nothing about certificates: {found.response_status.name}")
    return found


def is_answer(data: bytes) -> bool:
    """Whether bytes are a responder's answer, and not a revocation list."""
    try:
        read_answer(data, "it")
    except TrustUnusable:
        return False
    return True


def said_of(certificate: x509.Certificate, issuer: x509.Certificate, answer: ocsp.OCSPResponse) -> Said | None:
    """What an answer says of a certificate; None when it is about others, or is not the issuer's word."""
    for single in _about(certificate, issuer, answer):
        if not _is_of(answer, issuer):
            return None
        return Said(
            single.certificate_status,
            single.revocation_time_utc,
            single.revocation_reason,
            single.this_update_utc,
            single.next_update_utc,
        )
    return None


def _about(
    certificate: x509.Certificate, issuer: x509.Certificate, answer: ocsp.OCSPResponse
) -> Iterator[ocsp.OCSPSingleResponse]:
    for single in answer.responses:
        if single.serial_number != certificate.serial_number or single.hash_algorithm.name not in _NAMING:
            continue
        named = asked(certificate, issuer, single.hash_algorithm)
        if (single.issuer_name_hash, single.issuer_key_hash) == (named.issuer_name_hash, named.issuer_key_hash):
            yield single


def asked(certificate: x509.Certificate, issuer: x509.Certificate, algorithm: HashAlgorithm) -> ocsp.OCSPRequest:
    """The question about a certificate, which names it in the way of this hash."""
    return ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, algorithm).build()


def _is_of(answer: ocsp.OCSPResponse, issuer: x509.Certificate) -> bool:
    """Whether an answer is signed by the issuer's key, or by one that the issuer has made a responder's (4.2.2.2)."""
    others = (found for found in answer.certificates if _is_responder(found, issuer, answer.produced_at_utc))
    return any(_names(answer, found) and _is_signed(answer, found) for found in (issuer, *others))


def _is_responder(found: x509.Certificate, issuer: x509.Certificate, at: datetime) -> bool:
    """Whether the issuer itself has issued a certificate for this purpose, and it was valid then."""
    try:
        found.verify_directly_issued_by(issuer)
        purposes = found.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False
    return (
        ExtendedKeyUsageOID.OCSP_SIGNING in purposes and found.not_valid_before_utc <= at <= found.not_valid_after_utc
    )


def _names(answer: ocsp.OCSPResponse, found: x509.Certificate) -> bool:
    if answer.responder_name is not None:
        return answer.responder_name == found.subject
    return answer.responder_key_hash == x509.SubjectKeyIdentifier.from_public_key(found.public_key()).digest


def _is_signed(answer: ocsp.OCSPResponse, found: x509.Certificate) -> bool:
    algorithm, key = answer.signature_hash_algorithm, found.public_key()
    if algorithm is None or algorithm.name not in _HASHES:
        return False
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(answer.signature, answer.tbs_response_bytes, ec.ECDSA(algorithm))
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(answer.signature, answer.tbs_response_bytes, padding.PKCS1v15(), algorithm)
        else:
            return False
    except InvalidSignature:
        return False
    return True
