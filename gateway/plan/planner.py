"""From a root field being resolved to its answer: select, bind, write once, ask Neo4j once, finish."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from graphql import GraphQLResolveInfo
from graphql.execution.values import get_argument_values

from gateway.graph.times import now
from gateway.identity import Profile, Subject
from gateway.plan import statements
from gateway.plan.arguments import Bound, bind_keys, bind_page
from gateway.plan.cache import Bounded, Budget
from gateway.plan.callers import Asker, Caller, Callers
from gateway.plan.connection import connection
from gateway.plan.errors import BadInput
from gateway.plan.finish import Finish, Pending, decided, decision, filled, pending
from gateway.plan.mapping import Connection, Elsewhere, Entity
from gateway.plan.selection import Selected, Selection, Selections, variables
from gateway.plan.shaped import Fault, Shaped, shaped
from gateway.plan.statements import Batch
from gateway.plan.text import terms
from gateway.plan.writer import Writer
from gateway.policy.table import UNKNOWN, AccessTable
from gateway.vocabulary import FOREVER, Action, Role


class Reader(Protocol):
    """What a plan needs of the graph: one statement in, the value of its one record out."""

    async def read(self, statement: str, parameters: Mapping[str, Any]) -> Any:
        """The first value of the record, or None when there is no record."""


Source = Callable[
    [Subject, Sequence[Sequence[Any]], Mapping[str, Any]],
    Awaitable[Sequence[Sequence[Mapping[str, Any]] | Mapping[str, Any] | None]],
]
"""Who knows what a statement does not give: for a subject, some objects by their properties, and the field's arguments.

For each object it gives what the field is declared to be: a list, or one object or None.
"""


@dataclass(frozen=True, slots=True)
class Plan:
    """A statement, the parameters of the caller's that it uses, and what to do with its value."""

    text: str
    uses: tuple[str, ...]
    finish: Finish


@dataclass(slots=True)
class Planner:
    """Answers root fields. Holds caches only: another replica needs nothing of it."""

    reader: Reader
    table_for: Callable[[Profile], AccessTable]
    entities: Mapping[str, Entity]
    most_page: int = 100
    most_entities: int = 1000
    new_statements: Budget = field(default_factory=lambda: Budget(600))
    elsewhere: Mapping[str, Source] = field(default_factory=dict)
    """Whom to ask for the fields that are declared `Elsewhere`."""
    class_counts: Mapping[str, int] = field(default_factory=dict)
    """Roughly how many Datasets have each class; replaced as a whole when counted again."""
    _selections: Selections = field(default_factory=Selections)
    _plans: Bounded[Any, Plan] = field(default_factory=lambda: Bounded(10_000_000, lambda plan: len(plan.text)))
    _callers: Callers = field(default_factory=Callers)

    # root fields

    async def page(self, info: GraphQLResolveInfo[Any], asker: Asker) -> Shaped | None:
        """A connection at the root."""
        selection = self._selections.of(info)
        mapping = selection.root.mapping
        assert isinstance(mapping, Connection)
        return await self._one(
            info, asker, selection, "page", lambda w: statements.page(w, selection.root, mapping), sparse=True
        )

    async def everything(
        self, info: GraphQLResolveInfo[Any], asker: Asker, type_name: str, order: str
    ) -> Shaped | None:
        """All objects of a small type."""
        selection = self._selections.of(info)
        caller = self.caller(asker)
        bound = self._bind(info, selection)
        plan = self._plan(
            (selection.number, "everything"),
            asker,
            caller,
            bound,
            selection,
            lambda w: statements.everything(w, selection.root, type_name, order),
        )
        rows = await self._read(plan, caller, bound)
        found = plan.finish.many([[type_name, row] for row in rows], caller.table)
        return await self._whole(plan.finish, found, caller, bound)

    async def search(self, info: GraphQLResolveInfo[Any], asker: Asker) -> Shaped | None:
        """Full text over Datasets and Fields."""
        selection = self._selections.of(info)
        mapping = selection.root.mapping
        assert isinstance(mapping, Connection)
        return await self._one(info, asker, selection, "search", lambda w: statements.found(w, selection.root, mapping))

    async def me(self, info: GraphQLResolveInfo[Any], asker: Asker) -> Shaped | None:
        """The caller."""
        selection = self._selections.of(info)
        return await self._one(info, asker, selection, "me", lambda w: statements.own(w, selection.root))

    async def by_key(
        self, info: GraphQLResolveInfo[Any], asker: Asker, type_name: str, keys: Mapping[str, Any]
    ) -> Shaped | None:
        """One object by exactly one of its keys.

        Raises:
            BadInput: `ONE_KEY`, when no key or more than one is given.
        """
        given = {k: v for k, v in keys.items() if v is not None}
        if len(given) != 1:
            raise BadInput("ONE_KEY", f"{info.field_name}: give exactly one of {', '.join(keys)}.")
        ((property_, value),) = given.items()
        return await self._keyed(info, asker, type_name, property_, value)

    async def node(self, info: GraphQLResolveInfo[Any], asker: Asker, identifier: str) -> Shaped | None:
        """One object by its global id, whatever its type."""
        type_name = self._type_of(identifier)
        return None if type_name is None else await self._keyed(info, asker, type_name, "id", identifier)

    async def nodes(self, info: GraphQLResolveInfo[Any], asker: Asker, ids: Sequence[str]) -> Shaped:
        """Many objects by their global ids, in the order asked for; null where there is none.

        Raises:
            BadInput: `TOO_MANY_IDS`.
        """
        if len(ids) > self.most_page:
            raise BadInput("TOO_MANY_IDS", f"{info.field_name}: at most {self.most_page} ids, these are {len(ids)}.")
        keys = [(t, "id", i) if (t := self._type_of(i)) else None for i in ids]
        return await self._many(info, asker, keys)

    async def several(
        self, info: GraphQLResolveInfo[Any], asker: Asker, type_name: str, ids: Sequence[str]
    ) -> list[Shaped | None]:
        """An answer for each of many objects of a type, by their ids, for a field in a list of something else."""
        found = await self._many(info, asker, [(type_name, "id", one) for one in ids])
        faults: list[list[Fault]] = [[] for _ in ids]
        for fault in found.faults:
            place, *path = fault.path
            assert isinstance(place, int)
            faults[place].append(Fault(tuple(path), fault.message))
        return [
            None if data is None and not some else shaped(data, tuple(some))
            for data, some in zip(found.data, faults, strict=True)
        ]

    async def references(
        self,
        info: GraphQLResolveInfo[Any],
        asker: Asker,
        representations: Sequence[Any],
        keys: Mapping[str, Sequence[str]],
    ) -> Shaped:
        """Federation entities; `keys` says by which properties each type may be named. Nothing else is read.

        Raises:
            BadInput: `TOO_MANY_REPRESENTATIONS`; `BAD_REPRESENTATION`, for one that names no entity or none of its
            keys.
        """
        if len(representations) > self.most_entities:
            raise BadInput(
                "TOO_MANY_REPRESENTATIONS",
                f"representations: at most {self.most_entities}, these are {len(representations)}.",
            )
        found = []
        for i, representation in enumerate(representations):
            named = representation if isinstance(representation, dict) else {}
            type_name = named.get("__typename")
            by = next((k for k in keys.get(str(type_name), ()) if isinstance(named.get(k), str)), None)
            if by is None:
                known = "; ".join(f"{t} by {' or '.join(ks)}" for t, ks in keys.items())
                raise BadInput("BAD_REPRESENTATION", f"representations[{i}]: needs __typename and one key of {known}.")
            found.append((str(type_name), by, named[by]))
        return await self._many(info, asker, found)

    async def explain(
        self, info: GraphQLResolveInfo[Any], asker: Asker, target: str, action: Action, as_role: Role | None
    ) -> Shaped:
        """The decision on one object; one that the caller may not know of is answered like one that does not exist.

        Raises:
            BadInput: `AS_ROLE_REFUSED`, when somebody asks for another role without owning or overseeing the object.
        """
        selection = self._selections.of(info)
        caller = self.caller(asker)
        type_name = self._type_of(target)
        if type_name not in ("Dataset", "Field"):
            return shaped(decided(UNKNOWN, selection.root))
        bound = [Bound((), {"p0_target": target})]
        plan = self._plan(
            (type_name, "explain"),
            asker,
            caller,
            bound,
            selection,
            lambda w: statements.explained(w, type_name, "p0_target"),
        )
        value = await self._read(plan, caller, bound)
        if value is None:
            return shaped(decided(UNKNOWN, selection.root))
        classed, mask = value
        table = caller.table
        if as_role is not None:
            mine = asker.subject.profile.roles
            if not (mask & (1 | 2) or Role.CENTER in mine or as_role in (Role.PUBLIC, *mine)):
                raise BadInput(
                    "AS_ROLE_REFUSED",
                    "asRole: only the owner of the target, the center, and who oversees its jurisdiction may ask for "
                    "another role.",
                )
            table, mask = self.table_for(Profile(frozenset({as_role}))), mask if as_role in mine else 0
        return shaped(decision(table, classed, mask, action, selection.root))

    # how

    async def _keyed(
        self, info: GraphQLResolveInfo[Any], asker: Asker, type_name: str, property_: str, value: Any
    ) -> Shaped | None:
        selection = self._selections.of(info)
        return await self._one(
            info,
            asker,
            selection,
            ("key", type_name, property_),
            lambda w: statements.by_key(w, type_name, property_, "key", selection.root),
            type_name=type_name,
            more={"key": value},
        )

    async def _many(
        self, info: GraphQLResolveInfo[Any], asker: Asker, keys: Sequence[tuple[str, str, Any] | None]
    ) -> Shaped:
        selection = self._selections.of(info)
        caller = self.caller(asker)
        groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for i, key in enumerate(keys):
            if key is not None:
                groups.setdefault(key[:2], []).append({"i": i, "k": key[2]})
        out: list[Any] = [None] * len(keys)
        if groups:
            ordered = sorted(groups)
            batches = [Batch(t, p, f"keys_{t}_{p}") for t, p in ordered]
            bound = self._bind(info, selection)
            plan = self._plan(
                (selection.number, "keys", tuple(ordered)),
                asker,
                caller,
                bound,
                selection,
                lambda w: statements.by_keys(w, batches, selection.root),
            )
            more = {b.parameter: groups[b.type_name, b.property] for b in batches}
            for i, type_name, value in await self._read(plan, caller, bound, more):
                out[i] = [type_name, value]
        finish = Finish(selection.root)
        return await self._whole(finish, finish.many(out, caller.table), caller, self._bind(info, selection))

    async def _one(
        self,
        info: GraphQLResolveInfo[Any],
        asker: Asker,
        selection: Selection,
        kind: Any,
        write: Callable[[Writer], str],
        *,
        type_name: str | None = None,
        sparse: bool = False,
        more: Mapping[str, Any] | None = None,
    ) -> Shaped | None:
        caller = self.caller(asker)
        bound = self._bind(info, selection)
        few = sparse and caller.sees_few_of(self.class_counts)
        plan = self._plan((selection.number, kind), asker, caller, bound, selection, write, sparse=few)
        value = await self._read(plan, caller, bound, more)
        found = plan.finish.one(value, type_name or selection.root.type_name, caller.table)
        return found and await self._whole(plan.finish, found, caller, bound)

    async def _whole(self, finish: Finish, found: Shaped, caller: Caller, bound: Sequence[Bound]) -> Shaped:
        """The answer with what is known elsewhere in its places; asked once for each such field."""
        if not finish.elsewhere:
            return found
        left = [*pending(found.data)]
        while left:
            fields: dict[int, list[tuple[Any, Any, Pending]]] = {}
            for place in left:
                fields.setdefault(id(place[2].selected), []).append(place)
            for places in fields.values():
                selected = places[0][2].selected
                assert isinstance(selected.mapping, Elsewhere)
                source = self.elsewhere[selected.mapping.source]
                given = bound[selected.index].elsewhere if selected.index >= 0 else {}
                rows = await source(caller.subject, [one.asked for *_, one in places], given)
                for (holder, at, one), some in zip(places, rows, strict=True):
                    holder[at] = filled(some, one.selected)
            left = [further for holder, at, _ in left for further in pending(holder[at])]
        return found

    def _plan(
        self,
        key: Any,
        asker: Asker,
        caller: Caller,
        bound: Sequence[Bound],
        selection: Selection,
        write: Callable[[Writer], str],
        *,
        sparse: bool = False,
    ) -> Plan:
        full = (key, caller.number, sparse, *(b.shape for b in bound))
        plan = self._plans.get(full)
        if plan is None:
            self.new_statements.take(asker.source)
            writer = Writer(caller.guard, self.entities, bound, connection, sparse)
            text = write(writer)
            uses = tuple(name for name in caller.parameters if f"${name}" in text)
            plan = self._plans[full] = Plan(text, uses, Finish(selection.root))
        return plan

    def _read(
        self, plan: Plan, caller: Caller, bound: Sequence[Bound], more: Mapping[str, Any] | None = None
    ) -> Awaitable[Any]:
        parameters = {name: caller.parameters[name] for name in plan.uses}
        parameters.update(now=now(), forever=FOREVER, **(more or {}))
        for one in bound:
            parameters.update(one.values)
        return self.reader.read(plan.text, parameters)

    def _bind(self, info: GraphQLResolveInfo[Any], selection: Selection) -> list[Bound]:
        found, given = [], variables(info)
        for selected in selection.with_arguments:
            bound = selection.literals.get(selected.index)
            if bound is None:
                assert selected.definition is not None
                bound = self._bound(selected, get_argument_values(selected.definition, selected.node, given))
                if selected.literal:
                    selection.literals[selected.index] = bound
            found.append(bound)
        return found

    def _bound(self, selected: Selected, arguments: Mapping[str, Any]) -> Bound:
        if isinstance(selected.mapping, Elsewhere):
            return Bound((), {}, arguments)
        if not isinstance(selected.mapping, Connection):
            return bind_keys(selected.index, {})
        page = bind_page(selected.name, selected.index, selected.mapping, arguments, self.most_page)
        if "query" not in arguments:
            return page
        clauses = [t.clause for t in terms(f"{selected.name}.query", arguments["query"])]
        return Bound(page.shape, {**page.values, f"p{selected.index}_query": clauses})

    def caller(self, asker: Asker) -> Caller:
        """Who asks, with their access table as it is now; for a statement that is written elsewhere."""
        return self._callers.of(asker.subject, self.table_for(asker.subject.profile))

    def _type_of(self, identifier: str) -> str | None:
        prefix = identifier[:3]
        return next((name for name, entity in self.entities.items() if entity.prefix == prefix), None)
