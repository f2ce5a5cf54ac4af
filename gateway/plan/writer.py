"""Objects as Cypher list expressions: the heart of the plan.

A `Writer` is made for one statement. Every value of a client is a parameter whose name is made from the number of
its field (`p3_first`), so two clients with the same shape of query share one text, and no variable can take the
place of a test.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from gateway.plan.arguments import Bound
from gateway.plan.guard import Guard, Site
from gateway.plan.mapping import (
    Column,
    Connection,
    Decisions,
    Direction,
    Entity,
    Kind,
    Many,
    OfSubject,
    One,
    OwnAgency,
    OwnPerson,
    Pairs,
    Passed,
    Step,
    Unending,
)
from gateway.plan.selection import TYPENAME, Selected
from gateway.vocabulary import Action

FOREVER_PARAMETER = "forever"

_AGGREGATES: Final = re.compile(r"\b(?:sum|count|collect)\(")


@dataclass(frozen=True, slots=True)
class Scope:
    """The object that is being written: its type, its variable, and the variable of the Dataset that it belongs to."""

    type: str
    var: str
    row: str
    below: bool = False
    """Whether the Dataset was settled before, so that what may be seen of its parts is in variables already."""

    @property
    def inspectable(self) -> str:
        """The variable that says whether this object may be inspected."""
        return f"{self.var}i"


@dataclass(slots=True)
class Writer:
    """The state of writing one statement."""

    guard: Guard
    entities: Mapping[str, Entity]
    bound: Sequence[Bound]
    sparse: bool = False
    prelude: list[str] = field(default_factory=list)
    _bindings: dict[str, list[str]] = field(default_factory=dict)
    _names: int = 0
    _inspected: set[str] = field(default_factory=set)
    _classes: dict[str, dict[Action, str]] = field(default_factory=dict)

    def name(self) -> str:
        """A new variable."""
        self._names += 1
        return f"v{self._names}"

    def ahead(self, expression: str) -> str:
        """A variable for something that is worked out once, before everything else."""
        name = self.name()
        self.prelude.append(f"{expression} AS {name}")
        return name

    def bind(self, scope: Scope | None, expression: str) -> str:
        """A variable for something that is worked out once per object of `scope`, or once for the whole statement."""
        name = self.name()
        self._bindings.setdefault(scope.var if scope else "", []).append(f"{expression} AS {name}")
        return name

    # what may be seen

    def inspectable(self, site: Site, scope: Scope) -> str | None:
        """A test whether the object may be inspected, or None where that goes without saying."""
        if self.guard.same or self.entities[scope.type].kind not in (Kind.DATASET, Kind.FIELD):
            return None
        self._inspected.add(scope.var)
        return self.guard.apply(site, scope.inspectable)

    def settle(self, scope: Scope | None) -> str:
        """The clauses that compute what the projection of an object, or of the whole, turned out to need."""
        var = scope.var if scope else ""
        first = [f"{self.guard.classes(action, var)} AS {name}" for action, name in self._classes.get(var, {}).items()]
        if scope and var in self._inspected:
            first.append(f"{self._test(Site.INSPECTABLE, Action.INSPECT, scope)} AS {scope.inspectable}")
        clauses = [first, self._bindings.get(var, [])]
        return "".join(f" WITH *, {', '.join(c)}" for c in clauses if c)

    def discoverable(self, sites: tuple[Site, Site | None], scope: Scope) -> list[str]:
        """The tests that let an object of this type into a result: its own, and for a Field its Dataset's."""
        kind = self.entities[scope.type].kind
        if kind not in (Kind.DATASET, Kind.FIELD):
            return []
        own, datasets = sites
        tests = [self._test(own, Action.DISCOVER, scope)]
        if kind is Kind.FIELD and datasets is not None:
            tests.append(self.guard.test(datasets, Action.INSPECT, scope.row, scope.row))
        return tests

    def _test(self, site: Site, action: Action, scope: Scope) -> str:
        if not scope.below or not self.guard.relations(action):
            return self.guard.test(site, action, scope.var, scope.row)
        known = self._classes.setdefault(scope.row, {})
        name = known.setdefault(action, f"{scope.row}{action[0]}")
        return self.guard.apply(site, f"{scope.var}.accessClass IN {name}")

    # objects

    def project(self, scope: Scope, children: Sequence[Selected]) -> str:
        """What is selected of one object, as the list of its values; its type's name goes without saying."""
        return row(self.value(scope, c) for c in children if c.name != TYPENAME)

    def value(self, scope: Scope, selected: Selected) -> str:
        """One selected field of an object, as an expression.

        One that aggregates somewhere inside stands in a clause of its own: Cypher takes the values beside it for
        grouping keys.
        """
        found = self._value(scope, selected)
        return self.bind(scope, found) if _AGGREGATES.search(found) else found

    def _value(self, scope: Scope, selected: Selected) -> str:
        var, mapping = scope.var, selected.mapping
        match mapping:
            case Column(property_, needs):
                return self._needing(needs, scope, f"{var}.{property_}")
            case Passed(property_, needs):
                return self._needing(needs, scope, f"coalesce({var}.{property_} <= $now, false)")
            case Unending(property_, needs):
                return self._needing(needs, scope, f"nullIf({var}.{property_}, ${FOREVER_PARAMETER})")
            case Pairs(property_, names, needs):
                return self._needing(needs, scope, self._pairs(scope, selected, property_, names))
            case One(step, needs):
                return self._needing(needs, scope, f"head(COLLECT {{ {self.walk(scope, step, selected)} LIMIT 1 }})")
            case Many(step, order, needs):
                found = f"COLLECT {{ {self.walk(scope, step, selected, order)} }}"
                test = self._needed(needs, scope, Site.LIST)
                return f"CASE WHEN {test} THEN {found} ELSE [] END" if test else found
            case Connection():
                from gateway.plan.connection import connection

                return connection(self, scope, selected, mapping)
            case Decisions():
                part = var if self.entities[scope.type].kind is Kind.FIELD else None
                return f"[{var}.accessClass, {self.guard.mask(scope.row, part)}]"
            case OfSubject(attribute):
                return f"$s_{attribute}"
            case OwnAgency(to):
                inner = Scope(to, self.name(), "")
                shape = self.project(inner, selected.only)
                found = f"MATCH ({inner.var}:Agency {{id: $s_agency}}){self.settle(inner)}"
                return f"head(COLLECT {{ {found} RETURN {shape} }})"
            case OwnPerson(step, order):
                person = Scope("", self.name(), "")
                found = self.walk(person, step, selected, order)
                return f"COLLECT {{ MATCH ({person.var}:Person {{id: $s_id}}) {found} }}"
            case None:
                raise LookupError(f"{scope.type}.{selected.name} declares nothing that stands behind it")

    def walk(self, scope: Scope, step: Step, selected: Selected, order: str | None = None) -> str:
        """The objects at the other end of a relationship, one map a row."""
        there, pattern, conditions = self.step(scope, step)
        shape = self.project(there, selected.only)
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        ordered = f" WITH * ORDER BY {there.var}.{order}, {there.var}.id" if order else ""
        return f"MATCH {pattern}{where}{ordered}{self.settle(there)} RETURN {shape}"

    def step(self, scope: Scope, step: Step) -> tuple[Scope, str, list[str]]:
        """Where a relationship leads: the new object, the pattern, and what has to hold."""
        entity, there = self.entities[step.to], self.name()
        edge = f"{there}r" if step.timed else ""
        left, right = ("-", "->") if step.direction is Direction.OUT else ("<-", "-")
        pattern = f"({scope.var}){left}[{edge}:{step.relationship}]{right}({there}:{entity.label})"
        sites: tuple[Site, Site | None] = (Site.DATASET_STEP, None)
        found = Scope(step.to, there, there)
        if entity.kind is Kind.FIELD:
            if self.entities[scope.type].kind is Kind.DATASET:
                found, sites = Scope(step.to, there, scope.var, below=True), (Site.FIELD_STEP, None)
            else:
                found, sites = Scope(step.to, there, f"{there}d"), (Site.FIELD_STEP, Site.FIELD_STEP_DATASET)
                pattern += f"<-[:HAS_FIELD]-({found.row}:Dataset)"
        conditions = self.discoverable(sites, found)
        conditions += [
            f"{held}.validFrom <= $now AND {held}.validTo > $now AND {held}.recordedTo = ${FOREVER_PARAMETER}"
            for held, has_to in ((edge, step.timed), (there, step.current))
            if has_to
        ]
        return found, pattern, conditions

    def _needed(self, needs: Action, scope: Scope, site: Site) -> str | None:
        return self.inspectable(site, scope) if needs is Action.INSPECT else None

    def _needing(self, needs: Action, scope: Scope, expression: str) -> str:
        test = self._needed(needs, scope, Site.VALUE)
        return f"CASE WHEN {test} THEN {expression} END" if test else expression

    def _pairs(self, scope: Scope, selected: Selected, property_: str, names: tuple[str, str]) -> str:
        parts = row(f"split(q, '\\u001f')[{names.index(c.name)}]" for c in selected.only if c.name != TYPENAME)
        return f"[q IN coalesce({scope.var}.{property_}, []) | {parts}]"


def row(values: Iterable[str]) -> str:
    """A list expression."""
    return f"[{', '.join(values)}]"
