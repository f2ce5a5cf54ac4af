"""Verifying a signature over a document: bytes in, verdict out. `verify` fetches nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509

from gateway.signing.algorithms import SignatureAlgorithm
from gateway.signing.certificates import der, fingerprint, instant, is_authority, may_sign
from gateway.signing.chain import find_chain
from gateway.signing.errors import Refusal, SignatureRefused, Step
from gateway.signing.responders import Responders
from gateway.signing.revocation import check_unrevoked
from gateway.signing.roots import Trust
from gateway.signing.shape import read_signature
from gateway.signing.signed import check_signature, names_certificate
from gateway.signing.timestamp import check_token, read_token

CLOCK_SKEW: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class SignerCertificate:
    """A signer's certificate, as others name it and as it is."""

    fingerprint: str
    """SHA-256 of the certificate, in hex."""
    subject: str
    """The subject's name (RFC 4514)."""
    serial: str
    """The serial number, in hex."""
    der: bytes

    @classmethod
    def of(cls, certificate: x509.Certificate) -> "SignerCertificate":
        """What is told about a certificate."""
        return cls(
            fingerprint(certificate),
            certificate.subject.rfc4514_string(),
            f"{certificate.serial_number:x}",
            der(certificate),
        )


@dataclass(frozen=True, slots=True)
class Verified:
    """What a verification has established."""

    certificate: SignerCertificate
    gen_time: datetime
    """When it was signed at the latest, by the timestamp authority's clock (UTC)."""
    algorithm: SignatureAlgorithm
    steps: tuple[Step, ...]
    known: tuple[bytes, ...] = ()
    """The revocation lists and responders' answers (DER) of its chains' authorities, by which it was not revoked."""


def verify(document: bytes, signature: bytes, trust: Trust, *, prepared_at: datetime, now: datetime) -> Verified:
    """Whether a signature over a document counts, by the steps that `Step` numbers (R19).

    Whose certificate it is, and in which appointment, is the caller's to check, by `fingerprint` and `gen_time`.

    Raises:
        SignatureRefused: at the first step that does not hold. No other error comes from what a stranger can send.
        ValueError: `prepared_at` or `now` says nothing about its time zone.
    """
    if prepared_at.utcoffset() is None or now.utcoffset() is None:
        raise ValueError("prepared_at and now need a time zone")
    parts = read_signature(signature)  # step 1
    with _at(Step.TIMESTAMP):
        # Its time is only a claim until step 7; everything before is checked as of that claim.
        token = read_token(parts.token)
    signed, at = parts.signed, token.gen_time
    with _at(Step.SIGNATURE):
        check_signature(signed, document, Step.SIGNATURE)
    with _at(Step.CHAIN):
        chain = find_chain(signed.certificate, signed.others, trust.roots, at, step=Step.CHAIN, validity=Step.VALIDITY)
    with _at(Step.VALIDITY):
        required = trust.revocation_required
        known = check_unrevoked(chain, trust.revocation_lists, trust.answers, at, step=Step.VALIDITY, required=required)
    with _at(Step.USAGE):
        _check_usage(signed.loaded)
    with _at(Step.BINDING):
        if not names_certificate(signed.signed["signing_certificate_v2"], signed.certificate, default="sha256"):
            raise SignatureRefused(
                Step.BINDING,
                Refusal.CERTIFICATE_NOT_NAMED,
                "the signature names another certificate than the one that it carries",
            )
    with _at(Step.TIMESTAMP):
        known += check_token(token, parts.value, trust)
    _check_time(at, prepared_at, now)
    holder = SignerCertificate.of(signed.loaded)
    return Verified(holder, at, signed.algorithm, tuple(Step), tuple(dict.fromkeys(known)))


def ask_responders(signature: bytes, trust: Trust, responders: Responders, now: datetime) -> Trust:
    """The same trust, with what responders say now of the certificates of a signature, which is not verified yet.

    Nobody is asked about a certificate that leads to no trusted root: its addresses are a stranger's. Of a signature
    that is none, `verify` will say so.

    Raises:
        RevocationUnavailable: a responder does not answer, or what it answers is of no use.
    """
    try:
        parts = read_signature(signature)
        with _at(Step.TIMESTAMP):
            at = read_token(parts.token).gen_time
        with _at(Step.CHAIN):
            chain = find_chain(
                parts.signed.certificate,
                parts.signed.others,
                trust.roots,
                at,
                step=Step.CHAIN,
                validity=Step.VALIDITY,
            )
    except SignatureRefused:
        return trust
    found = responders.ask(chain, trust.revocation_lists, at, now)
    return replace(trust, answers=(*trust.answers, *found))


def _check_usage(certificate: x509.Certificate) -> None:
    """Step 5."""
    if is_authority(certificate):
        raise SignatureRefused(
            Step.USAGE, Refusal.USAGE_NOT_ALLOWED, "the certificate is an authority's, which signs no documents"
        )
    if not may_sign(certificate):
        raise SignatureRefused(
            Step.USAGE,
            Refusal.USAGE_NOT_ALLOWED,
            "the certificate's key usage has neither digitalSignature nor contentCommitment",
        )


def _check_time(at: datetime, prepared_at: datetime, now: datetime) -> None:
    """Step 8."""
    if at < prepared_at - CLOCK_SKEW:
        raise SignatureRefused(
            Step.TIME,
            Refusal.BEFORE_PREPARATION,
            f"it was signed at {instant(at)}, before its document was prepared at {instant(prepared_at)}",
        )
    if at > now + CLOCK_SKEW:
        raise SignatureRefused(
            Step.TIME, Refusal.IN_THE_FUTURE, f"its timestamp is of {instant(at)}, and now is {instant(now)}"
        )


@contextmanager
def _at(step: Step) -> Iterator[None]:
    """Whatever a parser or a library makes of a stranger's bytes is a refusal at this step."""
    try:
        yield
    except SignatureRefused:
        raise
    except Exception as problem:
        raise SignatureRefused(step, Refusal.MALFORMED, f"it cannot be read: {problem}") from problem
