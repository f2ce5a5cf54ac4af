"""What tokens cost beside the signature that they have: checking one, and making one.

Bare `cryptography` begins with the 64 bytes that a token's signature is (RFC 7518) and turns them into what it checks.
"""

import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from bench.options import Options
from bench.report import Report
from gateway.oauth import TokenKeys
from gateway.verify import FixedKeys, TokenVerifier
from gateway.verify.jws import split
from gateway.verify.token import DETAILS, TYPE

VERIFYING: Final = 0.8
"""Least share of what bare `cryptography` checks in the same time."""
ISSUING: Final = 0.6
"""The same of making signatures."""
_ROUNDS: Final = 60
_EACH: Final = 100
_ISSUER: Final = "https://data.example.org"
_ES256: Final = ec.ECDSA(SHA256())


def tokens(options: Options, report: Report) -> None:
    """With a key of its own, which is removed at the end. Each round times both, one after the other."""
    state = options.work / "tokens"
    keys = TokenKeys(state).load()
    claims = _claims()
    token = keys.sign(TYPE, claims)
    verifier = TokenVerifier(_ISSUER, f"{_ISSUER}/data", FixedKeys(keys.jwks), None)
    parts = split(token)
    public = keys.find(keys.kid)
    assert public is not None
    private = ec.generate_private_key(ec.SECP256R1())

    def bare() -> None:
        raw = parts.signature
        der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
        public.verify(der, parts.signed, _ES256)

    for name, ours, alone, least in (
        ("checking tokens", lambda: verifier.verify(token), bare, VERIFYING),
        ("making tokens", lambda: keys.sign(TYPE, claims), lambda: private.sign(parts.signed, _ES256), ISSUING),
    ):
        pairs = [(_timed(alone), _timed(ours)) for _ in range(_ROUNDS)]
        ratio = statistics.median(less / whole for less, whole in pairs)
        micro = statistics.median(whole for _, whole in pairs) / _EACH * 1e6
        report.show(f"{name}, µs", f"{micro:.1f}")
        report.at_least(f"{name}, of bare cryptography", ratio, least)
    for path in sorted(state.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    state.rmdir()


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    for _ in range(_EACH):
        work()
    return time.perf_counter() - began


def _claims() -> Mapping[str, Any]:
    """Those of a token for ten fields."""
    now = int(time.time())
    details = {
        "type": DETAILS, "dataset": "621000/gaj/jdc", "version": 3, "fields": [f"field_{n}" for n in range(10)],
        "rows": [], "purpose": "SERVICE", "tier": "sharing:CONDITIONAL", "grant": "gr_" + "a" * 26, "log_index": 12_345,
    }  # fmt: skip
    return {
        "iss": _ISSUER, "aud": f"{_ISSUER}/data", "sub": "ag_" + "a" * 26, "client_id": "sy_" + "a" * 26, "iat": now,
        "exp": now + 900, "jti": "a" * 22, "authorization_details": [details],
        "status": {"status_list": {"idx": 5, "uri": f"{_ISSUER}/oauth/status/2026-11"}},
    }  # fmt: skip
