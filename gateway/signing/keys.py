"""Signers whose private key is in this process: an officer's PKCS#12 file, opened where the officer is."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from asn1crypto import pkcs12 as asn1_pkcs12
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import pkcs12

from gateway.signing.algorithms import SCHEMES, Scheme, SignatureAlgorithm
from gateway.signing.certificates import der
from gateway.signing.errors import KeyUnusable


@dataclass(frozen=True, slots=True)
class KeySigner:
    """A private key at hand, with its certificate. A `Signer`."""

    scheme: Scheme
    key: PrivateKeyTypes
    certificate: bytes
    chain: tuple[bytes, ...]

    @property
    def algorithm(self) -> SignatureAlgorithm:
        """See `Signer.algorithm`."""
        return self.scheme.algorithm

    def sign(self, data: bytes) -> bytes:
        """See `Signer.sign`."""
        return self.scheme.sign(self.key, data)

    def is_valid(self, at: datetime) -> bool:
        """Whether the certificate's own dates allow signing at that instant."""
        certificate = x509.load_der_x509_certificate(self.certificate)
        return certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc


def key_signer(
    key: PrivateKeyTypes, certificate: x509.Certificate, chain: Iterable[x509.Certificate] = ()
) -> KeySigner:
    """A signer with this key; of the algorithms for such a key, the first that `SignatureAlgorithm` lists.

    Raises:
        KeyUnusable: no algorithm is for such a key, or the certificate is another key's.
    """
    public = key.public_key()
    if public != certificate.public_key():
        raise KeyUnusable("the certificate is not that of the key beside it; export both together again")
    scheme = next((scheme for scheme in SCHEMES.values() if scheme.accepts(public)), None)
    if scheme is None:
        raise KeyUnusable("the key is none that signs here: P-256, P-384, or RSA of 2048 bits and more are")
    return KeySigner(scheme, key, der(certificate), tuple(der(entry) for entry in chain))


def load_pkcs12(data: bytes, passphrase: bytes | None) -> KeySigner:
    """The key, the certificate and the chain in a PKCS#12 file.

    Raises:
        KeyUnusable: it is none, the passphrase is another one, or something of this is missing in it.
    """
    try:
        asn1_pkcs12.Pfx.load(data, strict=True).native["version"]
    except Exception:  # noqa: BLE001 - the parser has many ways to say that this is something else
        raise KeyUnusable("it is not a PKCS#12 file (.p12, .pfx)") from None
    try:
        found = pkcs12.load_pkcs12(data, passphrase)
    except UnsupportedAlgorithm as problem:
        raise KeyUnusable(
            f"it is encrypted in an old way that is not supported ({problem}); export it anew, with AES"
        ) from None
    except ValueError:
        wanted = "the passphrase is not the one of this file" if passphrase else "the file needs its passphrase"
        raise KeyUnusable(f"{wanted}, or the file is damaged") from None
    if found.key is None:
        raise KeyUnusable("it holds no private key; export the certificate together with its key")
    if found.cert is None:
        raise KeyUnusable("it holds no certificate for its key; export the key together with its certificate")
    return key_signer(found.key, found.cert.certificate, (entry.certificate for entry in found.additional_certs))
