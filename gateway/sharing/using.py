"""A grant as somebody wants to use it: whether it counts at this moment, and for which fields and rows (R16.2d)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson

from gateway.audit.event import About
from gateway.classes import TIERS, ClassKey
from gateway.graph import Graph
from gateway.graph.times import instant
from gateway.identity import Profile
from gateway.policy.table import AccessTable
from gateway.sharing.cases import about_case, standing
from gateway.sharing.examination import forbidden_of, holder_profile
from gateway.sharing.words import CaseState, Procedure
from gateway.verify import Verified
from gateway.vocabulary import FOREVER, DataType, OpenType, ShareType

# A projection goes by the name of what it is of: what it is ordered by has to be in it.
_READ: Final = """
MATCH (g:Grant {id: $id})-[:ON]->(d:Dataset)
RETURN {grant: g {.*, state: g.status}, entry: d {.id, .identifier, .accessClass},
  kind: head(COLLECT { MATCH (a:Agency {id: g.consumer}) RETURN a.kind }),
  home: COLLECT { MATCH (:Agency {id: g.consumer})-[:IN]->(:Jurisdiction)-[:PART_OF*0..16]->(j)
    RETURN DISTINCT j.id AS id ORDER BY id },
  n: head(COLLECT { MATCH (d)-[:HAS_VERSION]->(v:DatasetVersion {recordedTo: $forever}) RETURN v.n }),
  source: head(COLLECT { MATCH (s:Source)-[:OF]->(d) RETURN s {.*} }),
  held: EXISTS { MATCH (h)-[:USES]->(g) WHERE h.id = $holder },
  known: $holder = g.consumer OR EXISTS { MATCH (s:System {id: $holder}) WHERE s.until IS NULL },
  given: EXISTS { MATCH (:GivenBack {token: $token}) },
  fields: COLLECT { MATCH (d)-[:HAS_FIELD]->(f:Field)
    RETURN f {.id, .name, .dataType, .accessClass, .position} ORDER BY f.position, f.id }}
"""


class NotUsable(Exception):
    """A grant that cannot be used now; the code is stable, the message says why."""

    def __init__(self, code: str, message: str, about: About) -> None:
        super().__init__(message)
        self.code = code
        self.about = about


@dataclass(frozen=True, slots=True)
class UsableField:
    """A field that a grant lets its holder fetch."""

    id: str
    name: str
    data_type: DataType | None
    mask: Mapping[str, Any] | None
    """The rule that its values go through before they leave, as the grant has it."""


@dataclass(frozen=True, slots=True)
class Use:
    """A grant that counts at this moment."""

    grant: Mapping[str, Any]
    identifier: str
    """The code of the dataset."""
    version: int
    """Of the entry, as it is now."""
    fields: tuple[UsableField, ...]
    columns: int
    """How many fields the entry has, whether they are granted or not."""
    rows: tuple[Mapping[str, Any], ...]
    """Conditions that rows have to meet: `{field, operator, values}`, the field by its name."""
    names: Mapping[str, DataType | None]
    """Every field that the conditions may name, with its type."""
    tier: str
    """On which axis it was granted, and where the strictest of entry and fields stands on it now."""
    source: Mapping[str, Any] | None
    """Where the rows are."""
    home: tuple[str, ...]
    """The jurisdiction of the agency that uses the data, and those above it; none for a person."""
    held: bool
    """Whether who asks has had a token for it before."""

    @property
    def about(self) -> About:
        """What its use concerns."""
        return about_case(self.grant)


async def use_of(
    graph: Graph,
    identifier: str,
    tables: Callable[[Profile], AccessTable],
    now: datetime,
    *,
    holder: str,
    consumers: Sequence[str],
    token: str | None = None,
) -> Use:
    """A grant that one of `consumers` has and that counts now.

    Args:
        graph: where it is.
        identifier: its id.
        tables: the access tables of the policy in force.
        now: at which instant.
        holder: who asks: the id of a program or of a person.
        consumers: the ids of who may stand behind them.
        token: the id of the token that they come with, which may have been given back.

    Raises:
        NotUsable: `NOT_FOUND`, also for what is not theirs; `NOT_SIGNED`, `SUSPENDED`, `REVOKED`, `EXPIRED`, `NOT_YET`,
            `FORBIDDEN`; `LOG_PENDING`: it is not in the log yet; `GIVEN_BACK`: the token was.
        GraphUnavailable: Neo4j is away.
    """
    given = {"id": identifier, "holder": holder, "token": token, "forever": FOREVER}
    found = await graph.read(_READ, given)
    if found is None or found["grant"]["consumer"] not in consumers:
        about = About() if found is None else about_case(found["grant"], hidden=True)
        raise NotUsable("NOT_FOUND", f"there is no grant {identifier!r:.60} of yours", about)
    grant = standing(found["grant"], now)
    about = about_case(grant)
    _check_standing(grant, now, about)
    if found["given"]:
        raise NotUsable("GIVEN_BACK", "the token was given back; ask for another", about)
    if not found["known"]:
        raise NotUsable("NOT_FOUND", f"there is no client {holder!r:.60}", about)
    fields = {one["id"]: one for one in found["fields"]}
    now_classes = {found["entry"]["id"]: found["entry"]["accessClass"]}
    now_classes |= {one: fields.get(one, {}).get("accessClass", "") for one in grant["fields"]}
    if forbidden := forbidden_of(tables(holder_profile(found["kind"])), now_classes):
        text = f"the policy in force, or the entry as it is now, does not let {min(forbidden)} leave"
        raise NotUsable("FORBIDDEN", text, about)
    if grant.get("logIndex") is None:
        raise NotUsable("LOG_PENDING", "the grant is not in the log yet; try again in a second", about)
    scope = orjson.loads(grant["scope"])
    if gone := [one["field"] for one in scope["rows"] if one["field"] not in fields]:
        text = f"the grant is for rows by a field that the entry has no more: {gone[0]}"
        raise NotUsable("FORBIDDEN", text, about)
    masks = {one["id"]: one.get("mask") for one in scope["fields"]}
    return Use(
        grant,
        found["entry"]["identifier"],
        found["n"],
        tuple(
            UsableField(one["id"], one["name"], _type_of(one), masks.get(one["id"]))
            for one in found["fields"]
            if one["id"] in masks
        ),
        len(fields),
        tuple({**one, "field": fields[one["field"]]["name"]} for one in scope["rows"]),
        {one["name"]: _type_of(one) for one in found["fields"]},
        _tier(now_classes.values(), opening=grant["procedure"] == Procedure.OPENING),
        found["source"],
        tuple(found["home"]),
        found["held"],
    )


async def use_of_token(graph: Graph, token: Verified, tables: Callable[[Profile], AccessTable], now: datetime) -> Use:
    """The grant that a token is for, which was verified, as it counts now.

    Raises:
        NotUsable, GraphUnavailable: see `use_of`.
    """
    holder, consumers = token.client, (token.subject,)
    return await use_of(graph, token.grant, tables, now, holder=holder, consumers=consumers, token=token.id)


def _tier(classes: Iterable[str], *, opening: bool) -> str:
    tiers = [TIERS[ClassKey(one)] for one in classes]
    if opening:
        return f"opening:{max((one.open for one in tiers), key=list(OpenType).index)}"
    return f"sharing:{max((one.share for one in tiers), key=list(ShareType).index)}"


def _type_of(field: Mapping[str, Any]) -> DataType | None:
    return DataType(field["dataType"]) if field["dataType"] else None


def _check_standing(grant: Mapping[str, Any], now: datetime, about: About) -> None:
    match CaseState(grant["state"]):
        case CaseState.PENDING_SIGNATURE:
            raise NotUsable("NOT_SIGNED", "the grant waits for the other side's signature", about)
        case CaseState.SUSPENDED:
            raise NotUsable("SUSPENDED", "the grant is suspended", about)
        case CaseState.REVOKED:
            raise NotUsable("REVOKED", "the grant was revoked", about)
        case CaseState.EXPIRED:
            raise NotUsable("EXPIRED", f"the grant ended at {grant['validTo']}", about)
        case _:
            pass
    if instant(now) < grant["validFrom"]:
        raise NotUsable("NOT_YET", f"the grant begins at {grant['validFrom']}", about)
