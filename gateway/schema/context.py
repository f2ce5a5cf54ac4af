"""What a resolver knows of its request."""

from dataclasses import dataclass

from gateway.plan import Asker, Planner


@dataclass(frozen=True, slots=True)
class Context:
    """One request: who asks, and the planner that answers."""

    asker: Asker
    planner: Planner
