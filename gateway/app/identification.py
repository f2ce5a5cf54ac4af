"""Puts the caller into the request's state as `subject`, or answers 401 the way RFC 6750 asks for."""

from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.app import metrics
from gateway.app.replies import Code, refuse
from gateway.app.sign_ins import SignIns
from gateway.identity import PUBLIC, Authenticator, InvalidToken

REALM: Final = "public-data-gateway"


class Identification:
    """Wraps what needs to know who is asking."""

    def __init__(self, app: ASGIApp, authenticator: Authenticator, sign_ins: SignIns) -> None:
        self._app = app
        self._authenticator = authenticator
        self._sign_ins = sign_ins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        presented = [value for name, value in scope["headers"] if name == b"authorization"]
        try:
            if len(presented) > 1:
                raise InvalidToken("there is more than one Authorization header")
            subject = await self._authenticator.subject(presented[0].decode("latin-1")) if presented else PUBLIC
        except InvalidToken as problem:
            metrics.refused.inc()
            self._sign_ins.refused(problem.description)
            challenge = f'Bearer realm="{REALM}"'
            if problem.presented:
                challenge += f', error="invalid_token", error_description="{problem.description}"'
            header = (b"www-authenticate", challenge.encode("ascii"))
            await refuse(send, 401, Code.UNAUTHENTICATED, problem.description, [header])
            return
        (metrics.identified if presented else metrics.public).inc()
        scope["state"]["subject"] = subject
        await self._app(scope, receive, send)
