"""Whom a verification trusts: roots of officers, roots of timestamps, and what is known of revocations."""

from collections.abc import Iterable
from dataclasses import dataclass

from cryptography import x509
from cryptography.x509.ocsp import OCSPResponse

from gateway.signing.answers import read_answer
from gateway.signing.certificates import read_certificates, read_list


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom a verification trusts. With no roots it trusts nobody."""

    roots: tuple[x509.Certificate, ...] = ()
    """Authorities that officers' certificates lead to."""
    timestamp_roots: tuple[x509.Certificate, ...] = ()
    """Authorities that timestamps lead to."""
    revocation_lists: tuple[x509.CertificateRevocationList, ...] = ()
    """Of any of these authorities, and of those below them. What somebody else signed is passed over."""
    revocation_required: bool = False
    """Whether an officer's certificate counts only when a list or an answer speaks about the time of signing."""
    answers: tuple[OCSPResponse, ...] = ()
    """Of responders (OCSP). What is not the word of a certificate's issuer is passed over."""

    @classmethod
    def parse(
        cls,
        roots: bytes,
        timestamp_roots: bytes,
        revocation_lists: Iterable[bytes] = (),
        *,
        revocation_required: bool = False,
        answers: Iterable[bytes] = (),
    ) -> "Trust":
        """Read roots (PEM with one or several, or one in DER), lists (DER or PEM) and responders' answers (DER).

        Raises:
            TrustUnusable: one of it cannot be read.
        """
        return cls(
            read_certificates(roots, "the file of trusted roots"),
            read_certificates(timestamp_roots, "the file of trusted timestamp roots"),
            tuple(read_list(data, "a revocation list") for data in revocation_lists),
            revocation_required,
            tuple(read_answer(data, "an answer of a responder") for data in answers),
        )
