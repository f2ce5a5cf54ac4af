"""What a client sent, by HTTP or over a WebSocket, read and checked."""

from dataclasses import dataclass
from typing import Any

import orjson

from gateway.schema.refusals import Refused


@dataclass(frozen=True, slots=True)
class Operation:
    """What a client sent."""

    query: str | None
    variables: dict[str, Any] | None
    name: str | None


def parsed(text: bytes | str, what: str) -> Any:
    """JSON without lone surrogates and without nesting that would exhaust the stack.

    Raises:
        Refused: `NOT_JSON`.
    """
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as problem:
        raise Refused(400, "NOT_JSON", f"{what} is not valid JSON: {problem}.") from None


def checked(given: Any) -> Operation:
    """The members of a request.

    Raises:
        Refused: `BATCHING_OFF`; `BAD_REQUEST`, for one that is not of its type.
    """
    if isinstance(given, list):
        raise Refused(400, "BATCHING_OFF", "One operation per request; a list of them is not taken.")
    if not isinstance(given, dict):
        raise Refused(400, "BAD_REQUEST", "The request body has to be a JSON object with the member query.")
    for name, kind, said in (
        ("query", str, "a string"),
        ("variables", dict, "an object"),
        ("operationName", str, "a string"),
        ("extensions", dict, "an object"),
    ):
        value = given.get(name)
        if value is not None and not isinstance(value, kind):
            raise Refused(400, "BAD_REQUEST", f"The member {name} must be {said} or null.")
    return Operation(given.get("query"), given.get("variables"), given.get("operationName"))
