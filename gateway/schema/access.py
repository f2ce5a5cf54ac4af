"""Access decisions: allowed or not, by which rule, why, and what could be done next."""

import strawberry

from gateway.policy.table import Decision
from gateway.schema.enums import NextStep


@strawberry.type(description="A sentence in the two languages of the gateway.")
class Text:
    """Chinese and English."""

    zh: str = strawberry.field(description="中文.")
    en: str = strawberry.field(description="English.")


@strawberry.type(description="Whether somebody may do something with an object, and why.")
class AccessDecision:
    """One decision of the policy, with the requirement that it comes from."""

    allowed: bool = strawberry.field(description="Whether it is allowed.")
    rule: strawberry.ID = strawberry.field(description="The rule of the policy that decided.")
    requirement: str = strawberry.field(
        description="The requirement of the regulation behind the rule, such as R16.2a."
    )
    reason: Text = strawberry.field(description="说明理由. Why, for the person who has to act on it.")
    next: NextStep = strawberry.field(description="What could be done now.")


def access_decision(decision: Decision) -> AccessDecision:
    """A decision of the policy, as clients see it."""
    return AccessDecision(
        allowed=decision.allowed,
        rule=strawberry.ID(decision.rule),
        requirement=decision.requirement,
        reason=Text(zh=decision.reason_zh, en=decision.reason_en),
        next=NextStep(decision.next),
    )


@strawberry.type(description="What the caller may do with this object.")
class Access:
    """The three decisions on one object."""

    discover: AccessDecision = strawberry.field(description="Whether its existence may be known.")
    inspect: AccessDecision = strawberry.field(description="Whether the whole description may be read.")
    fetch: AccessDecision = strawberry.field(description="Whether rows may be obtained.")
