"""Documents that officers sign with their own keys: making such signatures, and verifying them (R19).

Bytes in, verdict out. This room knows no Cypher, no GraphQL and no procedure: not whose certificate it is, not which
appointment was in force, not what a document says. It never receives an officer's key over a network, and fetches
nothing when it verifies; it decides by what `Trust` holds.
"""

from gateway.signing.algorithms import VERIFIERS, SignatureAlgorithm, Signer, Verifier
from gateway.signing.authority import LocalTimestamps
from gateway.signing.configured import revocation_lists, seal, timestamps, trust
from gateway.signing.development import DevelopmentAuthority, Issued
from gateway.signing.errors import (
    KeyUnusable,
    Refusal,
    SignatureRefused,
    SigningError,
    Step,
    TimestampUnavailable,
    TrustUnusable,
)
from gateway.signing.keys import KeySigner, key_signer, load_pkcs12
from gateway.signing.making import sign
from gateway.signing.roots import Trust
from gateway.signing.sealing import Seal
from gateway.signing.shape import Parts, read_signature
from gateway.signing.sources import HttpTimestamps, Timestamps
from gateway.signing.verification import SignerCertificate, Verified, verify

__all__ = [
    "VERIFIERS",
    "DevelopmentAuthority",
    "HttpTimestamps",
    "Issued",
    "KeySigner",
    "KeyUnusable",
    "LocalTimestamps",
    "Parts",
    "Refusal",
    "Seal",
    "SignatureAlgorithm",
    "SignatureRefused",
    "Signer",
    "SignerCertificate",
    "SigningError",
    "Step",
    "TimestampUnavailable",
    "Timestamps",
    "Trust",
    "TrustUnusable",
    "Verified",
    "Verifier",
    "key_signer",
    "load_pkcs12",
    "read_signature",
    "revocation_lists",
    "seal",
    "sign",
    "timestamps",
    "trust",
    "verify",
]
