"""The access table as Cypher: the only place that writes a test of what the caller may see.

Every test names its `Site`, so that the tests can take each of them away in turn and show that something then leaks.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from typing import Any, Final

from gateway.classes import ClassKey
from gateway.identity import Subject
from gateway.policy.table import AccessTable
from gateway.vocabulary import Action, Relation

SITUATIONS: Final = (Relation.OWNER, Relation.JURISDICTION, Relation.GRANTED)
"""Relations that a statement has to test; `ANYONE` always holds."""

_BIT: Final[Mapping[Relation, int]] = {relation: 1 << i for i, relation in enumerate(SITUATIONS)}


class Site(StrEnum):
    """Where in a statement a test stands."""

    DATASET_BY_KEY = "DATASET_BY_KEY"
    DATASET_PAGE = "DATASET_PAGE"
    DATASET_STEP = "DATASET_STEP"
    FIELD_BY_KEY = "FIELD_BY_KEY"
    FIELD_BY_KEY_DATASET = "FIELD_BY_KEY_DATASET"
    FIELD_STEP = "FIELD_STEP"
    INSPECTABLE = "INSPECTABLE"
    VALUE = "VALUE"
    LIST = "LIST"
    FILTER = "FILTER"
    ORDER = "ORDER"
    SEARCH_TITLE = "SEARCH_TITLE"
    SEARCH_TEXT = "SEARCH_TEXT"
    SEARCH_FIELD = "SEARCH_FIELD"
    SEARCH_FIELD_DATASET = "SEARCH_FIELD_DATASET"
    SEARCH_FIELD_TEXT = "SEARCH_FIELD_TEXT"
    TALLY = "TALLY"
    LINEAGE_STEP = "LINEAGE_STEP"
    LINEAGE_START = "LINEAGE_START"
    LINEAGE_START_DATASET = "LINEAGE_START_DATASET"
    LINEAGE_NODE = "LINEAGE_NODE"
    LINEAGE_HIDDEN = "LINEAGE_HIDDEN"


def subsets(relations: tuple[Relation, ...]) -> list[tuple[Relation, ...]]:
    """Every combination of the relations, the largest first."""
    return [c for n in range(len(relations), -1, -1) for c in combinations(relations, n)]


def _mask(relations: tuple[Relation, ...]) -> int:
    return sum(_BIT[r] for r in relations)


def relations_of(mask: int) -> frozenset[Relation]:
    """The relations that a statement found to hold, from the number that it returns for them."""
    return frozenset({Relation.ANYONE, *(r for r in SITUATIONS if mask & _BIT[r])})


@dataclass(frozen=True, slots=True)
class Guard:
    """What of a caller's access table shows in the text of a statement; the class keys themselves are parameters.

    `$f_ACTION_n` maps each class that a combination of relations may do the action to onto true: looking a key up costs
    Neo4j half of what it takes to search a list. Where relations only add classes, `n` other than 0 has only those that
    are added. `$a_ACTION` lists what may be done without any relation. A test that fails is false or null. `matters`
    has, per action, the relations that this caller can have and that change the answer.
    """

    matters: tuple[tuple[Action, tuple[Relation, ...]], ...]
    same: bool
    """Whether all that may be discovered may be inspected too, so that no second test is needed."""
    nested: bool
    """Whether all that may be inspected may be discovered too, so that its test stands for both."""
    grows: bool = False
    """Whether relations only ever add classes, so that they need to be looked at for few rows."""

    def relations(self, action: Action) -> tuple[Relation, ...]:
        """The relations that have to be tested for an action."""
        return dict(self.matters)[action]

    def apply(self, site: Site, test: str) -> str:
        """Every test passes through here on its way into a statement."""
        del site
        return test

    def test(self, site: Site, action: Action, classed: str, row: str) -> str:
        """A Boolean expression: may the caller do `action` to `classed`, which belongs to the Dataset `row`?"""
        return self.apply(site, self._test(action, classed, row))

    def stranger(self, site: Site, action: Action, classed: str) -> str:
        """The same for a Dataset to which the caller has no relation, where `relations` has some."""
        return self.apply(site, f"$f_{action}_0[{classed}.accessClass]")

    def _test(self, action: Action, classed: str, row: str) -> str:
        relations, key = self.relations(action), f"[{classed}.accessClass]"
        base, chosen = f"$f_{action}_0{key}", f"({self.classes(action, row)}){key}"
        if not relations:
            return base
        if not self.grows:
            return chosen
        # Reading one more property of a row costs more than the rest of the test. Not an OR: Neo4j would read all rows
        # once for each side and sort them, instead of following the index.
        return f"CASE WHEN {base} THEN true WHEN $f_{action}_{_mask(relations)}{key} THEN {chosen} ELSE false END"

    def classes(self, action: Action, row: str) -> str:
        """A map expression: the classes that the caller may do `action` to, given their relations to `row`."""
        relations = self.relations(action)
        cases = " ".join(
            f"WHEN {' AND '.join(relation_test(r, row) for r in held)} THEN $f_{action}_{_mask(held)}"
            for held in subsets(relations)
            if held
        )
        return f"CASE {cases} ELSE $f_{action}_0 END" if cases else f"$f_{action}_0"

    def mask(self, row: str, part: str | None = None) -> str:
        """An Integer expression: which relations hold, for decisions that are worked out after the statement."""
        relations = sorted({r for _, rs in self.matters for r in rs}, key=SITUATIONS.index)
        terms = [f"CASE WHEN {relation_test(r, row, part)} THEN {_BIT[r]} ELSE 0 END" for r in relations]
        return " + ".join(terms) or "0"


def relation_test(relation: Relation, row: str, part: str | None = None) -> str:
    """A Boolean expression: does the caller stand in this relation to the Dataset (or the Tally) `row`?"""
    match relation:
        case Relation.OWNER:
            return f"{row}.agency = $s_agency"
        case Relation.JURISDICTION:
            return f"{row}.jurisdiction IN $s_jurisdictions"
        case Relation.GRANTED:
            named = f" AND {part}.id IN g.fields" if part else ""
            return (
                f"EXISTS {{ MATCH ({row})<-[:ON]-(g:Grant)-[:TO]->(c) WHERE c.id IN $s_grantees AND g.status = 'ACTIVE'"
                f" AND g.validFrom <= $now AND g.validTo > $now{named} }}"
            )
        case Relation.ANYONE:
            return "true"


def possible(subject: Subject) -> frozenset[Relation]:
    """The relations that this caller can have to any row at all."""
    found = set()
    if subject.agency is not None:
        found |= {Relation.OWNER, Relation.GRANTED}
    if subject.id is not None:
        found.add(Relation.GRANTED)
    if subject.jurisdictions:
        found.add(Relation.JURISDICTION)
    return frozenset(found)


def guard_for(subject: Subject, table: AccessTable) -> tuple[Guard, dict[str, Any]]:
    """The text part and the parameters of a caller's access table."""
    mine = possible(subject)
    matters: dict[Action, tuple[Relation, ...]] = {}
    parameters: dict[str, Any] = {
        "s_agency": subject.agency,
        "s_jurisdictions": list(subject.jurisdictions),
        "s_grantees": [i for i in (subject.agency, subject.id) if i is not None],
        "s_id": subject.id,
        "s_name": subject.name,
        "s_roles": sorted(subject.profile.roles),
        "s_appointment": subject.appointment,
    }
    allowed: dict[tuple[Action, int], frozenset[ClassKey]] = {}
    same = nested = grows = True
    for action in Action:
        relations = tuple(r for r in SITUATIONS if r in mine and r in table.relations_that_matter(action))
        matters[action] = relations
        if action is Action.FETCH:
            continue
        base = table.allowed(action, frozenset())
        parameters[f"a_{action}"] = sorted(base)
        for held in subsets(relations):
            together = table.allowed(action, frozenset(held))
            allowed[action, _mask(held)] = together
            grows = grows and base <= together <= table.allowed(action, frozenset(relations))
    for held in subsets(tuple(r for r in SITUATIONS if r in mine)):
        known = frozenset(held)
        inspected, discovered = table.allowed(Action.INSPECT, known), table.allowed(Action.DISCOVER, known)
        same, nested = same and inspected == discovered, nested and inspected <= discovered
    for (action, held_mask), together in allowed.items():
        shown = together - allowed[action, 0] if grows and held_mask else together
        parameters[f"f_{action}_{held_mask}"] = dict.fromkeys(sorted(shown), True)
    return Guard(tuple(matters.items()), same, nested, grows), parameters
