"""申请与授权. Applications and grants, for both parties and for who oversees either."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Any

import orjson
import strawberry
from strawberry import Info

from gateway.plan import cursor
from gateway.rules import day_of
from gateway.schema.agency import Agency
from gateway.schema.arguments import After, First
from gateway.schema.audit import AuditEventConnection, page_of_events
from gateway.schema.clients import GrantHolder, GrantQuota, holders, quota_of
from gateway.schema.connection import PageInfo
from gateway.schema.context import Context, object_of
from gateway.schema.dataset import Dataset
from gateway.schema.enums import Act, CaseState, Party, Procedure, Purpose, Role
from gateway.schema.paging import page_info, page_size
from gateway.schema.scalars import DateTime
from gateway.sharing.cases import AGENCY
from gateway.sharing.document import Document
from gateway.sharing.reading import Place, Row, actions
from gateway.vocabulary import FOREVER

Asked = Info[Context, Any]


@strawberry.type(description="期限. One rule's clock, with the working days that it counts.")
class Clock:
    """A clock, so that everybody can count again."""

    rule: str = strawberry.field(description="The rule: version of the rule set, duty, and the agency it is for alone.")
    basis: str = strawberry.field(description="依据. The text that says so.")
    due_at: DateTime = strawberry.field(description="The last instant that is in time.")
    counted: list[date] = strawberry.field(description="The working days that count; the last one is the due day.")


@strawberry.type(description="期限. Until when something is to be answered. Silence is neither yes nor no.")
class Deadline:
    """The strictest clock, and all of them."""

    due_at: DateTime = strawberry.field(description="The last instant that is in time: the end of a working day.")
    started_on: date = strawberry.field(description="The day on which it began, which is not counted.")
    overdue: bool = strawberry.field(description="逾期. Whether it has passed without an answer.")
    working_days_left: int = strawberry.field(description="Working days after today that are in time.")
    rule: str = strawberry.field(description="The rule whose clock ends first.")
    counted: list[date] = strawberry.field(description="The working days that this rule counts.")
    clocks: list[Clock] = strawberry.field(description="The clocks of all rules that apply, that one first.")


@strawberry.type(description="What documents that somebody signed have in common.")
class Signed:
    """A document and its signature."""

    id: strawberry.ID = strawberry.field(description="Its id.")
    text: str = strawberry.field(description="The canonical text (RFC 8785) that was signed.")
    digest: str = strawberry.field(description="SHA-256 of the text, in hexadecimal.")
    signature: str = strawberry.field(description="The detached CAdES signature with its timestamp (DER), in base64.")
    signature_digest: str = strawberry.field(description="SHA-256 of the signature's bytes, which the log holds too.")
    certificate: str = strawberry.field(description="SHA-256 of the signer's certificate, in hexadecimal.")
    signed_at: DateTime = strawberry.field(description="When, by the timestamp authority's clock.")
    filed_at: DateTime = strawberry.field(description="When it took effect.")
    signer: str | None = strawberry.field(description="Who signed; null for a receipt, which the gateway signs.")
    role: Role | None = strawberry.field(description="In which role.")
    agency_id: strawberry.Private[str | None]

    @strawberry.field(description="For which agency.")
    async def agency(self, info: Asked) -> Agency | None:
        """The signer's agency."""
        if self.agency_id is None:
            return None
        found: Agency | None = await object_of(info, "Agency", self.agency_id)
        return found

    @strawberry.field(description="The text for a person, a line for each thing that it states.")
    def readable(self) -> str:
        """Nothing left out and nothing added."""
        return Document(self.text.encode()).readable


@strawberry.type(description="A document that somebody signed, with what is needed to check it.")
class SignedDocument(Signed):
    """A document of a case or a grant."""

    act: Act = strawberry.field(description="What was done by it.")


def signed(row: Row) -> dict[str, Any]:
    """What documents have in common, from a row of the graph."""
    return {
        "id": row["id"],
        "text": row["bytes"],
        "digest": row["digest"],
        "signature": row["signature"],
        "signature_digest": row["signatureDigest"],
        "certificate": row["fingerprint"],
        "signed_at": row["signedAt"],
        "filed_at": row["filedAt"],
        "signer": row["name"],
        "role": row["role"] and Role(row["role"]),
        "agency_id": row["agency"],
    }


def _documents(rows: Sequence[Row]) -> list[SignedDocument]:
    return [SignedDocument(act=Act(row["act"]), **signed(row)) for row in rows]


@strawberry.type(description="What a case and a grant have in common.")
class _Sided:
    """The parties, and what can be done."""

    id: strawberry.ID = strawberry.field(description="Its id.")
    state: CaseState = strawberry.field(description="Where it stands.")
    version: int = strawberry.field(
        description="Rises with every change; to change it, state the one that you have read."
    )
    purpose: Purpose = strawberry.field(description="使用用途. What the data is wanted for.")
    available_actions: list[Act] = strawberry.field(description="What the caller may do with it now.")
    row: strawberry.Private[Row]

    @strawberry.field(description="The dataset.")
    async def dataset(self, info: Asked) -> Dataset | None:
        """As far as the caller may know it."""
        found: Dataset | None = await object_of(info, "Dataset", self.row["dataset"])
        return found

    @strawberry.field(description="使用单位. The agency that uses the data; null for a person of their own.")
    async def consumer(self, info: Asked) -> Agency | None:
        """The consumer."""
        if not self.row["consumer"].startswith(AGENCY):
            return None
        found: Agency | None = await object_of(info, "Agency", self.row["consumer"])
        return found

    @strawberry.field(description="提供单位. Who provides it.")
    async def provider(self, info: Asked) -> Agency | None:
        """The provider."""
        found: Agency | None = await object_of(info, "Agency", self.row["provider"])
        return found

    @strawberry.field(description="What was signed for it, in order.")
    async def documents(self, info: Asked) -> list[SignedDocument]:
        """With the signatures."""
        return _documents(await info.context.cases.documents(self.row["id"]))

    @strawberry.field(
        description="事件. What the log says of the case, of a grant that of its case too, in order; as far as the"
        " caller may read it. Each event has its proof."
    )
    async def events(self, info: Asked, first: First = None, after: After = None) -> AuditEventConnection:
        """R20: from a grant to what proves it."""
        case = self.row.get("case", self.row["id"])
        return await page_of_events(info.context, {"case": [case]}, "ASC", first, after)


@strawberry.type(description="变更. What a grant was given for, and has become.")
class Change:
    """A change for which a grant was suspended."""

    target: strawberry.ID = strawberry.field(description="The dataset or the field, by its global id.")
    became: str = strawberry.field(
        description="Its stricter tier; or WITHDRAWN, DROPPED, or FORBIDDEN by the policy in force."
    )


@strawberry.type(description="授权. Leave to fetch fields of a dataset: the exact image of what was signed.")
class AccessGrant(_Sided):
    """A grant."""

    fields: list[strawberry.ID] = strawberry.field(description="The fields that it names, by their global ids.")
    scope: str = strawberry.field(description="All that it grants, as the signed document states it (JSON).")
    valid_from: DateTime = strawberry.field(description="From when on.")
    valid_to: DateTime = strawberry.field(description="Before when.")
    expired: bool = strawberry.field(description="到期. Whether its period is over.")
    suspended_by: Party | None = strawberry.field(description="Who has suspended it, where somebody has.")
    changes: list["Change"] = strawberry.field(description="What has changed, where the gateway has suspended it.")

    @strawberry.field(description="配额. How much may be fetched under it today, and how much was; both sides see it.")
    async def quota(self, info: Asked) -> GrantQuota:
        """Of this day of the city."""
        return await quota_of(info.context, self.row["id"])

    @strawberry.field(description="持有者. Who has had tokens for it: programs of the consumer, or the person.")
    async def holders(self, info: Asked) -> list[GrantHolder]:
        """R17.1: both sides and the center see who holds what."""
        return await holders(info.context, self.row["id"])

    @strawberry.field(description="The case that led to it.")
    async def access_request(
        self, info: Asked
    ) -> Annotated["AccessRequest", strawberry.lazy("gateway.schema.cases")] | None:
        """The case."""
        found = await info.context.cases.one(info.context.asker.subject, self.row["case"])
        return None if found is None else request_of(info.context, found)


@strawberry.type(description="申请. What an agency asked of another one's data, and what became of it.")
class AccessRequest(_Sided):
    """A case."""

    procedure: Procedure = strawberry.field(description="By which procedure.")
    filed_at: DateTime = strawberry.field(description="When it was filed.")
    deadline: Deadline | None = strawberry.field(description="期限. Until when it is to be answered, if it is.")

    @strawberry.field(
        description="平等利用. Applications of the same class that were answered differently (article 21): for the"
        " provider, the center, and who supervises the provider; null for everybody else."
    )
    async def answered_differently(
        self, info: Asked
    ) -> list[Annotated["AccessRequest", strawberry.lazy("gateway.schema.cases")]] | None:
        """Equal treatment."""
        context = info.context
        found = await context.cases.differing(context.asker.subject, self.row)
        return None if found is None else [request_of(context, row) for row in found]

    @strawberry.field(description="授权. The grant that it led to.")
    async def grant(self, info: Asked) -> AccessGrant | None:
        """The grant."""
        found = await info.context.cases.grant_of(self.row["id"])
        return None if found is None else grant_of(info.context, found)


@strawberry.type(description="A case with its cursor.")
class AccessRequestEdge:
    """Relay's edge."""

    node: AccessRequest = strawberry.field(description="The case.")
    cursor: str = strawberry.field(description="Opaque; bound to these arguments.")


@strawberry.type(description="A page of cases.")
class AccessRequestConnection:
    """There is no total: to count would cost more than to read a page."""

    edges: list[AccessRequestEdge] = strawberry.field(description="The cases with their cursors.")
    page_info: PageInfo = strawberry.field(description="Where this page stands.")

    @strawberry.field(description="The cases without cursors.")
    def nodes(self) -> list[AccessRequest]:
        """The same as in the edges."""
        return [edge.node for edge in self.edges]


@strawberry.type(description="待办. Something that waits for the caller: a case, or a grant.")
class Task:
    """A task."""

    due_at: DateTime | None = strawberry.field(description="Until when it is to be done; null without a deadline.")
    access_request: AccessRequest | None = strawberry.field(description="The case that waits.")
    grant: AccessGrant | None = strawberry.field(description="The grant that waits.")


@strawberry.type(description="A task with its cursor.")
class TaskEdge:
    """Relay's edge."""

    node: Task = strawberry.field(description="The task.")
    cursor: str = strawberry.field(description="Opaque; bound to these arguments.")


@strawberry.type(description="A page of tasks.")
class TaskConnection:
    """There is no total: to count would cost more than to read a page."""

    edges: list[TaskEdge] = strawberry.field(description="The tasks with their cursors.")
    page_info: PageInfo = strawberry.field(description="Where this page stands.")

    @strawberry.field(description="The tasks without cursors.")
    def nodes(self) -> list[Task]:
        """The same as in the edges."""
        return [edge.node for edge in self.edges]


Side = Annotated[Party | None, strawberry.argument(description="On which side the caller's agency stands; any.")]
Standing = Annotated[CaseState | None, strawberry.argument(description="In which state; any.")]


async def one_request(context: Context, identifier: str) -> AccessRequest | None:
    """A case that the caller may see."""
    found = await context.cases.one(context.asker.subject, identifier)
    return None if found is None else request_of(context, found)


@strawberry.type(description="A field, by its name.")
class NamedField:
    """A field that can be applied for."""

    id: strawberry.ID = strawberry.field(description="Its global id.")
    name: str = strawberry.field(description="Its name.")


@strawberry.type(description="途径. A procedure, and the fields of a dataset that it leads to.")
class AccessWay:
    """A way."""

    procedure: Procedure = strawberry.field(description="By which procedure.")
    fields: list[NamedField] = strawberry.field(
        description="The fields, where nothing stricter is asked for together with them; none where the dataset shows"
        " its fields to nobody else."
    )


async def ways_to(context: Context, dataset: str) -> list[AccessWay] | None:
    """The ways to the fields of a dataset that the caller may know."""
    subject = context.asker.subject
    found = await context.cases.ways(subject, context.planner.table_for(subject.profile), dataset)
    if found is None:
        return None
    return [
        AccessWay(
            procedure=way.procedure,
            fields=[NamedField(id=strawberry.ID(one["id"]), name=one["name"]) for one in way.fields],
        )
        for way in found
    ]


async def one_grant(context: Context, identifier: str) -> AccessGrant | None:
    """A grant that the caller may see."""
    found = await context.cases.grant(context.asker.subject, identifier)
    return None if found is None else grant_of(context, found)


async def page_of_requests(
    context: Context, side: Any, state: Any, first: int | None, after: str | None
) -> AccessRequestConnection:
    """A page of the cases that the caller may see.

    Raises:
        BadInput: `INVALID_PAGE`, `INVALID_CURSOR`.
    """
    count = page_size(context, "accessRequests", first)
    party = None if side is None else Party(_word(side))
    standing = None if state is None else CaseState(_word(state))
    tag = cursor.prefix("accessRequests", str(party), {"state": str(standing)})
    start = _start("accessRequests", after, tag)
    rows = await context.cases.page(context.asker.subject, party, standing, count + 1, start)
    return _page(context, rows, count, start, lambda row: f"{tag}{row['id']}.{row['filedAt']}")


async def page_of_tasks(context: Context, first: int | None, after: str | None) -> TaskConnection:
    """A page of what waits for the caller.

    Raises:
        BadInput: `INVALID_PAGE`, `INVALID_CURSOR`.
    """
    count, tag = page_size(context, "tasks", first), cursor.prefix("tasks", "dueAt", {})
    start = _start("tasks", after, tag)
    rows = await context.cases.tasks(context.asker.subject, count + 1, start)
    edges = [TaskEdge(node=_task(context, row), cursor=f"{tag}{row['about']}.{row['dueAt']}") for row in rows[:count]]
    return TaskConnection(edges=edges, page_info=page_info(edges, more=len(rows) > count, begun=start is not None))


def _task(context: Context, row: Row) -> Task:
    of_grant = row["grant"]
    return Task(
        due_at=None if row["dueAt"] == FOREVER else row["dueAt"],
        access_request=None if of_grant else request_of(context, row["row"]),
        grant=grant_of(context, context.cases.stands(row["row"])) if of_grant else None,
    )


def _page(
    context: Context, rows: Sequence[Row], count: int, start: Place | None, cursor_of: Callable[[Row], str]
) -> AccessRequestConnection:
    edges = [AccessRequestEdge(node=request_of(context, row), cursor=cursor_of(row)) for row in rows[:count]]
    info = page_info(edges, more=len(rows) > count, begun=start is not None)
    return AccessRequestConnection(edges=edges, page_info=info)


def _start(path: str, after: str | None, tag: str) -> Place | None:
    if after is None:
        return None
    read = cursor.read(f"{path}.after", after, tag, numeric=False)
    return Place(str(read.value), read.id)


def request_of(context: Context, row: Row) -> AccessRequest:
    """A case as clients see it."""
    procedure = Procedure(row["kind"])
    return AccessRequest(
        id=row["id"],
        state=CaseState(row["state"]),
        version=row["version"],
        purpose=Purpose(row["purpose"]),
        available_actions=actions(context.asker.subject, procedure, row),
        row=row,
        procedure=procedure,
        filed_at=row["filedAt"],
        deadline=_deadline(row, context.filing.clock()) if row["deadline"] is not None else None,
    )


def grant_of(context: Context, row: Row) -> AccessGrant:
    """A grant as clients see it."""
    return AccessGrant(
        id=row["id"],
        state=CaseState(row["state"]),
        version=row["version"],
        purpose=Purpose(row["purpose"]),
        available_actions=actions(context.asker.subject, Procedure.GRANT, row),
        row=row,
        fields=row["fields"],
        scope=row["scope"],
        valid_from=row["validFrom"],
        valid_to=row["validTo"],
        expired=datetime.fromisoformat(row["validTo"]) <= context.filing.clock(),
        suspended_by=row.get("suspendedBy") and Party(row["suspendedBy"]),
        changes=[
            Change(target=target, became=became) for target, became in orjson.loads(row.get("changes") or "{}").items()
        ],
    )


def _deadline(row: Mapping[str, Any], now: datetime) -> Deadline:
    kept = row["deadline"]
    clocks = [
        Clock(
            rule=one["rule"],
            basis=one["basis"],
            due_at=one["dueAt"],
            counted=[date.fromisoformat(day) for day in one["counted"]],
        )
        for one in orjson.loads(kept["clocks"])
    ]
    strictest, answered = clocks[0], row["state"] != CaseState.SUBMITTED
    end = datetime.fromisoformat(row["movedAt"]) if answered else now.astimezone(UTC)
    today = day_of(now)
    return Deadline(
        due_at=kept["dueAt"],
        started_on=date.fromisoformat(kept["startedOn"]),
        overdue=end > datetime.fromisoformat(kept["dueAt"]),
        working_days_left=0 if answered else sum(day > today for day in strictest.counted),
        rule=strictest.rule,
        counted=strictest.counted,
        clocks=clocks,
    )


def _word(value: Any) -> str:
    return str(getattr(value, "value", value))
