"""The development issuer: tokens for the demonstration city's people, signed with a key in the state directory.

Settings allow it on loopback with the embedded database only: who can read the state directory is the owner of both.
"""

import os
import secrets
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

import orjson
from joserfc import jwt
from joserfc.jwk import ECKey

from gateway.identity.keys import FixedKeys
from gateway.identity.token import Issuer
from gateway.settings import Algorithm, TokenType

ISSUER: Final = "urn:gateway:development"
"""The `iss` of its tokens, and of the seeded people's identities."""
KEY_FILE: Final = "development-issuer.json"


def development_issuer(state: Path, audience: str) -> Issuer:
    """The issuer as the gateway believes it. Makes its key when there is none."""
    public = ECKey.import_key(_key(state).as_dict(private=False))
    return Issuer(ISSUER, audience, frozenset({Algorithm.ES256}), frozenset({TokenType.AT_JWT}), FixedKeys((public,)))


def development_token(state: Path, audience: str, name: str, *, lifetime: float, appointment: str | None = None) -> str:
    """A token that proves to be `name` for `lifetime` seconds."""
    key = _key(state)
    now = int(time.time())
    claims = {
        "iss": ISSUER,
        "sub": name,
        "aud": audience,
        "iat": now,
        "exp": now + int(lifetime),
        "jti": secrets.token_hex(8),
    }
    if appointment is not None:
        claims["appointment"] = appointment
    return jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": str(key.kid)}, claims, key)


def _key(state: Path) -> ECKey:
    """The key pair of this state directory. Whoever comes first makes it; everybody then reads the same one."""
    path = state / KEY_FILE
    if not path.exists():
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = ECKey.generate_key("P-256", auto_kid=True)
        draft = path.with_suffix(f".{secrets.token_hex(4)}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(orjson.dumps(made.as_dict(private=True)))
        # A link, not a rename: it fails when another process was first, whose key then counts.
        with suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    return ECKey.import_key(orjson.loads(path.read_bytes()))
