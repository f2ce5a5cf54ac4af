"""The keys that tokens and status lists are signed with, in the state directory for its owner alone.

Keys are replaced by rotation: the new one signs at once, and the old ones stay published until the last token that they
signed has ended (RFC 7517). Running gateways see a new key within seconds.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from gateway.audit.durable import put
from gateway.verify.jws import ALGORITHM, encode
from gateway.verify.keys import FixedKeys, PublicKey, thumbprint, write_key
from gateway.verify.token import LIFETIME, SKEW

FOLDER: Final = "token-keys"
_SUFFIX: Final = ".pem"
_KEPT: Final = LIFETIME + SKEW
"""Seconds that a key stays published after another has taken its place."""
_LOOK: Final = 2.0
"""Seconds after which the folder is looked at again."""
_HALF: Final = 32
_ES256: Final = ec.ECDSA(SHA256())


class KeyUnusable(Exception):
    """A file holds no key of tokens; the message names it."""


@dataclass(frozen=True, slots=True)
class _Key:
    private: ec.EllipticCurvePrivateKey
    kid: str
    made: float
    """In seconds since the epoch; the youngest signs."""


class TokenKeys:
    """The keys of a state directory. Whoever comes first makes one; everybody then reads the same ones."""

    def __init__(self, state: Path, *, clock: Callable[[], float] = time.time) -> None:
        self._folder = state / FOLDER
        self._clock = clock
        self._looked = 0.0
        self.is_new = False
        """Whether there was no key before this one made it."""
        self._keys: tuple[_Key, ...] = ()
        self._public: FixedKeys | None = None

    def load(self) -> "TokenKeys":
        """Read the keys, and make one where there is none: `is_new` says so.

        Raises:
            KeyUnusable: a file holds something else.
            OSError: the folder cannot be read or written.
        """
        self._read()
        if not self._keys:
            self.is_new = True
            _make(self._folder, self._clock())
            self._read()
        return self

    def rotate(self) -> tuple[str, str]:
        """Make a key that signs from now on. Its id, and that of the one before it.

        Raises:
            KeyUnusable: a file holds something else.
            OSError: the folder cannot be read or written.
        """
        before = self.load().kid
        kid = _make(self._folder, max(self._clock(), self._keys[-1].made + 0.001))
        self._read()
        return kid, before

    @property
    def kid(self) -> str:
        """The id of the key that signs now: its thumbprint (RFC 7638)."""
        self._look()
        return self._keys[-1].kid

    @property
    def jwks(self) -> Mapping[str, Any]:
        """What is published (RFC 7517): the key that signs, and those before it until their last token has ended."""
        self._look()
        return {"keys": [_published(key) for key in self._current()]}

    def find(self, kid: str) -> PublicKey | None:
        """A published key, for whoever verifies here; see `verify.Keys`."""
        self._look()
        return next((key.private.public_key() for key in self._current() if key.kid == kid), None)

    def sign(self, kind: str, claims: Mapping[str, Any]) -> str:
        """A JWT of a type, in compact form (RFC 7515)."""
        self._look()
        key = self._keys[-1]
        header = orjson.dumps({"alg": ALGORITHM, "typ": kind, "kid": key.kid})
        signed = f"{encode(header)}.{encode(orjson.dumps(claims))}"
        r, s = decode_dss_signature(key.private.sign(signed.encode(), _ES256))
        return f"{signed}.{encode(r.to_bytes(_HALF, 'big') + s.to_bytes(_HALF, 'big'))}"

    def _current(self) -> list[_Key]:
        now = self._clock()
        followers = zip(self._keys, [*self._keys[1:], None], strict=True)
        return [key for key, after in followers if after is None or now < after.made + _KEPT]

    def _look(self) -> None:
        if self._clock() - self._looked > _LOOK:
            self._read()

    def _read(self) -> None:
        self._looked = self._clock()
        known = {key.kid: key for key in self._keys}
        found = []
        for path in sorted(self._folder.glob(f"*{_SUFFIX}")) if self._folder.is_dir() else ():
            made, _, kid = path.stem.partition("-")
            found.append(known.get(kid) or _read_key(path, kid, made))
        self._keys = tuple(found)


def _published(key: _Key) -> dict[str, str]:
    return {**write_key(key.private.public_key()), "kid": key.kid, "use": "sig", "alg": ALGORITHM}


def _read_key(path: Path, kid: str, made: str) -> _Key:
    try:
        private = load_pem_private_key(path.read_bytes(), None)
        if not isinstance(private, ec.EllipticCurvePrivateKey) or thumbprint(private.public_key()) != kid:
            raise ValueError
        return _Key(private, kid, int(made) / 1000)
    except ValueError:
        raise KeyUnusable(f"{path} holds no key of tokens; put the right one back") from None


def _make(folder: Path, now: float) -> str:
    """A new key, in a file that says when it was made. Of two processes that make one at once, both keys are good."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    private = ec.generate_private_key(ec.SECP256R1())
    kid = thumbprint(private.public_key())
    data = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    put(folder / f"{round(now * 1000):013}-{kid}{_SUFFIX}", data, mode=0o600, durable=True)
    return kid
