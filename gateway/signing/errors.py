"""What can be wrong: with a signature (`SignatureRefused`), a key, a timestamp authority, or what is trusted."""

from enum import IntEnum, StrEnum


class Step(IntEnum):
    """The steps of a verification, in their order. Each check in this room names its number.

    1. The bytes are one CMS SignedData of the one shape that is allowed: at most 64 KiB of strict DER with nothing
       after it, exactly one signer, detached, with the attributes of CAdES, one timestamp, and an allowed algorithm.
    2. The message digest is the document's, and the signature over the attributes is the certificate's key's.
    3. The certificate chains to a trusted root.
    4. Each certificate of that chain was valid at the time of the timestamp, and not revoked then.
    5. The certificate may sign (digitalSignature or contentCommitment) and is no authority's.
    6. The attribute signing-certificate-v2 names exactly this certificate.
    7. The timestamp is one over this very signature value, by a certificate for timestamps only that chains to a
       trusted timestamp root and was valid and not revoked at that time.
    8. The timestamp's time lies between the document's preparation and now, give or take a minute for clocks.
    """

    SHAPE = 1
    SIGNATURE = 2
    CHAIN = 3
    VALIDITY = 4
    USAGE = 5
    BINDING = 6
    TIMESTAMP = 7
    TIME = 8


class Refusal(StrEnum):
    """Why a signature does not count. The words are stable: callers and clients compare them."""

    TOO_LARGE = "TOO_LARGE"
    MALFORMED = "MALFORMED"
    SHAPE_NOT_ALLOWED = "SHAPE_NOT_ALLOWED"
    NOT_ONE_SIGNER = "NOT_ONE_SIGNER"
    CONTENT_ATTACHED = "CONTENT_ATTACHED"
    ATTRIBUTE_MISSING = "ATTRIBUTE_MISSING"
    ATTRIBUTE_NOT_ALLOWED = "ATTRIBUTE_NOT_ALLOWED"
    ALGORITHM_NOT_ALLOWED = "ALGORITHM_NOT_ALLOWED"
    CERTIFICATE_MISSING = "CERTIFICATE_MISSING"
    TIMESTAMP_MISSING = "TIMESTAMP_MISSING"
    DOCUMENT_DIFFERS = "DOCUMENT_DIFFERS"
    SIGNATURE_WRONG = "SIGNATURE_WRONG"
    NOT_TRUSTED = "NOT_TRUSTED"
    EXPIRED = "EXPIRED"
    NOT_YET_VALID = "NOT_YET_VALID"
    REVOKED = "REVOKED"
    REVOCATION_UNKNOWN = "REVOCATION_UNKNOWN"
    USAGE_NOT_ALLOWED = "USAGE_NOT_ALLOWED"
    CERTIFICATE_NOT_NAMED = "CERTIFICATE_NOT_NAMED"
    TIMESTAMP_WRONG = "TIMESTAMP_WRONG"
    BEFORE_PREPARATION = "BEFORE_PREPARATION"
    IN_THE_FUTURE = "IN_THE_FUTURE"


class SignatureRefused(Exception):
    """A signature does not count: at which step, why, and in words for who made it."""

    def __init__(self, step: Step, code: Refusal, message: str) -> None:
        super().__init__(f"step {step.value}: {message}")
        self.step = step
        self.code = code
        self.message = message


class SigningError(Exception):
    """Something that signing needs is not there. The message says what would be right."""


class KeyUnusable(SigningError):
    """A PKCS#12 file, or the key in it, cannot sign."""


class TimestampUnavailable(SigningError):
    """No timestamp could be had from an authority."""


class RevocationUnavailable(SigningError):
    """A responder could not say whether a certificate is revoked. Another time it may."""


class TrustUnusable(SigningError):
    """What is configured to be trusted cannot be read."""
