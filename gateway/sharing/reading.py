"""Cases and grants for who asks for them: both parties, who oversees either, and of grants the center too."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gateway.graph import Graph
from gateway.identity import Subject
from gateway.sharing.cases import sees, sides_of
from gateway.sharing.procedure import SIGNERS, steps_from
from gateway.sharing.words import Act, CaseState, Party, Procedure
from gateway.vocabulary import Role

Row = Mapping[str, Any]

_ONE: Final = "MATCH (c:Case {id: $id}) RETURN c {.*}"
_GRANT: Final = "MATCH (g:Grant {id: $id}) RETURN g {.*, state: g.status}"
_GRANT_OF: Final = """
OPTIONAL MATCH (:Case {id: $id})-[:LED_TO]->(g:Grant)
RETURN CASE WHEN g IS NULL THEN null ELSE g {.*, state: g.status} END
"""
_DOCUMENTS: Final = """
OPTIONAL MATCH (c:Case {id: $id})
OPTIONAL MATCH (g:Grant {id: $id})
WITH coalesce(c, g) AS target
MATCH (target)-[:HAS]->(x:Document)<-[:SIGNS]-(s:Signature)-[:AS]->(h:Appointment)<-[:HOLDS]-(p:Person)
MATCH (h)-[:AT]->(a:Agency)
WITH x, s, h, p, a ORDER BY x.filedAt, x.id
RETURN collect({id: x.id, act: x.act, digest: x.digest, bytes: x.bytes, filedAt: x.filedAt, person: p.id, name: p.name,
  role: h.role, agency: a.id, signature: s.bytes, signatureDigest: s.digest, fingerprint: s.fingerprint,
  signedAt: s.genTime})
"""
_BEHIND: Final = "AND c.filedAt <= $t AND c.id IS NOT NULL AND (c.filedAt < $t OR c.id < $after)"
_ANYWHERE: Final = "AND c.filedAt IS NOT NULL AND c.id IS NOT NULL"
"""Says nothing new, but an index is used only where something is said of everything in it."""
_WAITING: Final = """
MATCH (c:Case) WHERE c.provider = $agency AND c.state = $submitted AND c.dueAt >= $t AND c.id IS NOT NULL
  AND (c.dueAt > $t OR c.id > $after)
WITH c ORDER BY c.provider, c.state, c.dueAt, c.id LIMIT $n
RETURN collect(c {.*})
"""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins: behind this case, in the order of when cases were filed, or of when they are due."""

    moment: str
    id: str


@dataclass(frozen=True, slots=True)
class Cases:
    """Reads cases and grants. Every answer is what the subject may see."""

    graph: Graph

    async def one(self, subject: Subject, identifier: str) -> Row | None:
        """A case; None when there is none that is theirs to see."""
        found: Row | None = await self.graph.read(_ONE, {"id": identifier})
        return found if found is not None and sees(subject, found) else None

    async def grant(self, subject: Subject, identifier: str) -> Row | None:
        """A grant; None when there is none that is theirs to see."""
        found: Row | None = await self.graph.read(_GRANT, {"id": identifier})
        if found is None or "consumerJurisdiction" not in found:
            return None
        return found if sees(subject, found) or Role.CENTER in subject.profile.roles else None

    async def grant_of(self, case: str) -> Row | None:
        """The grant that a case, which may be seen, has led to."""
        found: Row | None = await self.graph.read(_GRANT_OF, {"id": case})
        return found

    async def documents(self, identifier: str) -> list[Row]:
        """What was signed in a case or of a grant, which may be seen, in order."""
        found: list[Row] | None = await self.graph.read(_DOCUMENTS, {"id": identifier})
        return found or []

    async def page(
        self, subject: Subject, side: Party | None, state: CaseState | None, count: int, after: Place | None = None
    ) -> Sequence[Row]:
        """The `count` youngest cases on a side, or on any; for who oversees also those of their subtree."""
        if subject.agency is None:
            return []
        parameters = {
            "agency": [subject.agency],
            "jurisdictions": list(subject.jurisdictions),
            "state": state,
            "n": count,
            "t": after and after.moment,
            "after": after and after.id,
        }
        found: list[Row] = await self.graph.read(
            _page(side, stated=state is not None, behind=after is not None), parameters
        )
        return found

    async def tasks(self, subject: Subject, count: int, after: Place | None = None) -> Sequence[Row]:
        """The cases that wait for an answer that the subject may give for the agency; what is due first, first."""
        if subject.agency is None or not subject.profile.roles & SIGNERS:
            return []
        start = after or Place("", "")
        parameters = {
            "agency": subject.agency,
            "submitted": CaseState.SUBMITTED,
            "n": count,
            "t": start.moment,
            "after": start.id,
        }
        found: list[Row] = await self.graph.read(_WAITING, parameters)
        return found


def _page(side: Party | None, *, stated: bool, behind: bool) -> str:
    """One walk along an index for each way to be concerned, merged."""
    ways = {
        Party.CONSUMER: (("consumer", "$agency"), ("consumerJurisdiction", "$jurisdictions")),
        Party.PROVIDER: (("provider", "$agency"), ("providerJurisdiction", "$jurisdictions")),
    }
    state = " AND c.state = $state" if stated else ""
    order = "c.state DESC, " if stated else ""
    branches = [
        f"UNWIND {values} AS v CALL (v) {{ MATCH (c:Case) WHERE c.{name} = v{state} {_BEHIND if behind else _ANYWHERE}"
        f" RETURN c ORDER BY c.{name} DESC, {order}c.filedAt DESC, c.id DESC LIMIT $n }} RETURN c"
        for party, pairs in ways.items()
        for name, values in pairs
        if side in (None, party)
    ]
    return (
        f"CALL () {{ {' UNION '.join(branches)} }}"
        " WITH DISTINCT c ORDER BY c.filedAt DESC, c.id DESC LIMIT $n RETURN collect(c {.*})"
    )


def actions(subject: Subject, procedure: Procedure, row: Row) -> list[Act]:
    """What a subject may do now with a case or a grant: the table's answer, by their sides and role."""
    sides = sides_of(subject.agency, subject.profile.roles, row)
    own = row.get("applicant") == subject.id
    found = {
        step.act: None
        for role in subject.profile.roles
        for step in steps_from(procedure, CaseState(row["state"]), sides, role)
        if not (own and step.by is Party.PROVIDER)
    }
    return list(found)
