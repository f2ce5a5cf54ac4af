"""What cannot be run at all, and a client's mistakes: each with a stable code, in the shape of a GraphQL error."""

from typing import Any, Final

from graphql import GraphQLError, GraphQLSyntaxError

LONGEST_MESSAGE: Final = 500
"""Characters of a message: one that quotes what the client sent must not send all of it back."""


class Refused(Exception):
    """A request that is refused before GraphQL: status, code, words; for a 405 the methods that are right."""

    def __init__(self, status: int, code: str, message: str, allow: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.allow = allow

    @property
    def formatted(self) -> dict[str, Any]:
        """As a member of `errors`."""
        return {"message": _cut(str(self)), "extensions": {"code": self.code}}


def coded(error: GraphQLError) -> Any:
    """A client's mistake as JSON members, with a code also where graphql-core gives none."""
    formatted: Any = {**error.formatted, "message": _cut(error.message)}
    if error.path is None and "code" not in (error.extensions or {}):
        code = "INVALID_SYNTAX" if isinstance(error, GraphQLSyntaxError) else "INVALID_QUERY"
        return {**formatted, "extensions": {**(error.extensions or {}), "code": code}}
    return formatted


def _cut(message: str) -> str:
    return message if len(message) <= LONGEST_MESSAGE else f"{message[:LONGEST_MESSAGE]} …"
