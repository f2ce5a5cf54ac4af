"""Public keys of an issuer: given, or fetched from where it publishes them (RFC 7517), at a capped rate."""

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from cryptography.hazmat.primitives.asymmetric import ec

from gateway.verify.fetching import Unavailable, fetch
from gateway.verify.jws import ALGORITHM, decode, encode

MAX_AGE: Final = 300.0
"""Seconds after which keys are fetched anew, so that one that was withdrawn stops counting."""
MIN_INTERVAL: Final = 30.0
"""Seconds between two fetches for key ids that are not known: a stranger's tokens must not make us hammer an issuer."""
_SIZE: Final = 32

PublicKey = ec.EllipticCurvePublicKey


class Keys(Protocol):
    """Where keys come from."""

    def find(self, kid: str) -> PublicKey | None:
        """The key with this id.

        Raises:
            Unavailable: they cannot be had at the moment.
        """


class FixedKeys:
    """Keys that are given, as a JWKS document has them. Others than P-256 ones for signatures are passed over."""

    def __init__(self, document: Any) -> None:
        """Read the keys.

        Raises:
            ValueError: it is no JWKS document.
        """
        try:
            entries = list(document["keys"])
        except (TypeError, KeyError):
            raise ValueError("this is no JWKS document: it has no list `keys`") from None
        self._keys = {str(one["kid"]): key for one in entries if (key := _usable(one)) is not None}

    def find(self, kid: str) -> PublicKey | None:
        """See `Keys`."""
        return self._keys.get(kid)


class PublishedKeys:
    """Keys at an address. While it does not answer, keys that were fetched before go on to be used."""

    def __init__(self, url: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._clock = clock
        self._keys: FixedKeys | None = None
        self._fetched = self._tried = -MAX_AGE

    def find(self, kid: str) -> PublicKey | None:
        """See `Keys`."""
        if self._clock() - self._fetched >= MAX_AGE:
            self._fetch()
        key = None if self._keys is None else self._keys.find(kid)
        if key is None and self._clock() - self._tried >= MIN_INTERVAL:
            self._fetch()
            key = None if self._keys is None else self._keys.find(kid)
        return key

    def _fetch(self) -> None:
        if self._keys is not None and self._clock() - self._tried < MIN_INTERVAL:
            return
        self._tried = self._clock()
        try:
            self._keys = FixedKeys(json.loads(fetch(self._url)))
            self._fetched = self._tried
        except (Unavailable, ValueError) as problem:
            if self._keys is None:
                self._tried = -MAX_AGE  # nothing can be verified without them: the next call tries again
                raise Unavailable(f"{self._url}: {problem}") from None


def read_key(jwk: Mapping[str, Any]) -> PublicKey:
    """A P-256 public key.

    Raises:
        ValueError: it is none, or it says that it is for something else than ES256 signatures.
    """
    if jwk.get("kty") != "EC" or jwk.get("crv") != "P-256" or "d" in jwk:
        raise ValueError("this is no public P-256 key")
    if jwk.get("use", "sig") != "sig" or jwk.get("alg", ALGORITHM) != ALGORITHM:
        raise ValueError("this key is for something else than ES256 signatures")
    x, y = (decode(jwk[name]) if isinstance(jwk.get(name), str) else b"" for name in ("x", "y"))
    if not len(x) == len(y) == _SIZE:
        raise ValueError("this is no point of P-256")
    numbers = ec.EllipticCurvePublicNumbers(int.from_bytes(x, "big"), int.from_bytes(y, "big"), ec.SECP256R1())
    return numbers.public_key()


def write_key(key: PublicKey) -> dict[str, str]:
    """A P-256 public key as a JWK, with the members that its thumbprint is of."""
    numbers = key.public_numbers()
    x, y = (encode(value.to_bytes(_SIZE, "big")) for value in (numbers.x, numbers.y))
    return {"crv": "P-256", "kty": "EC", "x": x, "y": y}


def thumbprint(key: PublicKey) -> str:
    """The SHA-256 thumbprint of a key (RFC 7638)."""
    text = json.dumps(write_key(key), separators=(",", ":"), sort_keys=True)
    return encode(hashlib.sha256(text.encode()).digest())


def _usable(entry: Any) -> PublicKey | None:
    if not isinstance(entry, dict) or not isinstance(entry.get("kid"), str):
        return None
    try:
        return read_key(entry)
    except ValueError:
        return None
