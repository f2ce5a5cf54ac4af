"""What waits for whom, what the center sees, applications of one class, and grants by what they were examined with."""

from typing import Final

NAME: Final = "tasks"

_RANGE: Final = (
    ("Task", "owner", "dueAt", "about"),
    ("Task", "about"),
    ("Case", "center", "filedAt", "id"),
    ("Case", "center", "state", "filedAt", "id"),
    ("Case", "treatment"),
    ("Grant", "status", "policy"),
)


_OPEN: Final = """
MATCH (c:Case) WHERE c.state = 'SUBMITTED' AND NOT EXISTS { (c)<-[:FOR]-(:Task) }
CREATE (:Task {about: c.id, owner: c.provider, dueAt: c.dueAt})-[:FOR]->(c)
"""


def statements() -> list[str]:
    """The statements in order; each does nothing when its object is there already."""
    indexes = [
        f"CREATE RANGE INDEX {'_'.join((label, *names)).lower()} IF NOT EXISTS FOR (n:{label}) ON "
        f"({', '.join(f'n.{name}' for name in names)})"
        for label, *names in _RANGE
    ]
    return [*indexes, _OPEN]
