"""Deadlines as nodes that cases share, and one index that finds those of which something is to be done."""

from typing import Final

NAME: Final = "deadlines"

_KEPT: Final = ("duty", "startedOn", "dueAt", "clocks", "calendar", "ruleBook", "formerly", "escalated")

# As `gateway.sharing.clocks` writes them, but that a part of their ids is drawn: Cypher has no hash. The day on which
# somebody is to be told begins at an instant of the city's; who waits for a year that nobody has stated is looked at
# from the due instant on, which is the last of its day. A case is looked at under its lock, for another gateway may
# have come before, and counted it again since.
_SHARE: Final = f"""
MATCH (c:Case) WHERE c.dueAt IS NOT NULL AND c.deadline IS NULL
WITH {", ".join(f"c.{name} AS {name}" for name in _KEPT)}, c.escalateAt AS at, collect(c) AS cases
CALL ({", ".join(_KEPT)}, at, cases) {{
  WITH *, toString(date(datetime(at) + duration({{hours: 8, milliseconds: 1}}))) AS day
  CREATE (d:Deadline {{{", ".join(f"{name}: {name}" for name in _KEPT if name != "escalated")}}})
  SET d.escalated = coalesce(escalated, []), d.escalatesOn = day, d.id = left(calendar, 16)
    + coalesce(replace(day, '-', ''), '99999999') + left(replace(randomUUID(), '-', ''), 30)
  WITH d, cases
  UNWIND cases AS c
  SET c.locked = true REMOVE c.locked
  WITH d, c WHERE c.deadline IS NULL
  SET c.deadline = d.id
  REMOVE {", ".join(f"c.{name}" for name in _KEPT)}, c.escalateAt
}} IN TRANSACTIONS OF 1 ROW
"""


def statements() -> list[str]:
    """The statements in order; each does nothing when its object is there already, or gone."""
    return [
        "CREATE CONSTRAINT deadline_id_unique IF NOT EXISTS FOR (n:Deadline) REQUIRE n.id IS UNIQUE",
        _SHARE,
        "CREATE RANGE INDEX case_state_deadline IF NOT EXISTS FOR (n:Case) ON (n.state, n.deadline)",
        "DROP INDEX case_escalateat_id IF EXISTS",
        "DROP INDEX case_state_calendar IF EXISTS",
    ]
