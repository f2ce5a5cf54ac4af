"""Runs one operation: the document from the cache, the limits, then graphql-core.

Strawberry's own `execute` parses and validates for every request unless extensions step in between; their bookkeeping
was a tenth of what a small query costs this process.
"""

from collections.abc import AsyncGenerator, Iterable
from typing import Any

from graphql import Executor, GraphQLError, OperationType, execute, subscribe
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
        if kind is OperationType.SUBSCRIPTION:
            message = "A subscription is sent over a WebSocket at this address, by the protocol graphql-transport-ws."
            raise Refused(400, "WEBSOCKET_NEEDED", message)
        if allowed_operation_types is not None and Allowed[kind.name] not in allowed_operation_types:
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

    async def follow(
        self, query: str | None, variables: dict[str, Any] | None, context: Any, name: str | None
    ) -> AsyncGenerator[ExecutionResult, None] | ExecutionResult:
        """Begin a subscription: its results, one for each event, or why there are none.

        Raises:
            Refused: there is no document, it has no such operation, or that is no subscription.
        """
        if not query:
            raise Refused(400, "QUERY_MISSING", "The member query is missing or empty.")
        try:
            known = self.bounds.known(query)
            kind = _kind(known, name)
        except GraphQLError as error:
            return ExecutionResult(data=None, errors=[error])
        if kind is not OperationType.SUBSCRIPTION:
            message = f"Only subscriptions are taken over a WebSocket; send a {kind.value} to this address by POST."
            raise Refused(400, "SUBSCRIPTION_NEEDED", message)
        errors = known.errors or self._too_much(known, name, variables or {})
        if errors:
            return ExecutionResult(data=None, errors=list(errors))
        found: Any = subscribe(
            self._schema,
            known.document,
            None,
            context,
            variables,
            name,
            executor_class=_EventExecutor,
            hide_suggestions=not self.bounds.suggestions,
        )
        if is_awaitable(found):
            found = await found
        return found if isinstance(found, AsyncGenerator) else ExecutionResult(data=found.data, errors=found.errors)

    def _too_much(self, known: Known, name: str | None, variables: dict[str, Any]) -> tuple[GraphQLError, ...]:
        found, most = self.bounds.nodes(known, name, variables), self.bounds.limits.nodes
        return (TooMuch("nodes", most, found),) if found > most else ()


class _EventExecutor(PlannedExecutor):
    """Runs each event in the context that came with it: the caller is looked up anew for each."""

    def build_per_event_executor(self, payload: Any) -> Executor[Any]:
        """With the event's own context."""
        executor = super().build_per_event_executor(payload)
        executor.context_value = payload.context
        return executor


def _kind(known: Known, name: str | None) -> OperationType:
    """What the operation to be run is."""
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
