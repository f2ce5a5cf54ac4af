"""Results that are already in the response's shape, and the executor that lets them through.

Only this room can make a `Shaped`: whoever could make one could answer anything.
"""

from dataclasses import dataclass
from typing import Any, Final

from graphql import GraphQLError, is_non_null_type
from graphql.pyutils import Path
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

_MINT: Final = object()


@dataclass(frozen=True, slots=True)
class Fault:
    """A value that the schema promises and the graph does not have, at a path below the root field."""

    path: tuple[str | int, ...]
    message: str


class Shaped:
    """A planned answer: its data, and the faults that were found in it."""

    __slots__ = ("data", "faults")

    def __init__(self, mint: object, data: Any, faults: tuple[Fault, ...] = ()) -> None:
        if mint is not _MINT:
            raise TypeError("Shaped is made by gateway.plan only")
        self.data = data
        self.faults = faults


def shaped(data: Any, faults: tuple[Fault, ...] = ()) -> Shaped:
    """For this room alone (an import rule of the project sees to that)."""
    return Shaped(_MINT, data, faults)


class PlannedExecutor(StrawberryGraphQLCoreExecutionContext):
    """graphql-core's executor, except that a `Shaped` value is complete as it is."""

    def complete_value(
        self, return_type: Any, field_details_list: Any, info: Any, path: Path, result: Any, position_context: Any
    ) -> Any:
        """A `Shaped` is its data; its faults join the response's errors with their whole paths."""
        if type(result) is not Shaped:
            return super().complete_value(return_type, field_details_list, info, path, result, position_context)
        if not result.faults:
            return result.data
        nodes = [details.node for details in field_details_list]
        errors = [GraphQLError(f.message, nodes, path=[*path.as_list(), *f.path]) for f in result.faults]
        # Where nothing is left of a field that is never null, its last fault has to go up to the parent.
        raised = errors.pop() if result.data is None and is_non_null_type(return_type) else None
        for error in errors:
            self.collected_errors.add(error, path)
        if raised is not None:
            raise raised
        return result.data
