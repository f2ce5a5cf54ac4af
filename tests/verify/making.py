"""Tokens, lists and proofs as the gateway makes them, but of a test's own choosing."""

import json
import zlib
from collections.abc import Mapping
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec
from joserfc.jwk import ECKey
from joserfc.jws import JWSRegistry

from gateway.verify.dpop import access_token_hash
from gateway.verify.jws import encode
from gateway.verify.keys import thumbprint, write_key

NOW: Final = 1_790_000_000.0
ISSUER: Final = "https://data.example.org"
AUDIENCE: Final = f"{ISSUER}/data"
LIST: Final = f"{ISSUER}/oauth/status/2026-11"
DETAILS: Final = {
    "type": "urn:gateway:grant",
    "dataset": "621000/gaj/jdc",
    "version": 3,
    "fields": ["period", "value"],
    "rows": [{"field": "adcode", "operator": "IN", "values": ["621002"]}],
    "purpose": "SERVICE",
    "tier": "sharing:CONDITIONAL",
    "grant": "gr_aaaaaaaaaaaaaaaaaaaaaaaaaa",
    "log_index": 12,
}
CLAIMS: Final = {
    "iss": ISSUER,
    "aud": AUDIENCE,
    "sub": "ag_a",
    "client_id": "sy_a",
    "jti": "t1",
    "iat": int(NOW),
    "exp": int(NOW) + 900,
    "authorization_details": [DETAILS],
    "status": {"status_list": {"idx": 5, "uri": LIST}},
}


class Key:
    """A P-256 key pair, with which another library than ours signs."""

    def __init__(self) -> None:
        self.private = ec.generate_private_key(ec.SECP256R1())
        self.kid = thumbprint(self.private.public_key())

    @property
    def jwk(self) -> dict[str, str]:
        return {**write_key(self.private.public_key()), "kid": self.kid, "use": "sig", "alg": "ES256"}

    @property
    def jwks(self) -> dict[str, Any]:
        return {"keys": [self.jwk]}

    def sign(self, header: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
        signed = f"{encode(json.dumps(header).encode())}.{encode(json.dumps(claims).encode())}"
        # The algorithm alone: the library would not write what a forger writes.
        raw = JWSRegistry.algorithms["ES256"].sign(signed.encode(), ECKey.import_key(self.private))
        return f"{signed}.{encode(raw)}"

    def token(self, header: Mapping[str, Any] | None = None, **claims: Any) -> str:
        """A good token, but for what is said here; None leaves a claim out."""
        given = {**CLAIMS, **claims}
        kept = {name: value for name, value in given.items() if value is not None}
        return self.sign({"alg": "ES256", "typ": "at+jwt", "kid": self.kid, **(header or {})}, kept)

    def details(self, **changes: Any) -> str:
        """A good token, but for what its details say; None leaves a member out."""
        given = {name: value for name, value in {**DETAILS, **changes}.items() if value is not None}
        return self.token(authorization_details=[given])

    def status(self, entries: Mapping[int, int], header: Mapping[str, Any] | None = None, **claims: Any) -> bytes:
        """A status list in which all but these entries are good."""
        data = bytearray(2**18)
        for index, value in entries.items():
            data[index // 4] |= value << (index % 4 * 2)
        given = {
            "sub": LIST,
            "iat": int(NOW),
            "exp": int(NOW) + 300,
            "ttl": 60,
            "status_list": {"bits": 2, "lst": encode(zlib.compress(bytes(data)))},
            **claims,
        }
        return self.sign({"alg": "ES256", "typ": "statuslist+jwt", "kid": self.kid, **(header or {})}, given).encode()

    def proof(self, token: str | None = None, header: Mapping[str, Any] | None = None, **claims: Any) -> str:
        """A good DPoP proof for a fetch, but for what is said here; None leaves a claim out."""
        given = {"htm": "GET", "htu": f"{AUDIENCE}/x", "iat": int(NOW), "jti": "p1", **claims}
        if token is not None:
            given.setdefault("ath", access_token_hash(token))
        kept = {name: value for name, value in given.items() if value is not None}
        public = write_key(self.private.public_key())
        return self.sign({"alg": "ES256", "typ": "dpop+jwt", "jwk": public, **(header or {})}, kept)
