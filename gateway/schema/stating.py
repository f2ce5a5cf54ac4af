"""血缘申报. What agencies state of lineage by hand, and which masks they approve: prepared here, filed as all else."""

from typing import Annotated, Any, Final

import strawberry
from strawberry import Info

from gateway.lineage import Derivations, Derived, Ended, MaskApproval, MaskWithdrawal, Outside, Transformed
from gateway.schema.context import Context
from gateway.schema.enums import Audience, TransformationType
from gateway.schema.filing import BasisInput, PreparePayload, basis_of, prepare
from gateway.schema.problem import Problem
from gateway.schema.scalars import DateTime

_KEY: Final = "A key of the caller's own, 8 to 200 characters. The same again is the same change, for 30 days."
_REASON: Final = "说明理由. The reason."
_BASIS: Final = "依据. What the reason follows from."
Asked = Info[Context, Any]


@strawberry.input(description="A source that is stated by what systems call it, in the catalogue or not.")
class LineageNameInput:
    """A name. The answer does not tell whether the catalogue has an entry for it."""

    namespace: str = strawberry.field(description="The namespace, as OpenLineage names it.")
    name: str = strawberry.field(description="The name of the dataset in it.")
    field: str | None = strawberry.field(default=None, description="The field, for what is said of a field.")


@strawberry.input(description="How a derivation changed values, as OpenLineage names it.")
class TransformationInput:
    """A transformation."""

    type: TransformationType = strawberry.field(description="Whether values come from values, or decide on some.")
    subtype: str | None = strawberry.field(default=None, description="Such as IDENTITY, AGGREGATION, JOIN or FILTER.")
    masking: bool = strawberry.field(default=False, description="脱敏. Whether values go through a mask.")


@strawberry.input(description="That the dataset, or a field of it, was made from a source.")
class DerivationInput:
    """A derivation: a field from a field, or the dataset from a dataset."""

    field: strawberry.ID | None = strawberry.field(
        default=None, description="The field of the dataset, by its global id; without it the dataset as a whole."
    )
    source: strawberry.ID | None = strawberry.field(
        default=None, description="The dataset or field that it was made from, by its global id."
    )
    named: LineageNameInput | None = strawberry.field(default=None, description="Instead of that, a name.")
    since: DateTime = strawberry.field(description="Since when it holds.")
    until: DateTime | None = strawberry.field(default=None, description="Until when; without it, it still holds.")
    transformations: list[TransformationInput] = strawberry.field(
        default_factory=list, description="How; none where that is not known."
    )


@strawberry.input(description="That a derivation which was declared held only until an instant, or never.")
class DerivationEndInput:
    """An end."""

    derivation: strawberry.ID = strawberry.field(description="The derivation, by its id.")
    until: DateTime | None = strawberry.field(
        default=None, description="Until when it held; without it, it never did, and is taken back."
    )


@strawberry.input(description="血缘申报. What a dataset of one's own was made from.")
class PrepareDerivationsInput:
    """A declaration."""

    dataset: strawberry.ID = strawberry.field(description="The global id of the dataset, which one's agency provides.")
    derivations: list[DerivationInput] = strawberry.field(description="The derivations, 1 to 200.")
    reason: str = strawberry.field(default="", description=_REASON)
    basis: BasisInput | None = strawberry.field(default=None, description=_BASIS)
    idempotency_key: str = strawberry.field(description=_KEY)


@strawberry.input(description="血缘更正. What ended of what was declared, and what holds instead.")
class PrepareDerivationsEndInput:
    """A correction."""

    dataset: strawberry.ID = strawberry.field(description="The global id of the dataset, which one's agency provides.")
    ends: list[DerivationEndInput] = strawberry.field(description="The derivations that ended, 1 to 200.")
    instead: list[DerivationInput] = strawberry.field(
        default_factory=list, description="What is declared instead, up to 200."
    )
    reason: str = strawberry.field(description=_REASON)
    basis: BasisInput | None = strawberry.field(default=None, description=_BASIS)
    idempotency_key: str = strawberry.field(description=_KEY)


@strawberry.input(description="认可脱敏. That a field's mask is enough in one field that was made from it.")
class PrepareMaskApprovalInput:
    """An approval."""

    source: strawberry.ID = strawberry.field(description="The global id of the field, which one's agency provides.")
    target: strawberry.ID = strawberry.field(description="The global id of the field that was made from it.")
    audience: Audience = strawberry.field(description="For whom the rule is that the field has.")
    mask: str = strawberry.field(description="What the rule is called.")
    version: int = strawberry.field(description="Its version.")
    reason: str = strawberry.field(default="", description=_REASON)
    basis: BasisInput | None = strawberry.field(default=None, description=_BASIS)
    idempotency_key: str = strawberry.field(description=_KEY)


@strawberry.input(description="撤回认可. That a mask is accepted no more.")
class PrepareMaskWithdrawalInput:
    """A withdrawal."""

    approval: strawberry.ID = strawberry.field(description="The approval, by its id.")
    reason: str = strawberry.field(description=_REASON)
    basis: BasisInput | None = strawberry.field(default=None, description=_BASIS)
    idempotency_key: str = strawberry.field(description=_KEY)


@strawberry.type
class StatingMutations:
    """Statements on lineage. Each is filed by `fileSigned`."""

    @strawberry.mutation(
        description="血缘申报. Prepare a declaration of what a dataset of one's own was made from; by officers, heads."
    )
    async def prepare_derivations(
        self, info: Asked, input: Annotated[PrepareDerivationsInput, strawberry.argument(description="What is stated.")]
    ) -> PreparePayload:
        """R13, R19."""
        derived, problem = _derivations(input.derivations, "derivations")
        if problem is not None:
            return PreparePayload(prepared=None, problems=[problem])
        asked = Derivations(input.dataset, derived, reason=input.reason, basis=basis_of(input.basis))
        return await prepare(info, asked, input.idempotency_key)

    @strawberry.mutation(
        description="血缘更正. Prepare a correction of what one's agency has declared. Nothing is deleted: the old"
        " record ends, and what holds instead begins."
    )
    async def prepare_derivations_end(
        self, info: Asked, input: Annotated[PrepareDerivationsEndInput, strawberry.argument(description="What ended.")]
    ) -> PreparePayload:
        """R13, R18.3, R19."""
        derived, problem = _derivations(input.instead, "instead")
        if problem is not None:
            return PreparePayload(prepared=None, problems=[problem])
        ends = tuple(Ended(one.derivation, one.until) for one in input.ends)
        asked = Derivations(input.dataset, derived, ends, True, input.reason, basis_of(input.basis))
        return await prepare(info, asked, input.idempotency_key)

    @strawberry.mutation(
        description="认可脱敏. Prepare the approval of a mask of one's own field, in one field that was made from it."
    )
    async def prepare_mask_approval(
        self, info: Asked, input: Annotated[PrepareMaskApprovalInput, strawberry.argument(description="Which.")]
    ) -> PreparePayload:
        """R17.2, R19."""
        asked = MaskApproval(
            input.source,
            input.target,
            input.mask,
            input.version,
            input.audience,
            input.reason,
            basis_of(input.basis),
        )
        return await prepare(info, asked, input.idempotency_key)

    @strawberry.mutation(description="撤回认可. Prepare the withdrawal of such an approval.")
    async def prepare_mask_withdrawal(
        self, info: Asked, input: Annotated[PrepareMaskWithdrawalInput, strawberry.argument(description="Which.")]
    ) -> PreparePayload:
        """R17.2, R19."""
        asked = MaskWithdrawal(input.approval, input.reason, basis_of(input.basis))
        return await prepare(info, asked, input.idempotency_key)


def _derivations(given: list[DerivationInput], path: str) -> tuple[tuple[Derived, ...], Problem | None]:
    """What is stated; or why it is not said from what."""
    found = []
    for number, one in enumerate(given):
        if (one.source is None) is (one.named is None):
            text = "Say what it was made from: by a global id, or by a name."
            return (), Problem(code="BAD_SOURCE", message=text, path=[f"{path}[{number}].source"])
        named = one.named
        source = one.source if named is None else Outside(named.namespace, named.name, named.field or "")
        how = tuple(Transformed(each.type, each.subtype or "", each.masking) for each in one.transformations)
        assert source is not None
        found.append(Derived(source, one.since, one.field, one.until, how))
    return tuple(found), None
