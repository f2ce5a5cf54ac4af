"""The caller, as the gateway knows them."""

from typing import Any

import strawberry
from strawberry import Info

from gateway.plan.mapping import (
    KEY,
    Aside,
    Direction,
    Entity,
    Kind,
    OfSubject,
    One,
    OwnAgency,
    OwnPerson,
    Step,
    Unending,
)
from gateway.schema.agency import Agency
from gateway.schema.arguments import After, First
from gateway.schema.cases import TaskConnection, page_of_tasks
from gateway.schema.context import Context
from gateway.schema.declare import column, mapped
from gateway.schema.enums import Role
from gateway.schema.scalars import DateTime

APPOINTMENT = Entity("Appointment", Kind.PART)


@strawberry.type(description="An appointment: the role in which a person acts for an agency.")
class Appointment:
    """An appointment with its period (R5.2)."""

    id: strawberry.ID = column("id", "Its id; a token may select it by the claim `appointment`.")
    role: Role = column("role", "The role.")
    valid_from: DateTime = column("validFrom", "Since when it holds.")
    valid_to: DateTime | None = mapped(Unending("validTo"), "Until when it holds; null when no end is set.")
    agency: Agency = mapped(One(Step("AT", Direction.OUT, "Agency")), "The agency.")


@strawberry.type(description="The caller. Without a token that is the public.")
class Me:
    """Who is asking."""

    id: strawberry.ID | None = mapped(OfSubject("id"), "The person's id; null for the public.")
    name: str = mapped(OfSubject("name"), "The person's name; empty for the public.")
    roles: list[Role] = mapped(OfSubject("roles"), "The roles in which the caller is acting now.")
    appointment: strawberry.ID | None = mapped(
        OfSubject("appointment"), "The appointment in which the caller is acting."
    )
    agency: Agency | None = mapped(OwnAgency("Agency"), "The agency for which the caller is acting.")
    appointments: list[Appointment] = mapped(
        OwnPerson(Step("HOLDS", Direction.OUT, "Appointment"), "role"),
        "All appointments on record. With several current ones, a token has to select one.",
    )

    @strawberry.field(
        description="待办. What waits for the caller to act, what is due first, first.", metadata={KEY: Aside()}
    )
    async def tasks(self, info: Info[Context, Any], first: First = None, after: After = None) -> TaskConnection:
        """The caller's tasks."""
        return await page_of_tasks(info.context, first, after)
