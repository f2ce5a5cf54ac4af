"""What is answered: the members of a response, every unexpected error masked, within the limit of its size."""

from dataclasses import dataclass
from typing import Any, Final

import orjson
import structlog
from graphql import GraphQLError
from strawberry.types import ExecutionResult

from gateway.graph import GraphTimeout, GraphUnavailable
from gateway.identity import InvalidToken, KeysUnavailable
from gateway.plan import BadInput
from gateway.schema.refusals import coded

_log: Final = structlog.get_logger("gateway.graphql")


@dataclass(frozen=True, slots=True)
class Answers:
    """Makes answers of results. `timeout` is the limit that an operation which took too long is told of."""

    most_bytes: int
    timeout: float

    def members(self, result: ExecutionResult, request_id: str) -> dict[str, Any]:
        """The result as JSON members, with every unexpected error masked.

        Raises:
            GraphUnavailable: nothing can be answered now.
        """
        errors = result.errors or []
        if not errors:
            return {"data": result.data}
        for error in errors:
            if isinstance(error.original_error, GraphUnavailable):
                raise error.original_error
        shown = [self.shown(error, request_id) for error in errors]
        if result.data is None and all(error.path is None for error in errors):
            return {"errors": shown}
        return {"data": result.data, "errors": shown}

    def failure(self, problem: Exception, request_id: str) -> Any:
        """What ended a subscription, as an error."""
        if isinstance(problem, GraphQLError):
            return self.shown(problem, request_id)
        if isinstance(problem, InvalidToken):
            return _error(problem.description, "UNAUTHENTICATED")
        if isinstance(problem, GraphUnavailable | KeysUnavailable):
            _log.error("failed", request_id=request_id, exc_info=problem)
            return _error("A service that the gateway needs is away; subscribe again in some seconds.", "UNAVAILABLE")
        return self.shown(GraphQLError("", original_error=problem), request_id)

    def shown(self, error: GraphQLError, request_id: str) -> Any:
        """An error as JSON members: a client's own mistake in full, of ours an id."""
        cause = error.original_error
        if isinstance(cause, BadInput):
            return {**error.formatted, "extensions": cause.extensions}
        if isinstance(cause, GraphTimeout):
            code = {"code": "LIMIT_TIME", "most": self.timeout}
            message = f"The query took longer than {self.timeout:g} seconds (GATEWAY_QUERY_TIMEOUT); ask for less."
            return {**error.formatted, "message": message, "extensions": code}
        if cause is None or isinstance(cause, GraphQLError):
            return coded(error)
        _log.error("unexpected error", request_id=request_id, exc_info=cause)
        message = f"Something went wrong on our side. Report it with this id: {request_id}."
        return {**error.formatted, "message": message, "extensions": {"code": "INTERNAL", "id": request_id}}

    def encoded(self, members: dict[str, Any]) -> bytes:
        """The response's bytes; one over the limit is refused whole."""
        encoded = orjson.dumps(members)
        if len(encoded) <= self.most_bytes:
            return encoded
        message = (
            f"The response has {len(encoded)} bytes; at most {self.most_bytes} are allowed "
            "(GATEWAY_MAX_RESPONSE_BYTES). Ask for smaller pages or fewer fields."
        )
        refusal = {"message": message, "extensions": {"code": "LIMIT_RESPONSE", "most": self.most_bytes}}
        return orjson.dumps({"data": None, "errors": [refusal]})


def _error(message: str, code: str) -> dict[str, Any]:
    return {"message": message, "extensions": {"code": code}}
