"""Why the events of a request happen: who asks, by which policy, under which id."""

from gateway.audit.event import Actor, ActorKind, Cause
from gateway.identity import Subject
from gateway.schema.context import Context


def cause_of(context: Context) -> Cause:
    """The cause of whatever a request changes."""
    subject = context.asker.subject
    return cause_by(subject, context.planner.table_for(subject.profile).digest, context.request_id)


def cause_by(subject: Subject, policy: str, request: str) -> Cause:
    """The cause of what somebody asks for, by the digest of the policy in force and the request's id."""
    if subject.id is None:
        actor = Actor(ActorKind.PUBLIC)
    else:
        role = next(iter(subject.profile.roles)) if subject.agency else None
        actor = Actor(ActorKind.PERSON, subject.id, subject.agency, role, subject.appointment, subject.home)
    return Cause(actor, policy, request)
