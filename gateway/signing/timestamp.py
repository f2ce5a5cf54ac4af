"""Step 7: a timestamp token (RFC 3161) over a signature value, and the time that it proves."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from asn1crypto import tsp

from gateway.signing.certificates import is_authority, is_for_timestamps
from gateway.signing.chain import find_chain
from gateway.signing.der import check_der
from gateway.signing.errors import Refusal, SignatureRefused, Step
from gateway.signing.revocation import check_unrevoked
from gateway.signing.roots import Trust
from gateway.signing.signed import Signed, check_signature, names_certificate, take_apart

_STEP: Final = Step.TIMESTAMP
_HASHES: Final = frozenset({"sha256", "sha384", "sha512"})


@dataclass(frozen=True, slots=True)
class Token:
    """A timestamp token taken apart. Its time counts once `check_token` has been passed."""

    signed: Signed
    content: bytes
    info: tsp.TSTInfo
    gen_time: datetime


def read_token(data: bytes) -> Token:
    """Take a token apart.

    Raises:
        SignatureRefused: it is not one (step 7).
        Exception: whatever the parser finds wrong; the caller says what that means.
    """
    signed = take_apart(data, _STEP)
    if signed.content_type != "tst_info" or signed.content is None:
        raise SignatureRefused(_STEP, Refusal.TIMESTAMP_WRONG, "what should be a timestamp is something else")
    check_der(signed.content)
    info = tsp.TSTInfo.load(signed.content, strict=True)
    if info["version"].native != "v1":
        raise SignatureRefused(_STEP, Refusal.TIMESTAMP_WRONG, "the timestamp is not of version 1")
    if isinstance(extensions := info["extensions"].native, list) and any(entry["critical"] for entry in extensions):
        raise SignatureRefused(_STEP, Refusal.TIMESTAMP_WRONG, "the timestamp has a critical extension")
    return Token(signed, signed.content, info, _time(info["gen_time"]))


def check_token(token: Token, value: bytes, trust: Trust) -> tuple[bytes, ...]:
    """Whether a token is one over this signature value, from an authority that is trusted for timestamps.

    Returns:
        The revocation lists and answers (DER) that speak about its chain.

    Raises:
        SignatureRefused: it is not (step 7).
    """
    imprint = token.info["message_imprint"]
    name = imprint["hash_algorithm"]["algorithm"].native
    if name not in _HASHES or imprint["hashed_message"].native != hashlib.new(name, value).digest():
        raise SignatureRefused(_STEP, Refusal.TIMESTAMP_WRONG, "the timestamp is that of another signature")
    check_signature(token.signed, token.content, _STEP)
    if not _names_its_certificate(token.signed):
        raise SignatureRefused(_STEP, Refusal.CERTIFICATE_NOT_NAMED, "the timestamp does not name its certificate")
    if not is_for_timestamps(token.signed.loaded) or is_authority(token.signed.loaded):
        raise SignatureRefused(
            _STEP,
            Refusal.USAGE_NOT_ALLOWED,
            "the timestamp's certificate is not one for timestamps and nothing else (extended key usage, critical)",
        )
    chain = find_chain(
        token.signed.certificate,
        token.signed.others,
        trust.timestamp_roots,
        token.gen_time,
        step=_STEP,
        validity=_STEP,
    )
    return check_unrevoked(chain, trust.revocation_lists, trust.answers, token.gen_time, step=_STEP, timestamps=True)


def _names_its_certificate(signed: Signed) -> bool:
    """By the attribute of RFC 5816, or by its elder with SHA-1, or by both, which then must agree."""
    found = [
        names_certificate(signed.signed[name], signed.certificate, default=default)
        for name, default in (("signing_certificate_v2", "sha256"), ("signing_certificate", "sha1"))
        if name in signed.signed
    ]
    return bool(found) and all(found)


def _time(value: Any) -> datetime:
    at = value.native
    if not isinstance(at, datetime) or not value.contents.endswith(b"Z"):
        raise SignatureRefused(_STEP, Refusal.TIMESTAMP_WRONG, "the timestamp's time is not one in UTC")
    return at.astimezone(UTC)
