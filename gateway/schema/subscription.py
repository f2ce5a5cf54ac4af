"""What can be followed: cases, as they change."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, Final

import strawberry
from strawberry import Info

from gateway.graph import GraphUnavailable
from gateway.identity import Identified, KeysUnavailable
from gateway.plan import Asker, BadInput
from gateway.schema.cases import AccessGrant, AccessRequest, grant_of, request_of
from gateway.schema.context import Context
from gateway.schema.scalars import DateTime
from gateway.sharing.changes import Change, Changes, Feed, TooSlow

LOOK_AGAIN: Final = 30.0
"""Seconds after which somebody who is told nothing is looked up again all the same."""
LOOK_SOON: Final = 0.5
"""Seconds before which nobody is, unless there is something to tell."""


@dataclass(slots=True)
class Follower:
    """One subscription: where changes come from, and who is told of them, asked anew each time."""

    changes: Changes
    identify: Callable[[], Awaitable[Identified]]
    feed: Feed | None = None

    def end(self) -> None:
        """Follow no longer."""
        if self.feed is not None:
            self.changes.leave(self.feed)


@strawberry.type(description="That a case has changed. Several changes soon after each other may be told as one.")
class CaseChange:
    """A change, and the context of whoever is told of it."""

    changed_at: DateTime = strawberry.field(
        description="When the case or its grant was last moved, by the clock of the gateway that did it."
    )
    access_request: AccessRequest = strawberry.field(description="The case, as it is now.")
    grant: AccessGrant | None = strawberry.field(
        description="授权. The grant that it led to, as it is now, when that has changed; null when only the case has."
    )
    context: strawberry.Private[Context]


if TYPE_CHECKING:
    Asked = Any
else:
    Asked = Info


@strawberry.type(description="What can be followed, over a WebSocket by the protocol graphql-transport-ws.")
class Subscription:
    """The root of subscriptions."""

    @strawberry.subscription(
        description="申请. Changes of the state or version of cases that the caller may see, and of grants of these,"
        " whoever made them, from now on. It ends when the caller's office does."
    )
    async def case_changed(
        self,
        info: Asked,
        access_request: Annotated[
            strawberry.ID | None,
            strawberry.argument(description="The id of a case, to follow that one alone; all without it."),
        ] = None,
    ) -> AsyncIterator[CaseChange]:
        """Followed before this returns, so that what comes afterwards is not missed.

        Raises:
            BadInput: `NOT_FOUND`, also for what is not theirs to see.
        """
        context: Context = info.context
        follower = context.follower
        assert follower is not None
        follower.feed = await follower.changes.join(context.asker.subject, access_request)
        if access_request is not None and await context.cases.one(context.asker.subject, access_request) is None:
            raise BadInput("NOT_FOUND", f"accessRequest: there is no case {access_request!r:.60}.")
        return _told(context, follower, follower.feed)


async def _told(context: Context, follower: Follower, feed: Feed) -> AsyncIterator[CaseChange]:
    """The changes, each for the caller as the graph knows them at that moment.

    Raises:
        InvalidToken: the caller's credentials have ended.
        BadInput: `TOO_SLOW`.
    """
    change: Change | None = None
    identified = await follower.identify()
    as_agency = identified.subject.agency is not None
    while True:
        try:
            identified = await follower.identify()
        except (GraphUnavailable, KeysUnavailable):
            if change is not None:
                raise
            # Nothing is told for now, so that nobody has to know the caller for now.
        feed.subject = identified.subject
        if identified.subject.id is None or (as_agency and identified.subject.agency is None):
            return
        if change is not None:
            asker = Asker(identified.subject, context.asker.source)
            told = await _seen(replace(context, asker=asker), change)
            if told is not None:
                yield told
        try:
            change = await feed.next(min(LOOK_AGAIN, max(LOOK_SOON, identified.expires - time.time())))
        except TooSlow:
            text = "More changes waited than are kept for one who does not take them; subscribe and read them anew."
            raise BadInput("TOO_SLOW", text) from None


async def _seen(context: Context, change: Change) -> CaseChange | None:
    """A change, if its case is the caller's to see."""
    subject = context.asker.subject
    case = await context.cases.one(subject, change.case)
    if case is None:
        return None
    grant = None if change.grant is None else await context.cases.grant(subject, change.grant)
    return CaseChange(
        changed_at=case["movedAt"] if grant is None else max(case["movedAt"], grant["movedAt"]),
        access_request=request_of(context, case),
        grant=None if grant is None else grant_of(context, grant),
        context=context,
    )
