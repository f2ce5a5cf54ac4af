"""The Cypher of an import. Each statement takes a batch as `$rows` and returns one record."""

from typing import Final

OURS: Final = """
MATCH (d:Dataset {source: $source}) WHERE d.origin = 'IMPORTED'
RETURN collect([d.identifier, d.recordDigest, d.status])
"""

HELD: Final = """
UNWIND $identifiers AS identifier MATCH (d:Dataset {identifier: identifier})
RETURN collect(d.identifier)
"""

AGENCIES: Final = """
UNWIND $codes AS code MATCH (a:Agency {code: code})
RETURN collect([a.code, a.name, a.jurisdiction, [(a)-[:PART_OF]->(p:Agency) | p.code]])
"""

JURISDICTION: Final = "MATCH (j:Jurisdiction {code: $code}) RETURN j.id"

MAKE_JURISDICTION: Final = """
MERGE (j:Jurisdiction {code: $code})
ON CREATE SET j.id = $id, j.name = $name, j.level = 'EXTERNAL'
RETURN j.id
"""

WRITE_AGENCIES: Final = """
UNWIND $rows AS row
MERGE (a:Agency {code: row.code})
ON CREATE SET a.id = row.id, a.kind = 'BY_REFERENCE', a.origin = 'IMPORTED'
SET a.name = row.name, a.jurisdiction = $jurisdiction
WITH a, row
OPTIONAL MATCH (a)-[old:IN|PART_OF]->()
DELETE old
WITH DISTINCT a, row
MATCH (j:Jurisdiction {id: $jurisdiction})
CREATE (a)-[:IN]->(j)
WITH a, row
MATCH (p:Agency {code: row.parent})
CREATE (a)-[:PART_OF]->(p)
"""

LOCK_SOURCE: Final = """
MERGE (s:Source {id: $id})
ON CREATE SET s.name = $source
SET s.writing = $now
"""
"""Held to the end of the transaction: two imports of one source take turns, batch by batch."""

BEFORE: Final = """
UNWIND $identifiers AS identifier
OPTIONAL MATCH (d:Dataset {identifier: identifier})
WITH d WHERE d IS NOT NULL
RETURN collect({identifier: d.identifier, ours: d.origin = 'IMPORTED' AND d.source = $source, digest: d.recordDigest,
  status: d.status, agency: d.agency, jurisdiction: d.jurisdiction, theme: d.theme, accessClass: d.accessClass,
  shareType: d.shareType, openType: d.openType, version: d.version})
"""

WRITE_ENTRIES: Final = """
UNWIND $rows AS row
MERGE (d:Dataset {identifier: row.identifier})
ON CREATE SET d.id = row.id
SET d += row.properties
REMOVE d:$(row.oldLabels)
SET d:$(row.label)
WITH d, row
OPTIONAL MATCH (d)-[old:PROVIDED_BY]->()
DELETE old
WITH DISTINCT d, row
MATCH (a:Agency {id: row.properties.agency})
CREATE (d)-[:PROVIDED_BY]->(a)
CREATE (v:DatasetVersion {id: row.version.id, n: row.version.n, digest: row.version.digest,
  snapshot: row.version.snapshot, validFrom: $now, validTo: $forever, recordedFrom: $now, recordedTo: $forever})
CREATE (d)-[:HAS_VERSION]->(v)
"""

CLOSE_VERSIONS: Final = """
UNWIND $identifiers AS identifier
MATCH (:Dataset {identifier: identifier})-[:HAS_VERSION]->(v:DatasetVersion {recordedTo: $forever})
SET v.validTo = $now, v.recordedTo = $now
"""

CLEAR_PARTS: Final = """
UNWIND $identifiers AS identifier
MATCH (d:Dataset {identifier: identifier})
CALL (d) {
  MATCH (d)-[link:HAS_FIELD]->(f:Field)
  SET f.accessClass = $unpublished
  DELETE link
}
CALL (d) {
  MATCH (d)-[:HAS_DISTRIBUTION]->(p:Distribution)
  DETACH DELETE p
}
"""
"""A field that is dropped stays, unpublished, for the versions that list it."""

WRITE_FIELDS: Final = """
UNWIND $rows AS row
MATCH (d:Dataset {identifier: row.identifier})-[:HAS_VERSION]->(v:DatasetVersion {recordedTo: $forever})
MERGE (f:Field {id: row.id})
SET f = row.properties
CREATE (d)-[:HAS_FIELD]->(f)
CREATE (v)-[:LISTS {snapshot: row.snapshot}]->(f)
"""

WRITE_DISTRIBUTIONS: Final = """
UNWIND $rows AS row
MATCH (d:Dataset {identifier: row.identifier})
CREATE (p:Distribution)
SET p = row.properties
CREATE (d)-[:HAS_DISTRIBUTION]->(p)
"""

WITHDRAW: Final = """
UNWIND $rows AS row
MATCH (d:Dataset {identifier: row.identifier})
SET d.status = 'WITHDRAWN', d.accessClass = $unpublished
REMOVE d:$(row.oldLabels)
SET d:$($label)
WITH d
MATCH (d)-[:HAS_FIELD]->(f:Field)
SET f.accessClass = $unpublished
"""
