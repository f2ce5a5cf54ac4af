"""Why the events of a request happen: who asks, by which policy, under which id."""

from gateway.audit.event import Actor, ActorKind, Cause
from gateway.schema.context import Context


def cause_of(context: Context) -> Cause:
    """The cause of whatever a request changes."""
    subject = context.asker.subject
    if subject.id is None:
        actor = Actor(ActorKind.PUBLIC)
    else:
        role = next(iter(subject.profile.roles)) if subject.agency else None
        actor = Actor(ActorKind.PERSON, subject.id, subject.agency, role, subject.appointment, subject.home)
    return Cause(actor, context.planner.table_for(subject.profile).digest, context.request_id)
