"""Public keys of issuers: from a file, or fetched from the issuer's address at a capped rate."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Protocol

import httpx
import orjson
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, KeySet, OKPKey, RSAKey

from gateway.identity.errors import KeysUnavailable
from gateway.settings import Algorithm

MAX_AGE: Final = 300.0
"""Seconds after which fetched keys are fetched again, so that a key that an issuer withdrew stops counting."""
LAST_RESORT: Final = 3600.0
"""Seconds that fetched keys are still used while the issuer's address does not answer."""
MIN_INTERVAL: Final = 30.0
"""Seconds between two fetches caused by unknown key ids: a stranger's tokens must not make us hammer an issuer."""
RETRY_INTERVAL: Final = 2.0
"""Seconds between two fetches while none has succeeded."""
_MAX_BYTES: Final = 1_000_000
_MIN_RSA_BITS: Final = 2048
_MODULUS: Final = "x" * 342
"""As long as 2048 bits are in base64url."""


class KeySource(Protocol):
    """Where an issuer's keys come from."""

    async def find(self, kid: str | None, algorithm: Algorithm) -> Key | None:
        """The key with this id that fits the algorithm; without an id only when there is no choice.

        Raises:
            KeysUnavailable: the keys cannot be had at the moment.
        """

    async def aclose(self) -> None:
        """Let go of connections."""


def fits(key: Key, algorithm: Algorithm) -> bool:
    """Whether `key` is of the kind, curve and size that `algorithm` needs, and meant for signatures."""
    if key.get("use", "sig") != "sig" or key.get("alg", algorithm.value) != algorithm.value:
        return False
    match algorithm:
        case Algorithm.ES256:
            return isinstance(key, ECKey) and key.curve_name == "P-256"
        case Algorithm.RS256:
            return isinstance(key, RSAKey) and key.public_key.key_size >= _MIN_RSA_BITS
        case Algorithm.EDDSA:
            return isinstance(key, OKPKey) and key.curve_name == "Ed25519"


def choose(keys: tuple[Key, ...], kid: str | None, algorithm: Algorithm) -> Key | None:
    """The one key that `kid` and `algorithm` leave; None when there is none, or when it would be a guess."""
    fitting = [key for key in keys if (kid is None or key.kid == kid) and fits(key, algorithm)]
    return fitting[0] if len(fitting) == 1 else None


def read_jwks(data: bytes) -> tuple[Key, ...]:
    """The usable public keys of a JWKS document; keys of kinds that nobody here understands are left out.

    Raises:
        ValueError: it is not a JWKS document, or has no usable key.
    """
    try:
        document: Any = orjson.loads(data)
        keys = [key for entry in document["keys"] if isinstance(entry, dict) and (key := _usable(entry)) is not None]
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise ValueError("it is not a JWKS document") from error
    if not keys:
        raise ValueError("it holds no ES256, RS256 or EdDSA key")
    return tuple(keys)


def _usable(entry: Any) -> Key | None:
    # Looked at before joserfc does, which warns about symmetric and short keys instead of refusing them.
    if entry.get("kty") not in ("EC", "RSA", "OKP") or len(str(entry.get("n", _MODULUS))) < len(_MODULUS):
        return None
    try:
        key = KeySet.import_key_set({"keys": [entry]}).keys[0]
        return key if any(fits(key, algorithm) for algorithm in Algorithm) else None
    except (JoseError, ValueError, KeyError, TypeError):
        return None


class FixedKeys:
    """Keys that are at hand for good: the development issuer's, or a file's."""

    def __init__(self, keys: tuple[Key, ...]) -> None:
        self._keys = keys

    @classmethod
    def from_file(cls, path: Path) -> "FixedKeys":
        """Read a JWKS file.

        Raises:
            ValueError: it cannot be read or holds no usable key; the message names it.
        """
        try:
            return cls(read_jwks(path.expanduser().read_bytes()))
        except OSError as error:
            raise ValueError(f"the JWKS file {path} cannot be read: {error.strerror}") from error
        except ValueError as error:
            raise ValueError(f"the JWKS file {path} is of no use: {error}") from error

    async def find(self, kid: str | None, algorithm: Algorithm) -> Key | None:
        """See `KeySource.find`."""
        return choose(self._keys, kid, algorithm)

    async def aclose(self) -> None:
        """Nothing to let go of."""


class FetchedKeys:
    """Keys behind an address. One fetch at a time; the address is the configured one, whatever a token says."""

    def __init__(self, url: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._clock = clock
        self._keys: tuple[Key, ...] = ()
        self._fetched = self._tried = float("-inf")
        self._lock = asyncio.Lock()
        self._client = httpx.AsyncClient(timeout=5.0, follow_redirects=False)

    async def find(self, kid: str | None, algorithm: Algorithm) -> Key | None:
        """See `KeySource.find`."""
        if self._clock() - self._fetched > MAX_AGE:
            await self._refresh(RETRY_INTERVAL)
        if self._clock() - self._fetched > LAST_RESORT:
            raise KeysUnavailable(f"the keys at {self._url} could not be fetched")
        key = choose(self._keys, kid, algorithm)
        if key is None and kid is not None:
            await self._refresh(MIN_INTERVAL)
            key = choose(self._keys, kid, algorithm)
        return key

    async def aclose(self) -> None:
        """Close the connections to the issuer."""
        await self._client.aclose()

    async def _refresh(self, interval: float) -> None:
        async with self._lock:
            if self._clock() - self._tried < interval:
                return
            self._tried = self._clock()
            try:
                self._keys = read_jwks(await self._fetch())
            except (httpx.HTTPError, ValueError):
                return
            self._fetched = self._clock()

    async def _fetch(self) -> bytes:
        body = bytearray()
        async with self._client.stream("GET", self._url, headers={"Accept": "application/json"}) as response:
            response.raise_for_status()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > _MAX_BYTES:
                    raise ValueError("the JWKS document is too large")
        return bytes(body)
