"""What a resolver knows of its request."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.types import Scope
from strawberry import Info

from gateway.audit.asking import Events
from gateway.audit.ledger import Ledger
from gateway.fetching.quotas import Used
from gateway.identity import Subject
from gateway.lineage import Walker
from gateway.plan import Asker, Planner
from gateway.schema.objects import Objects
from gateway.sharing.filing import Filing
from gateway.sharing.reading import Cases
from gateway.sources import Registry

if TYPE_CHECKING:
    from gateway.schema.subscription import Follower


@dataclass(frozen=True, slots=True)
class Context:
    """One request: who asks, what answers, changes, tells events, takes documents, reads cases; its id in the log."""

    asker: Asker
    planner: Planner
    ledger: Ledger
    events: Events
    filing: Filing
    cases: Cases
    request_id: str
    quota: Used
    """How much may be fetched under a grant in a day."""
    registry: Registry
    """Connects datasets."""
    walker: Walker
    """Walks lineage."""
    follower: "Follower | None" = None
    """Who follows changes; in a subscription."""
    objects: Objects = field(default_factory=Objects, init=False)
    """Made anew with every copy: what one caller was told is not for another."""


async def object_of(info: Info[Context, Any], entity: str, identifier: str) -> Any:
    """An object by its global id: answered by the plan, and so only as far as the caller may know of it."""
    context = info.context
    return await context.objects.one(context.planner, info._raw_info, context.asker, entity, identifier)


def asker_of(scope: Scope, subject: Subject) -> Asker:
    """Who asks. The public's new shapes of query are counted by address."""
    client = scope.get("client")
    return Asker(subject, subject.id or (client[0] if client else "unknown"))
