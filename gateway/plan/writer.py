"""Objects as Cypher list expressions: the heart of the plan.

A `Writer` is made for one statement. Every value of a client is a parameter whose name is made from the number of
its field (`p3_first`), so two clients with the same shape of query share one text, and no variable can take the
place of a test.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from gateway.plan.arguments import Bound
from gateway.plan.guard import Guard, Site
from gateway.plan.mapping import (
    Column,
    Connection,
    Decisions,
    Direction,
    Either,
    Elsewhere,
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
    Stored,
    Unending,
)
from gateway.plan.selection import TYPENAME, Selected
from gateway.vocabulary import Action

FOREVER_PARAMETER = "forever"


@dataclass(frozen=True, slots=True)
class Scope:
    """The object that is being written: its type, its variable, and the variable of the Dataset that it belongs to."""

    type: str
    var: str
    row: str
    below: bool = False
    """Whether the Dataset was settled before, so that what may be seen of its parts is in variables already.

    Such parts are few and shown together: each is read once, before its test, into a map.
    """

    @property
    def map(self) -> str:
        """The variable of the map of properties that were read together: a fifth faster than reading each of five."""
        return f"{self.var}m"

    @property
    def tested(self) -> str:
        """The variable whose properties are there for tests and for the order."""
        return self.map if self.below else self.var

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
    connect: Callable[["Writer", Scope | None, Selected, Connection], str]
    """Writes a connection; handed in because connections are made of objects, and objects of connections."""
    sparse: bool = False
    prelude: list[str] = field(default_factory=list)
    _bindings: dict[str, list[str]] = field(default_factory=dict)
    _names: int = 0
    _inspected: set[str] = field(default_factory=set)
    _certain: set[str] = field(default_factory=set)
    _classes: dict[str, dict[Action, str]] = field(default_factory=dict)
    _read: dict[str, dict[str, None]] = field(default_factory=dict)

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

    def read(self, scope: Scope, properties: Iterable[str]) -> dict[str, None]:
        """Have these properties of an object read together; gives all of which this was said, later ones too."""
        known = self._read.setdefault(scope.var, {})
        known.update(dict.fromkeys(properties))
        return known

    # what may be seen

    def inspectable(self, site: Site, scope: Scope) -> str | None:
        """A test whether the object may be inspected, or None where that goes without saying."""
        if self.guard.same or self.entities[scope.type].kind not in (Kind.DATASET, Kind.FIELD):
            return None
        if scope.var in self._certain:
            return None
        self._inspected.add(scope.var)
        self.read(scope, ("accessClass",))
        return self.guard.apply(site, scope.inspectable)

    def inspected(self, site: Site, scope: Scope) -> list[str]:
        """The test that lets only objects into a result that may be inspected; below, that goes without saying."""
        if self.guard.same or self.entities[scope.type].kind not in (Kind.DATASET, Kind.FIELD):
            return []
        self._certain.add(scope.var)
        return [self.guard.test(site, Action.INSPECT, scope.var, scope.row)]

    def settle(self, scope: Scope | None) -> str:
        """The clauses that compute what the projection of an object, or of the whole, turned out to need."""
        var = scope.var if scope else ""
        read = [mapped(scope, self._read[var])] if scope and var in self._read and not scope.below else []
        first = [f"{self.guard.classes(action, var)} AS {name}" for action, name in self._classes.get(var, {}).items()]
        if scope and var in self._inspected:
            first.append(f"{self._test(Site.INSPECTABLE, Action.INSPECT, scope, scope.map)} AS {scope.inspectable}")
        clauses = [read, first, self._bindings.get(var, [])]
        return "".join(f" WITH *, {', '.join(c)}" for c in clauses if c)

    def discoverable(self, sites: tuple[Site, Site | None], scope: Scope) -> list[str]:
        """The tests that let an object of this type into a result: its own, and for a Field its Dataset's."""
        kind = self.entities[scope.type].kind
        if kind not in (Kind.DATASET, Kind.FIELD):
            return []
        own, datasets = sites
        tests = [self._test(own, Action.DISCOVER, scope, scope.tested)]
        if kind is Kind.FIELD and datasets is not None:
            tests.append(self.guard.test(datasets, Action.INSPECT, scope.row, scope.row))
        return tests

    def _test(self, site: Site, action: Action, scope: Scope, classed: str) -> str:
        if not scope.below or not self.guard.relations(action) or self.guard.grows:
            return self.guard.test(site, action, classed, scope.row)
        known = self._classes.setdefault(scope.row, {})
        name = known.setdefault(action, f"{scope.row}{action[0]}")
        return self.guard.apply(site, f"{name}[{classed}.accessClass]")

    # objects

    def project(self, scope: Scope, children: Sequence[Selected]) -> str:
        """What is selected of one object, as the list of its values; its type's name goes without saying."""
        read = {c.mapping.property for c in children if isinstance(c.mapping, Stored)}
        if len(read) > 1 or scope.below:
            self.read(scope, sorted(read))
        return row(self.value(scope, c) for c in children if c.name != TYPENAME)

    def value(self, scope: Scope, selected: Selected) -> str:
        """One selected field of an object, as an expression."""
        mapping = selected.mapping
        match mapping:
            case Column() | Passed() | Unending() | Pairs():
                test = self._needed(mapping.needs, scope, Site.VALUE)
                stored = self._stored(scope, selected, mapping)
                return f"CASE WHEN {test} THEN {stored} END" if test else stored
            case Either(properties, needs):
                test = self._needed(needs, scope, Site.VALUE)
                either = " OR ".join(f"coalesce({scope.var}.{name}, false)" for name in properties)
                return f"CASE WHEN {test} THEN {either} END" if test else f"({either})"
            case One() | Many():
                return self._related(scope, selected, mapping)
            case Connection():
                return self.connect(self, scope, selected, mapping)
            case Decisions():
                part = scope.var if self.entities[scope.type].kind is Kind.FIELD else None
                self.read(scope, ("accessClass",))
                return f"[{scope.map}.accessClass, {self.guard.mask(scope.row, part)}]"
            case Elsewhere(_, properties, needs):
                test = self._needed(needs, scope, Site.VALUE)
                asked = row(f"{scope.var}.{name}" for name in properties)
                return f"CASE WHEN {test} THEN {asked} END" if test else asked
            case OfSubject(attribute):
                return f"$s_{attribute}"
            case OwnAgency() | OwnPerson():
                return self._own(selected, mapping)
            case None:
                raise LookupError(f"{scope.type}.{selected.name} declares nothing that stands behind it")

    def _stored(self, scope: Scope, selected: Selected, mapping: Stored) -> str:
        together = mapping.property in self._read.get(scope.var, ())
        stored = f"{scope.map if together else scope.var}.{mapping.property}"
        match mapping:
            case Column():
                return stored
            case Passed():
                return f"coalesce({stored} <= $now, false)"
            case Unending():
                return f"nullIf({stored}, ${FOREVER_PARAMETER})"
            case Pairs(_, names):
                places = (names.index(c.name) for c in selected.only if c.name != TYPENAME)
                parts = row(f"split(q, '\\u001f')[{place}]" for place in places)
                return f"[q IN coalesce({stored}, []) | {parts}]"

    def _related(self, scope: Scope, selected: Selected, mapping: One | Many) -> str:
        test = self._needed(mapping.needs, scope, Site.LIST)
        if isinstance(mapping, One):
            found = f"head(COLLECT {{ {self.walk(scope, mapping.step, selected)} LIMIT 1 }})"
            return f"CASE WHEN {test} THEN {found} END" if test else found
        found = f"COLLECT {{ {self.walk(scope, mapping.step, selected, mapping.order)} }}"
        return f"CASE WHEN {test} THEN {found} ELSE [] END" if test else found

    def _own(self, selected: Selected, mapping: OwnAgency | OwnPerson) -> str:
        if isinstance(mapping, OwnPerson):
            person = Scope("", self.name(), "")
            found = self.walk(person, mapping.step, selected, mapping.order)
            return f"COLLECT {{ MATCH ({person.var}:Person {{id: $s_id}}) {found} }}"
        agency = Scope(mapping.to, self.name(), "")
        shape = self.project(agency, selected.only)
        found = f"MATCH ({agency.var}:Agency {{id: $s_agency}}){self.settle(agency)}"
        return f"head(COLLECT {{ {found} RETURN {shape} }})"

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
                found, sites = Scope(step.to, there, f"{there}d"), (Site.FIELD_STEP, Site.LINEAGE_STEP)
                pattern += f"<-[:HAS_FIELD]-({found.row}:Dataset)"
        conditions = self.discoverable(sites, found)
        if step.timed:
            # What something was made from is told of both of them: whoever may not inspect one learns of neither end.
            conditions += self.inspected(Site.LINEAGE_STEP, found)
        conditions += [
            f"{held}.validFrom <= $now AND {held}.validTo > $now AND {held}.recordedTo = ${FOREVER_PARAMETER}"
            for held, has_to in ((edge, step.timed), (there, step.current))
            if has_to
        ]
        return found, pattern, conditions

    def _needed(self, needs: Action, scope: Scope, site: Site) -> str | None:
        return self.inspectable(site, scope) if needs is Action.INSPECT else None


def mapped(scope: Scope, properties: Iterable[str]) -> str:
    """The properties of an object as one map, with its variable."""
    return f"{scope.var}{{{', '.join(f'.{p}' for p in properties)}}} AS {scope.map}"


def row(values: Iterable[str]) -> str:
    """A list expression."""
    return f"[{', '.join(values)}]"
