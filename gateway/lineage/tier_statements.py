"""The Cypher of settling tiers. Each is one round trip for a whole batch, and gives one record."""

from typing import Final

_HELD: Final = "e.recordedTo = $forever AND e.validFrom <= $now AND e.validTo > $now"
"""Whether a derivation holds now."""


def _dataset_of(field: str) -> str:
    """A field that was dropped is still one of the dataset that lists it in a version."""
    return (
        f"head(COLLECT {{ MATCH ({field})<-[:HAS_FIELD]-(h:Dataset) RETURN h }}"
        f" + COLLECT {{ MATCH ({field})<-[:LISTS]-(:DatasetVersion)<-[:HAS_VERSION]-(h:Dataset) RETURN h LIMIT 1 }})"
    )


COUNTS: Final = f"""{_HELD} AND e.asserter = d.agency
      AND NOT (coalesce(e.masking, false) AND EXISTS {{
        MATCH (x:Declassification) USING INDEX x:Declassification(target, source)
        WHERE x.target = f.id AND x.source = s.id AND x.recordedTo = $forever
          AND x.validFrom <= $now AND x.validTo > $now AND x.agency = {_dataset_of("s")}.agency }})"""
"""Whether a derivation `e` of a field `f` of the dataset `d` from `s` tightens it. Only the agency whose dataset it is
says so with effect, and a mask alone lifts nothing: the owner of the source has to have signed it."""

LOCK: Final = """
MERGE (t:Tiering {id: 'tiers'})
SET t.locked = true REMOVE t.locked
RETURN coalesce(t.looked, '')
"""

WAITING: Final = """
MATCH (m:Retier) USING INDEX m:Retier(id) WHERE m.id < $due
WITH m LIMIT 1
RETURN m.id
"""

TAKE: Final = """
MATCH (m:Retier) USING INDEX m:Retier(id) WHERE m.id < $due
WITH m ORDER BY m.id LIMIT $most
RETURN collect(m {.id, .ids, .changed, .after})
"""

DONE: Final = """
UNWIND $ids AS id
MATCH (m:Retier {id: id})
DELETE m
RETURN count(*)
"""

GO_ON: Final = "MATCH (m:Retier {id: $id}) SET m.after = $after RETURN count(*)"

EVERY_FIELD: Final = """
MATCH (f:Field) USING INDEX f:Field(id) WHERE f.id > $after
WITH f ORDER BY f.id LIMIT $page
RETURN collect([f.id, f.lineageTier IS NOT NULL OR EXISTS { (f)-[:DERIVED_FROM]->() }])
"""

EVERY_DATASET: Final = """
MATCH (d:Dataset) USING INDEX d:Dataset(id) WHERE d.id > $after
WITH d ORDER BY d.id LIMIT $page
RETURN collect([d.id, d.inheritedNoRedistribution IS NOT NULL OR EXISTS { (d)-[:DERIVED_FROM]->() }])
"""

FIELDS: Final = f"""
UNWIND $ids AS id
MATCH (f:Field {{id: id}})
WITH f, {_dataset_of("f")} AS d
RETURN collect([f.id, f.shareType, f.openType, f.sensitivity, f.lineageTier, d.id, d.agency,
  COLLECT {{ MATCH (f)-[e:DERIVED_FROM]->(s:Field) WHERE {COUNTS}
    RETURN DISTINCT [s.id, s.shareType, s.openType, s.sensitivity, s.lineageTier] }}])
"""

DATASETS: Final = f"""
UNWIND $ids AS id
MATCH (d:Dataset {{id: id}})
RETURN collect([d.id, d.agency, coalesce(d.noRedistribution, false), coalesce(d.noRedistributionOf, []),
  COLLECT {{ MATCH (d)-[e:DERIVED_FROM]->(s:Dataset) WHERE {_HELD} AND e.asserter = d.agency
    RETURN DISTINCT [s.id, s.agency, coalesce(s.noRedistribution, false), coalesce(s.noRedistributionOf, [])] }}])
"""

FIELDS_BELOW: Final = f"""
UNWIND $ids AS id
MATCH (s:Field {{id: id}})
MATCH (s)<-[e:DERIVED_FROM]-(f:Field) WHERE {_HELD}
RETURN collect(DISTINCT f.id)
"""

DATASETS_BELOW: Final = f"""
UNWIND $ids AS id
MATCH (s:Dataset {{id: id}})
MATCH (s)<-[e:DERIVED_FROM]-(d:Dataset) WHERE {_HELD} AND e.asserter = d.agency
RETURN collect(DISTINCT d.id)
"""

TIGHTEN: Final = """
UNWIND $rows AS row
MATCH (f:Field {id: row.id})
SET f.lineageTier = row.tier,
  f.lineageSince = CASE WHEN row.tier IS NULL THEN null ELSE coalesce(f.lineageSince, $now) END,
  f.violation = CASE WHEN row.tier IS NOT NULL AND f.accessClass <> $unpublished THEN row.agency END
RETURN count(*)
"""

BAR: Final = """
UNWIND $rows AS row
MATCH (d:Dataset {id: row.id})
SET d.noRedistributionOf = row.owners,
  d.inheritedNoRedistribution = CASE WHEN row.owners IS NULL THEN null ELSE true END
RETURN count(*)
"""

AFFECTED: Final = """
UNWIND $rows AS row
MATCH (d:Dataset {id: row.dataset})
RETURN collect({dataset: d.id, agency: d.agency,
  jurisdictions: COLLECT { MATCH (:Jurisdiction {id: d.jurisdiction})-[:PART_OF*0..16]->(j) RETURN j.id ORDER BY j.id },
  grants: COLLECT { MATCH (d)<-[:ON]-(g:Grant) WHERE g.status = 'ACTIVE' AND g.validTo > $now
      AND (row.fields IS NULL OR any(f IN g.fields WHERE f IN row.fields))
      AND (row.owners IS NULL OR NOT g.consumer IN row.owners OR size(row.owners) > 1)
    RETURN g.id ORDER BY g.id }})
"""
"""Grants on what has become stricter: of fields those that name one of them."""

BY_THE_CLOCK: Final = """
CALL () {
  MATCH (x:Declassification) USING INDEX x:Declassification(validFrom)
  WHERE x.validFrom > $since AND x.validFrom <= $now RETURN x.target AS target
  UNION
  MATCH (x:Declassification) USING INDEX x:Declassification(validTo)
  WHERE x.validTo > $since AND x.validTo <= $now RETURN x.target AS target
}
RETURN collect(DISTINCT target)
"""
"""Of what a declassification has begun or ended by itself."""

LOOKED: Final = "MATCH (t:Tiering {id: 'tiers'}) SET t.looked = $now RETURN count(*)"
SINCE: Final = "OPTIONAL MATCH (t:Tiering {id: 'tiers'}) RETURN coalesce(t.looked, '')"
