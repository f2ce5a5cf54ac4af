"""What cannot be run at all: the refusal of a request before GraphQL, in the shape of a GraphQL error with a code."""

from typing import Any, Final

import orjson
from graphql import GraphQLError, GraphQLSyntaxError
from starlette.responses import Response

_KNOWN: Final = (
    ("Unable to parse request body as JSON", "NOT_JSON", "The body, or `variables` in the address, is not valid JSON."),
    ("Unsupported content type", "UNSUPPORTED_CONTENT_TYPE", "Send the query as application/json."),
    ("Batching is not enabled", "BATCHING_OFF", "One operation per request; a list of them is not taken."),
    ("mutations are not allowed when using GET", "GET_NOT_ALLOWED", "Only queries can be sent by GET."),
    ("GraphQL only supports GET and POST requests.", "METHOD_NOT_ALLOWED", "Only GET and POST are served here."),
    ("Not Found", "NOT_FOUND", "There is no page here; send a query."),
)
"""The view's own words, the code that stands for them, and what we say."""


def refused(status: int, reason: str, media_type: str) -> Response:
    """The response to a request that was refused with `reason`."""
    code, message = next(((c, m) for r, c, m in _KNOWN if reason == r), ("BAD_REQUEST", reason))
    body = orjson.dumps({"errors": [{"message": message, "extensions": {"code": code}}]})
    headers = {"allow": "GET, POST"} if status == 405 else None  # as RFC 9110 asks
    return Response(body, status_code=status, headers=headers, media_type=f"{media_type}; charset=utf-8")


def coded(error: GraphQLError) -> Any:
    """A client's mistake as JSON members, with a code also where graphql-core gives none."""
    formatted: Any = error.formatted
    if error.path is None and "code" not in (error.extensions or {}):
        code = "INVALID_SYNTAX" if isinstance(error, GraphQLSyntaxError) else "INVALID_QUERY"
        return {**formatted, "extensions": {**(error.extensions or {}), "code": code}}
    return formatted
