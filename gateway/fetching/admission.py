"""Who may have which rows at this moment, and why not.

With a token of ours: the fields, rows and purpose of its grant, as long as it counts. For who has signed in: what the
policy lets an agency fetch of its own. For everybody: what is open (R24.1).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from gateway.audit.event import About, Actor, ActorKind
from gateway.classes import TIERS
from gateway.fetching.wanted import Wanted
from gateway.graph import Graph
from gateway.identity import Subject
from gateway.masks import Audience, Mask, read_mask
from gateway.plan.guard import relations_of
from gateway.policy.store import PolicyStore
from gateway.policy.table import Decision
from gateway.sharing.entry import effective_class
from gateway.sharing.scope import Condition
from gateway.sharing.using import NotUsable, UsableField, use_of_token
from gateway.sharing.words import RowOperator
from gateway.verify import Verified
from gateway.vocabulary import FOREVER, Action, DataType

_CODES: Final = {"NOT_FOUND": "NO_GRANT"}
"""A grant that is not there is something else than a dataset that is not there."""
_ENTRY: Final = """
MATCH (d:Dataset {identifier: $identifier})
RETURN {id: d.id, identifier: d.identifier, accessClass: d.accessClass, agency: d.agency, owners: d.noRedistributionOf,
  mask: CASE WHEN d.agency = $agency THEN 1 ELSE 0 END + CASE WHEN d.jurisdiction IN $jurisdictions THEN 2 ELSE 0 END,
  jurisdictions: COLLECT { MATCH (:Jurisdiction {id: d.jurisdiction})-[:PART_OF*0..16]->(j) RETURN j.id ORDER BY j.id },
  n: head(COLLECT { MATCH (d)-[:HAS_VERSION]->(v:DatasetVersion {recordedTo: $forever}) RETURN v.n }),
  source: head(COLLECT { MATCH (s:Source)-[:OF]->(d) RETURN s {.*} }),
  fields: COLLECT { MATCH (d)-[:HAS_FIELD]->(f:Field)
    RETURN f {.id, .name, .dataType, .accessClass, .lineageTier, .masks, .position} ORDER BY f.position, f.id }}
"""


class NotAdmitted(Exception):
    """A fetch that is refused: a stable code, and what would be right."""

    def __init__(self, code: str, message: str, about: About, decision: Decision | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.about = about
        self.decision = decision
        """The policy's reason, where it was the policy."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: somebody with a token of ours, somebody who has signed in, or the public."""

    subject: Subject
    token: Verified | None = None


def actor_of(caller: Caller, home: Sequence[str] = ()) -> Actor:
    """Who is behind a fetch; `home` are the jurisdiction of a program's agency and those above it."""
    subject, token = caller.subject, caller.token
    if token is not None and token.client == token.subject:
        return Actor(ActorKind.PERSON, token.subject)
    if token is not None:
        return Actor(ActorKind.SYSTEM, agency=token.subject, jurisdictions=tuple(home))
    if subject.id is None:
        return Actor(ActorKind.PUBLIC)
    role = next(iter(subject.profile.roles)) if subject.agency else None
    return Actor(ActorKind.PERSON, subject.id, subject.agency, role, subject.appointment, subject.home)


@dataclass(frozen=True, slots=True)
class Admitted:
    """What a request may have."""

    dataset: str
    identifier: str
    version: int
    """Of the entry."""
    actor: Actor
    about: About
    fields: tuple[UsableField, ...]
    """What leaves, in the order in which it was asked for."""
    rows: tuple[Condition, ...]
    """What rows have to meet, by what they are in the source."""
    names: Mapping[str, DataType | None]
    """The types of the fields that `rows` may name."""
    whole: bool
    """Whether nothing that the entry has is hidden from the caller, in any row or field."""
    purpose: str
    grant: str | None
    client: str | None
    source: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Admission:
    """Decides. One per process."""

    graph: Graph
    policy: PolicyStore

    async def admit(self, caller: Caller, identifier: str, wanted: Wanted, now: float) -> Admitted:
        """What of a dataset a request may have.

        Args:
            caller: who asks.
            identifier: the code of the dataset.
            wanted: what they ask for.
            now: when, in seconds since the epoch.

        Raises:
            NotAdmitted: nothing.
            GraphUnavailable: Neo4j is away.
        """
        if caller.token is not None:
            return _chosen(await self._by_grant(caller, caller.token, identifier, wanted, now), wanted)
        return _chosen(await self._by_policy(caller, identifier), wanted)

    async def _by_grant(self, caller: Caller, token: Verified, identifier: str, wanted: Wanted, now: float) -> Admitted:
        try:
            moment = datetime.fromtimestamp(now, UTC)
            use = await use_of_token(self.graph, token, self.policy.table_for, moment)
        except NotUsable as problem:
            raise NotAdmitted(_CODES.get(problem.code, problem.code), str(problem), problem.about) from None
        about = use.about
        if use.identifier != identifier:
            text = f"the token is for {use.identifier}"
            raise NotAdmitted("WRONG_DATASET", text, about)
        if wanted.purpose is None:
            text = f"state the purpose: purpose={use.grant['purpose']}"
            raise NotAdmitted("PURPOSE_MISSING", text, about)
        if wanted.purpose != use.grant["purpose"]:
            text = f"the grant is for {use.grant['purpose']} and for nothing else; apply for another purpose"
            raise NotAdmitted("WRONG_PURPOSE", text, about)
        fields = tuple(one for one in use.fields if one.name in token.fields)
        return Admitted(
            use.grant["dataset"],
            use.identifier,
            use.version,
            actor_of(caller, use.home),
            about,
            fields,
            tuple(Condition(one["field"], RowOperator(one["operator"]), tuple(one["values"])) for one in use.rows),
            use.names,
            len(fields) == use.columns and not use.rows,
            use.grant["purpose"],
            token.grant,
            token.client,
            use.source,
        )

    async def _by_policy(self, caller: Caller, identifier: str) -> Admitted:
        subject = caller.subject
        given = {
            "identifier": identifier,
            "agency": subject.agency,
            "jurisdictions": list(subject.jurisdictions),
            "forever": FOREVER,
        }
        held, table = await self.graph.read(_ENTRY, given), self.policy.table_for(subject.profile)
        relations = relations_of(0 if held is None else held["mask"])
        if held is None or not table.decide(held["accessClass"], relations, Action.DISCOVER).allowed:
            about = About() if held is None else replace(_about(held), hidden=True)
            raise NotAdmitted("NOT_FOUND", f"there is no dataset {identifier!r:.60}", about)
        about = _about(held)
        decision = table.decide(held["accessClass"], relations, Action.FETCH)
        if not decision.allowed:
            raise NotAdmitted("NOT_ALLOWED", decision.reason_en, about, decision)
        own = subject.agency is not None and subject.agency == held["agency"]
        if not own and {*(held["owners"] or ())} - {subject.agency}:
            text = "there is data in this that another agency gave for its receiver's own use; it is not opened (R17.2)"
            raise NotAdmitted("NO_REDISTRIBUTION", text, about)
        fields = tuple(
            UsableField(one["id"], one["name"], _type_of(one), None if own else _opening_mask(one))
            for one in held["fields"]
            if one["accessClass"] in TIERS and table.decide(effective_class(one), relations, Action.FETCH).allowed
        )
        return Admitted(
            held["id"],
            held["identifier"],
            held["n"],
            actor_of(caller),
            about,
            fields,
            (),
            {},
            len(fields) == len(held["fields"]),
            "",
            None,
            None,
            held["source"],
        )


def _chosen(admitted: Admitted, wanted: Wanted) -> Admitted:
    """The same with the fields that are wanted.

    Raises:
        NotAdmitted: `OUTSIDE_GRANT`: others are wanted, whether they are there or not.
    """
    known = {one.name: one for one in admitted.fields}
    named = [*(wanted.fields or ()), *(one.field for one in wanted.filter), *(one.field for one in wanted.order)]
    if outside := next((name for name in named if name not in known), None):
        where = "the token's grant has" if admitted.grant else "you may fetch"
        text = f"{where} no field {outside!r:.60}; there {'are' if known else 'is none'} {', '.join(known)}"[:500]
        raise NotAdmitted("OUTSIDE_GRANT", text.rstrip(), admitted.about)
    if not known and wanted.file is None:
        raise NotAdmitted("NOTHING_LEFT", "no field of this dataset may be fetched", admitted.about)
    fields = admitted.fields if wanted.fields is None else tuple(known[name] for name in wanted.fields)
    about = replace(admitted.about, fields=tuple(one.id for one in fields))
    masked = any(one.mask is not None for one in fields)
    whole = admitted.whole and len(fields) == len(admitted.fields) and not masked
    return replace(admitted, fields=fields, about=about, whole=whole)


def mask_of(field: UsableField) -> Mask | None:
    """The rule that a field's values go through.

    Raises:
        BadMask: what is kept is none.
    """
    return None if field.mask is None else read_mask(field.mask)


def _opening_mask(field: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The rule that is in force towards the public."""
    masks: Mapping[str, Mapping[str, Any]] = orjson.loads(field["masks"] or "{}")
    return masks.get(Audience.OPENING)


def _about(held: Mapping[str, Any]) -> About:
    return About((held["agency"],), tuple(held["jurisdictions"]), (held["id"],))


def _type_of(field: Mapping[str, Any]) -> DataType | None:
    return DataType(field["dataType"]) if field["dataType"] else None
