"""A program that proves who it is: by a JWT signed with one of its keys (`private_key_jwt`, RFC 7523)."""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Final

from gateway.graph import Graph
from gateway.identity import InvalidToken
from gateway.identity.keys import choose
from gateway.identity.token import signed_by, split
from gateway.oauth.clients import Client, find_client
from gateway.oauth.errors import OAuthError, OAuthProblem
from gateway.oauth.once import use_once
from gateway.settings import Algorithm

TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LONGEST_LIFE: Final = 3600.0
"""Seconds. An assertion counts once; client libraries let it live so long."""
SKEW: Final = 60.0
_LONGEST_ID: Final = 200


@dataclass(frozen=True, slots=True)
class Assertions:
    """Recognises the programs of a graph."""

    graph: Graph
    audiences: Collection[str]
    """Whom an assertion may be for: the issuer, or the endpoint that it is sent to."""
    clock: Callable[[], float] = time.time

    async def client(self, kind: str | None, assertion: str | None, named: str | None = None) -> Client:
        """The program that an assertion is from. Each counts once.

        Args:
            kind: the `client_assertion_type`.
            assertion: the `client_assertion`.
            named: the `client_id`, where the request has one.

        Raises:
            OAuthProblem: `invalid_client`.
            GraphUnavailable: Neo4j is away.
        """
        if kind != TYPE or not assertion:
            raise _refused(f"send a client_assertion, with client_assertion_type {TYPE}")
        try:
            header, claims, signed, signature = split(assertion)
        except InvalidToken:
            raise _refused("the client_assertion is not a signed JWT") from None
        identifier, until = self._checked(claims)
        if named is not None and named != identifier:
            raise _refused("client_id is another than the one that the client_assertion is from")
        client = await find_client(self.graph, identifier)
        if client is None or not _is_from(client, header, signed, signature):
            raise _refused("the client_assertion is not signed by a key of a client that is registered here")
        if not await use_once(self.graph, "assertion", identifier, claims["jti"], now=self.clock(), until=until):
            raise _refused("the client_assertion was used before; make one for each request")
        return client

    def _checked(self, claims: dict[str, Any]) -> tuple[str, float]:
        issuer, audience, token, now = claims.get("iss"), claims.get("aud"), claims.get("jti"), self.clock()
        if not isinstance(issuer, str) or claims.get("sub") != issuer:
            raise _refused("iss and sub of the client_assertion must be the id of the client")
        named = audience if isinstance(audience, list) else [audience]
        if not any(one in self.audiences for one in named if isinstance(one, str)):
            raise _refused(f"aud of the client_assertion must be {min(self.audiences, key=len)}")
        if not isinstance(token, str) or not 0 < len(token) <= _LONGEST_ID:
            raise _refused("the client_assertion needs an id (jti)")
        expires = _seconds(claims.get("exp"))
        if expires is None or not now - SKEW < expires <= now + LONGEST_LIFE + SKEW:
            raise _refused(f"the client_assertion must expire (exp) within {LONGEST_LIFE:.0f} seconds from now")
        if (starts := _seconds(claims.get("nbf"))) is not None and now < starts - SKEW:
            raise _refused("the client_assertion is not valid yet (nbf)")
        return issuer, expires + SKEW


def _is_from(client: Client, header: dict[str, Any], signed: bytes, signature: bytes) -> bool:
    kid = header.get("kid")
    try:
        algorithm = Algorithm(str(header.get("alg")))
    except ValueError:
        return False
    if "crit" in header or "b64" in header or not (kid is None or isinstance(kid, str)):
        return False
    key = choose(client.keys, kid, algorithm)
    return key is not None and signed_by(key, algorithm, signed, signature)


def _seconds(value: Any) -> float | None:
    return None if isinstance(value, bool) or not isinstance(value, int | float) else float(value)


def _refused(description: str) -> OAuthProblem:
    return OAuthProblem(OAuthError.INVALID_CLIENT, description)
