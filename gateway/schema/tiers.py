"""实际类型. Tiers that flow along lineage, and why a field is as strict as it is (R17.2)."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final

import strawberry

from gateway.classes import TIERS as ALL
from gateway.classes import ClassKey, Tier
from gateway.identity import Subject
from gateway.lineage import Edge, Reasons, Truncation, Walker, reasons
from gateway.lineage.tiers import stricter, tier_key
from gateway.plan import Asker, BadInput
from gateway.plan.arguments import DEFAULT_PAGE
from gateway.plan.mapping import Elsewhere
from gateway.plan.planner import Source
from gateway.schema.arguments import First
from gateway.schema.declare import mapped, planned
from gateway.schema.enums import OpenType, Sensitivity, ShareType
from gateway.vocabulary import FOREVER, Action

if TYPE_CHECKING:
    from gateway.schema.lineage import LineagePaths

TIERS: Final = "tiers"
BECAUSE: Final = "because"
"""The names under which the planner knows who tells of tiers, and of their reasons."""


@strawberry.type(
    description="实际类型. The tier of a field with what it was made from. Whoever may know of the field may know it;"
    " by what it is so strict, as far as its lineage may be known (article 17)."
)
class EffectiveTier:
    """A tier, and why."""

    share_type: ShareType = strawberry.field(description="共享类型.")
    open_type: OpenType = strawberry.field(description="开放类型.")
    sensitivity: list[Sensitivity] = strawberry.field(description="The grounds for restricting it.")

    @mapped(
        Elsewhere(BECAUSE, (), Action.DISCOVER),
        "血缘. The ways from the fields by whose own tiers it is stricter than by itself, the shortest first; none"
        " where it is not stricter.",
    )
    def because_of(self, first: First = None) -> Annotated["LineagePaths", strawberry.lazy("gateway.schema.lineage")]:
        """As far as the caller may know."""
        planned()


async def tiers_of(
    subject: Subject, asked: Sequence[Sequence[Any]], arguments: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Effective tiers of fields, for the planner, by id, own tier and the tier through lineage."""
    del subject, arguments
    return [_row(*one) for one in asked]


def _row(field: str, share: str, opening: str, sensitivity: list[str], lineage: str | None) -> dict[str, Any]:
    own = tier_key(share, opening, sensitivity)
    effective = own if lineage is None else stricter(own, ClassKey(lineage))
    return {**tier_row(ALL[effective]), "becauseOf": [field, own, effective]}


def tier_row(tier: Tier) -> dict[str, Any]:
    """A tier by the names of its fields."""
    return {
        "shareType": tier.share.value,
        "openType": tier.open.value,
        "sensitivity": sorted(ground.value for ground in tier.sensitivity),
    }


def because_of(walker: Walker) -> Source:
    """Who tells of reasons, for the planner: of fields by id, own and effective tier."""

    async def tell(
        subject: Subject, asked: Sequence[Sequence[Any]], arguments: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        most = _size(walker, arguments.get("first"))
        asker = Asker(subject, subject.id or "public")
        return [_paths(await reasons(walker, asker, field, own, all_, most)) for field, own, all_ in asked]

    return tell


def _size(walker: Walker, first: int | None) -> int:
    count, most = DEFAULT_PAGE if first is None else first, walker.planner.most_page
    if not 0 <= count <= most:
        raise BadInput("INVALID_PAGE", f"becauseOf.first: from 0 to {most} (GATEWAY_MAX_PAGE_SIZE), this is {count}.")
    return count


def _paths(found: Reasons) -> dict[str, Any]:
    return {
        "paths": [{"length": len(path), "edges": [_edge(edge) for edge in path]} for path in found.paths],
        "isComplete": not found.truncated,
        "truncatedBecause": [str(one) for one in sorted(found.truncated, key=[*Truncation].index)],
    }


def _edge(edge: Edge) -> dict[str, Any]:
    said = edge.said
    return {
        "id": edge.id,
        "source": edge.source,
        "target": edge.target,
        "observed": bool(said.get("observed")),
        "asserter": said.get("asserter") or None,
        "run": said.get("runId"),
        "job": said.get("job"),
        "transformations": [
            {"type": type_, "subtype": subtype or None}
            for type_, _, subtype in (one.partition("/") for one in said.get("transformations") or ())
        ],
        "masking": bool(said.get("masking")),
        "validFrom": said["validFrom"],
        "validTo": None if said["validTo"] == FOREVER else said["validTo"],
        "recordedFrom": said["recordedFrom"],
        "recordedTo": None if said["recordedTo"] == FOREVER else said["recordedTo"],
    }
