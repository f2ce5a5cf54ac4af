"""The room of the log: what happened, in the order in which it happened, so that nobody can change it unnoticed.

Other rooms make events and hand them to a `Recorder`; when it answers, they are durable. The room knows who may read an
event, from what the event states; it knows nothing of what the procedures mean.
"""

from gateway.audit.errors import LogDamaged, LogError, LogInUse, LogUnavailable
from gateway.audit.event import GATEWAY, OPERATOR, About, Actor, ActorKind, Cause, Event, Outcome, Stage
from gateway.audit.recorder import Recorder

__all__ = [
    "GATEWAY",
    "OPERATOR",
    "About",
    "Actor",
    "ActorKind",
    "Cause",
    "Event",
    "LogDamaged",
    "LogError",
    "LogInUse",
    "LogUnavailable",
    "Outcome",
    "Recorder",
    "Stage",
]
