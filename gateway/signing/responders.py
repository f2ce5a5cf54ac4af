"""Asking responders (OCSP over HTTP) about the certificates of a signature, before anything depends on the answers."""

import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID

from gateway.settings import check_signed_address
from gateway.signing.answers import read_answer, said_of
from gateway.signing.asking import Unanswered, ask
from gateway.signing.certificates import instant
from gateway.signing.errors import RevocationUnavailable, TrustUnusable
from gateway.signing.revocation import is_listed

LARGEST: Final = 64 * 1024
"""Bytes of a responder's answer; one with its chain has some 3,000."""
PATIENCE: Final = 5.0
"""Seconds that a responder may take, as a whole."""
SKEW: Final = timedelta(minutes=1)
_NO_END: Final = timedelta(minutes=5)
"""How old an answer may be that does not say until when it holds."""


class Responders:
    """Responders at one address, or where each certificate says that its own is."""

    def __init__(self, address: str | None = None, *, patience: float = PATIENCE) -> None:
        self._address = address
        self._patience = patience

    def ask(
        self,
        chain: Sequence[x509.Certificate],
        lists: Iterable[x509.CertificateRevocationList],
        at: datetime,
        now: datetime,
    ) -> tuple[ocsp.OCSPResponse, ...]:
        """What responders say now of the certificates of a chain that leads to a trusted root.

        Of the signer's own certificate they are asked in any case; of an authority's only where no list speaks about
        the instant `at`. Who names no responder is left to the lists. Whether an answer is good news is for `verify`.

        Raises:
            RevocationUnavailable: one does not answer, or what it answers is of no use.
        """
        known = tuple(lists)
        found = []
        for number, (certificate, issuer) in enumerate(pairwise(chain)):
            if number and is_listed(certificate, issuer, known, at):
                continue
            address = self._address or _named(certificate)
            if address is not None:
                found.append(self._one(address, certificate, issuer, now))
        return tuple(found)

    def _one(
        self, address: str, certificate: x509.Certificate, issuer: x509.Certificate, now: datetime
    ) -> ocsp.OCSPResponse:
        nonce = secrets.token_bytes(32)
        question = (
            ocsp.OCSPRequestBuilder()
            # Responders that know no other hash are common, and nothing hangs on it: it only names the certificate.
            .add_certificate(certificate, issuer, SHA1())  # noqa: S303
            .add_extension(x509.OCSPNonce(nonce), critical=False)
            .build()
        )
        try:
            return _read(self._fetch(address, question.public_bytes(Encoding.DER)), certificate, issuer, nonce, now)
        except RevocationUnavailable as problem:
            raise RevocationUnavailable(
                f"it cannot be said whether the certificate {certificate.serial_number:x} is revoked, because of the "
                f"responder at {address}: {problem}"
            ) from None

    def _fetch(self, address: str, question: bytes) -> bytes:
        try:
            return ask(address, question, "application/ocsp-request", LARGEST, self._patience)
        except Unanswered as problem:
            raise RevocationUnavailable(str(problem)) from None


def _named(certificate: x509.Certificate) -> str | None:
    """The responder that a certificate names (its authority information access), the first that can be asked."""
    try:
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except x509.ExtensionNotFound:
        return None
    for one in access:
        location = one.access_location
        if one.access_method == AuthorityInformationAccessOID.OCSP and isinstance(
            location, x509.UniformResourceIdentifier
        ):
            try:
                return check_signed_address(location.value)
            except ValueError:
                continue
    return None


def _read(
    data: bytes, certificate: x509.Certificate, issuer: x509.Certificate, nonce: bytes, now: datetime
) -> ocsp.OCSPResponse:
    """An answer, if it is the issuer's, about this certificate, and of now."""
    try:
        answer = read_answer(data, "its answer")
        said = said_of(certificate, issuer, answer)
        nonces = [one.value.nonce for one in answer.extensions if isinstance(one.value, x509.OCSPNonce)]
    except TrustUnusable as problem:
        raise RevocationUnavailable(str(problem)) from None
    except Exception:  # noqa: BLE001 - bytes from elsewhere; the parser has many ways to say that they are nothing
        raise RevocationUnavailable("its answer is not one of a responder (RFC 6960)") from None
    if said is None:
        raise RevocationUnavailable("its answer is about another certificate, or not signed by who may answer for it")
    if any(one != nonce for one in nonces):
        raise RevocationUnavailable("it answers another question (the nonce differs)")
    if said.made > now + SKEW:
        raise RevocationUnavailable(f"its answer is of {instant(said.made)}, and now is {instant(now)}")
    end = said.made + _NO_END if said.until is None else said.until
    if end < now - SKEW:
        raise RevocationUnavailable(f"its answer held until {instant(end)}, and now is {instant(now)}")
    return answer
