"""The Cypher of recording. Each is one round trip for a whole batch, and gives one record."""

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
MATCH (p:Point {line: row[0], at: row[1], run: row[2]})
DELETE p
RETURN count(*)
"""

AROUND: Final = """
UNWIND $rows AS row
WITH COLLECT {
  MATCH (p:Point) WHERE p.line = row[0] AND p.at <= row[1]
  RETURN [p.at, p.run, p.digest, p.statement, p.system] ORDER BY p.line DESC, p.at DESC, p.run DESC LIMIT 1
} AS here, COLLECT {
  MATCH (p:Point) WHERE p.line = row[0] AND p.at > row[1] RETURN p.at ORDER BY p.line, p.at LIMIT 1
} AS next
RETURN collect([head(here), head(next)])
"""
"""What is at an instant of a line or before it, and when the next is: each is one step into an index, whatever the
line's length."""

BEFORE: Final = """
UNWIND $rows AS row
WITH COLLECT {
  MATCH (p:Point) WHERE p.line = row[0] AND p.at < row[1]
  RETURN [p.at, p.run, p.digest, p.statement, p.system] ORDER BY p.line DESC, p.at DESC, p.run DESC LIMIT 1
} AS before
RETURN collect(before)
"""

AT: Final = """
UNWIND $rows AS row
WITH COLLECT {
  MATCH (p:Point) WHERE p.line = row[0] AND p.at = row[1]
  RETURN [p.at, p.run, p.digest, p.statement, p.system] ORDER BY p.line DESC, p.at DESC, p.run DESC LIMIT 1
} AS here
RETURN collect(here)
"""

PUT_POINTS: Final = """
UNWIND $rows AS row
CREATE (p:Point {line: row[0], at: row[1], run: row[2], digest: row[3], statement: row[4], system: row[5]})
RETURN count(*)
"""

HELD: Final = """
UNWIND $rows AS row
RETURN collect(COLLECT {
  MATCH ()-[e:DERIVED_FROM]->()
  WHERE e.line = row[0] AND e.recordedTo = $forever AND e.validFrom >= row[1] AND e.validFrom <= row[2]
  RETURN [e.validFrom, e.validTo, e.runId, e.system]
} + COLLECT {
  MATCH ()-[e:DERIVED_FROM]->()
  WHERE e.line = row[0] AND e.recordedTo = $forever AND e.validFrom < row[1]
  RETURN [e.validFrom, e.validTo, e.runId, e.system]
  ORDER BY e.line DESC, e.recordedTo DESC, e.validFrom DESC LIMIT 1
})
"""

END: Final = """
UNWIND $rows AS row
MATCH ()-[e:DERIVED_FROM]->()
WHERE e.line = row[0] AND e.recordedTo = $forever AND e.validFrom = row[1]
SET e.recordedTo = CASE WHEN e.recordedFrom > $now THEN e.recordedFrom ELSE $now END
RETURN count(*)
"""
"""Another gateway's clock may be ahead: nothing ends before it began."""

EXTERNALS: Final = """
MATCH (a:Agency {id: $agency})
UNWIND $rows AS row
MERGE (x:External {id: row.id}) ON CREATE SET x = row, x.agency = a.id, x.jurisdiction = a.jurisdiction
SET x.unmatched = CASE WHEN x.field IS NULL THEN true END
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
UNWIND $names AS name
MERGE (n:Name {id: name})
SET n.locked = true REMOVE n.locked
RETURN count(*)
"""
"""Whoever maps a name waits for who draws edges to it, and the other way round."""

MAPPED: Final = """
UNWIND $names AS name
MATCH (m:LineageName {key: name})-[:NAMES]->(d:Dataset)
RETURN collect({key: name, agency: m.agency, dataset: d.id, identifier: d.identifier, owner: d.agency,
  published: d.accessClass <> $unpublished, fields: m.fields})
"""

PRESENT_FIELDS: Final = """
UNWIND $ids AS id
MATCH (f:Field {id: id}) WHERE EXISTS { (:Dataset)-[:HAS_FIELD]->(f) }
RETURN collect(f.id)
"""
