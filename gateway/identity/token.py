"""Verifying one bearer token. A token proves (issuer, subject); what that person may do is the graph's to say."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson
from joserfc.errors import JoseError
from joserfc.jwk import Key
from joserfc.jws import JWSRegistry
from joserfc.util import urlsafe_b64decode

from gateway.identity.errors import InvalidToken
from gateway.identity.keys import KeySource
from gateway.settings import Algorithm, TokenType

MAX_LENGTH: Final = 8_192
"""Longest token that is looked at, in characters."""
_TYPES: Final = {"jwt": TokenType.JWT, "at+jwt": TokenType.AT_JWT}


@dataclass(frozen=True, slots=True)
class Issuer:
    """An issuer that is believed, with the rules for its tokens."""

    iss: str
    audience: str
    algorithms: frozenset[Algorithm]
    types: frozenset[TokenType]
    keys: KeySource


@dataclass(frozen=True, slots=True)
class Proof:
    """What a good token says: who, until when (seconds since the epoch), and the appointment it chose, if any."""

    iss: str
    sub: str
    expires: float
    appointment: str | None = None


class Verifier:
    """Checks tokens of a fixed set of issuers. Keeps nothing between calls; `clock` is the wall clock in seconds."""

    def __init__(self, issuers: Mapping[str, Issuer], *, skew: float, clock: Callable[[], float] = time.time) -> None:
        self._issuers = issuers
        self._skew = skew
        self._clock = clock

    async def verify(self, token: str) -> Proof:
        """Check a token, step by step.

        1. it is three base64url segments, of a bounded length, the first two JSON objects;
        2. its issuer is one of ours;
        3. its type is one that this issuer uses;
        4. it asks for nothing that we would have to understand (`crit`, `b64`);
        5. its algorithm is allowed for this issuer, and its key is this issuer's and fits the algorithm.
           Keys or addresses of keys inside the token (`jwk`, `jku`, `x5c`, `x5u`) are never looked at;
        6. the signature is the key's;
        7. it is meant for us, and now;
        8. it names a subject.

        Raises:
            InvalidToken: one of these does not hold.
            KeysUnavailable: the issuer's keys cannot be had at the moment.
        """
        header, claims, signed, signature = split(token)  # 1
        issuer = self._issuers.get(claims["iss"]) if isinstance(claims.get("iss"), str) else None
        if issuer is None:  # 2
            raise InvalidToken("the token's issuer is not known here")
        _check_type(header, issuer)  # 3
        if "crit" in header or "b64" in header:  # 4
            raise InvalidToken("the token uses extensions that are not supported")
        algorithm, key = await _key(header, issuer)  # 5
        if not signed_by(key, algorithm, signed, signature):  # 6
            raise InvalidToken("the token's signature is wrong")
        expires = self._check_meant(claims, issuer)  # 7
        subject, appointment = claims.get("sub"), claims.get("appointment")
        if not isinstance(subject, str) or not subject:  # 8
            raise InvalidToken("the token names no subject")
        if appointment is not None and not isinstance(appointment, str):
            raise InvalidToken("the token's claim appointment must be the id of an appointment")
        return Proof(issuer.iss, subject, expires, appointment)

    def _check_meant(self, claims: dict[str, Any], issuer: Issuer) -> float:
        audience = claims.get("aud")
        if issuer.audience not in (audience if isinstance(audience, list) else [audience]):
            raise InvalidToken("the token is meant for another audience")
        now = self._clock()
        expires = _seconds(claims, "exp")
        if expires is None:
            raise InvalidToken("the token has no expiry")
        if now >= expires + self._skew:
            raise InvalidToken("the token has expired")
        if (starts := _seconds(claims, "nbf")) is not None and now < starts - self._skew:
            raise InvalidToken("the token is not valid yet")
        return expires + self._skew


def split(token: str) -> tuple[dict[str, Any], dict[str, Any], bytes, bytes]:
    """Header, claims, the bytes that were signed, and the signature of a token; nothing of it is believed yet.

    Raises:
        InvalidToken: it is not a signed JWT.
    """
    malformed = InvalidToken("the token is not a signed JWT")
    segments = token.split(".")
    if len(token) > MAX_LENGTH or len(segments) != 3 or not token.isascii():
        raise malformed
    try:
        raw = [urlsafe_b64decode(segment.encode()) for segment in segments]
        header, claims = orjson.loads(raw[0]), orjson.loads(raw[1])
    except ValueError:
        raise malformed from None
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise malformed
    return header, claims, token.rpartition(".")[0].encode(), raw[2]


def _check_type(header: dict[str, Any], issuer: Issuer) -> None:
    written = header.get("typ")
    # RFC 7515 4.1.9: `application/` may be left out, and media types know no case.
    name = written.lower().removeprefix("application/") if isinstance(written, str) else ""
    if _TYPES.get(name) not in issuer.types:
        raise InvalidToken("the token's type (typ) is not accepted from its issuer")


async def _key(header: dict[str, Any], issuer: Issuer) -> tuple[Algorithm, Key]:
    try:
        algorithm = Algorithm(str(header.get("alg")))
    except ValueError:
        raise InvalidToken("the token's algorithm is not accepted") from None
    if algorithm not in issuer.algorithms:
        raise InvalidToken("the token's algorithm is not accepted from its issuer")
    kid = header.get("kid")
    if kid is not None and not isinstance(kid, str):
        raise InvalidToken("the token's key id is malformed")
    key = await issuer.keys.find(kid, algorithm)
    if key is None:
        raise InvalidToken("the token's key is not one of its issuer's")
    return algorithm, key


def signed_by(key: Key, algorithm: Algorithm, signed: bytes, signature: bytes) -> bool:
    """Whether a signature is a key's."""
    # The algorithm objects are asked directly: joserfc.jws warns at every use of EdDSA, and would take `b64`.
    model = JWSRegistry.algorithms[algorithm.value]
    try:
        model.check_key(key)
        return model.verify(signed, signature, key)
    except (JoseError, ValueError):
        return False


def _seconds(claims: dict[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidToken(f"the token's claim {name} is not a number of seconds")
    return float(value)
