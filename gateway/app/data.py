"""`/data/…`: rows and files of a dataset, to whoever may have them; each fetch is in the log before its first byte."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl

import orjson
import structlog
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from gateway.app.acceptable import form_of
from gateway.app.presenting import Presenting, TooMany, Unauthenticated
from gateway.app.replies import RETRY_AFTER, Code, Header, refuse
from gateway.app.streaming import GONE, hand_out
from gateway.audit.errors import LogUnavailable
from gateway.delivery import DeliveryError, Form
from gateway.fetching import BadWish, Desk, Handout, NotAdmitted, Wanted
from gateway.fetching.wanted import from_json, from_query

_log = structlog.get_logger("gateway.data")

_STATUS: Final[Mapping[str, int]] = {
    "BAD_CONDITION": 400,
    "NOT_FOUND": 404,
    "NO_FILE": 404,
    "NOT_CONNECTED": 404,
    "SOURCE_CHANGED": 409,
    "QUOTA": 429,
    "COLUMN_MISSING": 502,
    "COLUMN_TYPE": 502,
    "BAD_VALUE": 502,
    "BUSY": 503,
    "WORKER_DIED": 503,
    "LOG_PENDING": 503,
    "SOURCE_GONE": 504,
    "SOURCE_SLOW": 504,
}
"""Of codes of refusals; all others are 403."""
_AGAIN: Final = frozenset({429, 503})
_JSON: Final = "application/json"


@dataclass(frozen=True, slots=True)
class Data:
    """The data endpoint."""

    desk: Desk
    presenting: Presenting

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        request = Request(scope, receive)
        try:
            wanted = await _wanted(request)
            caller = await self.presenting.caller(request)
            handout = await self.desk.begin(
                caller, request.path_params["identifier"], wanted, scope["state"]["request_id"]
            )
        except _NotAllowed:
            allow = [(b"allow", b"GET, POST")]
            await refuse(send, 405, Code.METHOD_NOT_ALLOWED, "rows are fetched with GET or POST", allow)
        except _NotAcceptable:
            text = f"rows come as {', '.join(form.content_type.partition(';')[0] for form in Form)}"
            await refuse(send, 406, Code.NOT_ACCEPTABLE, text)
        except Unauthenticated as problem:
            await self.presenting.challenge(send, problem)
        except TooMany as problem:
            await refuse(send, 429, Code.TOO_MANY, str(problem), [(b"retry-after", b"60")])
        except BadWish as problem:
            await refuse(send, 400, problem.code, str(problem), parameter=problem.parameter)
        except NotAdmitted as problem:
            await _refused(send, problem.code, str(problem), **_reason(problem))
        except DeliveryError as problem:
            await _unread(send, problem)
        except LogUnavailable:
            message = "the log cannot be written, so nothing is handed out; try again in some seconds"
            await refuse(send, 503, Code.LOG_UNAVAILABLE, message, [RETRY_AFTER])
        else:
            await self._hand_out(request, wanted, handout, send)

    async def _hand_out(self, request: Request, wanted: Wanted, handout: Handout, send: Send) -> None:
        reason: str | None = GONE
        try:
            reason = await hand_out(
                self.desk, request, wanted, handout, send, unread=lambda problem: _unread(send, problem)
            )
        finally:
            try:
                # Also when the request was cancelled: what has left has left.
                await asyncio.shield(self.desk.end(handout, reason))
            except LogUnavailable as problem:
                _log.error("the end of a fetch is not in the log", fetch=handout.event.id, problem=str(problem))


class _NotAllowed(Exception):
    """Another method."""


class _NotAcceptable(Exception):
    """The client takes none of the forms."""


async def _wanted(request: Request) -> Wanted:
    """What a request asks for.

    Raises:
        BadWish, _NotAllowed, _NotAcceptable: it is none that can be answered.
    """
    form = form_of(request.headers.get("accept"))
    match request.method:
        case "GET":
            query = request.scope["query_string"].decode("latin-1")
            try:
                pairs = parse_qsl(query, keep_blank_values=True, errors="strict")
            except ValueError:
                raise BadWish("BAD_PARAMETER", "the parameters are not in UTF-8", "") from None
            wanted = from_query(pairs, form)
        case "POST":
            if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _JSON:
                raise BadWish("BAD_PARAMETER", f"send a JSON object ({_JSON})", "")
            try:
                given: Any = orjson.loads(await request.body())
            except ValueError:
                raise BadWish("BAD_PARAMETER", "the body is no JSON", "") from None
            wanted = from_json(given, form)
        case _:
            raise _NotAllowed
    if wanted.form is None:
        raise _NotAcceptable
    return wanted


def _reason(problem: NotAdmitted) -> Mapping[str, Any]:
    """Why the policy refuses, and what leads further."""
    decision = problem.decision
    if decision is None:
        return {}
    return {
        "rule": decision.rule,
        "requirement": decision.requirement,
        "reason": {"zh": decision.reason_zh, "en": decision.reason_en},
        "next": decision.next,
    }


async def _unread(send: Send, problem: DeliveryError) -> None:
    await _refused(send, problem.code, str(problem), **({} if problem.field is None else {"field": problem.field}))


async def _refused(send: Send, code: str, message: str, **more: Any) -> None:
    status = _STATUS.get(code, 403)
    headers: list[Header] = [RETRY_AFTER] if status in _AGAIN else []
    await refuse(send, status, code, message, headers, **more)
