"""The outbox by transactions instead of by events, and no index that nothing is read by."""

from typing import Final

NAME: Final = "parcels"

# An event that waits becomes a parcel of its own, in the form that `gateway.audit.outbox` reads. What another gateway
# has made one meanwhile is left alone: that is looked at under the lock.
_CONVERT: Final = r"""
MATCH (o:Outbox) WHERE o.body IS NOT NULL
WITH o ORDER BY o.caseId, o.seq
MERGE (s:Sequence {caseId: o.caseId}) ON CREATE SET s.n = o.seq
SET s.locked = true REMOVE s.locked
WITH o, s WHERE o.body IS NOT NULL
SET o.id = toInteger(rand() * 4611686018427387904), o.n = o.seq, o.told = true,
  o.events = '[["' + reduce(text = '', part IN [o.caseId, o.eventId, o.body] |
    text + CASE text WHEN '' THEN '' ELSE '","' END + replace(replace(part, '\\', '\\\\'), '"', '\\"')) + '"]]'
SET s.parcels = coalesce(s.parcels, []) + o.id
REMOVE o.body, o.eventId, o.caseId, o.seq
"""


def statements() -> list[str]:
    """The statements in order; each does nothing when its object is there already, or gone."""
    return [
        "CREATE CONSTRAINT outbox_id_unique IF NOT EXISTS FOR (n:Outbox) REQUIRE n.id IS UNIQUE",
        _CONVERT,
        "DROP CONSTRAINT outbox_eventid_unique IF EXISTS",
        "DROP INDEX outbox_caseid IF EXISTS",
        "DROP INDEX case_provider_state_dueat_id IF EXISTS",
    ]
