"""What a resolver knows of its request."""

from dataclasses import dataclass

from gateway.audit.asking import Events
from gateway.audit.ledger import Ledger
from gateway.plan import Asker, Planner
from gateway.sharing.filing import Filing
from gateway.sharing.reading import Cases


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
