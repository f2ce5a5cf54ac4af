"""The Cypher of recording. Each is one round trip for a whole batch, and gives one record.

The indexes are named: a plan that was made while the graph was empty would scan, and is kept for a while.
"""

from typing import Final

LOCK_JOBS: Final = """
UNWIND $rows AS job
MERGE (j:Job {id: job.id}) ON CREATE SET j = job
SET j.locked = true REMOVE j.locked
RETURN count(*)
"""
"""In the order of their ids, so that requests at once wait for each other, and none for one that waits for it."""

RUNS: Final = """
UNWIND $runs AS id
MATCH (r:Run {id: id})
RETURN collect([r.id, r.at, r.unmade, r.statement, r.systems])
"""

STATEMENTS: Final = """
UNWIND $ids AS id
MATCH (s:Statement {id: id})
RETURN collect([s.id, s.content])
"""

PUT_STATEMENTS: Final = """
UNWIND $rows AS row
MERGE (s:Statement {id: row.id}) ON CREATE SET s.content = row.content
RETURN count(*)
"""

PUT_RUNS: Final = """
UNWIND $rows AS row
MERGE (r:Run {id: row.id}) SET r = row
RETURN count(*)
"""

DROP_POINTS: Final = """
UNWIND $rows AS row
MATCH (p:Point) USING INDEX p:Point(line, at)
WHERE p.line = row[0] AND p.at = row[1] AND p.run = row[2]
DELETE p
RETURN count(*)
"""

_POINT: Final = "[p.at, p.run, p.digest, p.statement, p.system]"
AROUND: Final = f"""
UNWIND $rows AS row
WITH COLLECT {{
  MATCH (p:Point) USING INDEX p:Point(line, back) WHERE p.line = row[0] AND p.back >= row[2]
  RETURN {_POINT} ORDER BY p.line, p.back, p.run DESC LIMIT 1
}} AS here, COLLECT {{
  MATCH (p:Point) USING INDEX p:Point(line, at) WHERE p.line = row[0] AND p.at > row[1]
  RETURN p.at ORDER BY p.line, p.at LIMIT 1
}} AS next
RETURN collect([head(here), head(next)])
"""
"""What is at an instant of a line or before it, and when the next is: each is one step into an index, whatever the
line's length. `back` is the instant with its digits turned round: Neo4j walks indexes of several properties backwards
in the time of a scan (300 steps among 15,000 edges took 7 s, and 0.02 s forwards)."""

BEFORE: Final = f"""
UNWIND $rows AS row
WITH COLLECT {{
  MATCH (p:Point) USING INDEX p:Point(line, back) WHERE p.line = row[0] AND p.back > row[2]
  RETURN {_POINT} ORDER BY p.line, p.back, p.run DESC LIMIT 1
}} AS before
RETURN collect(before)
"""

AT: Final = f"""
UNWIND $rows AS row
WITH COLLECT {{
  MATCH (p:Point) USING INDEX p:Point(line, at) WHERE p.line = row[0] AND p.at = row[1]
  RETURN {_POINT} ORDER BY p.run DESC LIMIT 1
}} AS here
RETURN collect(here)
"""

UNSETTLED: Final = """
MATCH (u:Unsettled) USING INDEX u:Unsettled(job) WHERE u.job IN $jobs
RETURN collect(DISTINCT u.job)
"""

PUT_UNSETTLED: Final = """
UNWIND $rows AS row
CREATE (u:Unsettled) SET u = row
RETURN count(*)
"""

NEXT_UNSETTLED: Final = """
MATCH (j:Job {id: $job})
SET j.locked = true REMOVE j.locked
WITH j
MATCH (u:Unsettled {job: j.id})
WITH u ORDER BY u.id LIMIT 1
RETURN u {.id, .segments, .done, .event}
"""

SETTLED: Final = """
MATCH (u:Unsettled {id: $id})
SET u.done = $done
WITH u WHERE $all
DELETE u
"""

PUT_POINTS: Final = """
UNWIND $rows AS row
CREATE (p:Point {line: row[0], at: row[1], back: row[2], run: row[3], digest: row[4], statement: row[5],
  system: row[6]})
RETURN count(*)
"""

HELD: Final = """
UNWIND $rows AS row
RETURN collect(COLLECT {
  MATCH ()-[e:DERIVED_FROM]->() USING INDEX e:DERIVED_FROM(line, recordedTo, validTo)
  WHERE e.line = row[0] AND e.recordedTo = $forever AND e.validTo > row[1] AND e.validTo <= row[2]
  RETURN [e.validFrom, e.validTo, e.runId, e.system]
} + COLLECT {
  MATCH ()-[e:DERIVED_FROM]->() USING INDEX e:DERIVED_FROM(line, recordedTo, validTo)
  WHERE e.line = row[0] AND e.recordedTo = $forever AND e.validTo > row[2]
  RETURN [e.validFrom, e.validTo, e.runId, e.system] ORDER BY e.line, e.recordedTo, e.validTo LIMIT 1
})
"""
"""What is on record of a derivation between two instants: no two of its edges overlap, so the last of them is the first
that ends after it."""

END: Final = """
UNWIND $rows AS row
MATCH ()-[e:DERIVED_FROM]->() USING INDEX e:DERIVED_FROM(line, recordedTo, validTo)
WHERE e.line = row[0] AND e.recordedTo = $forever AND e.validTo = row[1]
SET e.recordedTo = CASE WHEN e.recordedFrom > $now THEN e.recordedFrom ELSE $now END
RETURN collect(DISTINCT startNode(e).id)
"""
"""Gives of what derivations have ended. Another gateway's clock may be ahead: nothing ends before it began."""

EXTERNALS: Final = """
MATCH (a:Agency {id: $agency})
UNWIND $rows AS row
MERGE (x:External {id: row.id}) ON CREATE SET x = row, x.agency = a.id, x.jurisdiction = a.jurisdiction
SET x.unmatched = CASE WHEN x.field IS NULL THEN true END
RETURN count(*)
"""

END_DECLARED: Final = """
UNWIND $ids AS id
MATCH ()-[e:DERIVED_FROM]->() USING INDEX e:DERIVED_FROM(declared)
WHERE e.declared = id AND e.recordedTo = $forever
SET e.recordedTo = CASE WHEN e.recordedFrom > $now THEN e.recordedFrom ELSE $now END
RETURN count(*)
"""

_BEGIN: Final = """
UNWIND $rows AS row
MATCH (t:{target} {{id: row.target}}) MATCH (s:{source} {{id: row.source}})
CREATE (t)-[e:DERIVED_FROM]->(s) SET e = row.p
RETURN count(*)
"""
"""The labels are written in: one given as a parameter would not use the index."""

LABELS: Final = {"ds_": "Dataset", "fd_": "Field", "xn_": "External"}
"""What ids are of."""


def begin(target: str, source: str) -> str:
    """The statement for edges between ends with these labels."""
    return _BEGIN.format(target=target, source=source)


LOCK_NAMES: Final = """
UNWIND $locks AS lock
MERGE (n:NameLock {id: lock})
SET n.locked = true REMOVE n.locked
RETURN count(*)
"""
"""Whoever maps a name waits for who draws edges to it, and the other way round."""

MAPPED: Final = """
UNWIND $names AS name
MATCH (m:LineageName)-[:NAMES]->(d:Dataset) USING INDEX m:LineageName(key) WHERE m.key = name
RETURN collect({key: name, agency: m.agency, dataset: d.id, identifier: d.identifier, owner: d.agency,
  published: d.accessClass <> $unpublished, fields: m.fields})
"""

PRESENT_FIELDS: Final = """
UNWIND $ids AS id
MATCH (f:Field {id: id}) WHERE EXISTS { (:Dataset)-[:HAS_FIELD]->(f) }
RETURN collect(f.id)
"""
