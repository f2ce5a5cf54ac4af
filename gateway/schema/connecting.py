"""汇聚. Connecting one's own datasets to what one delivers (R12)."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, Final

import strawberry
from strawberry import Info

from gateway.schema.causes import cause_of
from gateway.schema.context import Context
from gateway.schema.enums import FileFormat, SourceFault
from gateway.schema.problem import Problem, attempt, check_key
from gateway.schema.sources import SourceDifference
from gateway.sources import Delivered, Table

_KEY: Final = "A key of the caller's own, 8 to 200 characters. The same again is the same change, for 30 days."
_CODE: Final = "The code of the dataset."
Asked = Info[Context, Any]


@strawberry.input(description="Files with the rows of a dataset.")
class ConnectFilesInput:
    """What is connected."""

    identifier: str = strawberry.field(description=_CODE)
    format: FileFormat = strawberry.field(description="The format of the files with rows.")
    paths: list[str] = strawberry.field(
        description="Files with rows, one after another: below the folder of deliveries, in that of the agency's code."
    )
    documents: list[str] = strawberry.field(
        default_factory=list, description="Whole files of the dataset: documents, images, video. In the same folder."
    )
    idempotency_key: str = strawberry.field(description=_KEY)


@strawberry.input(description="A table or view in the agency's own PostgreSQL.")
class ConnectTableInput:
    """What is connected."""

    identifier: str = strawberry.field(description=_CODE)
    connection: str = strawberry.field(
        description="What the operator calls the database: the agency's code, or that with more behind a /."
    )
    schema: str = strawberry.field(description="Its schema.")
    table: str = strawberry.field(description="Its name.")
    idempotency_key: str = strawberry.field(description=_KEY)


@strawberry.input(description="A dataset that is connected.")
class SourceInput:
    """Which."""

    identifier: str = strawberry.field(description=_CODE)
    idempotency_key: str = strawberry.field(description=_KEY)


@strawberry.type(description="What became of a change of a source.")
class SourcePayload:
    """What was found."""

    source_id: strawberry.ID | None = strawberry.field(description="The id of the source.")
    differences: list[SourceDifference] = strawberry.field(
        description="How what is delivered differs from the catalogue. That does not stand against connecting it."
    )
    problems: list[Problem] = strawberry.field(description="Why it was refused; empty when it was made and logged.")


@strawberry.type
class SourceMutations:
    """Changes of sources."""

    @strawberry.mutation(
        description="Connect one's own dataset to delivered files, by officers and heads (article 12)."
    )
    async def connect_files(
        self, info: Asked, input: Annotated[ConnectFilesInput, strawberry.argument(description="The files.")]
    ) -> SourcePayload:
        """R12."""
        stated = Delivered(input.format, tuple(input.paths), tuple(input.documents))
        return await _connected(info.context, input.identifier, stated, input.idempotency_key)

    @strawberry.mutation(
        description="Connect one's own dataset to a table of one's own, by officers and heads (article 12)."
    )
    async def connect_table(
        self, info: Asked, input: Annotated[ConnectTableInput, strawberry.argument(description="The table.")]
    ) -> SourcePayload:
        """R12."""
        stated = Table(input.connection, input.schema, input.table)
        return await _connected(info.context, input.identifier, stated, input.idempotency_key)

    @strawberry.mutation(description="Compare what one delivers with the catalogue again (article 12).")
    async def check_source(
        self, info: Asked, input: Annotated[SourceInput, strawberry.argument(description="The dataset.")]
    ) -> SourcePayload:
        """R12."""
        return await _changed(info.context, input, info.context.registry.check)

    @strawberry.mutation(description="Disconnect one's own dataset: nothing of it is handed out any more.")
    async def remove_source(
        self, info: Asked, input: Annotated[SourceInput, strawberry.argument(description="The dataset.")]
    ) -> SourcePayload:
        """R12."""
        return await _changed(info.context, input, info.context.registry.remove)


async def _connected(context: Context, identifier: str, stated: Delivered | Table, key: str) -> SourcePayload:
    if (bad := check_key(key)) is not None:
        return _payload(None, [bad])
    by, registry = context.asker.subject, context.registry
    return _payload(*await attempt(registry.register(cause_of(context), identifier, stated, key, by=by)))


async def _changed(
    context: Context, given: SourceInput, change: Callable[..., Awaitable[Mapping[str, Any]]]
) -> SourcePayload:
    if (bad := check_key(given.idempotency_key)) is not None:
        return _payload(None, [bad])
    by = context.asker.subject
    return _payload(*await attempt(change(cause_of(context), given.identifier, given.idempotency_key, by=by)))


def _payload(made: Mapping[str, Any] | None, problems: list[Problem]) -> SourcePayload:
    found = (made or {}).get("differences", ())
    differences = [SourceDifference(kind=SourceFault(kind), column=column) for kind, column in found]
    return SourcePayload(source_id=(made or {}).get("source"), differences=differences, problems=problems)
