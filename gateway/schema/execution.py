"""Runs one operation: the document from the cache, the limits, then graphql-core.

Strawberry's own `execute` parses and validates for every request unless extensions step in between; their bookkeeping
was a tenth of what a small query costs this process.
"""

from collections.abc import Iterable
from typing import Any

from graphql import GraphQLError, OperationType, execute
from graphql.pyutils import is_awaitable
from strawberry.federation import Schema
from strawberry.types import ExecutionContext, ExecutionResult
from strawberry.types.graphql import OperationType as Allowed

from gateway.plan import PlannedExecutor
from gateway.schema.limits import Bounds, Known, TooMuch
from gateway.schema.refusals import Refused


class BoundedSchema(Schema):
    """A schema whose documents are parsed, measured and validated once, and whose operations keep the limits.

    It writes no log: a client's mistakes are told to the client, ours are logged with an id by the view.
    """

    bounds: Bounds

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Nothing: the view shows and masks."""

    async def execute(
        self,
        query: str | None,
        variable_values: dict[str, Any] | None = None,
        context_value: Any | None = None,
        root_value: Any | None = None,
        operation_name: str | None = None,
        allowed_operation_types: Iterable[Allowed] | None = None,
        operation_extensions: dict[str, Any] | None = None,
    ) -> ExecutionResult:
        """Run one operation of a document.

        Raises:
            Refused: there is no document, it has no such operation, or that is of a kind that is not allowed here.
        """
        del operation_extensions
        if not query:
            raise Refused(400, "QUERY_MISSING", "The member query is missing or empty.")
        try:
            known = self.bounds.known(query)
            kind = _kind(known, operation_name)
        except GraphQLError as error:
            return ExecutionResult(data=None, errors=[error])
        # There are no subscriptions by any method, as validation says.
        refusable = allowed_operation_types is not None and kind is not OperationType.SUBSCRIPTION
        if refusable and Allowed[kind.name] not in (allowed_operation_types or ()):
            message = f"A {kind.value} cannot be sent by this method; send it by POST."
            raise Refused(405, "GET_NOT_ALLOWED", message, "POST")
        errors = known.errors or self._too_much(known, operation_name, variable_values or {})
        if errors:
            return ExecutionResult(data=None, errors=list(errors))
        found: Any = execute(
            self._schema,
            known.document,
            root_value,
            context_value,
            variable_values,
            operation_name,
            executor_class=PlannedExecutor,
            hide_suggestions=not self.bounds.suggestions,
        )
        if is_awaitable(found):
            found = await found
        return ExecutionResult(data=found.data, errors=found.errors)

    def _too_much(self, known: Known, name: str | None, variables: dict[str, Any]) -> tuple[GraphQLError, ...]:
        found, most = self.bounds.nodes(known, name, variables), self.bounds.limits.nodes
        return (TooMuch("nodes", most, found),) if found > most else ()


def _kind(known: Known, name: str | None) -> OperationType:
    """Whether the operation to be run is a query or a mutation."""
    if name is None and len(known.operations) > 1 and not known.errors:
        raise GraphQLError(
            f"The document has {len(known.operations)} operations; say by operationName which one to run.",
            extensions={"code": "OPERATION_NAME_NEEDED"},
        )
    for operation, kind in known.operations:
        if name is None or operation == name:
            return kind
    if name is None:
        raise Refused(400, "OPERATION_MISSING", "The document has no operation to run.")
    raise Refused(400, "OPERATION_UNKNOWN", f"operationName: the document has no operation named {name!r}.")
