"""Certificates: reading them, and what their extensions allow."""

from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from gateway.signing.errors import TrustUnusable


def read_certificates(data: bytes, what: str) -> tuple[x509.Certificate, ...]:
    """The certificates in a PEM text with one or several, or the one in DER.

    Raises:
        TrustUnusable: there is none. The message names `what`.
    """
    try:
        if data.lstrip().startswith(b"-----"):
            return tuple(x509.load_pem_x509_certificates(data))
        return (x509.load_der_x509_certificate(data),)
    except ValueError as problem:
        raise TrustUnusable(f"{what} holds no certificate in PEM or DER: {problem}") from None


def read_list(data: bytes, what: str) -> x509.CertificateRevocationList:
    """A certificate revocation list in DER or PEM.

    Raises:
        TrustUnusable: it is none. The message names `what`.
    """
    try:
        if data.lstrip().startswith(b"-----"):
            return x509.load_pem_x509_crl(data)
        return x509.load_der_x509_crl(data)
    except ValueError as problem:
        raise TrustUnusable(f"{what} is no certificate revocation list in DER or PEM: {problem}") from None


def der(certificate: x509.Certificate) -> bytes:
    """The bytes that the certificate was read from."""
    return certificate.public_bytes(Encoding.DER)


def fingerprint(certificate: x509.Certificate) -> str:
    """The SHA-256 of the certificate, in hex: how others name it."""
    return certificate.fingerprint(SHA256()).hex()


def is_authority(certificate: x509.Certificate) -> bool:
    """Whether a certificate is one that issues others."""
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def may_sign(certificate: x509.Certificate) -> bool:
    """Whether a certificate's key usage says that its key signs documents. Silence is no yes."""
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return False
    return usage.digital_signature or usage.content_commitment


def is_for_timestamps(certificate: x509.Certificate) -> bool:
    """Whether a certificate is for timestamps and for nothing else, as RFC 3161 wants it: in a critical extension."""
    try:
        extension = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound:
        return False
    return extension.critical and list(extension.value) == [ExtendedKeyUsageOID.TIME_STAMPING]


def distribution_points(certificate: x509.Certificate) -> set[x509.GeneralName]:
    """Where a certificate says that its revocation list is."""
    try:
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except x509.ExtensionNotFound:
        return set()
    return {name for point in points for name in point.full_name or ()}


def instant(at: datetime) -> str:
    """An instant, in words of a message."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
