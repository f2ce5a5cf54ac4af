"""What a resolver knows of its request."""

from dataclasses import dataclass

from gateway.audit.asking import Events
from gateway.audit.ledger import Ledger
from gateway.plan import Asker, Planner


@dataclass(frozen=True, slots=True)
class Context:
    """One request: who asks, what answers, changes and tells events, and the id that the log has of it."""

    asker: Asker
    planner: Planner
    ledger: Ledger
    events: Events
    request_id: str
