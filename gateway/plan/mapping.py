"""What stands behind a GraphQL field: the declarations that a type makes and that `plan` compiles.

A type says where each of its fields lives in the graph and nothing else. It writes no Cypher and names no rule; `needs`
only says which action of the access table the value belongs to (design section 4).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from gateway.vocabulary import Action

KEY: Final = "plan"
"""Under this key of a Strawberry field's `metadata` its declaration is found."""


class Direction(StrEnum):
    """Which way a relationship is walked from the object at hand."""

    OUT = "OUT"
    IN = "IN"


class Kind(StrEnum):
    """How the rows of a label are protected."""

    PUBLIC = "PUBLIC"
    """Known to everybody: agencies, jurisdictions."""
    DATASET = "DATASET"
    """Has an access class of its own."""
    FIELD = "FIELD"
    """Has an access class, and is visible only with its Dataset."""
    PART = "PART"
    """Reached only from an object that was authorised already: versions, distributions."""


@dataclass(frozen=True, slots=True)
class Entity:
    """The node label behind an object type, and the prefix of its ids (None: it cannot be looked up by id)."""

    label: str
    kind: Kind
    prefix: str | None = None
    indexes: frozenset[tuple[str, ...]] = frozenset()
    """The range indexes that pages may rely on, by their properties."""


@dataclass(frozen=True, slots=True)
class Column:
    """A property of the node, as it is stored."""

    property: str
    needs: Action = Action.DISCOVER


@dataclass(frozen=True, slots=True)
class Passed:
    """A Boolean: whether the instant stored in `property` has passed (R10: an entry past its update limit is stale)."""

    property: str
    needs: Action = Action.DISCOVER


@dataclass(frozen=True, slots=True)
class Unending:
    """An interval's end: the stored instant, or null where the interval has not ended."""

    property: str
    needs: Action = Action.DISCOVER


@dataclass(frozen=True, slots=True)
class Pairs:
    """A list of strings `first<US>second`, given out as objects with the two named fields."""

    property: str
    names: tuple[str, str]
    needs: Action = Action.DISCOVER


@dataclass(frozen=True, slots=True)
class Either:
    """A Boolean: whether one of the properties is true."""

    properties: tuple[str, ...]
    needs: Action = Action.DISCOVER


Stored = Column | Passed | Unending | Pairs
"""What is read from one property of the node."""


@dataclass(frozen=True, slots=True)
class Step:
    """One relationship to walk: its type, direction, and the type name at its other end.

    `timed` and `current` say that the relationship, or the object at its other end, carries `times` and has to hold
    now. A timed one is lineage, which takes that both ends may be inspected.
    """

    relationship: str
    direction: Direction
    to: str
    timed: bool = False
    current: bool = False


@dataclass(frozen=True, slots=True)
class One:
    """The single object at the other end of a relationship, or null."""

    step: Step
    needs: Action = Action.DISCOVER


@dataclass(frozen=True, slots=True)
class Many:
    """All objects at the other end of a relationship, for relationships that stay short, ordered by a property."""

    step: Step
    order: str
    needs: Action = Action.DISCOVER


@dataclass(frozen=True, slots=True)
class Order:
    """One order of a connection: the property, with the id breaking ties. Rows without a value are not in the list."""

    property: str
    needs: Action = Action.DISCOVER
    numeric: bool = False
    descending: bool = False
    """The way when none is asked for."""
    unique: bool = False
    """Whether no two rows of a list have the same value, so that no tie has to be broken."""


class Test(StrEnum):
    """How one field of a filter compares."""

    IS = "IS"
    """The property is the given value."""
    IN = "IN"
    """The property is one of the given values."""
    OVERLAPS = "OVERLAPS"
    """The list property has at least one of the given values."""
    SINCE = "SINCE"
    """The property is the given instant or later."""
    PASSED = "PASSED"
    """The instant in the property has passed (true), or has not (false)."""
    SUBTREE = "SUBTREE"
    """The property is the given jurisdiction or one below it."""
    TEXT = "TEXT"
    """Full text: all the words, in title or description."""


@dataclass(frozen=True, slots=True)
class Filter:
    """One field of a filter input. `tallied`: a Tally has that property too and answers without touching the rows."""

    test: Test
    property: str = ""
    needs: Action = Action.DISCOVER
    tallied: bool = False


@dataclass(frozen=True, slots=True)
class Connection:
    """A Relay connection.

    Its rows are found by `step` from the parent, or are the rows whose property `keyed` holds the parent's id (an
    index gives their order), or, with neither, all rows of the label.
    """

    to: str
    orders: Mapping[str, Order]
    default: str
    step: Step | None = None
    keyed: str | None = None
    filters: Mapping[str, Filter] = field(default_factory=dict)
    needs: Action = Action.DISCOVER


@dataclass(frozen=True, slots=True)
class Decisions:
    """The access decisions on this object, worked out from its class and the caller's relations to it."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """An object, or a list of some, that a statement does not give: the planner's `elsewhere` has who does as `source`.

    They are asked once for all objects of an answer, by these properties of each. Below an object from elsewhere there
    may be others: what it has in their place is what they are asked by.
    """

    source: str
    properties: tuple[str, ...]
    needs: Action = Action.INSPECT


@dataclass(frozen=True, slots=True)
class OfSubject:
    """A value of the caller, not of the graph."""

    attribute: str


@dataclass(frozen=True, slots=True)
class OwnAgency:
    """The agency that the caller acts for, or null."""

    to: str


@dataclass(frozen=True, slots=True)
class OwnPerson:
    """Objects at the other end of a relationship from the caller's person."""

    step: Step
    order: str


@dataclass(frozen=True, slots=True)
class Aside:
    """Answered by its own resolver, beside what the plan answers of the same object."""


Mapped = Stored | Either | One | Many | Connection | Decisions | Elsewhere | OfSubject | OwnAgency | OwnPerson
