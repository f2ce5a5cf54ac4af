"""留痕. What a derivation rests on: signed documents, approvals of masks, and the log of either (R19, R20)."""

from typing import Any

import orjson
import strawberry
from strawberry import Info

from gateway.lineage import mask_approvals, signed_documents
from gateway.schema.audit import AuditEvent, event_of
from gateway.schema.cases import Signed, signed
from gateway.schema.context import Context
from gateway.schema.enums import LineageAct
from gateway.schema.scalars import DateTime
from gateway.vocabulary import FOREVER

Asked = Info[Context, Any]


@strawberry.type(
    description="血缘申报. A document by which an agency declared or corrected derivations, or approved a mask, with"
    " what is needed to check it."
)
class LineageStatement(Signed):
    """A document on lineage."""

    act: LineageAct = strawberry.field(description="What was done by it.")
    appointment: strawberry.ID | None = strawberry.field(description="In which appointment it was signed.")


@strawberry.type(
    description="认可脱敏. That a field's owner accepted its mask as enough in one field made from it (article 17)."
)
class MaskApproval:
    """An approval, or its end: nothing of it is changed later."""

    id: strawberry.ID = strawberry.field(description="Its id.")
    agency: strawberry.ID = strawberry.field(description="The owner of the source, by its global id.")
    mask: str = strawberry.field(description="The rule, as it was when it was approved (JSON).")
    name: str = strawberry.field(description="What the rule is called.")
    version: int = strawberry.field(description="Its version.")
    valid_from: DateTime = strawberry.field(description="Since when it holds.")
    valid_to: DateTime | None = strawberry.field(description="Until when; null where it was not withdrawn.")
    recorded_from: DateTime = strawberry.field(description="Since when that is known.")
    recorded_to: DateTime | None = strawberry.field(description="When that was ended; null where it still counts.")
    document: strawberry.Private[str]
    logged: strawberry.Private[str]

    @strawberry.field(description="The signed document that says so.")
    async def statement(self, info: Asked) -> LineageStatement | None:
        """R19."""
        return await statement_of(info.context, self.document)

    @strawberry.field(description="事件. The event in the log by which it was recorded, with its proof.")
    async def event(self, info: Asked) -> AuditEvent | None:
        """R20."""
        return await event_of(info.context, self.logged)


async def statement_of(context: Context, document: str | None) -> LineageStatement | None:
    """A document on lineage that the caller may read."""
    if document is None:
        return None

    async def load(ids: list[str]) -> list[LineageStatement | None]:
        rows = await signed_documents(context.cases.graph, context.asker.subject, ids)
        return [
            None
            if row is None
            else LineageStatement(act=LineageAct(row["act"]), appointment=row["appointment"], **signed(row))
            for row in rows
        ]

    found: LineageStatement | None = await context.objects.read("statement", document, load)
    return found


async def approvals_of(context: Context, source: str, target: str) -> list[MaskApproval]:
    """Approvals of masks between two fields that the caller may read."""

    async def load(pairs: list[tuple[str, str]]) -> list[list[MaskApproval]]:
        found = await mask_approvals(context.cases.graph, context.asker.subject, pairs)
        return [[_approval(row) for row in rows] for rows in found]

    found: list[MaskApproval] = await context.objects.read("approvals", (source, target), load)
    return found


def _approval(row: Any) -> MaskApproval:
    mask = orjson.loads(row["mask"])
    return MaskApproval(
        id=row["id"],
        agency=row["agency"],
        mask=row["mask"],
        name=mask["name"],
        version=mask["version"],
        valid_from=row["validFrom"],
        valid_to=None if row["validTo"] == FOREVER else row["validTo"],
        recorded_from=row["recordedFrom"],
        recorded_to=None if row["recordedTo"] == FOREVER else row["recordedTo"],
        document=row["document"],
        logged=row["event"],
    )
