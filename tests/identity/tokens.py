"""Tokens of every kind, good and bad, made by hand where no library would make them."""

import hashlib
import hmac
import json
import time
import warnings
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

AUDIENCE = "urn:gateway:api"
ISSUER = "https://id.example.org"


def b64(data: bytes) -> str:
    """Base64url without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def claims(**changed: Any) -> dict[str, Any]:
    """Claims of a good token; None takes one away."""
    now = int(time.time())
    good = {"iss": ISSUER, "sub": "wang", "aud": AUDIENCE, "iat": now, "exp": now + 60}
    return {name: value for name, value in {**good, **changed}.items() if value is not None}


@dataclass(frozen=True)
class Signer:
    """A key pair with its algorithm. Signs whatever it is told to, right or wrong."""

    alg: str
    key: Key
    kid: str | None = "k1"
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def public(self) -> dict[str, Any]:
        """The public JWK."""
        named = {"kid": self.kid} if self.kid else {}
        return {**self.key.as_dict(private=False), **named, **self.extra}

    def token(self, body: dict[str, Any] | bytes | None = None, **header: Any) -> str:
        """A compact JWS. A header of None is taken away."""
        full = {"alg": self.alg, "typ": "at+jwt", "kid": self.kid, **header}
        head = json.dumps({name: value for name, value in full.items() if value is not None}).encode()
        content = body if isinstance(body, bytes) else json.dumps(claims() if body is None else body).encode()
        signed = f"{b64(head)}.{b64(content)}"
        return f"{signed}.{b64(self._sign(signed.encode()))}"

    def _sign(self, data: bytes) -> bytes:
        private = self.key.private_key
        if isinstance(private, ec.EllipticCurvePrivateKey):
            size = (private.key_size + 7) // 8
            r, s = decode_dss_signature(private.sign(data, ec.ECDSA(hashes.SHA256())))
            return r.to_bytes(size, "big") + s.to_bytes(size, "big")
        if isinstance(private, rsa.RSAPrivateKey):
            return private.sign(data, padding.PKCS1v15(), hashes.SHA256())
        assert isinstance(private, ed25519.Ed25519PrivateKey)
        return private.sign(data)


ES256 = Signer("ES256", ECKey.generate_key("P-256"))
RS256 = Signer("RS256", RSAKey.generate_key(2048))
EDDSA = Signer("EdDSA", OKPKey.generate_key("Ed25519"))
P384 = Signer("ES256", ECKey.generate_key("P-384"))
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # that it is too short is the point
    WEAK_RSA = Signer("RS256", RSAKey.generate_key(1024))
STRANGER = Signer("ES256", ECKey.generate_key("P-256"))


def jwks(*signers: Signer) -> dict[str, Any]:
    """A JWKS document."""
    return {"keys": [signer.public for signer in signers]}


def unsigned(alg: str = "none", body: dict[str, Any] | None = None) -> str:
    """A token of algorithm `none`."""
    head = json.dumps({"alg": alg, "typ": "at+jwt", "kid": "k1"}).encode()
    return f"{b64(head)}.{b64(json.dumps(body or claims()).encode())}."


def hmac_with_public_key(signer: Signer, secret: bytes) -> str:
    """The classic confusion: HS256 with the public key as its secret."""
    head = json.dumps({"alg": "HS256", "typ": "at+jwt", "kid": signer.kid}).encode()
    signed = f"{b64(head)}.{b64(json.dumps(claims()).encode())}"
    return f"{signed}.{b64(hmac.new(secret, signed.encode(), hashlib.sha256).digest())}"
