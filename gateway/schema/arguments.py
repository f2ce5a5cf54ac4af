"""Arguments that several fields take, with their descriptions."""

from typing import Annotated

import strawberry

from gateway.schema.filters import AgencyFilter, DatasetFilter, DatasetOrder

First = Annotated[
    int | None, strawberry.argument(description="How many rows from the start of the list, or after `after`.")
]
Last = Annotated[
    int | None, strawberry.argument(description="How many rows from the end of the list, or before `before`.")
]
After = Annotated[str | None, strawberry.argument(description="Only what follows this cursor.")]
Before = Annotated[str | None, strawberry.argument(description="Only what precedes this cursor.")]
Where = Annotated[DatasetFilter | None, strawberry.argument(description="Which datasets; all of them without it.")]
AgenciesWhere = Annotated[AgencyFilter | None, strawberry.argument(description="Which agencies; all without it.")]
Ordered = Annotated[DatasetOrder | None, strawberry.argument(description="The order; by global id without it.")]
