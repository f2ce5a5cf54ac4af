"""Ordinary resolvers, one per field that is more than a property of its row."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from graphql import ExecutionResult, GraphQLResolveInfo, build_schema, graphql_sync

from gateway.classes import TIERS, ClassKey, Tier
from gateway.identity import Profile, Subject
from gateway.policy.table import UNKNOWN, AccessTable, Decision
from gateway.vocabulary import FOREVER, Action, OpenType, Role, Sensitivity, ShareType
from tests.reference import lists
from tests.reference.asking import INSTANT, Asking, Refused, Thing
from tests.reference.lists import Listed
from tests.support.world import UNIT, World

_OF_DATASET: Final = """
description keywords formats accrualPeriodicity shareMode shareConditions openMode openConditions usagePolicy dutyBasis
attributes landingPage license rights accessLevel importRule missingElements modified issued refreshedAt stale version
usage source noRedistribution
"""
_HIDDEN: Final = {
    "Dataset": frozenset(_OF_DATASET.split()),
    "Field": frozenset({"dataType", "description", "unit", "format", "masks"}),
}
"""Null unless the caller may INSPECT the object (design section 2)."""

Resolver = Callable[[Asking, Any, Mapping[str, Any]], Any]


def _root(name: str) -> Callable[[Resolver], Resolver]:
    return _field("Query", name)


_RESOLVERS: Final[dict[tuple[str, str], Resolver]] = {}


def _field(type_name: str, name: str) -> Callable[[Resolver], Resolver]:
    def keep(resolver: Resolver) -> Resolver:
        _RESOLVERS[type_name, name] = resolver
        return resolver

    return keep


# root fields


@_root("me")
def _me(asking: Asking, _: Any, __: Mapping[str, Any]) -> Any:
    me = asking.subject
    mine = [Thing("Appointment", a) for a in asking.world.appointments if a["_person"] == me.id]
    return {
        "id": me.id,
        "name": me.name,
        "roles": sorted(me.profile.roles),
        "appointment": me.appointment,
        "agency": asking.by_id.get(me.agency or ""),
        "appointments": sorted(mine, key=lambda a: (a.row["role"], a.row["id"])),
    }


@_root("node")
def _node(asking: Asking, _: Any, arguments: Mapping[str, Any]) -> Any:
    return asking.find(arguments["id"])


@_root("nodes")
def _nodes(asking: Asking, _: Any, arguments: Mapping[str, Any]) -> Any:
    return [asking.find(i) for i in arguments["ids"]]


def _by_key(type_name: str, key: str) -> Resolver:
    def resolve(asking: Asking, _: Any, arguments: Mapping[str, Any]) -> Any:
        given = {k: v for k, v in arguments.items() if v is not None}
        if len(given) != 1:
            raise Refused("ONE_KEY")
        if "id" in given:
            return asking.find(given["id"], [type_name])
        return next((t for t in asking.all(type_name) if t.row[key] == given[key]), None)

    return resolve


_RESOLVERS["Query", "agency"] = _by_key("Agency", "code")
_RESOLVERS["Query", "dataset"] = _by_key("Dataset", "identifier")


@_root("agencies")
def _agencies(asking: Asking, _: Any, arguments: Mapping[str, Any]) -> Any:
    return lists.agencies(asking, asking.all("Agency"), arguments)


@_root("datasets")
def _datasets(asking: Asking, _: Any, arguments: Mapping[str, Any]) -> Any:
    return lists.datasets(asking, "datasets", asking.all("Dataset"), arguments)


@_root("search")
def _search(asking: Asking, _: Any, arguments: Mapping[str, Any]) -> Any:
    return lists.search(asking, arguments)


@_root("jurisdictions")
def _jurisdictions(asking: Asking, _: Any, __: Mapping[str, Any]) -> Any:
    return sorted(asking.all("Jurisdiction"), key=lambda t: t.row["code"])


@_root("explainAccess")
def _explain(asking: Asking, _: Any, arguments: Mapping[str, Any]) -> Any:
    thing = asking.find(arguments["target"], ["Dataset", "Field"])
    if thing is None:
        return UNKNOWN
    role, mine = arguments.get("asRole"), asking.subject.profile.roles
    action = Action(arguments["action"])
    if role is None:
        return asking.decide(thing, action)
    held = {str(r) for r in asking.relations(thing)}
    if not (held & {"OWNER", "JURISDICTION"} or Role.CENTER in mine or Role(role) in (Role.PUBLIC, *mine)):
        raise Refused("AS_ROLE_REFUSED")
    relations = asking.relations(thing) if Role(role) in mine else frozenset[Any]()
    return asking.table_for(Profile(frozenset({Role(role)}))).decide(thing.row["accessClass"], relations, action)


@_root("_entities")
def _entities(asking: Asking, _: Any, arguments: Mapping[str, Any]) -> Any:
    found = []
    for representation in arguments["representations"]:
        type_name = representation["__typename"]
        keys = {"Agency": ("id", "code"), "Dataset": ("id", "identifier"), "Field": ("id",)}[type_name]
        key = next(k for k in keys if isinstance(representation.get(k), str))
        found.append(next((t for t in asking.all(type_name) if t.row[key] == representation[key]), None))
    return found


# agencies and jurisdictions


@_field("Agency", "jurisdiction")
def _home(asking: Asking, agency: Thing, _: Mapping[str, Any]) -> Any:
    return asking.by_id[agency.row["jurisdiction"]]


def _parent(asking: Asking, thing: Thing, _: Mapping[str, Any]) -> Any:
    return asking.by_id.get(thing.row["_parent"] or "")


def _children(asking: Asking, thing: Thing, _: Mapping[str, Any]) -> Any:
    found = [t for t in asking.all(thing.type) if t.row["_parent"] == thing.row["id"]]
    return sorted(found, key=lambda t: t.row["code"])


for _type in ("Agency", "Jurisdiction"):
    _RESOLVERS[_type, "parent"] = _parent
    _RESOLVERS[_type, "children"] = _children


@_field("Agency", "datasets")
def _provided(asking: Asking, agency: Thing, arguments: Mapping[str, Any]) -> Any:
    rows = [t for t in asking.all("Dataset") if t.row["agency"] == agency.row["id"]]
    return lists.datasets(asking, "datasets", rows, arguments)


@_field("Jurisdiction", "agencies")
def _local(asking: Asking, home: Thing, arguments: Mapping[str, Any]) -> Any:
    rows = [t for t in asking.all("Agency") if t.row["jurisdiction"] == home.row["id"]]
    return lists.plain(asking, "agencies", rows, "code", arguments)


@_field("Appointment", "agency")
def _appointed(asking: Asking, appointment: Thing, _: Mapping[str, Any]) -> Any:
    return asking.by_id[appointment.row["_agency"]]


# datasets and fields


@_field("Dataset", "provider")
def _provider(asking: Asking, dataset: Thing, _: Mapping[str, Any]) -> Any:
    return asking.by_id[dataset.row["agency"]]


@_field("Dataset", "legalBasis")
def _basis(_: Asking, dataset: Thing, __: Mapping[str, Any]) -> Any:
    return [dict(zip(("title", "citation"), b.split(UNIT), strict=True)) for b in dataset.row["legalBasis"]]


@_field("Dataset", "stale")
def _stale(_: Asking, dataset: Thing, __: Mapping[str, Any]) -> Any:
    return dataset.row["staleAt"] <= INSTANT


@_field("Dataset", "version")
def _version(asking: Asking, dataset: Thing, _: Mapping[str, Any]) -> Any:
    current = [v for v in asking.world.versions if v["_dataset"] == dataset.row["id"] and v["recordedTo"] == FOREVER]
    return Thing("DatasetVersion", current[0]) if current else None


@_field("Dataset", "distributions")
def _distributions(asking: Asking, dataset: Thing, _: Mapping[str, Any]) -> Any:
    if not asking.may(Action.INSPECT, dataset):
        return []
    found = [d for d in asking.world.distributions if d["_dataset"] == dataset.row["id"]]
    return [Thing("Distribution", d) for d in sorted(found, key=lambda d: d["position"])]


@_field("Dataset", "fields")
def _fields(asking: Asking, dataset: Thing, arguments: Mapping[str, Any]) -> Any:
    rows = [t for t in asking.all("Field") if t.row["_dataset"] == dataset.row["id"]]
    return lists.plain(asking, "fields", rows, "position", arguments)


@_field("Dataset", "usage")
def _usage(asking: Asking, dataset: Thing, arguments: Mapping[str, Any]) -> Any:
    """What `tests.plan.asking.echoed` says: which object was asked about, for whom, and with which arguments."""
    row, period = dataset.row, arguments.get("period") or {}
    echo = " ".join([row["id"], row["jurisdiction"], *period.values()])
    return [
        {"agency": row["agency"], "purpose": echo, "fetches": 1},
        {"agency": None, "purpose": asking.subject.name or "", "fetches": 0},
    ]


@_field("Dataset", "source")
def _source(asking: Asking, dataset: Thing, _: Mapping[str, Any]) -> Any:
    """What `tests.plan.asking.located` says."""
    row = dataset.row
    if row["id"] >= "ds_8":
        return None
    said = " ".join([row["id"], row["agency"], row["jurisdiction"]])
    return {
        "kind": "FILES",
        "connectedAt": INSTANT,
        "checkedAt": INSTANT,
        "unknown": len(asking.subject.name),
        "differences": [{"kind": "UNKNOWN", "column": said}, {"kind": "UNREADABLE", "column": None}],
    }


@_field("Dataset", "noRedistribution")
def _no_redistribution(_: Asking, dataset: Thing, __: Mapping[str, Any]) -> Any:
    return bool(dataset.row.get("noRedistribution") or dataset.row.get("inheritedNoRedistribution"))


@_field("Field", "effectiveTier")
def _effective_tier(_: Asking, field: Thing, __: Mapping[str, Any]) -> Any:
    row = field.row
    tier = Tier(ShareType(row["shareType"]), OpenType(row["openType"]), frozenset(map(Sensitivity, row["sensitivity"])))
    if "lineageTier" in row:
        tier = tier.stricter(TIERS[ClassKey(row["lineageTier"])])
    return {"shareType": tier.share, "openType": tier.open, "sensitivity": sorted(tier.sensitivity)}


@_field("Field", "masks")
def _masks(_: Asking, field: Thing, __: Mapping[str, Any]) -> Any:
    kept = json.loads(field.row.get("masks") or "{}")
    return [
        {"audience": name, "parameter": str(one["length"]) if "length" in one else None, **one}
        for name, one in sorted(kept.items())
    ]


@_field("Field", "dataset")
def _dataset(asking: Asking, field: Thing, _: Mapping[str, Any]) -> Any:
    return asking.by_id[field.row["_dataset"]]


def _lineage(*, up: bool) -> Resolver:
    name = "derivedFrom" if up else "derivatives"

    def resolve(asking: Asking, thing: Thing, arguments: Mapping[str, Any]) -> Any:
        rows = asking.neighbours(thing, up=up) if asking.may(Action.INSPECT, thing) else []
        return lists.plain(asking, name, rows, "id", arguments)

    return resolve


def _access(asking: Asking, thing: Thing, _: Mapping[str, Any]) -> Any:
    return {action.lower(): asking.decide(thing, action) for action in Action}


for _type in ("Dataset", "Field"):
    _RESOLVERS[_type, "derivedFrom"] = _lineage(up=True)
    _RESOLVERS[_type, "derivatives"] = _lineage(up=False)
    _RESOLVERS[_type, "access"] = _access


# pages


def _connection(listed: Listed, name: str) -> Any:
    rows, more, earlier = listed.page()
    match name:
        case "nodes":
            return rows
        case "edges":
            return [{"node": t, "cursor": listed.cursor(t), "score": listed.value(t)} for t in rows]
        case "totalCount":
            return len(listed.rows)
        case "facets":
            return {
                by: [{"value": listed.asking.by_id.get(v, v), "count": n} for v, n in lists.facet(listed, by)]
                for by in ("shareType", "openType", "theme", "agency")
            }
        case _:
            return {
                "hasNextPage": more,
                "hasPreviousPage": earlier,
                "startCursor": listed.cursor(rows[0]) if rows else None,
                "endCursor": listed.cursor(rows[-1]) if rows else None,
            }


def _decided(decision: Decision, name: str) -> Any:
    if name == "reason":
        return {"zh": decision.reason_zh, "en": decision.reason_en}
    return getattr(decision, name)


def _resolve(source: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
    asking: Asking = info.context
    type_name, name = info.parent_type.name, info.field_name
    if isinstance(source, Listed):
        return _connection(source, name)
    if isinstance(source, Decision):
        return _decided(source, name)
    if isinstance(source, Thing) and name in _HIDDEN.get(type_name, ()) and not asking.may(Action.INSPECT, source):
        return None
    resolver = _RESOLVERS.get((type_name, name))
    if resolver is not None:
        found = resolver(asking, source, arguments)
        if isinstance(found, Listed):
            found.page()  # so that a refusal belongs to the list, not to what is selected of it
        return found
    row = source.row if isinstance(source, Thing) else source
    value = row.get(_SPELLED.get(name, name))
    return None if name == "validTo" and value == FOREVER else value


_SPELLED: Final = {"accessUrl": "accessURL", "downloadUrl": "downloadURL"}


class Reference:
    """Answers GraphQL from a world in memory."""

    def __init__(self, sdl: str, world: World, table_for: Callable[[Profile], AccessTable]) -> None:
        self.schema = build_schema(sdl, assume_valid_sdl=True)
        self.world = world
        self.table_for = table_for

    def execute(self, query: str, variables: Mapping[str, Any] | None, subject: Subject) -> ExecutionResult:
        """The result, with cursors that begin with `lists.MARK`."""
        return graphql_sync(
            self.schema,
            query,
            context_value=Asking(self.world, subject, self.table_for),
            variable_values=dict(variables or {}),
            field_resolver=_resolve,
            type_resolver=lambda value, *_: value.type,
        )
