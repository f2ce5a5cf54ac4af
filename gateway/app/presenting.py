"""Who comes to the data endpoint: with a token of ours, with a login token, or without one.

A token of ours is checked by RFC 6750, or by RFC 9449 where it is bound to a key. What is wrong is answered with a
challenge that says where tokens are had (RFC 9728).
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from limits import RateLimitItemPerMinute
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter
from starlette.requests import Request
from starlette.types import Send

from gateway.app import metrics
from gateway.app.identification import REALM
from gateway.app.oauth import RESOURCE
from gateway.app.replies import Code, refuse
from gateway.app.sign_ins import SignIns
from gateway.fetching import Caller
from gateway.graph import Graph
from gateway.identity import PUBLIC, Authenticator, InvalidToken
from gateway.oauth.once import use_once
from gateway.verify import Proof, Refused, Scoped, TokenVerifier, check_proof
from gateway.verify.jws import split

_SCHEMES: Final = ("bearer", "dpop")


class Unauthenticated(Exception):
    """The credentials are no good. `error` is the challenge's, `reason` a stable code of ours where there is one."""

    def __init__(self, error: str, description: str, reason: str = "") -> None:
        super().__init__(description)
        self.error = error
        self.reason = reason


class TooMany(Exception):
    """The public has fetched too often from one address."""


class PublicLimit:
    """How often the public fetches, by address."""

    def __init__(self, a_minute: int, storage: str) -> None:
        self._a_minute = a_minute
        self._limit = RateLimitItemPerMinute(a_minute)
        self._limiter = FixedWindowRateLimiter(storage_from_string(storage))

    def take(self, address: str) -> None:
        """Use one.

        Raises:
            TooMany: there is none left in this minute.
        """
        if not self._limiter.hit(self._limit, "fetch", address):
            text = f"more than {self._a_minute} fetches in a minute without a token; wait, or sign in"
            raise TooMany(text)


@dataclass(frozen=True, slots=True)
class Presenting:
    """Recognises callers."""

    graph: Graph
    authenticator: Authenticator
    sign_ins: SignIns
    verifier: TokenVerifier
    """Of our own tokens; whether their grants count is asked of the graph."""
    issuer: str
    limit: PublicLimit
    resource: str = RESOURCE
    """What the tokens are for, as a path of this gateway."""
    clock: Callable[[], float] = field(default=time.time)

    async def caller(self, request: Request) -> Caller:
        """Who asks.

        Raises:
            Unauthenticated: the credentials are no good.
            TooMany: the public has fetched too often from there.
            KeysUnavailable: an issuer's keys cannot be had at the moment.
            GraphUnavailable: Neo4j is away.
        """
        presented = request.headers.getlist("authorization")
        if len(presented) > 1:
            raise self.refused("invalid_request", "there is more than one Authorization header")
        if not presented:
            metrics.public.inc()
            self.limit.take(request.client.host if request.client else "unknown")
            return Caller(PUBLIC)
        scheme, _, token = presented[0].partition(" ")
        token = token.strip(" ")
        try:
            if self._is_ours(token):
                proof = await self._proof(request, scheme.lower(), token)
                caller = Caller(PUBLIC, self.verifier.verify(token, proof))
            else:
                caller = Caller((await self.authenticator.identified(presented[0])).subject)
        except InvalidToken as problem:
            raise self.refused("invalid_token", problem.description) from None
        except Refused as refused:
            raise self.refused("invalid_token", str(refused), refused.reason) from None
        metrics.identified.inc()
        return caller

    async def program(self, request: Request, scope: str) -> Scoped:
        """The program that asks, with a token of ours for a scope.

        Raises:
            Unauthenticated: the credentials are no good.
            GraphUnavailable: Neo4j is away.
        """
        presented = request.headers.getlist("authorization")
        if len(presented) != 1:
            raise self.refused("invalid_request", f"send one token with the scope {scope}")
        scheme, _, token = presented[0].partition(" ")
        token = token.strip(" ")
        try:
            proof = await self._proof(request, scheme.lower(), token)
            scoped = self.verifier.verify_scope(token, scope, proof)
        except Refused as refused:
            raise self.refused("invalid_token", str(refused), refused.reason) from None
        metrics.identified.inc()
        return scoped

    async def challenge(self, send: Send, problem: Unauthenticated) -> None:
        """Answer 401."""
        where = f'resource_metadata="{self.issuer}/.well-known/oauth-protected-resource{self.resource}"'
        error = f'error="{problem.error}", error_description="{problem}"'
        challenges = [
            (b"www-authenticate", f'{scheme} realm="{REALM}", {more}{error}, {where}'.encode("ascii", "replace"))
            for scheme, more in (("Bearer", ""), ("DPoP", 'algs="ES256", '))
        ]
        reason = {"reason": problem.reason} if problem.reason else {}
        await refuse(send, 401, Code.UNAUTHENTICATED, str(problem), challenges, **reason)

    def _is_ours(self, token: str) -> bool:
        """Whether it says that it is a token of ours; whether that is true is still to be seen."""
        try:
            return bool(split(token).claims.get("iss") == self.issuer)
        except ValueError:
            return False

    async def _proof(self, request: Request, scheme: str, token: str) -> Proof | None:
        """The proof of possession that comes with a token, used up."""
        proofs = request.headers.getlist("dpop")
        if scheme not in _SCHEMES or (scheme == "dpop") != bool(proofs):
            text = "send a token as Bearer, or as DPoP together with a DPoP proof"
            raise self.refused("invalid_request", text)
        if scheme == "bearer":
            return None
        try:
            if len(proofs) > 1:
                raise ValueError("send one DPoP proof")
            url, now = f"{self.issuer}{request.scope['raw_path'].decode('ascii')}", self.clock()
            proof = check_proof(proofs[0], method=request.method, url=url, now=now, token=token)
        except ValueError as problem:
            raise self.refused("invalid_dpop_proof", str(problem), "BAD_PROOF") from None
        if not await use_once(self.graph, "proof", proof.thumbprint, proof.id, now=now, until=proof.until):
            text = "the DPoP proof was used before; make one for each request"
            raise self.refused("invalid_dpop_proof", text, "PROOF_REPLAYED")
        return proof

    def refused(self, error: str, description: str, reason: str = "") -> Unauthenticated:
        """Count credentials that are no good."""
        metrics.refused.inc()
        self.sign_ins.refused(description)
        return Unauthenticated(error, description, reason)
