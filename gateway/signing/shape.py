"""Step 1: the bytes are a CAdES-T signature of the one shape that is allowed."""

from dataclasses import dataclass
from typing import Final

from asn1crypto import cms

from gateway.signing.der import check_der, encoded
from gateway.signing.errors import Refusal, SignatureRefused, Step
from gateway.signing.signed import Signed, take_apart

LARGEST: Final = 64 * 1024
"""Bytes of a signature file; one with two chains and a timestamp has some 4,000."""

_NEEDED: Final = frozenset({"content_type", "message_digest", "signing_certificate_v2"})
_ALLOWED: Final = _NEEDED | {"signing_time", "cms_algorithm_protection"}
"""Others could change what a signature means, like a policy, or a commitment to less than approval."""
_TIMESTAMP: Final = "signature_time_stamp_token"


@dataclass(frozen=True, slots=True)
class Parts:
    """A signature file taken apart. Nothing about it is established yet but its shape."""

    signed: Signed
    token: bytes

    @property
    def value(self) -> bytes:
        """The signature value, which the timestamp is over."""
        return self.signed.value


def read_signature(signature: bytes) -> Parts:
    """Take a signature file apart.

    Raises:
        SignatureRefused: it has not the shape that is allowed (step 1).
    """
    if len(signature) > LARGEST:
        raise SignatureRefused(
            Step.SHAPE, Refusal.TOO_LARGE, f"{len(signature)} bytes are more than a signature has ({LARGEST})"
        )
    try:
        check_der(signature)
        return _parts(signature)
    except SignatureRefused:
        raise
    except Exception as problem:  # noqa: BLE001 - a stranger's bytes end in a refusal, whatever the parser makes of them
        raise SignatureRefused(Step.SHAPE, Refusal.MALFORMED, f"it is not a signature in DER: {problem}") from None


def _parts(signature: bytes) -> Parts:
    signed = take_apart(signature, Step.SHAPE)
    if signed.content is not None:
        raise SignatureRefused(
            Step.SHAPE, Refusal.CONTENT_ATTACHED, "it contains what it signs; a detached signature is expected"
        )
    _check_rest(cms.ContentInfo.load(signature)["content"], signed)
    if missing := sorted(_NEEDED - signed.signed.keys()):
        raise SignatureRefused(
            Step.SHAPE, Refusal.ATTRIBUTE_MISSING, f"the signed attribute {missing[0]} is missing, so it is not CAdES"
        )
    if more := sorted(signed.signed.keys() - _ALLOWED):
        raise SignatureRefused(
            Step.SHAPE, Refusal.ATTRIBUTE_NOT_ALLOWED, f"the signed attribute {more[0]} is not allowed"
        )
    if _TIMESTAMP not in signed.unsigned:
        raise SignatureRefused(Step.SHAPE, Refusal.TIMESTAMP_MISSING, "it has no timestamp (RFC 3161)")
    if more := sorted(signed.unsigned.keys() - {_TIMESTAMP}):
        raise SignatureRefused(
            Step.SHAPE, Refusal.ATTRIBUTE_NOT_ALLOWED, f"the unsigned attribute {more[0]} is not allowed"
        )
    return Parts(signed, encoded(signed.unsigned[_TIMESTAMP]))


def _check_rest(body: cms.SignedData, signed: Signed) -> None:
    """What a SignedData can say besides: versions, and lists that nobody here would look at."""
    signer = body["signer_infos"][0]
    versions = (body["version"].native, signer["version"].native)
    if versions != ("v1", "v1") or signer["sid"].name != "issuer_and_serial_number" or signed.content_type != "data":
        raise SignatureRefused(
            Step.SHAPE,
            Refusal.SHAPE_NOT_ALLOWED,
            "a SignedData of version 1 over plain data is expected, with the signer named by issuer and serial number",
        )
    if isinstance(body["crls"], cms.RevocationInfoChoices):
        raise SignatureRefused(
            Step.SHAPE, Refusal.SHAPE_NOT_ALLOWED, "it carries revocation lists; those that count are the verifier's"
        )
