"""The Cypher of the writers. `$rows` is a batch; a statement whose rows must all be found returns how many were."""

from typing import Final

JURISDICTIONS: Final = """
UNWIND $rows AS row
MERGE (j:Jurisdiction {code: row.code}) ON CREATE SET j.id = row.id
SET j.name = row.name, j.level = row.level
WITH j, row
CALL (j) { MATCH (j)-[old:PART_OF]->() DELETE old }
RETURN count(*)
"""

JURISDICTION_PARENTS: Final = """
UNWIND $rows AS row
MATCH (j:Jurisdiction {code: row.code}) MATCH (p:Jurisdiction {code: row.parent})
CREATE (j)-[:PART_OF]->(p)
RETURN count(*)
"""

AGENCIES: Final = """
UNWIND $rows AS row
MATCH (j:Jurisdiction {id: row.p.jurisdiction})
MERGE (a:Agency {code: row.p.code})
WITH a, j, row, a.jurisdiction <> j.id AS moved
SET a = row.p
WITH a, j, moved
CALL (a) { MATCH (a)-[old:IN|PART_OF]->() DELETE old }
CREATE (a)-[:IN]->(j)
WITH a, moved
CALL (a, moved) {
  WITH a, moved WHERE moved
  MATCH (d:Dataset {agency: a.id}) SET d.jurisdiction = a.jurisdiction
}
CALL (a, moved) {
  WITH a, moved WHERE moved
  MATCH (t:Tally {agency: a.id}) SET t.jurisdiction = a.jurisdiction
}
CALL (a, moved) {
  WITH a, moved WHERE moved
  MATCH (x:External {agency: a.id}) SET x.jurisdiction = a.jurisdiction
}
RETURN count(*)
"""

AGENCY_PARENTS: Final = """
UNWIND $rows AS row
MATCH (a:Agency {code: row.code}) MATCH (p:Agency {code: row.parent})
CREATE (a)-[:PART_OF]->(p)
RETURN count(*)
"""

HOMES: Final = """
UNWIND $ids AS id MATCH (a:Agency {id: id})
RETURN collect([a.id, a.jurisdiction])
"""

LOCK: Final = """
UNWIND $rows AS row
MERGE (d:Dataset {identifier: row.identifier}) ON CREATE SET d.id = row.id
SET d.writing = true REMOVE d.writing
RETURN count(*)
"""
"""Creates what is not there and holds all of them to the end: what is read afterwards, nobody else changes."""

LOCK_PRESENT: Final = """
UNWIND $identifiers AS identifier
MATCH (d:Dataset {identifier: identifier})
SET d.writing = true REMOVE d.writing
RETURN count(*)
"""

BEFORE: Final = """
UNWIND $identifiers AS identifier
MATCH (d:Dataset {identifier: identifier})
RETURN collect({id: d.id, identifier: d.identifier, version: d.version, digest: d.recordDigest, status: d.status,
  agency: d.agency, theme: d.theme, accessClass: d.accessClass, shareType: d.shareType, openType: d.openType,
  jurisdiction: d.jurisdiction, origin: d.origin, source: d.source, noRedistribution: d.noRedistribution,
  labels: [l IN labels(d) WHERE l STARTS WITH 'Class_']})
"""

CLOSE_VERSIONS: Final = """
UNWIND $rows AS row
MATCH (:Dataset {id: row.id})-[:HAS_VERSION]->(v:DatasetVersion {recordedTo: $forever})
SET v.validTo = $now, v.recordedTo = $now
RETURN count(*)
"""

UPDATE: Final = """
UNWIND $rows AS row
MATCH (a:Agency {id: row.p.agency})
MATCH (d:Dataset {id: row.p.id})
WITH a, d, row, d.noRedistributionOf AS owners, d.inheritedNoRedistribution AS inherited
REMOVE d:$(row.oldLabels)
SET d = row.p
SET d.noRedistributionOf = owners, d.inheritedNoRedistribution = inherited
SET d:$(row.label)
CREATE (d)-[:HAS_VERSION]->(v:DatasetVersion) SET v = row.v
WITH a, d
CALL (d) { MATCH (d)-[old:PROVIDED_BY]->() DELETE old }
CALL (d) { MATCH (d)-[:HAS_DISTRIBUTION]->(p:Distribution) DETACH DELETE p }
CREATE (d)-[:PROVIDED_BY]->(a)
RETURN count(*)
"""
"""What it has through lineage stays until that is settled; nobody else changes it, for it is locked."""

END_FIELDS: Final = """
UNWIND $rows AS row
MATCH (:Dataset {id: row.id})-[link:HAS_FIELD]->(f:Field) WHERE NOT f.id IN row.fields
SET f.accessClass = $unpublished, f.violation = null
DELETE link
RETURN count(*)
"""
"""A field that is dropped stays, unpublished, for the versions that list it."""

FIELDS: Final = """
UNWIND $rows AS row
MATCH (d:Dataset {id: row.dataset})
MATCH (v:DatasetVersion {id: row.version})
MERGE (f:Field {id: row.p.id})
WITH d, v, f, row, [f.shareType, f.openType, f.sensitivity] AS before
SET f += row.p
SET f.violation = CASE WHEN f.lineageTier IS NOT NULL AND f.accessClass <> $unpublished THEN d.agency END
MERGE (d)-[:HAS_FIELD]->(f)
CREATE (v)-[:LISTS {snapshot: row.snapshot}]->(f)
WITH f, before WHERE before[0] IS NOT NULL AND before <> [f.shareType, f.openType, f.sensitivity]
RETURN collect(f.id)
"""
"""What it has through lineage stays until that is settled, so its other properties are set one by one: `p` has all of
them. Gives those whose own tier has changed."""

FIELDS_OF: Final = """
UNWIND $ids AS id
MATCH (d:Dataset {id: id})
RETURN collect(COLLECT {
  MATCH (d)-[:HAS_FIELD]->(f:Field) RETURN f.id
  UNION MATCH (d)-[:HAS_VERSION]->(:DatasetVersion)-[:LISTS]->(f:Field) RETURN f.id
})
"""
"""All fields that datasets have or had."""

DISTRIBUTIONS: Final = """
UNWIND $rows AS row
MATCH (d:Dataset {id: row.dataset})
CREATE (d)-[:HAS_DISTRIBUTION]->(p:Distribution) SET p = row.p
RETURN count(*)
"""

CREATE: Final = """
UNWIND $rows AS row
MATCH (a:Agency {id: row.p.agency})
CREATE (d:Dataset)-[:PROVIDED_BY]->(a) SET d = row.p SET d.jurisdiction = a.jurisdiction SET d:$(row.label)
CREATE (d)-[:HAS_VERSION]->(v:DatasetVersion) SET v = row.v
FOREACH (f IN row.f | CREATE (d)-[:HAS_FIELD]->(x:Field)<-[:LISTS {snapshot: f.snapshot}]-(v) SET x = f.p)
FOREACH (p IN row.x | CREATE (d)-[:HAS_DISTRIBUTION]->(x:Distribution) SET x = p)
RETURN count(*)
"""

WITHDRAW: Final = """
UNWIND $rows AS row
MATCH (d:Dataset {id: row.id})
REMOVE d:$(row.oldLabels)
SET d.status = 'WITHDRAWN', d.accessClass = $unpublished
SET d:$($label)
WITH d
CALL (d) { MATCH (d)-[:HAS_FIELD]->(f:Field) SET f.accessClass = $unpublished, f.violation = null }
RETURN count(*)
"""

TALLY: Final = """
UNWIND $rows AS row
MERGE (t:Tally {key: row.key}) ON CREATE SET t += row.place, t.n = 0
SET t.writing = true
WITH t, row
SET t.n = t.n + row.change
REMOVE t.writing
RETURN count(*)
"""
"""The first SET takes the lock; only then is the count read, so that no change is lost."""

DERIVATIONS: Final = """
UNWIND $rows AS row
MATCH (a:{label} {{id: row.target}}) MATCH (b:{label} {{id: row.source}})
MERGE (a)-[e:DERIVED_FROM {{id: row.p.id}}]->(b) ON CREATE SET e = row.p
RETURN count(*)
"""
"""The label is written in: a label given as a parameter would not use the index."""
