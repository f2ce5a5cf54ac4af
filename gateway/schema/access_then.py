"""某时的访问权限. Who could have seen something at an instant, and why, for who oversees it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

import strawberry
from strawberry import Info

from gateway.graph.times import instant
from gateway.plan import BadInput
from gateway.policy.table import Decision
from gateway.schema.access import AccessDecision, access_decision
from gateway.schema.agency import Agency
from gateway.schema.cases import AccessGrant, grant_of
from gateway.schema.context import Context, object_of
from gateway.schema.enums import Action, AgencyKind, OpenType, Relation, Role, Sensitivity, ShareType
from gateway.schema.scalars import DateTime
from gateway.sharing.access_then import MOST_NAMED, AccessHistory, Holders
from gateway.vocabulary import FOREVER, OVERSEERS

Asked = Info[Context, Any]


@strawberry.type(description="任职. An appointment, as it was on record.")
class AppointmentThen:
    """An office that somebody held."""

    id: strawberry.ID = strawberry.field(description="Its id.")
    person: str = strawberry.field(description="Who held it.")
    valid_from: DateTime = strawberry.field(description="Since when.")
    valid_to: DateTime | None = strawberry.field(description="Until when; null where no end was known.")
    agency_id: strawberry.Private[str]

    @strawberry.field(description="In which agency.")
    async def agency(self, info: Asked) -> Agency | None:
        """The agency."""
        found: Agency | None = await object_of(info, "Agency", self.agency_id)
        return found


@strawberry.type(description="Those who acted in one role for agencies of one kind, and stood alike to the data.")
class AccessHolders:
    """A group, with what it was allowed."""

    role: Role = strawberry.field(description="In which role.")
    agency_kind: AgencyKind | None = strawberry.field(
        description="For agencies of which kind; null for who acts for none."
    )
    relations: list[Relation] = strawberry.field(description="How they stood to the data; ANYONE is among them.")
    count: int | None = strawberry.field(
        description="How many appointments, or persons with a grant; null for everybody."
    )
    appointments: list[AppointmentThen] = strawberry.field(
        description=f"The appointments, by id; at most {MOST_NAMED} of them."
    )
    discover: AccessDecision | None = strawberry.field(
        description="Whether they could know that it exists; null where the policy of then is not on record."
    )
    inspect: AccessDecision | None = strawberry.field(description="Whether they could read the whole description.")
    fetch: AccessDecision | None = strawberry.field(description="Whether they could obtain rows.")


@strawberry.type(
    description="Who could have seen a dataset or field at an instant, and why: by the tiers, the appointments, the"
    " grants and the policy of then. Jurisdictions and the kinds of agencies have no times; those of now count."
)
class AccessAsOf:
    """What the gateway would have answered."""

    version: int = strawberry.field(description="The version of the entry that was in force.")
    digest: str = strawberry.field(description="SHA-256 of that version's record, in hexadecimal.")
    published: bool = strawberry.field(description="Whether the entry stood in the published catalogue.")
    share_type: ShareType = strawberry.field(description="共享类型. The tier between agencies, then.")
    open_type: OpenType = strawberry.field(description="开放类型. The tier towards the public, then.")
    sensitivity: list[Sensitivity] = strawberry.field(description="The grounds for restricting it, then.")
    policy: str | None = strawberry.field(
        description="SHA-256 of the policy that was in force, in hexadecimal, as events of the log name it; null where"
        " none is on record, and then nothing is decided."
    )
    policy_since: DateTime | None = strawberry.field(description="Since when that was in force.")
    holders: list[AccessHolders] = strawberry.field(description="Everybody, in groups; the public first.")
    grants: list[AccessGrant] = strawberry.field(
        description="授权. The grants that were active, each as it stands now, in the order in which they were given."
    )
    is_complete: bool = strawberry.field(
        description="Whether policy and grants are certain: false where no policy is on record, or where there are more"
        " events of grants than were looked at."
    )


Of = Annotated[strawberry.ID, strawberry.argument(description="The global id of a dataset or field.")]
At = Annotated[DateTime, strawberry.argument(description="The instant.")]
KnownAt = Annotated[
    DateTime | None,
    strawberry.argument(description="As far as it was on record at this instant; as it is now without it."),
]


async def access_then(context: Context, of: str, at: str, known_at: str | None) -> AccessAsOf | None:
    """Who could have seen something.

    Raises:
        BadInput: `ACCESS_AS_OF_REFUSED`: the caller oversees nothing; `IN_FUTURE`.
    """
    subject, now = context.asker.subject, instant(datetime.now(UTC))
    if not subject.profile.roles & OVERSEERS:
        text = "accessAsOf: only auditors and supervisors may ask, about what they oversee."
        raise BadInput("ACCESS_AS_OF_REFUSED", text)
    if at > now or (known_at or "") > now:
        raise BadInput("IN_FUTURE", "accessAsOf: at and knownAt are instants that have passed.")
    found = await AccessHistory(context.cases, context.events).of(subject, of, at, known_at or now)
    if found is None:
        return None
    stated, policy = found.stated, found.policy
    return AccessAsOf(
        version=found.version["n"],
        digest=found.version["digest"],
        published=found.published,
        share_type=ShareType(stated["shareType"]),
        open_type=OpenType(stated["openType"]),
        sensitivity=[Sensitivity(one) for one in stated["sensitivity"]],
        policy=None if policy is None else policy.digest,
        policy_since=None if policy is None else DateTime(policy.since),
        holders=[_holders(one) for one in found.holders],
        grants=[grant_of(context, grant) for grant in found.grants],
        is_complete=found.complete and policy is not None,
    )


def _holders(one: Holders) -> AccessHolders:
    return AccessHolders(
        role=one.role,
        agency_kind=one.kind,
        relations=sorted(one.relations, key=[*Relation].index),
        count=one.count,
        appointments=[_appointment(row) for row in one.some],
        discover=_decision(one.decisions.get(Action.DISCOVER)),
        inspect=_decision(one.decisions.get(Action.INSPECT)),
        fetch=_decision(one.decisions.get(Action.FETCH)),
    )


def _appointment(row: Mapping[str, Any]) -> AppointmentThen:
    return AppointmentThen(
        id=row["id"],
        person=row["person"],
        valid_from=DateTime(row["validFrom"]),
        valid_to=None if row["validTo"] == FOREVER else DateTime(row["validTo"]),
        agency_id=row["agency"],
    )


def _decision(decision: Decision | None) -> AccessDecision | None:
    return None if decision is None else access_decision(decision)
