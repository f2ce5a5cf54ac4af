"""What a derivation rests on: the documents that say so, and approvals of its masks, for who may read them (R19, R20).

A document is for the agencies that it is between and for who oversees one of them. For everybody else it is not there.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from gateway.graph import Graph
from gateway.identity import Subject

Row = Mapping[str, Any]
MOST_APPROVALS: Final = 100
"""Of one derivation."""

_DOCUMENTS: Final = """
UNWIND $ids AS id
MATCH (x:Document {id: id})<-[:SIGNS]-(s:Signature)
WHERE $agency IN x.parties OR any(home IN x.homes WHERE home IN $jurisdictions)
OPTIONAL MATCH (s)-[:AS]->(h:Appointment)<-[:HOLDS]-(p:Person)
OPTIONAL MATCH (h)-[:AT]->(a:Agency)
RETURN collect({id: x.id, act: x.act, digest: x.digest, bytes: x.bytes, filedAt: x.filedAt, person: p.id,
  name: p.name, role: h.role, appointment: h.id, agency: a.id, signature: s.bytes, signatureDigest: s.digest,
  fingerprint: s.fingerprint, signedAt: s.genTime})
"""
_APPROVALS: Final = """
UNWIND $pairs AS pair
RETURN collect(COLLECT {
  MATCH (n:Declassification {source: pair[0], target: pair[1]})
  MATCH (x:Document {id: n.document})
  WHERE $agency IN x.parties OR any(home IN x.homes WHERE home IN $jurisdictions)
  RETURN n {.*} ORDER BY n.recordedFrom DESC, n.id LIMIT $most
})
"""


async def signed_documents(graph: Graph, subject: Subject, ids: Sequence[str]) -> Sequence[Row | None]:
    """The documents with these ids as far as they are theirs to read, in this order, with their signatures."""
    given = {"ids": sorted({*ids}), "agency": subject.agency, "jurisdictions": list(subject.jurisdictions)}
    found = {row["id"]: row for row in await graph.read(_DOCUMENTS, given)}
    return [found.get(one) for one in ids]


async def mask_approvals(graph: Graph, subject: Subject, pairs: Sequence[tuple[str, str]]) -> Sequence[Sequence[Row]]:
    """Every approval there was of masks between a source and a target, of each pair, the last to be recorded first.

    Only those that are theirs to read.
    """
    given = {
        "pairs": [list(pair) for pair in pairs],
        "agency": subject.agency,
        "jurisdictions": list(subject.jurisdictions),
        "most": MOST_APPROVALS,
    }
    found: Sequence[Sequence[Row]] = await graph.read(_APPROVALS, given)
    return found
