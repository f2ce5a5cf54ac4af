"""申请、答复、签名. What is prepared to be signed, and filed with its signature."""

import base64
import binascii
from collections.abc import Mapping
from datetime import date
from functools import partial
from typing import Annotated, Any

import strawberry

from gateway.audit.ledger import Denied
from gateway.lineage import Tiers, named_way
from gateway.schema.cases import AccessGrant, AccessRequest, Asked, one_grant, one_request
from gateway.schema.causes import cause_of
from gateway.schema.context import Context
from gateway.schema.enums import Act, Purpose, RowOperator
from gateway.schema.problem import Problem, attempt, check_key
from gateway.sharing.acts import Answer, Dropped, Move, OnGrant, Opening, Organisation, Request
from gateway.sharing.document import Document
from gateway.sharing.entry import BelowSources
from gateway.sharing.matters import Foreign
from gateway.sharing.scope import Basis, Condition, Scope

_KEY = "A key of the caller's own, 8 to 200 characters. The same again is the same change, for 30 days."


@strawberry.input(description="依据. A text of law and the place in it.")
class BasisInput:
    """A citation."""

    title: str = strawberry.field(description="The text.")
    citation: str = strawberry.field(description="The article or clause.")


@strawberry.input(description="A condition that rows have to meet.")
class RowCondition:
    """A structure, never a text that something would read."""

    field: strawberry.ID = strawberry.field(description="The field, by its global id.")
    operator: RowOperator = strawberry.field(description="How it is compared.")
    values: list[str] = strawberry.field(description="With what.")


@strawberry.input(description="范围与用途. What is asked for: which way it goes follows from the tiers of the fields.")
class PrepareRequestInput:
    """A scope with its purpose (article 17)."""

    dataset: strawberry.ID = strawberry.field(description="The global id of the dataset.")
    fields: list[strawberry.ID] = strawberry.field(description="The fields, by their global ids.")
    rows: list[RowCondition] = strawberry.field(description="Conditions that all hold; none for all rows.", default=())
    purpose: Purpose = strawberry.field(description="使用用途.")
    explanation: str = strawberry.field(description="The purpose in a sentence.")
    legal_basis: list[BasisInput] = strawberry.field(description="依据. What the need follows from.")
    since: date = strawberry.field(description="The first day.")
    until: date = strawberry.field(description="The last day.")
    idempotency_key: str = strawberry.field(description=_KEY)


@strawberry.input(description="A field that is not granted, and why.")
class DroppedField:
    """说明理由 (article 16)."""

    field: strawberry.ID = strawberry.field(description="The field, by its global id.")
    reason: str = strawberry.field(description="The reason.")
    basis: BasisInput = strawberry.field(description="What it follows from.")


@strawberry.input(description="答复. A provider's answer to an application.")
class PrepareAnswerInput:
    """An answer."""

    access_request: strawberry.ID = strawberry.field(description="The application.")
    version: int = strawberry.field(description="The version of it that was read.")
    answer: Act = strawberry.field(description="APPROVE, APPROVE_PARTLY or REFUSE; of an opening ACCEPT or REFUSE.")
    dropped: list[DroppedField] = strawberry.field(description="The fields that are not granted.", default=())
    reason: str = strawberry.field(description="说明理由. The reason of a refusal.", default="")
    basis: BasisInput | None = strawberry.field(description="What the reason follows from.", default=None)
    idempotency_key: str = strawberry.field(description=_KEY)


@strawberry.input(description="协商、协调、开放. A step of a negotiation, a coordination or an opening.")
class PrepareStepInput:
    """A step."""

    access_request: strawberry.ID = strawberry.field(description="The case.")
    version: int = strawberry.field(description="The version of it that was read.")
    act: Act = strawberry.field(description="What is done; see availableActions.")
    statement: str = strawberry.field(description="A position, the terms of a proposal, or the reason.", default="")
    fields: list[strawberry.ID] = strawberry.field(
        description="What is proposed to be shared, by global ids.", default=()
    )
    basis: BasisInput | None = strawberry.field(description="What a reason follows from.", default=None)
    idempotency_key: str = strawberry.field(description=_KEY)


@strawberry.input(description="法人或其他组织. For whom somebody applies who acts for no agency.")
class OrganisationInput:
    """An organisation."""

    name: str = strawberry.field(description="Its name.")
    code: str = strawberry.field(description="统一社会信用代码. The number that it is registered by.")


@strawberry.input(description="有条件开放申请. What is applied for; the gateway signs the receipt.")
class ApplyForOpeningInput:
    """An application (article 24)."""

    dataset: strawberry.ID = strawberry.field(description="The global id of the dataset.")
    fields: list[strawberry.ID] = strawberry.field(description="The fields, by their global ids.")
    rows: list[RowCondition] = strawberry.field(description="Conditions that all hold; none for all rows.", default=())
    purpose: Purpose = strawberry.field(description="使用用途.")
    explanation: str = strawberry.field(description="The purpose in a sentence.")
    legal_basis: list[BasisInput] = strawberry.field(
        description="依据. What the need follows from, if it does.", default=()
    )
    organisation: OrganisationInput | None = strawberry.field(description="For whom, if for another.", default=None)
    since: date = strawberry.field(description="The first day.")
    until: date = strawberry.field(description="The last day.")
    idempotency_key: str = strawberry.field(description=_KEY)


@strawberry.input(description="授权管理. Suspending, resuming or revoking a grant.")
class PrepareGrantChangeInput:
    """What becomes of a grant."""

    grant: strawberry.ID = strawberry.field(description="The grant.")
    version: int = strawberry.field(description="The version of it that was read.")
    act: Act = strawberry.field(description="SUSPEND, RESUME or REVOKE.")
    reason: str = strawberry.field(description="The reason.")
    basis: BasisInput = strawberry.field(description="What it follows from.")
    idempotency_key: str = strawberry.field(description=_KEY)


@strawberry.type(description="A document that waits for its signature for a day. It has no effect before.")
class Prepared:
    """What is to be signed."""

    signing: strawberry.ID = strawberry.field(description="Under which id its signature is filed.")
    text: str = strawberry.field(description="The canonical text (RFC 8785): sign exactly these bytes, in UTF-8.")
    digest: str = strawberry.field(description="SHA-256 of the text, in hexadecimal.")

    @strawberry.field(description="The text for a person, a line for each thing that it states.")
    def readable(self) -> str:
        """Nothing left out and nothing added."""
        return Document(self.text.encode()).readable


@strawberry.type(description="What became of preparing a document.")
class PreparePayload:
    """The document."""

    prepared: Prepared | None = strawberry.field(description="What is to be signed.")
    problems: list[Problem] = strawberry.field(description="Why it cannot be signed like this; empty when it can.")


@strawberry.input(description="签名. A signature of a prepared document.")
class FileSignedInput:
    """A signature."""

    signing: strawberry.ID = strawberry.field(description="The id that the document was prepared under.")
    signature: str = strawberry.field(description="The detached CAdES signature with a timestamp (DER), in base64.")
    idempotency_key: str = strawberry.field(description=_KEY)


@strawberry.input(description="撤回. An application that is taken back.")
class WithdrawRequestInput:
    """A withdrawal."""

    access_request: strawberry.ID = strawberry.field(description="The application.")
    version: int = strawberry.field(description="The version of it that was read.")
    idempotency_key: str = strawberry.field(description=_KEY)


@strawberry.type(description="What became of a signed document or a withdrawal.")
class FiledPayload:
    """The case and the grant as they are since."""

    problems: list[Problem] = strawberry.field(description="Why it was refused; empty when it took effect.")
    made: strawberry.Private[Mapping[str, Any]]

    @strawberry.field(description="申请. The case, as it is now.")
    async def access_request(self, info: Asked) -> AccessRequest | None:
        """The case."""
        identifier = self.made.get("case")
        return None if identifier is None else await one_request(info.context, identifier)

    @strawberry.field(description="授权. The grant that came of it, or that it was about.")
    async def grant(self, info: Asked) -> AccessGrant | None:
        """The grant."""
        identifier = self.made.get("grant")
        return None if identifier is None else await one_grant(info.context, identifier)

    @strawberry.field(description="血缘. The derivations that it recorded, by their ids; for others none.")
    def derivations(self) -> list[strawberry.ID]:
        """Those that the document names; what follows from them is beside them."""
        return [strawberry.ID(one) for one in self.made.get("derivations", ())]

    @strawberry.field(description="认可脱敏. The approval of a mask, or the end of one, that it recorded, by its id.")
    def mask_approval(self) -> strawberry.ID | None:
        """By which it can be withdrawn."""
        return self.made.get("approval")


@strawberry.type
class FilingMutations:
    """The procedures."""

    @strawberry.mutation(
        description="申请. Prepare a declaration; an application where a field is shared on conditions; a request to"
        " negotiate where one is not shared."
    )
    async def prepare_request(
        self,
        info: Asked,
        input: Annotated[PrepareRequestInput, strawberry.argument(description="What is asked for.")],
    ) -> PreparePayload:
        """R16.1, R16.2a, R17.1."""
        return await prepare(info, _scope(input), input.idempotency_key)

    @strawberry.mutation(description="答复. Prepare the answer to an application.")
    async def prepare_answer(
        self, info: Asked, input: Annotated[PrepareAnswerInput, strawberry.argument(description="The answer.")]
    ) -> PreparePayload:
        """R16.2b, R16.2c."""
        answer = Answer(
            input.access_request,
            input.version,
            input.answer,
            tuple(Dropped(one.field, one.reason, _basis(one.basis)) for one in input.dropped),
            input.reason,
            basis_of(input.basis),
        )
        return await prepare(info, answer, input.idempotency_key)

    @strawberry.mutation(description="协商、协调、开放. Prepare a step of a negotiation, a coordination or an opening.")
    async def prepare_step(
        self, info: Asked, input: Annotated[PrepareStepInput, strawberry.argument(description="The step.")]
    ) -> PreparePayload:
        """R16.3, R24.2."""
        move = Move(
            input.access_request,
            input.version,
            input.act,
            input.statement,
            tuple(input.fields),
            basis_of(input.basis),
        )
        return await prepare(info, move, input.idempotency_key)

    @strawberry.mutation(
        description="有条件开放申请. Apply for data that is open on conditions, as whoever has signed in."
    )
    async def apply_for_opening(
        self, info: Asked, input: Annotated[ApplyForOpeningInput, strawberry.argument(description="What for.")]
    ) -> FiledPayload:
        """R24.2."""
        if (bad := check_key(input.idempotency_key)) is not None:
            return FiledPayload(problems=[bad], made={})
        given = input.organisation
        organisation = None if given is None else Organisation(given.name, given.code)
        context, subject = info.context, info.context.asker.subject
        table, opening = context.planner.table_for(subject.profile), Opening(_scope(input), organisation)
        made, problems = await attempt(
            context.filing.apply_for_opening(subject, table, cause_of(context), opening, input.idempotency_key)
        )
        return FiledPayload(problems=problems, made=made or {})

    @strawberry.mutation(description="授权管理. Prepare the suspension, resumption or revocation of a grant.")
    async def prepare_grant_change(
        self, info: Asked, input: Annotated[PrepareGrantChangeInput, strawberry.argument(description="The change.")]
    ) -> PreparePayload:
        """R16.2, R30."""
        change = OnGrant(input.grant, input.version, input.act, input.reason, _basis(input.basis))
        return await prepare(info, change, input.idempotency_key)

    @strawberry.mutation(description="签名. File a prepared document with its signature: what it says takes effect.")
    async def file_signed(
        self, info: Asked, input: Annotated[FileSignedInput, strawberry.argument(description="The signature.")]
    ) -> FiledPayload:
        """R19."""
        if (bad := check_key(input.idempotency_key)) is not None:
            return FiledPayload(problems=[bad], made={})
        try:
            signature = base64.b64decode(input.signature, validate=True)
        except (binascii.Error, ValueError):
            text = "Send the bytes of the signature file in base64, without line breaks."
            return FiledPayload(problems=[Problem(code="NOT_BASE64", message=text, path=["signature"])], made={})
        context, subject = info.context, info.context.asker.subject
        table = context.planner.table_for(subject.profile)
        cause = cause_of(context)
        filed = context.filing.file(subject, table, cause, input.signing, signature, input.idempotency_key)
        made, problems = await attempt(filed, partial(_ways, context))
        if made and (made.get("derivations") or made.get("approval")):  # by which tiers may have changed (R17.2)
            await Tiers.of(context.ledger).after(cause)
        return FiledPayload(problems=problems, made=made or {})

    @strawberry.mutation(description="撤回. Take a case back that is not decided yet.")
    async def withdraw_request(
        self, info: Asked, input: Annotated[WithdrawRequestInput, strawberry.argument(description="Which.")]
    ) -> FiledPayload:
        """R16.2a."""
        if (bad := check_key(input.idempotency_key)) is not None:
            return FiledPayload(problems=[bad], made={})
        context = info.context
        made, problems = await attempt(
            context.filing.withdraw(
                context.asker.subject,
                cause_of(context),
                input.access_request,
                input.version,
                input.idempotency_key,
            )
        )
        return FiledPayload(problems=problems, made=made or {})


async def prepare(info: Asked, request: Request | Foreign, key: str) -> PreparePayload:
    """What is to be signed for a request, or why it cannot be."""
    if (bad := check_key(key)) is not None:
        return PreparePayload(prepared=None, problems=[bad])
    context, subject = info.context, info.context.asker.subject
    table = context.planner.table_for(subject.profile)
    made, problems = await attempt(
        context.filing.prepare(subject, table, cause_of(context), request, key), partial(_ways, context)
    )
    if made is None:
        return PreparePayload(prepared=None, problems=problems)
    prepared = Prepared(signing=made["signing"], text=made["document"], digest=made["digest"])
    return PreparePayload(prepared=prepared, problems=problems)


async def _ways(context: Context, denied: Denied) -> str:
    """By what a field is withheld that was made from something stricter, as far as who asks may know (R17.2)."""
    if not isinstance(denied, BelowSources):
        return ""
    way = await named_way(context.walker, context.asker, denied.field, denied.own, denied.effective)
    return f" It is so strict by this: {way}."


def _scope(given: PrepareRequestInput | ApplyForOpeningInput) -> Scope:
    return Scope(
        given.dataset,
        tuple(given.fields),
        tuple(Condition(one.field, one.operator, tuple(one.values)) for one in given.rows),
        given.purpose,
        given.explanation,
        tuple(map(_basis, given.legal_basis)),
        given.since,
        given.until,
    )


def _basis(given: BasisInput) -> Basis:
    return Basis(given.title, given.citation)


def basis_of(given: BasisInput | None) -> Basis | None:
    """A citation, where one is given."""
    return None if given is None else _basis(given)
