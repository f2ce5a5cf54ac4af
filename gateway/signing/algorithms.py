"""Signature algorithms by their id, and what signs and verifies with one.

Everything above compares ids and calls the two protocols. Another algorithm (SM2 with SM3) or another holder of a key
(a card, an HSM) is one more class here and touches no procedure.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Protocol

from asn1crypto import algos
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes

MIN_RSA_BITS: Final = 2048


class SignatureAlgorithm(StrEnum):
    """By their names in JOSE: the curve or padding, and the hash, which is the document's too."""

    ES256 = "ES256"
    ES384 = "ES384"
    RS256 = "RS256"
    RS384 = "RS384"
    RS512 = "RS512"
    PS256 = "PS256"


class Verifier(Protocol):
    """Checks signatures of one algorithm."""

    @property
    def algorithm(self) -> SignatureAlgorithm:
        """The algorithm."""

    def accepts(self, key: PublicKeyTypes) -> bool:
        """Whether a key is of the kind, curve and size that the algorithm needs."""

    def verify(self, key: PublicKeyTypes, data: bytes, signature: bytes) -> bool:
        """Whether the signature over `data` is this key's."""


class Signer(Protocol):
    """Holds a private key, or speaks to what holds it, and the certificate that goes with it."""

    @property
    def algorithm(self) -> SignatureAlgorithm:
        """The algorithm of its signatures."""

    @property
    def certificate(self) -> bytes:
        """The certificate (DER)."""

    @property
    def chain(self) -> tuple[bytes, ...]:
        """Certificates (DER) that lead from it to a root, the nearest first."""

    def sign(self, data: bytes) -> bytes:
        """The signature over `data`, as CMS holds it."""


@dataclass(frozen=True, slots=True)
class Ecdsa:
    """ECDSA on one curve."""

    algorithm: SignatureAlgorithm
    curve: type[ec.EllipticCurve]
    hash: type[hashes.HashAlgorithm]

    def accepts(self, key: PublicKeyTypes) -> bool:
        """See `Verifier.accepts`."""
        return isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, self.curve)

    def verify(self, key: PublicKeyTypes, data: bytes, signature: bytes) -> bool:
        """See `Verifier.verify`."""
        assert isinstance(key, ec.EllipticCurvePublicKey)
        try:
            key.verify(signature, data, ec.ECDSA(self.hash()))
        except InvalidSignature:
            return False
        return True

    def sign(self, key: PrivateKeyTypes, data: bytes) -> bytes:
        """A signature of a key that `accepts` its public half."""
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        return key.sign(data, ec.ECDSA(self.hash()))


@dataclass(frozen=True, slots=True)
class Rsa:
    """RSA with one padding, at least 2048 bits."""

    algorithm: SignatureAlgorithm
    hash: type[hashes.HashAlgorithm]
    pss: bool = False

    def _padding(self) -> padding.AsymmetricPadding:
        return padding.PSS(padding.MGF1(self.hash()), self.hash().digest_size) if self.pss else padding.PKCS1v15()

    def accepts(self, key: PublicKeyTypes) -> bool:
        """See `Verifier.accepts`."""
        return isinstance(key, rsa.RSAPublicKey) and key.key_size >= MIN_RSA_BITS

    def verify(self, key: PublicKeyTypes, data: bytes, signature: bytes) -> bool:
        """See `Verifier.verify`."""
        assert isinstance(key, rsa.RSAPublicKey)
        try:
            key.verify(signature, data, self._padding(), self.hash())
        except InvalidSignature:
            return False
        return True

    def sign(self, key: PrivateKeyTypes, data: bytes) -> bytes:
        """A signature of a key that `accepts` its public half."""
        assert isinstance(key, rsa.RSAPrivateKey)
        return key.sign(data, self._padding(), self.hash())


Scheme = Ecdsa | Rsa

SCHEMES: Final[Mapping[SignatureAlgorithm, Scheme]] = MappingProxyType({
    scheme.algorithm: scheme
    for scheme in (
        Ecdsa(SignatureAlgorithm.ES256, ec.SECP256R1, hashes.SHA256),
        Ecdsa(SignatureAlgorithm.ES384, ec.SECP384R1, hashes.SHA384),
        Rsa(SignatureAlgorithm.RS256, hashes.SHA256),
        Rsa(SignatureAlgorithm.RS384, hashes.SHA384),
        Rsa(SignatureAlgorithm.RS512, hashes.SHA512),
        Rsa(SignatureAlgorithm.PS256, hashes.SHA256, pss=True),
    )
})  # fmt: skip
"""What is there to sign with. Verification asks `VERIFIERS`, which may know more."""

VERIFIERS: Final[Mapping[SignatureAlgorithm, Verifier]] = MappingProxyType(dict(SCHEMES))

_HASHES: Final = MappingProxyType({
    SignatureAlgorithm.ES256: "sha256",
    SignatureAlgorithm.ES384: "sha384",
    SignatureAlgorithm.RS256: "sha256",
    SignatureAlgorithm.RS384: "sha384",
    SignatureAlgorithm.RS512: "sha512",
    SignatureAlgorithm.PS256: "sha256",
})  # fmt: skip
_IN_CMS: Final = MappingProxyType({
    ("sha256_ecdsa", "sha256"): SignatureAlgorithm.ES256,
    ("sha384_ecdsa", "sha384"): SignatureAlgorithm.ES384,
    ("sha256_rsa", "sha256"): SignatureAlgorithm.RS256,
    ("sha384_rsa", "sha384"): SignatureAlgorithm.RS384,
    ("sha512_rsa", "sha512"): SignatureAlgorithm.RS512,
    ("rsassa_pkcs1v15", "sha256"): SignatureAlgorithm.RS256,
    ("rsassa_pkcs1v15", "sha384"): SignatureAlgorithm.RS384,
    ("rsassa_pkcs1v15", "sha512"): SignatureAlgorithm.RS512,
    ("rsassa_pss", "sha256"): SignatureAlgorithm.PS256,
})  # fmt: skip
"""By the names that asn1crypto gives to a signature algorithm and to the digest algorithm beside it."""


def hash_name(algorithm: SignatureAlgorithm) -> str:
    """The algorithm's hash, as `hashlib` and asn1crypto name it."""
    return _HASHES[algorithm]


def digest(algorithm: SignatureAlgorithm, data: bytes) -> bytes:
    """The algorithm's hash of `data`."""
    return hashlib.new(hash_name(algorithm), data).digest()


def from_cms(signature: algos.SignedDigestAlgorithm, digest_name: str) -> SignatureAlgorithm | None:
    """The algorithm that a signer info names; None when it is not one of ours."""
    found = _IN_CMS.get((signature["algorithm"].native, digest_name))
    if found is SignatureAlgorithm.PS256 and signature["parameters"].native != _pss_parameters().native:
        return None
    return found


def to_cms(algorithm: SignatureAlgorithm) -> algos.SignedDigestAlgorithm:
    """How a signer info names the algorithm."""
    name = next(key for key, value in _IN_CMS.items() if value is algorithm)[0]
    if algorithm is SignatureAlgorithm.PS256:
        return algos.SignedDigestAlgorithm({"algorithm": name, "parameters": _pss_parameters()})
    return algos.SignedDigestAlgorithm({"algorithm": name})


def _pss_parameters() -> algos.RSASSAPSSParams:
    sha256 = algos.DigestAlgorithm({"algorithm": "sha256"})
    return algos.RSASSAPSSParams({
        "hash_algorithm": sha256,
        "mask_gen_algorithm": algos.MaskGenAlgorithm({"algorithm": "mgf1", "parameters": sha256}),
        "salt_length": hashes.SHA256.digest_size,
    })  # fmt: skip
