"""Checking one access token: who may fetch what, for which purpose, until when (RFC 9068, RFC 9396)."""

import time
from collections.abc import Callable, Mapping
from operator import itemgetter
from typing import Any, Final, NamedTuple, Protocol, TypeGuard

from gateway.verify.dpop import Proof
from gateway.verify.errors import Reason, Refused
from gateway.verify.fetching import Unavailable
from gateway.verify.jws import ALGORITHM, Parts, is_signed_by, split
from gateway.verify.keys import Keys, PublishedKeys
from gateway.verify.status import PublishedStatus

TYPE: Final = "at+jwt"
DETAILS: Final = "urn:gateway:grant"
"""The type of the authorization details that say what was granted."""
LIFETIME: Final = 900
"""Seconds that a token counts at most."""
SKEW: Final = 60.0
"""Seconds by which another clock may be off."""
_KINDS: Final = {
    "type": str, "dataset": str, "version": int, "fields": list, "rows": list, "purpose": str, "tier": str,
    "grant": str, "log_index": int,
}  # fmt: skip
_members: Final = itemgetter(*_KINDS)
_kinds: Final = tuple(_KINDS.values())


class Verified(NamedTuple):
    """What a good token says."""

    grant: str
    """The id of the grant that it comes from; one token has one."""
    dataset: str
    """The code of the dataset in the catalogue."""
    version: int
    """Its version when the token was made."""
    fields: tuple[str, ...]
    """The names of the fields that may be fetched; no others."""
    rows: tuple[Mapping[str, Any], ...]
    """The conditions that rows have to meet, all of them: `{field, operator, values}`."""
    purpose: str
    """What for; a request for another purpose is refused (R17.3)."""
    tier: str
    """By which tier it was granted: how it is shared, or open."""
    log_index: int
    """Where in the gateway's log the grant began."""
    client: str
    """Whose program it was given to."""
    subject: str
    """Who uses the data: an agency or a person, as the gateway knows them."""
    id: str
    """Of the token."""
    expires: float
    """From when on it counts no more, in seconds since the epoch; nobody's clock is allowed for in it."""
    thumbprint: str | None
    """Of the key that its holder has to prove to hold; None for a bearer token."""

    @property
    def details(self) -> dict[str, Any]:
        """What was granted, as `authorization_details` have it (RFC 9396)."""
        return {
            "type": DETAILS,
            "dataset": self.dataset,
            "version": self.version,
            "fields": list(self.fields),
            "rows": [dict(one) for one in self.rows],
            "purpose": self.purpose,
            "tier": self.tier,
            "grant": self.grant,
            "log_index": self.log_index,
        }


class Scoped(NamedTuple):
    """What a good token says that is for a scope, and for no grant."""

    client: str
    """Whose program it was given to."""
    subject: str
    """The agency that it acts for."""
    id: str
    """Of the token."""


class StatusSource(Protocol):
    """Who knows whether a grant still counts."""

    def check(self, entry: Mapping[str, Any]) -> None:
        """Whether the grant at an entry of a status list counts.

        Raises:
            Refused: it does not, or nobody can say so now.
        """


class TokenVerifier:
    """Checks tokens of one gateway for one audience. Safe to share between threads."""

    def __init__(
        self,
        issuer: str,
        audience: str,
        keys: Keys,
        status: StatusSource | None,
        *,
        skew: float = SKEW,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Take where keys and status come from.

        Args:
            issuer: the gateway's address, as its tokens have it in `iss`.
            audience: for whom tokens have to be, as they have it in `aud`.
            keys: the issuer's.
            status: who knows whether grants count; None leaves that to somebody who does.
            skew: by how many seconds the issuer's clock may be off.
            clock: the time, in seconds since the epoch.
        """
        self._issuer = issuer
        self._audience = audience
        self._keys = keys
        self._status = status
        self._skew = skew
        self._clock = clock

    @classmethod
    def of(cls, issuer: str, audience: str, *, skew: float = SKEW) -> "TokenVerifier":
        """Checks with what the gateway publishes at its address: keys, and the status of grants."""
        keys = PublishedKeys(f"{issuer}/.well-known/jwks.json")
        return cls(issuer, audience, keys, PublishedStatus(f"{issuer}/oauth/status/", keys, skew=skew), skew=skew)

    def verify(self, token: str, proof: Proof | None = None, *, possession: bool = True) -> Verified:
        """Check a token, step by step.

        1. It is a signed JWT of a bounded length.
        2. Its type (`typ`) is that of an access token.
        3. It asks for nothing that we would have to understand (`crit`, `b64`).
        4. Its algorithm is ES256.
        5. Its key is one that the issuer publishes. Keys or addresses of keys in it (`jwk`, `jku`, `x5c`, `x5u`) are
           never looked at.
        6. The signature is the key's.
        7. The issuer is the one that we ask about.
        8. It is for this audience, and for no other.
        9. It is for now, and for fifteen minutes at most.
        10. It says of one grant what may be fetched, and what for.
        11. Where it is bound to a key, a proof of that key comes with it, and was checked (`check_proof`). Who does
            not serve its holder, but says what the token says, does without (`possession`).
        12. The grant was not revoked or suspended, as far as a status list says that is not stale.

        Raises:
            Refused: one of these does not hold.
        """
        claims, expires = self._counted(token)
        verified = _read(claims, expires)
        _check_possession(verified.thumbprint, proof, possession=possession)
        if self._status is not None:
            entry = claims.get("status")
            held = entry.get("status_list") if isinstance(entry, dict) else None
            self._status.check(held if isinstance(held, dict) else {})
        return verified

    def verify_scope(self, token: str, scope: str, proof: Proof | None = None) -> Scoped:
        """Check a token that is for a scope: as `verify` does, but that in place of a grant it has the scope.

        Raises:
            Refused: one of the checks fails.
        """
        claims, _ = self._counted(token)
        named, (client, subject, identifier, bound) = claims.get("scope"), _holder(claims)
        if not isinstance(named, str) or scope not in named.split(" "):
            raise Refused(10, Reason.NO_GRANT, f"the token does not have the scope {scope}")
        _check_possession(bound, proof, possession=True)
        return Scoped(client, subject, identifier)

    def _counted(self, token: str) -> tuple[Mapping[str, Any], float]:
        """The claims of a token of ours that counts now, and when it expires: checks 1 to 9."""
        parts = _taken_apart(token)
        header, claims = parts.header, parts.claims
        written = header.get("typ")
        if written != TYPE and not _is_type(written):
            raise Refused(2, Reason.WRONG_TYPE, f"the token's type must be {TYPE}")
        if "crit" in header or "b64" in header:
            raise Refused(3, Reason.CRITICAL_EXTENSION, "the token uses extensions that are not supported")
        if header.get("alg") != ALGORITHM:
            raise Refused(4, Reason.WRONG_ALGORITHM, f"the token's algorithm must be {ALGORITHM}")
        self._check_signature(parts)
        if claims.get("iss") != self._issuer:
            raise Refused(7, Reason.WRONG_ISSUER, f"the token's issuer must be {self._issuer}")
        if claims.get("aud") != self._audience:
            raise Refused(8, Reason.WRONG_AUDIENCE, f"the token must be for {self._audience}, and for nobody else")
        return claims, self._check_times(claims)

    def _check_signature(self, parts: Parts) -> None:
        kid = parts.header.get("kid")
        try:
            key = self._keys.find(kid) if isinstance(kid, str) else None
        except Unavailable as problem:
            raise Refused(5, Reason.KEYS_UNAVAILABLE, f"the issuer's keys cannot be had: {problem}") from None
        if key is None:
            raise Refused(5, Reason.UNKNOWN_KEY, "the token's key is none of its issuer's")
        if not is_signed_by(key, parts.signed, parts.signature):
            raise Refused(6, Reason.BAD_SIGNATURE, "the token's signature is wrong")

    def _check_times(self, claims: Mapping[str, Any]) -> float:
        now = self._clock()
        issued, expires = claims.get("iat"), claims.get("exp")
        starts = claims.get("nbf", issued)
        if not (_is_time(issued) and _is_time(expires) and _is_time(starts)):
            raise Refused(9, Reason.MALFORMED, "the token does not say from when until when it counts")
        if now >= expires + self._skew:
            raise Refused(9, Reason.EXPIRED, "the token has expired")
        if now < max(issued, starts) - self._skew:
            raise Refused(9, Reason.NOT_YET_VALID, "the token is not valid yet")
        if expires - issued > LIFETIME:
            raise Refused(9, Reason.LIVES_TOO_LONG, f"the token counts for more than {LIFETIME} seconds")
        return float(expires)


def _check_possession(bound: str | None, proof: Proof | None, *, possession: bool) -> None:
    if possession and bound is not None and proof is None:
        raise Refused(11, Reason.PROOF_MISSING, "the token is bound to a key: send a DPoP proof with it")
    if proof is not None and proof.thumbprint != bound:
        raise Refused(11, Reason.BAD_PROOF, "the token is not bound to the key of the DPoP proof")


def _taken_apart(token: str) -> Parts:
    try:
        return split(token)
    except ValueError:
        raise Refused(1, Reason.MALFORMED, "the token is not a signed JWT") from None


def _is_type(written: Any) -> bool:
    """RFC 7515, section 4.1.9: `application/` may be left out, and media types know no case."""
    return isinstance(written, str) and written.lower().removeprefix("application/") == TYPE


def _is_time(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _read(claims: Mapping[str, Any], expires: float) -> Verified:
    details = claims.get("authorization_details")
    only = details[0] if isinstance(details, list) and len(details) == 1 else None
    if not isinstance(only, dict) or only.get("type") != DETAILS or not _is_complete(only):
        raise Refused(10, Reason.NO_GRANT, "the token does not say of one grant what may be fetched")
    client, subject, identifier, bound = _holder(claims)
    return Verified(
        only["grant"],
        only["dataset"],
        only["version"],
        tuple(only["fields"]),
        tuple(only["rows"]),
        only["purpose"],
        only["tier"],
        only["log_index"],
        client,
        subject,
        identifier,
        expires,
        bound,
    )


def _holder(claims: Mapping[str, Any]) -> tuple[str, str, str, str | None]:
    """Program, subject and id of a token, and the thumbprint of the key that it is bound to."""
    confirmed = claims.get("cnf", {})
    bound = confirmed.get("jkt") if isinstance(confirmed, dict) else None
    client, subject, identifier = claims.get("client_id"), claims.get("sub"), claims.get("jti")
    if not (_is_name(client) and _is_name(subject) and _is_name(identifier)) or (
        "cnf" in claims and not isinstance(bound, str)
    ):
        raise Refused(10, Reason.NO_GRANT, "the token does not say whose it is")
    return client, subject, identifier, bound


def _is_name(value: Any) -> TypeGuard[str]:
    return isinstance(value, str) and value != ""


def _is_complete(details: Mapping[str, Any]) -> bool:
    try:
        whole = tuple(map(type, _members(details))) == _kinds
    except KeyError:
        return False
    return whole and {*map(type, details["fields"])} == {str} and all(map(_is_condition, details["rows"]))


def _is_condition(row: Any) -> bool:
    return isinstance(row, dict) and row.keys() == {"field", "operator", "values"}
