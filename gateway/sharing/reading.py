"""Cases, grants and tasks for who asks for them: see `sees`; of grants the center sees every one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from gateway.graph import Graph
from gateway.graph.times import instant
from gateway.identity import Subject
from gateway.policy.table import AccessTable
from gateway.sharing.cases import own_of, sees, sides_of, standing
from gateway.sharing.clocks import DEADLINE
from gateway.sharing.entry import read_entry
from gateway.sharing.procedure import SIGNERS, barred, steps_from
from gateway.sharing.taking import CENTER
from gateway.sharing.treatment import OTHERWISE
from gateway.sharing.ways import Way, ways_of
from gateway.sharing.words import Act, CaseState, Party, Procedure
from gateway.vocabulary import Role

Row = Mapping[str, Any]
MOST_GRANTS: Final = 1_000
"""That are looked at together."""

_ONE: Final = f"MATCH (c:Case {{id: $id}}) RETURN c {{.*, {DEADLINE}}}"
_GRANT: Final = "MATCH (g:Grant {id: $id}) RETURN g {.*, state: g.status}"
_GRANT_OF: Final = """
OPTIONAL MATCH (:Case {id: $id})-[:LED_TO]->(g:Grant)
WITH g ORDER BY g.grantedAt DESC, g.id LIMIT 1
RETURN CASE WHEN g IS NULL THEN null ELSE g {.*, state: g.status} END
"""
_OPEN: Final = """
UNWIND $datasets AS id
MATCH (d:Dataset {id: id})<-[:ON]-(g:Grant)
WHERE g.status IN $open AND g.validTo > $now AND ($fields IS NULL OR any(f IN g.fields WHERE f IN $fields))
  AND g.providerJurisdiction IS NOT NULL AND ($center OR g.consumer IN $own OR g.provider IN $own
    OR g.providerJurisdiction IN $jurisdictions OR g.consumerJurisdiction IN $jurisdictions)
WITH g ORDER BY g.grantedAt, g.id LIMIT $most
RETURN collect(g {.*, state: g.status})
"""
_DOCUMENTS: Final = """
OPTIONAL MATCH (c:Case {id: $id})
OPTIONAL MATCH (g:Grant {id: $id})
WITH coalesce(c, g) AS target
MATCH (target)-[:HAS]->(x:Document)<-[:SIGNS]-(s:Signature)
OPTIONAL MATCH (s)-[:AS]->(h:Appointment)<-[:HOLDS]-(p:Person)
OPTIONAL MATCH (h)-[:AT]->(a:Agency)
WITH x, s, h, p, a ORDER BY x.filedAt, x.n, x.id
RETURN collect({id: x.id, n: x.n, act: x.act, digest: x.digest, bytes: x.bytes, filedAt: x.filedAt, person: p.id,
  name: p.name, role: h.role, agency: a.id, signature: s.bytes, signatureDigest: s.digest, fingerprint: s.fingerprint,
  signedAt: s.genTime})
"""
_OTHERWISE: Final = f"""
MATCH (c:Case {{treatment: $treatment}}) WHERE c.id <> $id AND c.state IN $otherwise
WITH c ORDER BY c.filedAt, c.id LIMIT $n
RETURN collect(c {{.*, {DEADLINE}}})
"""
_BEHIND: Final = "AND c.filedAt <= $t AND c.id IS NOT NULL AND (c.filedAt < $t OR c.id < $after)"
_ANYWHERE: Final = "AND c.filedAt IS NOT NULL AND c.id IS NOT NULL"
"""Says nothing new, but an index is used only where something is said of everything in it."""
_TASKS: Final = f"""
MATCH (t:Task) WHERE t.owner = $owner AND t.dueAt >= $t AND t.about IS NOT NULL
  AND (t.dueAt > $t OR t.about > $after)
WITH t ORDER BY t.owner, t.dueAt, t.about LIMIT $n
MATCH (t)-[:FOR]->(c)
WITH t, c ORDER BY t.dueAt, t.about
RETURN collect({{about: t.about, dueAt: t.dueAt, grant: c:Grant,
  row: c {{.*, state: coalesce(c.state, c.status), {DEADLINE}}}}})
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
    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))

    async def one(self, subject: Subject, identifier: str) -> Row | None:
        """A case; None when there is none that is theirs to see."""
        found: Row | None = await self.graph.read(_ONE, {"id": identifier})
        return found if found is not None and sees(subject, found) else None

    async def any(self, identifier: str) -> Row | None:
        """A case, whoever may see it: for the log alone."""
        found: Row | None = await self.graph.read(_ONE, {"id": identifier})
        return found

    async def grant(self, subject: Subject, identifier: str) -> Row | None:
        """A grant; None when there is none that is theirs to see."""
        found: Row | None = await self.graph.read(_GRANT, {"id": identifier})
        if found is None or "providerJurisdiction" not in found:
            return None
        return self.stands(found) if self._shows(subject, found) else None

    async def open_grants(
        self, subject: Subject, datasets: Sequence[str], fields: Sequence[str] | None = None
    ) -> tuple[list[Row], bool]:
        """Grants on some datasets that are not over and not revoked, as far as they are theirs to see.

        Args:
            subject: who asks.
            datasets: their ids.
            fields: only grants that name one of these, by their ids.

        Returns:
            The grants in the order in which they were given, and whether there may be more.
        """
        given = {
            "datasets": datasets,
            "fields": fields,
            "open": [CaseState.ACTIVE, CaseState.SUSPENDED],
            "own": sorted(own_of(subject)),
            "jurisdictions": list(subject.jurisdictions),
            "center": Role.CENTER in subject.profile.roles,
            "now": instant(self.clock()),
            "most": MOST_GRANTS + 1,
        }
        rows: list[Row] = await self.graph.read(_OPEN, given)
        return [row for row in rows if self._shows(subject, row)][:MOST_GRANTS], len(rows) > MOST_GRANTS

    def _shows(self, subject: Subject, grant: Row) -> bool:
        return sees(subject, grant) or Role.CENTER in subject.profile.roles

    async def grant_of(self, case: str) -> Row | None:
        """The grant that a case, which may be seen, has led to."""
        found: Row | None = await self.graph.read(_GRANT_OF, {"id": case})
        return None if found is None else self.stands(found)

    def stands(self, grant: Row) -> Row:
        """A grant as it stands now: its period may be over."""
        return standing(grant, self.clock())

    async def documents(self, identifier: str) -> list[Row]:
        """What was signed in a case or of a grant, which may be seen, in order."""
        found: list[Row] | None = await self.graph.read(_DOCUMENTS, {"id": identifier})
        return found or []

    async def page(
        self, subject: Subject, side: Party | None, state: CaseState | None, count: int, after: Place | None = None
    ) -> Sequence[Row]:
        """The `count` youngest cases on a side, or on any; for who oversees also those of their subtree."""
        own = own_of(subject)
        if not own:
            return []
        parameters = {
            "own": sorted(own),
            "jurisdictions": list(subject.jurisdictions),
            "state": state,
            "n": count,
            "t": after and after.moment,
            "after": after and after.id,
        }
        found: list[Row] = await self.graph.read(
            _page(
                side,
                stated=state is not None,
                behind=after is not None,
                center=Role.CENTER in subject.profile.roles,
            ),
            parameters,
        )
        return found

    async def ways(self, subject: Subject, table: AccessTable, dataset: str) -> list[Way] | None:
        """The ways to an entry's fields, before anything is asked for; None for what is not theirs to know."""
        entry = await read_entry(self.graph, subject, table, dataset)
        if entry is None:
            return None
        own = subject.agency == entry.provider["id"]
        return [] if own else [*ways_of(entry, for_agency=subject.agency is not None)]

    async def differing(self, subject: Subject, case: Row) -> list[Row] | None:
        """Cases of the same class that were answered differently; None for who is not told (R21)."""
        if not _is_told(subject, case) or case.get("treatment") is None:
            return None
        given = {
            "id": case["id"],
            "treatment": case["treatment"],
            "otherwise": OTHERWISE.get(CaseState(case["state"]), []),
            "n": _MOST_DIFFERING,
        }
        found: list[Row] = await self.graph.read(_OTHERWISE, given)
        return found

    async def tasks(self, subject: Subject, count: int, after: Place | None = None) -> Sequence[Row]:
        """What a case or a grant waits for that the subject may do: `{about, dueAt, grant, row}`, first what is due."""
        center = Role.CENTER in subject.profile.roles
        if subject.agency is None or not (center or subject.profile.roles & SIGNERS):
            return []
        start = after or Place("", "")
        parameters = {
            "owner": CENTER if center else subject.agency,
            "n": count,
            "t": start.moment,
            "after": start.id,
        }
        found: list[Row] = await self.graph.read(_TASKS, parameters)
        return found


_MOST_DIFFERING: Final = 100


def _is_told(subject: Subject, case: Row) -> bool:
    """Whether an unequal treatment is shown to them: provider, center, and who supervises the provider."""
    return (
        subject.agency == case["provider"]
        or Role.CENTER in subject.profile.roles
        or case["providerJurisdiction"] in subject.jurisdictions
    )


def _page(side: Party | None, *, stated: bool, behind: bool, center: bool) -> str:
    """One walk along an index for each way to be concerned, merged."""
    ways = {
        Party.CONSUMER: (("consumer", "$own"), ("consumerJurisdiction", "$jurisdictions")),
        Party.PROVIDER: (("provider", "$own"), ("providerJurisdiction", "$jurisdictions")),
        Party.CENTER: ((("center", "[true]"),) if center else ()),
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
    if not branches:
        return "RETURN []"
    return (
        f"CALL () {{ {' UNION '.join(branches)} }}"
        f" WITH DISTINCT c ORDER BY c.filedAt DESC, c.id DESC LIMIT $n RETURN collect(c {{.*, {DEADLINE}}})"
    )


def actions(subject: Subject, procedure: Procedure, row: Row) -> list[Act]:
    """What a subject may do now with a case or a grant: the table's answer, by their sides and role."""
    sides = sides_of(own_of(subject), subject.profile.roles, row)
    found = {
        step.act: None
        for role in subject.profile.roles
        for step in steps_from(procedure, CaseState(row["state"]))
        if (party := step.side(sides, role)) is not None and barred(step, party, str(subject.id), row) is None
    }
    return list(found)
