"""What a resolver knows of its request."""

from dataclasses import dataclass

from gateway.identity import Subject
from gateway.plan import Planner


@dataclass(frozen=True, slots=True)
class Context:
    """One request: who asks, and the planner that answers."""

    subject: Subject
    planner: Planner
