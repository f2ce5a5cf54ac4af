"""What a resolver knows of its request."""

from dataclasses import dataclass

from gateway.plan import Asker, Planner


@dataclass(frozen=True, slots=True)
class Context:
    """One request: who asks, the planner that answers, and the id under which the log knows it."""

    asker: Asker
    planner: Planner
    request_id: str = "unknown"
