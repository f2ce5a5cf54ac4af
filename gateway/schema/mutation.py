"""The changes that can be asked for. Each is one call into the room that makes it."""

from typing import Annotated, Any

import strawberry
from strawberry import Info

from gateway.catalog.refresh import Refresh, record_refresh
from gateway.schema.causes import cause_of
from gateway.schema.clients import ClientMutations
from gateway.schema.connecting import SourceMutations
from gateway.schema.context import Context
from gateway.schema.dataset import Dataset
from gateway.schema.filing import FilingMutations
from gateway.schema.naming import LineageNameMutations
from gateway.schema.problem import Problem, attempt, check_key
from gateway.schema.scalars import DateTime
from gateway.schema.stating import StatingMutations


@strawberry.input(description="A provider's statement that the data behind an entry is up to date.")
class RecordRefreshInput:
    """What is stated."""

    dataset: strawberry.ID = strawberry.field(description="The global id of the dataset.")
    refreshed_at: DateTime = strawberry.field(description="The instant as of which its data is up to date.")
    idempotency_key: str = strawberry.field(
        description="A key of the caller's own, 8 to 200 characters. The same again is the same change, for 30 days."
    )


@strawberry.type(description="What became of a statement of refresh.")
class RecordRefreshPayload:
    """The dataset as it is since, and the event in the log."""

    event: strawberry.ID | None = strawberry.field(description="The id of the event in the log.")
    problems: list[Problem] = strawberry.field(description="Why it was refused; empty when it was made and logged.")
    dataset_id: strawberry.Private[str | None]

    @strawberry.field(description="The dataset, as it is now.")
    async def dataset(self, info: Info[Context, Any]) -> Dataset | None:
        """Answered by the plan, like everything of the catalogue."""
        if self.dataset_id is None:
            return None
        keys = {"id": self.dataset_id}
        found: Any = await info.context.planner.by_key(info._raw_info, info.context.asker, "Dataset", keys)
        return found


@strawberry.type(description="What can be changed.")
class Mutation(FilingMutations, ClientMutations, SourceMutations, LineageNameMutations, StatingMutations):
    """The root of changes."""

    @strawberry.mutation(
        description="更新. State that the data of one's own dataset was verified and updated (article 10)."
    )
    async def record_refresh(
        self,
        info: Info[Context, Any],
        input: Annotated[RecordRefreshInput, strawberry.argument(description="The statement.")],
    ) -> RecordRefreshPayload:
        """R10."""
        context = info.context
        subject = context.asker.subject
        if (bad := check_key(input.idempotency_key)) is not None:
            return RecordRefreshPayload(event=None, problems=[bad], dataset_id=None)
        made, problems = await attempt(
            record_refresh(
                context.ledger,
                subject,
                context.planner.table_for(subject.profile),
                cause_of(context),
                Refresh(input.dataset, input.refreshed_at),
                input.idempotency_key,
            )
        )
        made = made or {}
        return RecordRefreshPayload(event=made.get("event"), problems=problems, dataset_id=made.get("dataset"))
