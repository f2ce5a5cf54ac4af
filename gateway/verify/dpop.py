"""Proofs of possession (DPoP, RFC 9449): that who presents a token holds the key that it was given to."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

from gateway.verify.jws import ALGORITHM, encode, is_signed_by, split
from gateway.verify.keys import read_key, thumbprint

TYPE: Final = "dpop+jwt"
LIFETIME: Final = 60.0
"""Seconds around the time of its making in which a proof counts."""
_LONGEST: Final = 4_096
_LONGEST_ID: Final = 200


@dataclass(frozen=True, slots=True)
class Proof:
    """A good proof. It is used up with this use: whoever accepts it keeps `id` until `until`, and takes it once."""

    thumbprint: str
    """Of the key that it is made with (RFC 7638)."""
    id: str
    """Of the proof, among those of its key."""
    until: float
    """From when on it counts no more, in seconds since the epoch."""


def check_proof(proof: str, *, method: str, url: str, now: float, token: str | None = None) -> Proof:
    """Check a proof for a request, and for a token that comes with it (RFC 9449, section 4.3).

    Raises:
        ValueError: it is no good; the message says what would be.
    """
    try:
        parts = split(proof, _LONGEST)
    except ValueError:
        raise ValueError("the DPoP proof is not a signed JWT") from None
    header, claims = parts.header, parts.claims
    if header.get("typ") != TYPE or header.get("alg") != ALGORITHM or "crit" in header:
        raise ValueError(f"the DPoP proof must have the type {TYPE} and the algorithm {ALGORITHM}")
    jwk = header.get("jwk")
    key = read_key(jwk if isinstance(jwk, dict) else {})
    if not is_signed_by(key, parts.signed, parts.signature):
        raise ValueError("the DPoP proof is not signed by the key that it names")
    if claims.get("htm") != method or _bare(claims.get("htu")) != _bare(url):
        raise ValueError("the DPoP proof is for another request: htm and htu must be its method and address")
    until = _until(claims, now)
    identifier = claims.get("jti")
    if not isinstance(identifier, str) or not 0 < len(identifier) <= _LONGEST_ID:
        raise ValueError("the DPoP proof needs an id (jti)")
    if token is not None and not hmac.compare_digest(str(claims.get("ath")), access_token_hash(token)):
        raise ValueError("the DPoP proof is for another token: ath must be its hash")
    return Proof(thumbprint(key), identifier, until)


def access_token_hash(token: str) -> str:
    """The claim `ath` of a proof for a token."""
    return encode(hashlib.sha256(token.encode()).digest())


def _until(claims: Mapping[str, Any], now: float) -> float:
    made = claims.get("iat")
    if not isinstance(made, int | float) or isinstance(made, bool) or abs(now - made) > LIFETIME:
        raise ValueError(f"the DPoP proof must be from now (iat), within {LIFETIME:.0f} seconds")
    return made + LIFETIME


def _bare(url: object) -> str | None:
    """An address without query and fragment; scheme and host know no case (RFC 9449, section 4.3)."""
    if not isinstance(url, str):
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    host = parts.hostname or ""
    place = f"[{host}]" if ":" in host else host
    return urlunsplit((parts.scheme, place if port in (None, usual) else f"{place}:{port}", parts.path or "/", "", ""))
