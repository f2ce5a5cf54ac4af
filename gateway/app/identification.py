"""Puts the caller into the request's state as `subject`, or answers 401 the way RFC 6750 asks for."""

from functools import partial
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.app import metrics
from gateway.app.replies import Code, refuse
from gateway.app.sign_ins import SignIns
from gateway.identity import Authenticator, Identified, InvalidToken

REALM: Final = "public-data-gateway"


class Identification:
    """Wraps what needs to know who is asking."""

    def __init__(self, app: ASGIApp, authenticator: Authenticator, sign_ins: SignIns) -> None:
        self._app = app
        self._authenticator = authenticator
        self._sign_ins = sign_ins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request. At a socket credentials may come later: it leaves `identify` in the state."""
        presented = [value.decode("latin-1") for name, value in scope["headers"] if name == b"authorization"]
        if scope["type"] == "websocket":
            scope["state"]["identify"] = partial(self._at_socket, presented)
            await self._app(scope, receive, send)
            return
        try:
            found = await self._identified(presented)
        except InvalidToken as problem:
            challenge = f'Bearer realm="{REALM}"'
            if problem.presented:
                challenge += f', error="invalid_token", error_description="{problem.description}"'
            header = (b"www-authenticate", challenge.encode("ascii"))
            await refuse(send, 401, Code.UNAUTHENTICATED, problem.description, [header])
            return
        scope["state"]["subject"] = found.subject
        await self._app(scope, receive, send)

    async def _at_socket(self, presented: list[str], given: str | None, *, again: bool = False) -> Identified:
        """See `Identify`."""
        every = presented if given is None else [*presented, given]
        return await (self._only(every) if again else self._identified(every))

    async def _identified(self, presented: list[str]) -> Identified:
        """The caller, counted."""
        try:
            found = await self._only(presented)
        except InvalidToken as problem:
            metrics.refused.inc()
            self._sign_ins.refused(problem.description)
            raise
        (metrics.identified if presented else metrics.public).inc()
        return found

    async def _only(self, presented: list[str]) -> Identified:
        if len(presented) > 1:
            raise InvalidToken("there is more than one Authorization header")
        return await self._authenticator.identified(presented[0] if presented else None)
