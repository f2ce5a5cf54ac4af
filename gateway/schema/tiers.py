"""实际类型. Tiers that flow along lineage, and why a field is as strict as it is (R17.2)."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import strawberry

from gateway.classes import TIERS as ALL
from gateway.classes import ClassKey, Tier
from gateway.identity import Subject
from gateway.lineage import Edge, Reasons, Walker, reasons
from gateway.lineage.tiers import stricter, tier_key
from gateway.plan import Asker, BadInput
from gateway.plan.arguments import DEFAULT_PAGE
from gateway.plan.mapping import Elsewhere
from gateway.plan.planner import Source
from gateway.schema.arguments import First
from gateway.schema.declare import mapped, planned
from gateway.schema.enums import OpenType, Sensitivity, ShareType, Truncation
from gateway.schema.scalars import DateTime
from gateway.vocabulary import Action

TIERS: Final = "tiers"
BECAUSE: Final = "because"
"""The names under which the planner knows who tells of tiers, and of their reasons."""
MOST_EXPLAINED: Final = 100
"""Stricter fields of one answer whose reasons are looked for: each is a walk."""


@strawberry.type(description="血缘. A derivation by which a tier flows; `lineage` tells more of it.")
class TierStep:
    """A derivation."""

    id: strawberry.ID = strawberry.field(description="The id of the derivation.")
    source: strawberry.ID = strawberry.field(description="The id of the field that it was made from.")
    target: strawberry.ID = strawberry.field(description="The id of the field that was made.")
    observed: bool = strawberry.field(description="Whether a run showed it, rather than somebody declaring it.")
    masking: bool = strawberry.field(
        description="Whether all of it passes through a mask, for which the owner of the source has not signed."
    )
    valid_from: DateTime = strawberry.field(description="Since when it holds.")


@strawberry.type(description="One way by which a field is as strict as another.")
class TierPath:
    """A path that passes nothing twice."""

    length: int = strawberry.field(description="How many derivations it has.")
    edges: list[TierStep] = strawberry.field(description="The derivations, from the field on.")


@strawberry.type(description="Ways to the fields that make one stricter, the shortest first, one to each.")
class TierReasons:
    """Reasons."""

    paths: list[TierPath] = strawberry.field(description="The ways.")
    is_complete: bool = strawberry.field(description="Whether these are all that the caller may know.")
    truncated_because: list[Truncation] = strawberry.field(description="Why they are not; empty when they are.")


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
    def because_of(self, first: First = None) -> TierReasons:
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
        if sum(own != all_ for _, own, all_ in asked) > MOST_EXPLAINED:
            text = f"becauseOf: at most {MOST_EXPLAINED} stricter fields are explained at once; ask for a shorter page."
            raise BadInput("TOO_MANY_REASONS", text)
        asker = Asker(subject, subject.id or "public")
        return [_rows(told(await reasons(walker, asker, field, own, all_, most))) for field, own, all_ in asked]

    return tell


def _size(walker: Walker, first: int | None) -> int:
    count, most = DEFAULT_PAGE if first is None else first, walker.planner.most_page
    if not 0 <= count <= most:
        raise BadInput("INVALID_PAGE", f"becauseOf.first: from 0 to {most} (GATEWAY_MAX_PAGE_SIZE), this is {count}.")
    return count


def told(found: Reasons) -> TierReasons:
    """Reasons as clients see them."""
    return TierReasons(
        paths=[TierPath(length=len(path), edges=[_step(edge) for edge in path]) for path in found.paths],
        is_complete=not found.truncated,
        truncated_because=sorted(found.truncated, key=[*Truncation].index),
    )


def _step(edge: Edge) -> TierStep:
    said = edge.said
    return TierStep(
        id=strawberry.ID(edge.id),
        source=strawberry.ID(edge.source),
        target=strawberry.ID(edge.target),
        observed=bool(said.get("observed")),
        masking=bool(said.get("masking")),
        valid_from=said["validFrom"],
    )


def _rows(found: TierReasons) -> dict[str, Any]:
    """The same by the names of its fields, for the planner."""
    return {
        "paths": [
            {"length": path.length, "edges": [{**vars(step), "validFrom": step.valid_from} for step in path.edges]}
            for path in found.paths
        ],
        "isComplete": found.is_complete,
        "truncatedBecause": [str(one) for one in found.truncated_because],
    }
