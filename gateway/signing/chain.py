"""Steps 3 and 4, and the same for timestamps: the chain from a certificate to a trusted root, at an instant."""

from collections.abc import Coroutine, Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import (
    ExpiredError,
    NotYetValidError,
    PathBuildingError,
    PathValidationError,
    ValidationError,
)
from pyhanko_certvalidator.policy_decl import CertRevTrustPolicy, RevocationCheckingPolicy, RevocationCheckingRule

from gateway.signing.certificates import der, instant
from gateway.signing.der import encoded
from gateway.signing.errors import Refusal, SignatureRefused, Step

_NO_LISTS: Final = RevocationCheckingPolicy(RevocationCheckingRule.NO_CHECK, RevocationCheckingRule.NO_CHECK)
"""Revocation is ours to check (`revocation`): what a list says about an instant in the past."""


def find_chain(
    certificate: asn1_x509.Certificate,
    others: Iterable[asn1_x509.Certificate],
    roots: Iterable[x509.Certificate],
    at: datetime,
    *,
    step: Step,
    validity: Step,
) -> tuple[x509.Certificate, ...]:
    """The certificates from this one to a trusted root, both included, each valid `at` that instant.

    Raises:
        SignatureRefused: at `step` when there is no such chain, at `validity` when one of it was not valid then.
    """
    context = ValidationContext(
        trust_roots=[asn1_x509.Certificate.load(der(root)) for root in roots],
        moment=at,
        allow_fetching=False,
        revinfo_policy=CertRevTrustPolicy(_NO_LISTS),
        time_tolerance=timedelta(0),
    )
    validator = CertificateValidator(certificate, intermediate_certs=others, validation_context=context)
    try:
        path = _finish(validator.async_validate_path())
    except ExpiredError:
        raise SignatureRefused(
            validity, Refusal.EXPIRED, f"a certificate had expired by {instant(at)}, when it was signed"
        ) from None
    except NotYetValidError:
        raise SignatureRefused(
            validity, Refusal.NOT_YET_VALID, f"a certificate was not valid yet at {instant(at)}, when it was signed"
        ) from None
    except (PathBuildingError, PathValidationError, ValidationError) as problem:
        raise SignatureRefused(
            step, Refusal.NOT_TRUSTED, f"the certificate does not lead to a trusted root: {problem}"
        ) from None
    chain = tuple(x509.load_der_x509_certificate(encoded(entry)) for entry in reversed(list(path)))
    root = chain[-1]
    # RFC 5280 leaves a root's own dates to who trusts it; an expired one is a root that somebody forgot.
    if not root.not_valid_before_utc <= at <= root.not_valid_after_utc:
        raise SignatureRefused(validity, Refusal.EXPIRED, f"the trusted root was not valid at {instant(at)}")
    return chain


def _finish(work: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine that never waits: without fetching, the validator's have nothing to wait for.

    So it needs no event loop, and may be called from within one. A wait would be a fetch, which must not happen.
    """
    try:
        work.send(None)
    except StopIteration as done:
        return done.value
    work.close()
    raise RuntimeError("the path validation waited for something, although it may fetch nothing")
