"""Who asks about which rows: lookups in the world, and the access rule row by row."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLError

from gateway.identity import Profile, Subject
from gateway.policy.table import AccessTable, Decision
from gateway.vocabulary import FOREVER, Action, Relation
from tests.support.world import Derivation, Row, World

INSTANT = "2026-06-01T00:00:00.000Z"
"""Any instant between the ends of the world's intervals and FOREVER will do as now."""


class Refused(GraphQLError):
    """An argument that cannot be answered, with the stable code."""

    def __init__(self, code: str) -> None:
        super().__init__(code, extensions={"code": code})


@dataclass(frozen=True, slots=True)
class Thing:
    """An object with its type name, for resolvers and for the abstract types."""

    type: str
    row: Row


@dataclass(slots=True)
class Asking:
    """One caller looking at one world."""

    world: World
    subject: Subject
    table_for: Callable[[Profile], AccessTable]
    by_id: dict[str, Thing] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for type_name, rows in (
            ("Jurisdiction", self.world.jurisdictions),
            ("Agency", self.world.agencies),
            ("Dataset", self.world.datasets),
            ("Field", self.world.fields),
        ):
            self.by_id.update({row["id"]: Thing(type_name, row) for row in rows})

    # relations and decisions

    def dataset_of(self, thing: Thing) -> Row:
        return thing.row if thing.type == "Dataset" else self.by_id[thing.row["_dataset"]].row

    def relations(self, thing: Thing) -> frozenset[Relation]:
        dataset, me = self.dataset_of(thing), self.subject
        found = {Relation.ANYONE}
        if me.agency is not None and dataset["agency"] == me.agency:
            found.add(Relation.OWNER)
        if dataset["jurisdiction"] in me.jurisdictions:
            found.add(Relation.JURISDICTION)
        for grant in self.world.grants:
            if (
                grant["_dataset"] == dataset["id"]
                and grant["_to"] in (me.agency, me.id)
                and grant["status"] == "ACTIVE"
                and grant["validFrom"] <= INSTANT < grant["validTo"]
                and (thing.type == "Dataset" or thing.row["id"] in grant["fields"])
            ):
                found.add(Relation.GRANTED)
        return frozenset(found)

    def decide(self, thing: Thing, action: Action) -> Decision:
        table = self.table_for(self.subject.profile)
        return table.decide(thing.row["accessClass"], self.relations(thing), action)

    def may(self, action: Action, thing: Thing) -> bool:
        return self.decide(thing, action).allowed

    def knows(self, thing: Thing) -> bool:
        """Whether the object exists, as far as this caller can tell."""
        if thing.type == "Dataset":
            return self.may(Action.DISCOVER, thing)
        if thing.type == "Field":
            return self.may(Action.INSPECT, self.by_id[thing.row["_dataset"]]) and self.may(Action.DISCOVER, thing)
        return True

    # lookups

    def find(self, identifier: Any, types: Iterable[str] | None = None) -> Thing | None:
        thing = self.by_id.get(identifier)
        if thing is None or (types is not None and thing.type not in types) or not self.knows(thing):
            return None
        return thing

    def all(self, type_name: str) -> list[Thing]:
        return [t for t in self.by_id.values() if t.type == type_name and self.knows(t)]

    def below(self, jurisdiction: str) -> set[str]:
        """The jurisdiction and everything under it."""
        found = {jurisdiction} if jurisdiction in self.by_id else set()
        while True:
            more = {j["id"] for j in self.world.jurisdictions if j["_parent"] in found} - found
            if not more:
                return found
            found |= more

    def neighbours(self, thing: Thing, *, up: bool) -> list[Thing]:
        """The distinct objects one derivation away that may be inspected, by edges that hold now."""

        def holds(edge: Derivation) -> bool:
            return edge.valid_from <= INSTANT < edge.valid_to and edge.recorded_to == FOREVER

        here = thing.row["id"]
        edges = [e for e in self.world.derivations if holds(e) and (e.source if up else e.target) == here]
        others = {(e.target if up else e.source) for e in edges}
        return [t for t in (self.by_id[o] for o in others) if self.knows(t) and self.may(Action.INSPECT, t)]
