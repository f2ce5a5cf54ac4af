"""Random valid queries, grown from the schema: whatever it lets a client ask is asked sooner or later."""

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from graphql import (
    GraphQLField,
    GraphQLNamedType,
    GraphQLSchema,
    get_named_type,
    is_abstract_type,
    is_composite_type,
    is_interface_type,
    is_object_type,
)

from gateway.vocabulary import Action, OpenType, Role, ShareType, Theme
from tests.support.world import WORDS, World

ABSENT: Final = object()


@dataclass(frozen=True, slots=True)
class Word:
    """An enum value: bare in a document, a string among the variables."""

    name: str


def literal(value: Any) -> str:
    """A value in GraphQL's own notation."""
    if isinstance(value, Word):
        return value.name
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {literal(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(literal(v) for v in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def plain(value: Any) -> Any:
    """A value as JSON variables carry it."""
    if isinstance(value, Word):
        return value.name
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    return [plain(v) for v in value] if isinstance(value, list) else value


@dataclass(slots=True)
class Query:
    """A document, its variables, and the variables that await a cursor, by the response key of their list."""

    text: str
    variables: dict[str, Any]
    cursors: dict[str, str]


ELSEWHERE: Final = {
    "_service",
    "auditEvent",
    "auditEvents",
    "accessRequest",
    "accessRequests",
    "accessGrant",
    "accessWays",
    "lineage",
    "impact",
    "accessAsOf",
    "paths",
    "lineageNames",
    "tierViolations",
}
"""Root fields that are not about the catalogue. Who may see which event or case has tests in audit and sharing."""
ASIDE: Final = {("Me", "tasks"), ("EffectiveTier", "becauseOf")}
"""Fields of planned types that the plan does not answer, or answers with a walk."""


@dataclass(slots=True)
class Grower:
    """Grows one query."""

    schema: GraphQLSchema
    world: World
    rnd: random.Random
    budget: int = 30
    declared: dict[str, str] = field(default_factory=dict)
    variables: dict[str, Any] = field(default_factory=dict)
    cursors: dict[str, str] = field(default_factory=dict)
    fragments: dict[str, tuple[str, str]] = field(default_factory=dict)
    _number: int = 0

    def query(self) -> Query:
        """An operation with one to three root fields."""
        root = self.schema.query_type
        assert root is not None
        names = [n for n in root.fields if n not in ELSEWHERE]
        parts = []
        for _ in range(self.rnd.choice([1, 1, 2, 3])):
            name = self.rnd.choice([*names, "datasets", "dataset", "search"])
            parts.append(self.one(name, root.fields[name], 6))
        if self.chance(0.2):
            parts.append("__typename")
        head = ", ".join(f"${name}: {declared}" for name, declared in self.declared.items())
        texts = [f"query Q{f'({head})' if head else ''} {{ {' '.join(parts)} }}"]
        texts += [f"fragment {name} on {on} {text}" for name, (on, text) in self.fragments.items()]
        return Query("\n".join(texts), self.variables, self.cursors)

    # selections

    def chance(self, share: float) -> bool:
        return self.rnd.random() < share

    def fresh(self, letter: str) -> str:
        self._number += 1
        return f"{letter}{self._number}"

    def one(self, name: str, definition: GraphQLField, depth: int) -> str:
        """One field with alias, arguments, directive and what is below it."""
        self.budget -= 1
        # Fields with arguments always get a key of their own: two lists under one key would have to agree.
        key = self.fresh("k") if definition.args or self.chance(0.2) else None
        head = f"{key}: {name}" if key else name
        if definition.args:
            head += self.arguments(name, definition, key or name)
        named = get_named_type(definition.type)
        directive = self.directive()
        if not is_composite_type(named):
            return head + directive
        text = f"{head}{directive} {self.selection(named, depth - 1)}"
        if self.chance(0.1):
            text += f" {head} {self.selection(named, depth - 1)}"
        return text

    def selection(self, on: GraphQLNamedType, depth: int) -> str:
        """Braces with fields, fragments and type names."""
        parts = []
        if is_object_type(on) or is_interface_type(on):
            wanted = {"Connection": 4, "Edge": 3}.get(on.name.removeprefix("Search")[-10:], 4)
            names = [
                n
                for n, f in on.fields.items()
                if (on.name, n) not in ASIDE
                and ((depth > 0 and self.budget > 0) or not is_composite_type(get_named_type(f.type)))
            ]
            names = self.rnd.sample(names, min(len(names), self.rnd.randint(1, wanted)))
            if on.name.endswith("Edge") and "cursor" not in names:
                names.append("cursor")
            parts = [self.one(n, on.fields[n], depth) for n in names]
        if is_abstract_type(on):
            for possible in self.schema.get_possible_types(on):
                if self.chance(0.7):
                    parts.append(self.inside(possible, depth))
        if self.chance(0.15):
            parts.append(self.inside(on, depth))
        if not parts or self.chance(0.15):
            parts.append(f"{self.fresh('t')}: __typename" if self.chance(0.5) else "__typename")
        self.rnd.shuffle(parts)
        return "{ " + " ".join(parts) + " }"

    def inside(self, on: GraphQLNamedType, depth: int) -> str:
        """A fragment, inline or named, new or used before."""
        if self.chance(0.5):
            condition = f" on {on.name}" if self.chance(0.8) else ""
            return f"...{condition}{self.directive()} {self.selection(on, depth - 1)}"
        known = [name for name, (other, _) in self.fragments.items() if other == on.name]
        if known and self.chance(0.5):
            return f"...{self.rnd.choice(known)}{self.directive()}"
        text = self.selection(on, depth - 1)
        name = self.fresh("F")
        self.fragments[name] = (on.name, text)
        return f"...{name}{self.directive()}"

    def directive(self) -> str:
        if not self.chance(0.12):
            return ""
        name = self.rnd.choice(["skip", "include"])
        value = self.chance(0.5)
        if self.chance(0.4):
            return f" @{name}(if: {literal(value)})"
        variable = self.fresh("b")
        if self.chance(0.3):
            self.declared[variable] = f"Boolean! = {literal(value)}"
        else:
            self.declared[variable], self.variables[variable] = "Boolean!", value
        return f" @{name}(if: ${variable})"

    # arguments

    def arguments(self, name: str, definition: GraphQLField, key: str) -> str:
        texts = []
        for argument, value in self.values(name, list(definition.args)).items():
            declared = str(definition.args[argument].type)
            texts.append(f"{argument}: {self.given(value, declared)}")
        for argument in ("after", "before"):
            if argument in definition.args and self.chance(0.5):
                variable = self.fresh("c")
                self.declared[variable] = "String"
                if self.chance(0.5):
                    self.variables[variable] = None
                self.cursors[variable] = key
                texts.append(f"{argument}: ${variable}")
        return f"({', '.join(texts)})" if texts else ""

    def given(self, value: Any, declared: str) -> str:
        """A literal, or a variable that carries the value, defaults to it, is null or is absent."""
        if self.chance(0.5):
            return literal(value)
        variable = self.fresh("v")
        way = self.rnd.choice(["given", "given", "default", "overridden", "null", "absent"])
        if declared.endswith("!") and way in ("null", "absent"):
            way = "given"
        self.declared[variable] = declared
        if way in ("default", "overridden"):
            self.declared[variable] += f" = {literal(value)}"
        if way in ("given", "overridden"):
            self.variables[variable] = plain(value)
        if way == "null":
            self.variables[variable] = None
        return f"${variable}"

    def values(self, name: str, arguments: list[str]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if "first" in arguments:
            size = self.rnd.choice([None, 0, 1, 2, 3, 5, 50])
            way = self.rnd.choice(["first", "first", "last", ""])
            if way:
                found[way] = size
        if "filter" in arguments and self.chance(0.6):
            found["filter"] = self.agency_filter() if name == "agencies" else self.dataset_filter()
        if "orderBy" in arguments and self.chance(0.6):
            found["orderBy"] = self.order()
        if "query" in arguments:
            found["query"] = self.words()
        if name in ("dataset", "agency", "node"):
            found |= self.key(name)
        if "ids" in arguments:
            found["ids"] = [self.identifier() for _ in range(self.rnd.randint(0, 5))]
        if "target" in arguments:
            found |= {"target": self.identifier(), "action": Word(self.rnd.choice(list(Action)))}
            if self.chance(0.4):
                found["asRole"] = Word(self.rnd.choice(list(Role)))
        if "period" in arguments and self.chance(0.5):
            found["period"] = self.rnd.choice([None, {"since": "2026-01-01", "until": "2026-01-31"}])
        if "representations" in arguments:
            found["representations"] = [self.representation() for _ in range(self.rnd.randint(0, 4))]
        return found

    def words(self) -> str:
        return " ".join(self.rnd.choice([*WORDS, "不存在"]) for _ in range(self.rnd.choice([0, 1, 1, 1, 2])))

    def identifier(self) -> str:
        rows = self.rnd.choice([self.world.datasets, self.world.fields, self.world.agencies, self.world.jurisdictions])
        return str(self.rnd.choice(rows)["id"]) if self.chance(0.9) else self.rnd.choice(["", "ds_nothing", "zz_1"])

    def key(self, name: str) -> dict[str, Any]:
        if name == "node":
            return {"id": self.identifier()}
        rows, other = (self.world.datasets, "identifier") if name == "dataset" else (self.world.agencies, "code")
        row = self.rnd.choice(rows)
        by = self.rnd.choice(["id", other])
        found = {by: row[by] if self.chance(0.9) else "nothing"}
        if self.chance(0.1):
            found["id" if by == other else other] = self.rnd.choice([None, "x"])
        return found

    def representation(self) -> dict[str, Any]:
        rows, type_name, keys = self.rnd.choice(
            [
                (self.world.datasets, "Dataset", ["id", "identifier"]),
                (self.world.agencies, "Agency", ["id", "code"]),
                (self.world.fields, "Field", ["id"]),
            ]
        )
        key = self.rnd.choice(keys)
        value = self.rnd.choice(rows)[key] if self.chance(0.9) else "nothing"
        return {"__typename": type_name, key: value, **({"other": 1} if self.chance(0.2) else {})}

    def order(self) -> Any:
        found: dict[str, Any] = {"field": Word(self.rnd.choice(["ID", "TITLE", "MODIFIED"]))}
        if self.chance(0.6):
            found["direction"] = Word(self.rnd.choice(["ASC", "DESC"]))
        return found if self.chance(0.95) else None

    def some(self, values: Mapping[str, Any], most: int) -> Any:
        names = self.rnd.sample(sorted(values), self.rnd.randint(0, most))
        return {n: values[n] if self.chance(0.9) else None for n in names} if self.chance(0.95) else None

    def several(self, values: Any) -> list[Word]:
        return [Word(str(v)) for v in self.rnd.sample(list(values), self.rnd.randint(0, 2))]

    def agency_filter(self) -> Any:
        jurisdiction = self.rnd.choice(self.world.jurisdictions)["id"]
        return self.some(
            {
                "jurisdiction": jurisdiction,
                "kind": self.several(["ADMINISTRATIVE", "PUBLIC_SERVICE"]),
                "origin": self.several(["NATIVE", "IMPORTED"]),
            },
            2,
        )

    def dataset_filter(self) -> Any:
        rnd = self.rnd
        return self.some(
            {
                "agency": rnd.choice(self.world.agencies)["id"],
                "jurisdiction": rnd.choice(self.world.jurisdictions)["id"],
                "theme": self.several([Theme.ENER, Theme.ENVI, Theme.TRAN]),
                "shareType": self.several(ShareType),
                "openType": self.several(OpenType),
                "origin": self.several(["NATIVE", "IMPORTED"]),
                "status": self.several(["PUBLISHED", "UPDATE_DUE", "WITHDRAWN"]),
                "format": self.several(["CSV", "JSON", "VIDEO"]),
                "accrualPeriodicity": self.several(["DAILY", "ANNUAL"]),
                "updatedSince": "2025-02-02T00:00:00.000Z",
                "stale": self.chance(0.5),
                "text": self.words(),
            },
            2,
        )
