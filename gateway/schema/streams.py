"""Subscriptions: from what a client sent to the answers that follow, made and masked as those over HTTP are."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

from strawberry.types import ExecutionResult

from gateway.identity import Identified
from gateway.plan import Asker
from gateway.schema.answers import Answers
from gateway.schema.context import Context
from gateway.schema.execution import BoundedSchema
from gateway.schema.operation import Operation
from gateway.schema.subscription import Follower
from gateway.schema.upkeep import Upkeep
from gateway.sharing.changes import Changes


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is at a socket: as whom their new shapes of query are counted, and how they are looked up."""

    source: str
    identify: Callable[[], Awaitable[Identified]]
    request_id: str


@dataclass(frozen=True, slots=True)
class Stream:
    """A subscription that has begun; or the errors for which it has not."""

    answers: Answers
    request_id: str
    follower: Follower
    results: AsyncGenerator[ExecutionResult, None] | None
    errors: list[Any]

    async def encoded(self) -> AsyncGenerator[bytes, None]:
        """The responses, as JSON."""
        assert self.results is not None
        async with aclosing(self.results) as results:
            async for result in results:
                yield self.answers.encoded(self.answers.members(result, self.request_id))


@dataclass(frozen=True, slots=True)
class Streams:
    """Begins subscriptions."""

    schema: BoundedSchema
    answers: Answers
    context: Callable[[Asker, str], Context]
    changes: Changes
    upkeep: Upkeep

    async def begin(self, operation: Operation, caller: Caller) -> Stream:
        """Begin one. Whoever does has to end its follower.

        Raises:
            Refused: it is not one that can be run here.
            InvalidToken: the caller's credentials have ended.
        """

        async def identified() -> Identified:
            self.upkeep.nudge()
            return await caller.identify()

        follower = Follower(self.changes, identified)
        asker = Asker((await identified()).subject, caller.source)
        context = replace(self.context(asker, caller.request_id), follower=follower)
        try:
            found = await self.schema.follow(operation.query, operation.variables, context, operation.name)
            if isinstance(found, ExecutionResult):
                errors = self.answers.members(found, caller.request_id)["errors"]
                follower.end()
                return Stream(self.answers, caller.request_id, follower, None, errors)
        except BaseException:
            follower.end()
            raise
        return Stream(self.answers, caller.request_id, follower, found, [])
