"""Step 4, and the same for timestamps: what is known of the revocation of a certificate at an instant in the past.

Known is what revocation lists say, and what responders have answered.
"""

import contextlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import CertificateRevocationList, ReasonFlags
from cryptography.x509.ocsp import OCSPResponse

from gateway.signing.answers import said_of
from gateway.signing.certificates import distribution_points, instant, is_authority
from gateway.signing.errors import Refusal, SignatureRefused, Step

_KEY_STILL_GOOD: Final = frozenset({
    ReasonFlags.affiliation_changed, ReasonFlags.superseded, ReasonFlags.cessation_of_operation,
})  # fmt: skip
"""Reasons for which timestamps from before a revocation go on to count (RFC 3161, section 4)."""


def check_unrevoked(
    chain: Sequence[x509.Certificate],
    lists: Iterable[CertificateRevocationList],
    answers: Iterable[OCSPResponse],
    at: datetime,
    *,
    step: Step,
    required: bool = False,
    timestamps: bool = False,
) -> tuple[bytes, ...]:
    """Whether no certificate of a chain, which ends with its root, was revoked `at` that instant.

    A later revocation changes nothing for a document. For an authority of `timestamps` it does, unless its reason
    leaves the key good: who has the key can put any time into a timestamp.

    Returns:
        The lists and answers (DER) of this chain's authorities, whatever they say.

    Raises:
        SignatureRefused: one was revoked, or it is `required` that a list or an answer speaks about that instant, and
            none does.
    """
    known, answered = tuple(lists), tuple(answers)
    used: list[bytes] = []
    for certificate, issuer in pairwise(chain):
        covered = False
        for found in (one for one in known if _is_of(one, issuer)):
            used.append(found.public_bytes(Encoding.DER))
            entry = found.get_revoked_certificate_by_serial_number(certificate.serial_number)
            if entry is not None:
                reason = _reason(entry)
                _check_since(certificate, entry.revocation_date_utc, reason, at, step, timestamps=timestamps)
            covered |= _covers(found, certificate, at)
        for answer in answered:
            said = said_of(certificate, issuer, answer)
            if said is None:
                continue
            used.append(answer.public_bytes(Encoding.DER))
            if said.since is not None:
                _check_since(certificate, said.since, said.reason, at, step, timestamps=timestamps)
            covered |= said.covers(certificate, at)
        if required and not covered:
            raise SignatureRefused(
                step,
                Refusal.REVOCATION_UNKNOWN,
                f"no revocation list and no responder of {issuer.subject.rfc4514_string()} speaks about "
                f"{certificate.serial_number:x} at {instant(at)}; the gateway needs a current one",
            )
    return tuple(dict.fromkeys(used))


def is_listed(
    certificate: x509.Certificate, issuer: x509.Certificate, lists: Iterable[CertificateRevocationList], at: datetime
) -> bool:
    """Whether a list of the issuer's speaks about a certificate at that instant."""
    return any(_is_of(found, issuer) and _covers(found, certificate, at) for found in lists)


def _check_since(
    certificate: x509.Certificate,
    since: datetime,
    reason: ReasonFlags | None,
    at: datetime,
    step: Step,
    *,
    timestamps: bool,
) -> None:
    if since <= at or (timestamps and reason not in _KEY_STILL_GOOD):
        raise SignatureRefused(
            step, Refusal.REVOKED, f"the certificate {certificate.serial_number:x} was revoked at {instant(since)}"
        )


def _reason(entry: x509.RevokedCertificate) -> ReasonFlags | None:
    try:
        return entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    except x509.ExtensionNotFound:
        return None


def _is_of(found: CertificateRevocationList, issuer: x509.Certificate) -> bool:
    """Whether a list is the issuer's own: by its name and by its signature, with a key that may sign lists."""
    if found.issuer != issuer.subject:
        return False
    with contextlib.suppress(x509.ExtensionNotFound):
        if not issuer.extensions.get_extension_for_class(x509.KeyUsage).value.crl_sign:
            return False
    # Raises for a key of another kind than the list's signature: then it is another issuer's of the same name.
    with contextlib.suppress(TypeError, ValueError):
        return found.is_signature_valid(issuer.public_key())  # type: ignore[arg-type]
    return False


def _covers(found: CertificateRevocationList, certificate: x509.Certificate, at: datetime) -> bool:
    """Whether a certificate that this list does not name was not revoked `at` that instant.

    Not so when the list had run out by then, when it was made after the certificate's own end (such lists may leave it
    out), and when it is about other certificates.
    """
    if found.next_update_utc is None or found.next_update_utc < at:
        return False
    if found.last_update_utc > certificate.not_valid_after_utc:
        return False
    return all(not extension.critical or _in_scope(extension, certificate) for extension in found.extensions)


def _in_scope(extension: x509.Extension[x509.ExtensionType], certificate: x509.Certificate) -> bool:
    """Whether a critical extension of a list leaves this certificate in its scope. A difference (delta) never does."""
    scope = extension.value
    if not isinstance(scope, x509.IssuingDistributionPoint):
        return False
    if scope.indirect_crl or scope.only_some_reasons or scope.only_contains_attribute_certs or scope.relative_name:
        return False
    if (scope.only_contains_user_certs and is_authority(certificate)) or (
        scope.only_contains_ca_certs and not is_authority(certificate)
    ):
        return False
    return scope.full_name is None or bool(set(scope.full_name) & distribution_points(certificate))
