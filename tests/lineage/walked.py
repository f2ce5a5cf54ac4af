"""Walks worked out object by object, level by level, from the rows of a world: never from a statement."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.classes import ClassKey
from gateway.identity import Subject
from gateway.policy.table import AccessTable
from gateway.vocabulary import Action
from tests.properties.reduction import relations
from tests.support.loading import edge_id
from tests.support.world import Derivation, Row, World


@dataclass(frozen=True, slots=True)
class Found:
    """What a walk has to give."""

    nodes: list[tuple[str, int, str]]
    """Direction, distance, id; in order."""
    edges: set[str]
    truncated: set[str]
    hidden: set[str]
    """Rules that may be the reason."""


@dataclass(slots=True)
class Model:
    """A world as somebody may know it."""

    world: World
    subject: Subject
    table: AccessTable

    def walk(self, of: str, direction: str, level: str, depth: int, **how: Any) -> Found | None:
        """The same as `lineage`, whole."""
        start = self._start(of, level)
        if start is None:
            return None
        held = [e for e in self.world.derivations if e.label.upper() == level and holds(e, **how)]
        nodes, edges = list[tuple[str, int, str]](), set[str]()
        truncated, hidden = set[str](), set[str]()
        if not self.open(of):
            hidden.add(self._rule(of))
        for way in ("UPSTREAM", "DOWNSTREAM"):
            if direction not in (way, "BOTH"):
                continue
            near = step(held, way)
            found = self._levels(start, near, depth + 1)
            truncated |= {"DEPTH"} if any(far > depth for far in found.values()) else set()
            known = {one: far for one, far in found.items() if far <= depth}
            nodes += [(way, far, one) for one, far in known.items()]
            inside = {*start, *known}
            edges |= {edge_id(e) for e in held if e.source in inside and e.target in inside}
            reached = [*start, *(one for one, far in known.items() if far < depth)]
            hidden |= self._hidden(reached, level, way, how)
        truncated |= {"HIDDEN"} if hidden else set()
        return Found(sorted(nodes, key=lambda n: (n[0] == "DOWNSTREAM", *n[1:])), edges, truncated, hidden)

    def _start(self, of: str, level: str) -> list[str] | None:
        if not self._known(of):
            return None
        if level == "DATASET":
            begin = [of if of.startswith("ds_") else self._part(of)["_dataset"]]
        elif of.startswith("fd_"):
            begin = [of]
        else:
            begin = [f["id"] for f in self.world.fields if f["_dataset"] == of]
        return [one for one in begin if self.open(one)]

    def _levels(self, start: Iterable[str], near: Mapping[str, set[str]], depth: int) -> dict[str, int]:
        seen, at = dict.fromkeys(start, 0), [*start]
        for far in range(1, depth + 1):
            at = sorted({n for one in at for n in near.get(one, ()) if n not in seen and self.open(n)})
            seen |= dict.fromkeys(at, far)
        return {one: far for one, far in seen.items() if far}

    def _hidden(self, reached: list[str], level: str, way: str, how: Mapping[str, Any]) -> set[str]:
        rules = set[str]()
        held = [e for e in self.world.derivations if holds(e, **how)]
        datasets = {one if one.startswith("ds_") else self._part(one)["_dataset"] for one in reached}
        for label, inside in (("Dataset", datasets), ("Field", set(reached) if level == "FIELD" else set[str]())):
            near = step([e for e in held if e.label == label], way)
            for one in {n for r in inside for n in near.get(r, ())}:
                if self._known(one) and not self.open(one):
                    rules.add(self._rule(one))
        return rules

    def _part(self, of: str) -> Row:
        return next(f for f in (*self.world.datasets, *self.world.fields) if f["id"] == of)

    def _may(self, of: str, action: Action) -> bool:
        row = self._part(of)
        dataset = self._part(row.get("_dataset", of))
        return self.table.decide(ClassKey(row["accessClass"]), relations(dataset, self.subject), action).allowed

    def _known(self, of: str) -> bool:
        if all(row["id"] != of for row in (*self.world.datasets, *self.world.fields)):
            return False
        if of.startswith("fd_") and not self._may(self._part(of)["_dataset"], Action.INSPECT):
            return False
        return self._may(of, Action.DISCOVER)

    def open(self, of: str) -> bool:
        """Whether a walk may pass it."""
        return self._known(of) and self._may(of, Action.INSPECT)

    def _rule(self, of: str) -> str:
        row = self._part(of)
        dataset = self._part(row.get("_dataset", of))
        held = relations(dataset, self.subject)
        return self.table.decide(ClassKey(row["accessClass"]), held, Action.INSPECT).rule


def holds(edge: Derivation, as_of: str, known_at: str, observed: bool | None = None) -> bool:
    """Whether a derivation counts at an instant, by what was recorded at another."""
    return (
        edge.valid_from <= as_of < edge.valid_to
        and edge.recorded_from <= known_at < edge.recorded_to
        and observed in (None, edge.observed)
    )


def step(edges: Iterable[Derivation], way: str) -> dict[str, set[str]]:
    """What is one derivation away."""
    near: dict[str, set[str]] = {}
    for edge in edges:
        one, other = (edge.source, edge.target) if way == "UPSTREAM" else (edge.target, edge.source)
        near.setdefault(one, set()).add(other)
    return near
