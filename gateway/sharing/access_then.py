"""Who could have seen something at an instant, and why: by the tiers, appointments, grants and the policy of then.

Of tiers the versions of the entry tell, which never change; of appointments what was on record; of grants the log.
Jurisdictions and the kinds of agencies have no times: those of now count.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Final

import orjson

from gateway.audit.asking import Asked, Events
from gateway.audit.index import Scope
from gateway.audit.kinds import GrantMoved, GrantSuspended
from gateway.classes import UNPUBLISHED
from gateway.graph import Graph
from gateway.identity import Profile, Subject
from gateway.policy.engine import Policy
from gateway.policy.reading import parse_policy
from gateway.policy.table import AccessTable, Decision
from gateway.sharing.policies import PolicyThen, policy_at
from gateway.sharing.reading import Cases, Row
from gateway.sharing.words import CaseState
from gateway.vocabulary import OVERSEERS, Action, AgencyKind, Relation, Role

MOST_NAMED: Final = 100
"""Appointments that are named of those who stood alike; all are counted."""
_MOST_EVENTS: Final = 10_000
_PAGE: Final = 500
_FIELD: Final = "fd_"

_VERSION: Final = """
CALL () {
  MATCH (d:Dataset {id: $of}) RETURN d
  UNION
  MATCH (:Field {id: $of})<-[:LISTS]-(:DatasetVersion)<-[:HAS_VERSION]-(d:Dataset) RETURN d
}
WITH d WHERE d.jurisdiction IN $jurisdictions
MATCH (d)-[:HAS_VERSION]->(v:DatasetVersion) WHERE v.validFrom <= $at AND v.recordedFrom <= $knownAt
WITH d, v ORDER BY v.n DESC LIMIT 1
RETURN {dataset: d.id, version: v {.n, .digest, .snapshot}, withdrawn: v.validTo <= $at AND v.recordedTo <= $knownAt,
  listed: head(COLLECT { MATCH (v)-[l:LISTS]->(:Field {id: $of}) RETURN l.snapshot })}
"""
# Rights reach over the subtree of the agency's jurisdiction, so what is above the provider's counts.
_OFFICES: Final = """
OPTIONAL MATCH (:Agency {id: $owner})-[:IN]->(:Jurisdiction)-[:PART_OF*0..16]->(j:Jurisdiction)
WITH collect(DISTINCT j.id) AS above
MATCH (p:Person)-[:HOLDS]->(a:Appointment)-[:AT]->(g:Agency)
WHERE a.validFrom <= $at AND $at < a.validTo AND a.recordedFrom <= $knownAt AND $knownAt < a.recordedTo
WITH a, p, g, [g.id = $owner, a.role IN $overseers AND g.jurisdiction IN above, g.id IN $holders OR p.id IN $holders]
  AS stood ORDER BY a.id
WITH a.role AS role, g.kind AS kind, stood, count(*) AS number,
  collect(a {.id, .role, .validFrom, .validTo, person: p.name, agency: g.id})[0..$most] AS some
ORDER BY role, kind, stood
RETURN collect([role, kind, stood, number, some])
"""
_PEOPLE: Final = "MATCH (p:Person) WHERE p.id IN $holders RETURN count(p)"
_STOOD: Final = (Relation.OWNER, Relation.JURISDICTION, Relation.GRANTED)


@dataclass(frozen=True, slots=True)
class Holders:
    """Those who had one role in agencies of one kind, and stood alike to what is asked about."""

    role: Role
    kind: AgencyKind | None
    """None for who acts for no agency."""
    relations: frozenset[Relation]
    count: int | None
    """None for the public: everybody."""
    some: Sequence[Row]
    """Appointments, at most `MOST_NAMED`."""
    decisions: Mapping[Action, Decision]
    """Empty where no policy of then is on record."""


@dataclass(frozen=True, slots=True)
class AccessThen:
    """What the gateway would have answered."""

    version: Row
    stated: Row
    """The entry's properties then, or those of the field: its tiers and class are among them."""
    published: bool
    policy: PolicyThen | None
    holders: Sequence[Holders]
    grants: Sequence[Row]
    """Grants that were active, as they are now."""
    complete: bool
    """Whether all events of grants were looked at."""


@dataclass(frozen=True, slots=True)
class AccessHistory:
    """Answers who could have seen what."""

    cases: Cases
    events: Events

    async def of(self, subject: Subject, target: str, at: str, known_at: str) -> AccessThen | None:
        """Who could have seen a dataset or field at `at`, as far as it was on record at `known_at`.

        None where there was none of that id, or none that the subject oversees.

        Raises:
            GraphError: Neo4j is away.
        """
        graph = self.cases.graph
        over = list(subject.jurisdictions) if subject.profile.roles & OVERSEERS else []
        when = {"at": at, "knownAt": known_at}
        found = await graph.read(_VERSION, {"of": target, "jurisdictions": over, **when})
        if found is None:
            return None
        entry = orjson.loads(found["version"]["snapshot"])
        stated = entry
        if target.startswith(_FIELD):
            if found["listed"] is None:
                return None
            stated = orjson.loads(found["listed"])
        if found["withdrawn"]:  # which makes no new version
            entry, stated = ({**one, "accessClass": UNPUBLISHED} for one in (entry, stated))
        grants, complete = await self._grants(subject, found["dataset"], target, when)
        policy = await policy_at(graph, min(at, known_at))
        deciding = None if policy is None else await asyncio.to_thread(_policy, tuple(sorted(policy.texts.items())))
        holders = await self._holders(graph, entry["agency"], [grant["consumer"] for grant in grants], when)
        return AccessThen(
            found["version"],
            stated,
            entry["accessClass"] != UNPUBLISHED,
            policy,
            [await asyncio.to_thread(_decided, one, deciding, entry, stated) for one in holders],
            grants,
            complete,
        )

    async def _holders(
        self, graph: Graph, owner: str, consumers: Sequence[str], when: Mapping[str, str]
    ) -> list[Holders]:
        given = {"owner": owner, "holders": list(consumers), "overseers": sorted(OVERSEERS), "most": MOST_NAMED}
        offices = await graph.read(_OFFICES, {**given, **when})
        people = await graph.read(_PEOPLE, {"holders": list(consumers)})
        anyone = frozenset({Relation.ANYONE})
        public = [Holders(Role.PUBLIC, None, anyone, None, (), {})]
        if people:
            public.append(Holders(Role.PUBLIC, None, anyone | {Relation.GRANTED}, people, (), {}))
        return public + [
            Holders(
                Role(role),
                AgencyKind(kind),
                anyone | {relation for relation, held in zip(_STOOD, stood, strict=True) if held},
                number,
                some,
                {},
            )
            for role, kind, stood, number, some in offices
        ]

    async def _grants(
        self, subject: Subject, dataset: str, target: str, when: Mapping[str, str]
    ) -> tuple[list[Row], bool]:
        """The grants that were active, and whether all events of grants were read."""
        until = int(datetime.fromisoformat(min(when.values())).timestamp() * 1000) + 1
        kinds = frozenset({GrantMoved.kind, GrantSuspended.kind})
        asked = Asked({Scope.DATASET: frozenset({dataset}), Scope.KIND: kinds}, until=until)
        states, complete = await asyncio.to_thread(self._states, subject, asked)
        active = [grant for grant, state in states.items() if state == CaseState.ACTIVE]
        found = [await self.cases.grant(subject, grant) for grant in active]
        named = [
            grant
            for grant in found
            if grant is not None
            and grant["validFrom"] <= when["at"] < grant["validTo"]
            and (target == dataset or target in grant["fields"])
        ]
        return sorted(named, key=lambda grant: (grant["grantedAt"], grant["id"])), complete

    def _states(self, subject: Subject, asked: Asked) -> tuple[dict[str, str], bool]:
        """Where each grant stood, by what the log says of it in its order."""
        states: dict[str, str] = {}
        after, read = None, 0
        while read < _MOST_EVENTS:
            page = self.events.page(subject, asked, _PAGE, after=after, oldest_first=True)
            for seen in page:
                data = seen.said["data"]
                states[data["grant"]] = data.get("after", CaseState.SUSPENDED)
            if len(page) < _PAGE:
                return states, True
            after, read = page[-1].said["id"], read + len(page)
        return states, False


def _decided(one: Holders, policy: Policy | None, entry: Row, stated: Row) -> Holders:
    if policy is None:
        return one
    table = policy.table_for(Profile(frozenset({one.role}), one.kind))
    decisions = {action: _decision(table, entry, stated, one.relations, action) for action in Action}
    return replace(one, decisions=decisions)


def _decision(table: AccessTable, entry: Row, stated: Row, relations: frozenset[Relation], action: Action) -> Decision:
    """On a field only where its dataset may be inspected: it is visible with it alone."""
    if stated["id"] != entry["id"]:
        whole = table.decide(entry["accessClass"], relations, Action.INSPECT)
        if not whole.allowed:
            return whole
    return table.decide(stated["accessClass"], relations, action)


@lru_cache(maxsize=8)
def _policy(texts: tuple[tuple[str, str], ...]) -> Policy:
    """Asking Casbin takes tenths of a second for each profile: what was made of a policy is kept."""
    return Policy(parse_policy(dict(texts)))
