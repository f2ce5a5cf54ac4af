"""Who asks, with what a statement needs of their access table; made once per person and table."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from gateway.identity import Subject
from gateway.plan.cache import Bounded
from gateway.plan.guard import Guard, guard_for
from gateway.policy.table import AccessTable
from gateway.vocabulary import Action, Relation

SPARSE: Final = 0.05
"""Below this share of visible Datasets a page is merged from its classes; above it, the order index is filtered."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, and as whom their new shapes of query are counted: the person, or the public's address."""

    subject: Subject
    source: str


@dataclass(slots=True)
class Caller:
    """A subject, their access table, and both as text and parameters of statements.

    `number` stands for the guard: callers with the same number are answered by the same texts.
    """

    subject: Subject
    number: int
    table: AccessTable
    guard: Guard
    parameters: Mapping[str, Any]
    _few: bool = False
    _counted: Mapping[str, int] | None = None

    def sees_few_of(self, counts: Mapping[str, int]) -> bool:
        """Whether little of the catalogue is theirs to know of; `counts` are Datasets by class."""
        if self._counted is not counts:
            total = sum(counts.values())
            allowed = self.table.allowed(Action.DISCOVER, frozenset({Relation.ANYONE}))
            self._few = sum(counts.get(c, 0) for c in allowed) < SPARSE * total
            self._counted = counts
        return self._few


@dataclass(slots=True)
class Callers:
    """The callers of late."""

    _known: Bounded[int, Caller] = field(default_factory=lambda: Bounded(2000))
    _guards: dict[Guard, int] = field(default_factory=dict)

    def of(self, subject: Subject, table: AccessTable) -> Caller:
        """The caller for a subject under the table that holds now."""
        # By identity: hashing a Subject would cost more than all else here, and its cache hands out the same one.
        known = self._known.get(id(subject))
        if known is not None and known.subject is subject and known.table is table:
            return known
        guard, parameters = guard_for(subject, table)
        number = self._guards.setdefault(guard, len(self._guards))
        caller = self._known[id(subject)] = Caller(subject, number, table, guard, parameters)
        return caller
