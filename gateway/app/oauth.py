"""`/oauth/…` and `/.well-known/…`: the token endpoints and what describes them, as OAuth libraries know them.

RFC 6749 with private_key_jwt (RFC 7523), token exchange for persons (RFC 8693), RFC 7009, 7662, 8414, 9396, 9449, 9728.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from gateway.app.body import BodyLimit
from gateway.app.sign_ins import SignIns
from gateway.audit.errors import LogUnavailable
from gateway.graph import Graph
from gateway.identity import Authenticator, InvalidToken, KeysUnavailable
from gateway.oauth import Asked, Holder, Issuing, OAuthError, OAuthProblem, Statuses, TokenKeys
from gateway.oauth.assertions import Assertions
from gateway.oauth.clients import Client
from gateway.oauth.once import use_once
from gateway.oauth.reporting import SCOPE, Reporting
from gateway.verify import Refused, TokenVerifier, Verified, check_proof
from gateway.verify.jws import ALGORITHM
from gateway.verify.token import DETAILS

TOKEN: Final = "/oauth/token"  # noqa: S105  # a place
INTROSPECT: Final = "/oauth/introspect"
REVOKE: Final = "/oauth/revoke"
STATUS: Final = "/oauth/status"
RESOURCE: Final = "/data"
LINEAGE: Final = "/lineage"
CLIENT_CREDENTIALS: Final = "client_credentials"
EXCHANGE: Final = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN: Final = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105  # a word
_JWT: Final = "urn:ietf:params:oauth:token-type:jwt"
_MOST: Final = 40_000
"""Bytes of a request."""
_MOST_FIELDS: Final = 1_000
_UNAVAILABLE: Final = {OAuthError.TEMPORARILY_UNAVAILABLE: 503, OAuthError.INVALID_CLIENT: 401}
_CACHED: Final = {"cache-control": "public, max-age=60"}
_MEMBERS: Final = frozenset({"type", "grant", "fields", "dataset", "purpose"})


@dataclass(frozen=True, slots=True)
class OAuth:
    """The endpoints of one gateway."""

    graph: Graph
    issuing: Issuing
    reporting: Reporting
    statuses: Statuses
    keys: TokenKeys
    authenticator: Authenticator
    sign_ins: SignIns
    verifier: TokenVerifier
    """Of our own tokens; whether their grants count is asked of the graph."""
    issuer: str
    clock: Callable[[], float] = time.time

    @property
    def routes(self) -> list[Route]:
        """Where each is."""
        return [
            Route("/.well-known/oauth-authorization-server", self._server),
            Route("/.well-known/oauth-protected-resource", self._resource),
            Route(f"/.well-known/oauth-protected-resource{RESOURCE}", self._resource),
            Route(f"/.well-known/oauth-protected-resource{LINEAGE}", self._lineage),
            Route("/.well-known/jwks.json", self._jwks),
            Route(f"{STATUS}/{{name}}", self._status),
            Route(TOKEN, BodyLimit(_Form(self._token), _MOST), methods=["POST"]),
            Route(INTROSPECT, BodyLimit(_Form(self._introspect), _MOST), methods=["POST"]),
            Route(REVOKE, BodyLimit(_Form(self._revoke), _MOST), methods=["POST"]),
        ]

    async def _server(self, _request: Request) -> Response:
        return _json(
            {
                "issuer": self.issuer,
                "token_endpoint": f"{self.issuer}{TOKEN}",
                "introspection_endpoint": f"{self.issuer}{INTROSPECT}",
                "revocation_endpoint": f"{self.issuer}{REVOKE}",
                "jwks_uri": f"{self.issuer}/.well-known/jwks.json",
                "response_types_supported": [],
                "grant_types_supported": [CLIENT_CREDENTIALS, EXCHANGE],
                "scopes_supported": [SCOPE],
                "authorization_details_types_supported": [DETAILS],
                "dpop_signing_alg_values_supported": [ALGORITHM],
                "protected_resources": [f"{self.issuer}{RESOURCE}", f"{self.issuer}{LINEAGE}"],
                **{
                    f"{name}_endpoint_auth_{what}_supported": values
                    for name in ("token", "introspection", "revocation")
                    for what, values in (
                        ("methods", ["private_key_jwt"]),
                        ("signing_alg_values", ["ES256", "EdDSA", "RS256"]),
                    )
                },
            },
            headers=_CACHED,
        )

    async def _resource(self, _request: Request) -> Response:
        return self._described(RESOURCE, authorization_details_types_supported=[DETAILS])

    async def _lineage(self, _request: Request) -> Response:
        return self._described(LINEAGE, scopes_supported=[SCOPE])

    def _described(self, resource: str, **more: Any) -> Response:
        """What a resource says of itself (RFC 9728)."""
        return _json(
            {
                "resource": f"{self.issuer}{resource}",
                "authorization_servers": [self.issuer],
                "jwks_uri": f"{self.issuer}/.well-known/jwks.json",
                "bearer_methods_supported": ["header"],
                "dpop_signing_alg_values_supported": [ALGORITHM],
                **more,
            },
            headers=_CACHED,
        )

    async def _jwks(self, _request: Request) -> Response:
        return _json(await asyncio.to_thread(lambda: self.keys.jwks), headers=_CACHED)

    async def _status(self, request: Request) -> Response:
        """A status list: signed, and worth keeping for a minute."""
        signed = await self.statuses.signed(request.path_params["name"])
        if signed is None:
            return _json({"error": "not_found", "error_description": "there is no such list"}, status=404)
        return Response(signed, media_type="application/statuslist+jwt", headers=_CACHED)

    async def _token(self, request: Request, form: Mapping[str, str]) -> Response:
        kind = form.get("grant_type")
        if kind not in (CLIENT_CREDENTIALS, EXCHANGE):
            text = f"grant_type must be {CLIENT_CREDENTIALS}, or {EXCHANGE} for a person"
            raise OAuthProblem(OAuthError.UNSUPPORTED_GRANT_TYPE, text)
        if SCOPE in form.get("scope", "").split(" "):
            return await self._reporting(request, form)
        holder = Holder.of_client(await self._client(TOKEN, form)) if kind == CLIENT_CREDENTIALS else (
            await self._person(form)
        )  # fmt: skip
        if form.get("resource", self._audience) != self._audience:
            raise OAuthProblem(OAuthError.INVALID_TARGET, f"tokens are for {self._audience} alone")
        asked = _asked(form.get("authorization_details"))
        bound = await self._bound(request)
        issued = await self.issuing.issue(holder, asked, request.state.request_id, bound)
        return _json(
            {
                "access_token": issued.token,
                "token_type": "Bearer" if bound is None else "DPoP",
                "expires_in": issued.lifetime,
                "authorization_details": [issued.details],
                **({"issued_token_type": ACCESS_TOKEN} if kind == EXCHANGE else {}),
            }
        )

    async def _reporting(self, request: Request, form: Mapping[str, str]) -> Response:
        """A token to report lineage with, and for nothing else: not for a grant, and not for a person."""
        if form["grant_type"] != CLIENT_CREDENTIALS or form["scope"] != SCOPE or "authorization_details" in form:
            text = f"{SCOPE} is a scope of its own, for programs: ask with {CLIENT_CREDENTIALS} for it alone"
            raise OAuthProblem(OAuthError.INVALID_SCOPE, text)
        client = await self._client(TOKEN, form)
        if form.get("resource", self.reporting.audience) != self.reporting.audience:
            text = f"tokens with this scope are for {self.reporting.audience} alone"
            raise OAuthProblem(OAuthError.INVALID_TARGET, text)
        bound = await self._bound(request)
        token, lifetime = await self.reporting.issue(client, request.state.request_id, bound)
        kind = "Bearer" if bound is None else "DPoP"
        return _json({"access_token": token, "token_type": kind, "expires_in": lifetime, "scope": SCOPE})

    async def _introspect(self, _request: Request, form: Mapping[str, str]) -> Response:
        client = await self._client(INTROSPECT, form)
        verified = self._verified(form)
        if verified is None or not await self.issuing.counts(verified, (client.agency,)):
            return _json({"active": False})
        return _json(
            {
                "active": True,
                "iss": self.issuer,
                "aud": self._audience,
                "sub": verified.subject,
                "client_id": verified.client,
                "exp": int(verified.expires),
                "jti": verified.id,
                "token_type": "Bearer" if verified.thumbprint is None else "DPoP",
                "authorization_details": [verified.details],
                **({} if verified.thumbprint is None else {"cnf": {"jkt": verified.thumbprint}}),
            }
        )

    async def _revoke(self, request: Request, form: Mapping[str, str]) -> Response:
        """Answers the same whether there was something to revoke or not (RFC 7009, section 2.2)."""
        client = await self._client(REVOKE, form)
        verified = self._verified(form)
        if verified is not None and verified.client == client.id:
            await self.issuing.give_back(Holder.of_client(client), verified, request.state.request_id)
        return Response(status_code=200)

    @property
    def _audience(self) -> str:
        return f"{self.issuer}{RESOURCE}"

    async def _client(self, endpoint: str, form: Mapping[str, str]) -> Client:
        known = Assertions(self.graph, {self.issuer, f"{self.issuer}{endpoint}", f"{self.issuer}{TOKEN}"})
        try:
            return await known.client(
                form.get("client_assertion_type"), form.get("client_assertion"), form.get("client_id")
            )
        except OAuthProblem as problem:
            self.sign_ins.refused(str(problem))
            raise

    async def _person(self, form: Mapping[str, str]) -> Holder:
        token = form.get("subject_token")
        if form.get("subject_token_type") not in (ACCESS_TOKEN, _JWT) or not token:
            text = f"send your login token as subject_token, with subject_token_type {ACCESS_TOKEN}"
            raise OAuthProblem(OAuthError.INVALID_REQUEST, text)
        try:
            found = await self.authenticator.identified(f"Bearer {token}")
        except InvalidToken as problem:
            self.sign_ins.refused(problem.description)
            raise OAuthProblem(OAuthError.INVALID_GRANT, problem.description) from None
        return Holder.of_person(found.subject)

    async def _bound(self, request: Request) -> str | None:
        """The thumbprint of the key that a token is asked to be bound to."""
        proofs = request.headers.getlist("dpop")
        if not proofs:
            return None
        try:
            if len(proofs) > 1:
                raise ValueError("send one DPoP proof")
            proof = check_proof(proofs[0], method="POST", url=f"{self.issuer}{TOKEN}", now=self.clock())
        except ValueError as problem:
            raise OAuthProblem(OAuthError.INVALID_PROOF, str(problem)) from None
        if not await use_once(self.graph, "proof", proof.thumbprint, proof.id, now=self.clock(), until=proof.until):
            text = "the DPoP proof was used before; make one for each request"
            raise OAuthProblem(OAuthError.INVALID_PROOF, text)
        return proof.thumbprint

    def _verified(self, form: Mapping[str, str]) -> Verified | None:
        if not (token := form.get("token")):
            raise OAuthProblem(OAuthError.INVALID_REQUEST, "send the token")
        try:
            return self.verifier.verify(token, possession=False)
        except Refused:
            return None


class _Form:
    """Reads a form, and answers problems as OAuth has them."""

    def __init__(self, serve: Callable[[Request, Mapping[str, str]], Awaitable[Response]]) -> None:
        self._serve = serve

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            answer = await self._serve(request, _read(request, await request.body()))
        except OAuthProblem as problem:
            answer = _problem(problem)
        except (LogUnavailable, KeysUnavailable):
            text = "a part of the gateway is away, so no token is given out; try again in some seconds"
            answer = _problem(OAuthProblem(OAuthError.TEMPORARILY_UNAVAILABLE, text))
        await answer(scope, receive, send)


def _read(request: Request, body: bytes) -> Mapping[str, str]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise OAuthProblem(OAuthError.INVALID_REQUEST, "send a form (application/x-www-form-urlencoded)")
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=bool(body), errors="strict")
    except ValueError:
        raise OAuthProblem(OAuthError.INVALID_REQUEST, "this is no form in UTF-8") from None
    form = dict(pairs)
    if len(form) < len(pairs):
        raise OAuthProblem(OAuthError.INVALID_REQUEST, "send each parameter once")
    return form


def _asked(text: str | None) -> Asked:
    """What `authorization_details` ask for (RFC 9396)."""
    try:
        given: Any = orjson.loads(text or "")
    except ValueError:
        given = None
    only = given[0] if isinstance(given, list) and len(given) == 1 else None
    if not isinstance(only, dict) or only.get("type") != DETAILS or not isinstance(only.get("grant"), str):
        wanted = f'[{{"type":"{DETAILS}","grant":"gr_…"}}]'
        raise OAuthProblem(OAuthError.INVALID_DETAILS, f"name one grant in authorization_details: {wanted}")
    if unknown := only.keys() - _MEMBERS:
        text = f"authorization_details have a member {min(unknown)!r:.60}; known are {', '.join(sorted(_MEMBERS))}"
        raise OAuthProblem(OAuthError.INVALID_DETAILS, text)
    fields, named = only.get("fields"), [only.get("dataset"), only.get("purpose")]
    listed = isinstance(fields, list) and 0 < len(fields) <= _MOST_FIELDS and {*map(type, fields)} == {str}
    if not (fields is None or listed) or not all(one is None or isinstance(one, str) for one in named):
        text = "in authorization_details, fields are a list of names, dataset and purpose are texts"
        raise OAuthProblem(OAuthError.INVALID_DETAILS, text)
    return Asked(only["grant"], None if fields is None else tuple(fields), *named)


def _problem(problem: OAuthProblem) -> Response:
    body = {"error": problem.error, "error_description": str(problem)}
    if problem.reason:
        body["reason"] = problem.reason
    status = _UNAVAILABLE.get(problem.error, 400)
    return _json(body, status=status, headers={"retry-after": "5"} if status == 503 else None)


def _json(body: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(orjson.dumps(body), status, headers, "application/json")
