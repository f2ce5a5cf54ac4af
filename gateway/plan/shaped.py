"""Results that are already in the response's shape, and the executor that lets them through.

Only this room can make a `Shaped`: whoever could make one could answer anything.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from graphql import GraphQLError, get_nullable_type, is_non_null_type, is_object_type
from graphql.pyutils import Path
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from gateway.plan.selection import is_aside

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
        data = self._with_faults(return_type, field_details_list, path, result) if result.faults else result.data
        if data is not None and (aside := _aside(return_type)):
            return self._with_aside(get_nullable_type(return_type), field_details_list, path, data, aside)
        return data

    def _with_aside(self, parent: Any, field_details_list: Any, path: Path, data: Any, names: frozenset[str]) -> Any:
        """An object of which some fields have resolvers of their own, which run now."""
        groups = self.collect_subfields(parent, field_details_list).grouped_field_set
        chosen = {key: group for key, group in groups.items() if group[0].node.name.value in names}
        if not chosen:
            return data
        found: Any = self.execute_fields(parent, None, path, chosen, None)

        async def whole() -> dict[str, Any]:
            resolved = {**data, **(await found if self.is_awaitable(found) else found)}
            return {key: resolved[key] for key in groups if key in resolved}

        return whole()

    def _with_faults(self, return_type: Any, field_details_list: Any, path: Path, result: Shaped) -> Any:
        nodes = [details.node for details in field_details_list]
        errors = [GraphQLError(f.message, nodes, path=[*path.as_list(), *f.path]) for f in result.faults]
        # Where nothing is left of a field that is never null, its last fault has to go up to the parent.
        raised = errors.pop() if result.data is None and is_non_null_type(return_type) else None
        for error in errors:
            self.collected_errors.add(error, path)
        if raised is not None:
            raise raised
        return result.data


@lru_cache(maxsize=4096)
def _aside(return_type: Any) -> frozenset[str]:
    """The fields of an object type that have resolvers of their own, beside the plan."""
    named = get_nullable_type(return_type)
    if not is_object_type(named):
        return frozenset()
    return frozenset(name for name, definition in named.fields.items() if is_aside(definition))
