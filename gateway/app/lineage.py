"""`/lineage/events`: OpenLineage events of agencies' registered programs. What becomes of them is for `lineage`."""

from dataclasses import dataclass
from functools import partial
from typing import Final

from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from gateway.app.body import BodyLimit
from gateway.app.presenting import Presenting, Unauthenticated
from gateway.app.replies import RETRY_AFTER, Code, refuse, reply
from gateway.audit.errors import LogPending, LogUnavailable
from gateway.audit.event import About, Cause
from gateway.audit.ledger import Denied
from gateway.graph import Graph
from gateway.lineage import Recording, Reporter
from gateway.oauth import Holder
from gateway.oauth.clients import Client, find_client
from gateway.oauth.reporting import SCOPE
from gateway.policy.store import PolicyStore

_JSON: Final = "application/json"


@dataclass(frozen=True, slots=True)
class Lineage:
    """The endpoint."""

    graph: Graph
    recording: Recording
    presenting: Presenting
    policy: PolicyStore
    most: int
    """Bytes of a body."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request. Who asks is known before anything of the body is read."""
        request = Request(scope, receive)
        if request.method != "POST":
            text = "events are sent with POST"
            await refuse(send, 405, Code.METHOD_NOT_ALLOWED, text, [(b"allow", b"POST")])
            return
        try:
            program = await self._program(request)
        except Unauthenticated as problem:
            await self.presenting.challenge(send, problem)
            return
        limited = BodyLimit(partial(self._take, program), self.most, "GATEWAY_MAX_LINEAGE_BYTES")
        await limited(scope, receive, send)

    async def _program(self, request: Request) -> Client:
        """The program that asks, which is still registered.

        Raises:
            Unauthenticated: its token is no good, or not for this.
        """
        token = await self.presenting.program(request, SCOPE)
        client = await find_client(self.graph, token.client)
        if client is None or client.agency != token.subject:
            raise self.presenting.refused("invalid_token", "the token's program is not registered any more")
        return client

    async def _take(self, program: Client, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != _JSON or request.headers.get("content-encoding", "identity") != "identity":
            await refuse(send, 415, Code.BAD_REQUEST, f"send events as {_JSON}, not compressed")
            return
        cause = Cause(Holder.of_client(program).actor, self.policy.current.digest, scope["state"]["request_id"])
        reporter = Reporter(program.id, program.agency, About((program.agency,), program.jurisdictions))
        try:
            accepted = await self.recording.record(cause, reporter, await request.body())
        except Denied as denied:
            await refuse(send, 400, denied.code, str(denied), path=denied.path)
        except LogPending:
            text = "the events were taken; their record is not in the log yet: send them again to wait for it"
            await refuse(send, 503, "LOG_PENDING", text, [RETRY_AFTER])
        except LogUnavailable:
            text = "the log cannot be written, so nothing was taken; send it again in some seconds"
            await refuse(send, 503, Code.LOG_UNAVAILABLE, text, [RETRY_AFTER])
        else:
            await reply(send, 201, {"accepted": accepted})
