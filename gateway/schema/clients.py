"""前置系统. Programs of agencies that fetch what was granted, and who has had tokens for a grant."""

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Annotated, Any

import strawberry
from strawberry import Info

from gateway.fetching.quotas import used_today
from gateway.graph.times import instant
from gateway.oauth import Clients
from gateway.oauth.clients import holders_of
from gateway.rules import SHANGHAI, day_of
from gateway.schema.agency import Agency
from gateway.schema.causes import cause_of
from gateway.schema.context import Context, object_of
from gateway.schema.problem import Problem, attempt, check_key
from gateway.schema.scalars import DateTime

_KEY = "A key of the caller's own, 8 to 200 characters. The same again is the same change, for 30 days."
Asked = Info[Context, Any]


@strawberry.type(description="持有者. Who has had tokens for a grant: a program of an agency, or a person.")
class GrantHolder:
    """A holder."""

    client_id: strawberry.ID = strawberry.field(description="Its id, the client_id of its tokens.")
    name: str | None = strawberry.field(description="What its agency calls a program; null for a person.")
    since: DateTime = strawberry.field(description="When it had its first token for the grant.")
    removed_at: DateTime | None = strawberry.field(description="When the program was removed, if it was.")
    agency_id: strawberry.Private[str | None]

    @strawberry.field(description="The agency whose program it is; null for a person.")
    async def agency(self, info: Asked) -> Agency | None:
        """As far as the caller may know it."""
        if self.agency_id is None:
            return None
        found: Any = await object_of(info, "Agency", self.agency_id)
        return found


async def holders(context: Context, grant: str) -> list[GrantHolder]:
    """Who has had tokens for a grant, which may be seen."""
    return [
        GrantHolder(
            client_id=row["id"],
            name=row["name"],
            since=row["since"],
            removed_at=row["until"],
            agency_id=row["agency"],
        )
        for row in await holders_of(context.cases.graph, grant)
    ]


@strawberry.type(description="配额. How much may be fetched under a grant in a day, and how much was today.")
class GrantQuota:
    """A day's quota."""

    requests: int = strawberry.field(description="How often data may be fetched.")
    rows: int = strawberry.field(description="How many rows may be fetched.")
    requests_used: int = strawberry.field(description="How often it was, up to the last second.")
    rows_used: int = strawberry.field(description="How many rows were, up to the last second.")
    resets_at: DateTime = strawberry.field(description="When the day of the city ends.")


async def quota_of(context: Context, grant: str) -> GrantQuota:
    """The quota of a grant, which may be seen, today."""
    today = day_of(datetime.now(UTC))
    used = await used_today(context.cases.graph, grant, today)
    return GrantQuota(
        requests=context.quota.requests,
        rows=context.quota.rows,
        requests_used=used.requests,
        rows_used=used.rows,
        resets_at=DateTime(instant(datetime.combine(today + timedelta(days=1), time(), SHANGHAI))),
    )


@strawberry.input(description="A program of the caller's agency.")
class RegisterClientInput:
    """What is registered."""

    name: str = strawberry.field(description="What the agency calls it, in at most 100 characters.")
    jwks: str = strawberry.field(description="Its public keys, as the text of a JWKS document (RFC 7517).")
    idempotency_key: str = strawberry.field(description=_KEY)


@strawberry.input(description="A program that shall have no more tokens.")
class RemoveClientInput:
    """What is removed."""

    client_id: strawberry.ID = strawberry.field(description="Its id.")
    idempotency_key: str = strawberry.field(description=_KEY)


@strawberry.type(description="What became of a change of a program.")
class ClientPayload:
    """The program."""

    client_id: strawberry.ID | None = strawberry.field(description="Its id, the client_id of its tokens.")
    problems: list[Problem] = strawberry.field(description="Why it was refused; empty when it was made and logged.")


@strawberry.type
class ClientMutations:
    """Changes of programs."""

    @strawberry.mutation(
        description="Register a program of one's own agency, by whoever may bind it. Its private keys stay with it."
    )
    async def register_client(
        self, info: Asked, input: Annotated[RegisterClientInput, strawberry.argument(description="The program.")]
    ) -> ClientPayload:
        """R17.1."""
        context, subject = info.context, info.context.asker.subject
        if (bad := check_key(input.idempotency_key)) is not None:
            return ClientPayload(client_id=None, problems=[bad])
        change = Clients(context.ledger).register(
            cause_of(context), subject.agency, input.name, input.jwks, input.idempotency_key, by=subject
        )
        return _payload(*await attempt(change))

    @strawberry.mutation(description="Remove a program of one's own agency: its tokens count no more here.")
    async def remove_client(
        self, info: Asked, input: Annotated[RemoveClientInput, strawberry.argument(description="The program.")]
    ) -> ClientPayload:
        """R17.1."""
        context, subject = info.context, info.context.asker.subject
        if (bad := check_key(input.idempotency_key)) is not None:
            return ClientPayload(client_id=None, problems=[bad])
        change = Clients(context.ledger).remove(
            cause_of(context), subject.agency, input.client_id, input.idempotency_key, by=subject
        )
        return _payload(*await attempt(change))


def _payload(made: Mapping[str, Any] | None, problems: list[Problem]) -> ClientPayload:
    return ClientPayload(client_id=(made or {}).get("client"), problems=problems)
