"""What cannot be run at all: the refusal of a request before GraphQL, in the shape of a GraphQL error with a code."""

from dataclasses import dataclass
from typing import Any, Final

import orjson
from cross_web import HTTPException
from graphql import GraphQLError, GraphQLSyntaxError
from starlette.responses import Response

LONGEST_MESSAGE: Final = 500
"""Characters of a message: one that quotes what the client sent must not send all of it back."""

_MEMBER: Final = "must be {} or null."


@dataclass(frozen=True, slots=True)
class _Refusal:
    """What is answered where the view says `reason`."""

    reason: str
    status: int
    code: str
    message: str
    allow: str = ""
    """The methods that would have been right, for the header of a 405 (RFC 9110)."""


_KNOWN: Final = (
    _Refusal(
        "Unsupported content type", 415, "UNSUPPORTED_CONTENT_TYPE",
        "Send the query as a JSON object with Content-Type: application/json.",
    ),
    _Refusal("Batching is not enabled", 400, "BATCHING_OFF", "One operation per request; a list of them is not taken."),
    _Refusal("No GraphQL query found in the request", 400, "QUERY_MISSING", "The member query is missing or empty."),
    _Refusal(
        "The GraphQL operation's `query` must be a string or null, if provided.", 400, "BAD_REQUEST",
        f"The member query {_MEMBER.format('a string')}",
    ),
    _Refusal(
        "The GraphQL operation's `variables` must be an object or null, if provided.", 400, "BAD_REQUEST",
        f"The member variables {_MEMBER.format('an object')}",
    ),
    _Refusal(
        "The GraphQL operation's `extensions` must be an object or null, if provided.", 400, "BAD_REQUEST",
        f"The member extensions {_MEMBER.format('an object')}",
    ),
    _Refusal("Can't get GraphQL operation type", 400, "OPERATION_MISSING", "The document has no operation to run."),
    _Refusal(
        "mutations are not allowed when using GET", 405, "GET_NOT_ALLOWED",
        "Only queries can be sent by GET; send a mutation by POST.", "POST",
    ),
    _Refusal(
        "GraphQL only supports GET and POST requests.", 405, "METHOD_NOT_ALLOWED",
        "Only GET and POST are served here.", "GET, POST",
    ),
    _Refusal("Not Found", 404, "NOT_FOUND", "There is no page here; send a query."),
)  # fmt: skip
"""The view's own words, and what stands for them. A test asks for each, so that none is lost when the words change."""

_UNKNOWN_OPERATION: Final = 'Unknown operation named "'
"""How the view's words begin where operationName names no operation of the document."""


class Refused(HTTPException):
    """A request that we refuse in our own words."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(status, message)
        self.code = code


def refused(problem: HTTPException, media_type: str) -> Response:
    """The response to a request that was refused."""
    meant = _meant(problem)
    error = {"message": _cut(meant.message), "extensions": {"code": meant.code}}
    return Response(
        orjson.dumps({"errors": [error]}),
        status_code=meant.status,
        headers={"allow": meant.allow} if meant.allow else None,
        media_type=f"{media_type}; charset=utf-8",
    )


def _meant(problem: HTTPException) -> _Refusal:
    reason, status = problem.reason, problem.status_code
    if isinstance(problem, Refused):
        return _Refusal(reason, status, problem.code, reason)
    if reason.startswith(_UNKNOWN_OPERATION):
        message = f"operationName: the document has no operation named {reason[len(_UNKNOWN_OPERATION) - 1 :]}"
        return _Refusal(reason, status, "OPERATION_UNKNOWN", message)
    return next((known for known in _KNOWN if known.reason == reason), _Refusal(reason, status, "BAD_REQUEST", reason))


def coded(error: GraphQLError) -> Any:
    """A client's mistake as JSON members, with a code also where graphql-core gives none."""
    formatted: Any = {**error.formatted, "message": _cut(error.message)}
    if error.path is None and "code" not in (error.extensions or {}):
        code = "INVALID_SYNTAX" if isinstance(error, GraphQLSyntaxError) else "INVALID_QUERY"
        return {**formatted, "extensions": {**(error.extensions or {}), "code": code}}
    return formatted


def _cut(message: str) -> str:
    return message if len(message) <= LONGEST_MESSAGE else f"{message[:LONGEST_MESSAGE]} …"
