"""汇聚. Where the rows of an entry are, and how what is delivered differs from what the catalogue says (R12)."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import strawberry

from gateway.graph import Graph
from gateway.identity import Subject
from gateway.plan.planner import Source
from gateway.schema.enums import SourceFault, SourceKind
from gateway.schema.scalars import DateTime
from gateway.sources import told_sources

SOURCES: Final = "sources"
"""The name under which the planner knows who tells of sources."""


@strawberry.type(description="不一致. One way in which a delivery differs from the catalogue (article 12).")
class SourceDifference:
    """A difference."""

    kind: SourceFault = strawberry.field(description="In which way.")
    column: str | None = strawberry.field(description="The column or field; null where it is about all of it.")


@strawberry.type(description="汇聚. Where the rows of a dataset are (article 12).")
class DataSource:
    """A source."""

    kind: SourceKind = strawberry.field(description="Where.")
    connected_at: DateTime = strawberry.field(description="When it was connected.")
    checked_at: DateTime = strawberry.field(description="When it was last compared with the catalogue.")
    unknown: int = strawberry.field(
        description="How many delivered columns the catalogue does not know. They never leave."
    )
    differences: list[SourceDifference] = strawberry.field(
        description="How it differed from the catalogue then; empty when it did not."
    )


def sources_of(graph: Graph) -> Source:
    """Who tells of sources, for the planner. The properties of a dataset are its id, agency and jurisdiction."""

    async def tell(
        subject: Subject, asked: Sequence[Sequence[Any]], arguments: Mapping[str, Any]
    ) -> list[dict[str, Any] | None]:
        del arguments
        return await told_sources(graph, subject, [(id_, agency, home) for id_, agency, home in asked])

    return tell
