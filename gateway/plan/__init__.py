"""From a GraphQL selection and a caller's access table to one Cypher statement, and back to the response's shape.

The room knows how the graph is laid out and how to ask it; which class may be seen by whom it is told (an access
table), and what stands behind a field it reads from the type's own declaration.
"""

from gateway.plan.cache import Budget
from gateway.plan.callers import Asker
from gateway.plan.errors import BadInput
from gateway.plan.planner import Planner
from gateway.plan.shaped import PlannedExecutor, Shaped

__all__ = ["Asker", "BadInput", "Budget", "PlannedExecutor", "Planner", "Shaped"]
