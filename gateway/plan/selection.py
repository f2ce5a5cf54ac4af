"""A GraphQL selection as a tree: fragments merged, `@skip` and `@include` applied, aliases kept.

The collecting is graphql-core's own, so that it cannot differ from what the executor would have done.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from weakref import ref

from graphql import (
    ArgumentNode,
    DirectiveNode,
    FieldNode,
    GraphQLField,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    OperationDefinitionNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
    visit,
)
from graphql import Visitor as GraphQLVisitor
from graphql.execution.collect_fields import FieldDetails, FragmentDetails, collect_subfields
from graphql.execution.values import VariableValues

from gateway.plan.cache import Bounded
from gateway.plan.mapping import KEY, Aside, Mapped

TYPENAME = "__typename"


@dataclass(slots=True)
class Selected:
    """One selected field: its response key, its declaration, and what is selected below it per object type."""

    key: str
    name: str
    node: FieldNode
    definition: GraphQLField | None
    mapping: Mapped | None
    children: Mapping[str, tuple["Selected", ...]] = field(default_factory=dict)
    literal: bool = True
    """Whether the arguments have no variable in them, so that they are the same for every request."""
    index: int = -1
    """Number of this field among those with arguments in the tree; -1 when it takes none."""

    @property
    def required(self) -> bool:
        """Whether the schema says that this value is never null."""
        return self.definition is None or is_non_null_type(self.definition.type)

    @property
    def listed(self) -> bool:
        """Whether the value is a list."""
        return self.definition is not None and is_list_type(get_nullable_type(self.definition.type))

    @property
    def only(self) -> tuple["Selected", ...]:
        """What is selected below, where only one object type is possible."""
        (children,) = self.children.values()
        return children

    @property
    def type_name(self) -> str:
        """The one object type below."""
        (name,) = self.children
        return name


@dataclass(slots=True)
class Selection:
    """The tree below one root field, and the fields in it that take arguments, in their numbering."""

    root: Selected
    with_arguments: list[Selected]
    literals: dict[int, Any] = field(default_factory=dict)
    """What was bound of arguments without variables."""
    number: int = 0
    """The same for two trees exactly when the same statement answers both."""
    size: int = 0
    """How many fields the whole tree has, fragments spread out."""
    weight: int = 0
    """What keeping it costs: its fields, and the document, which stays in memory with it."""


def mapping_of(definition: GraphQLField) -> Mapped | None:
    """The declaration that the schema attached to a field, or None for one that only groups others."""
    found: Mapped | None = _declared(definition)
    return found


def is_aside(definition: GraphQLField) -> bool:
    """Whether a field is answered by its own resolver."""
    return isinstance(_declared(definition), Aside)


def _declared(definition: GraphQLField) -> Any:
    declared = (definition.extensions or {}).get("strawberry-definition")
    return getattr(declared, "metadata", {}).get(KEY) if declared is not None else None


def variables(info: GraphQLResolveInfo[Any]) -> VariableValues:
    """The coerced variables, which Strawberry hands to resolvers as a plain dict."""
    given: Any = info.variable_values
    return VariableValues({}, given)


class _Collector:
    def __init__(self, info: GraphQLResolveInfo[Any]) -> None:
        self.schema: GraphQLSchema = info.schema
        self.fragments = {name: FragmentDetails(definition, None) for name, definition in info.fragments.items()}
        self.variables = variables(info)
        self.operation: OperationDefinitionNode = info.operation
        self.with_arguments: list[Selected] = []

    def select(self, key: str, definition: GraphQLField, nodes: list[FieldNode]) -> Selected:
        selected = Selected(key, nodes[0].name.value, nodes[0], definition, mapping_of(definition))
        if definition.args:
            selected.literal = not _names_of(nodes[0].arguments or ())
            selected.index = len(self.with_arguments)
            self.with_arguments.append(selected)
        named = get_named_type(definition.type)
        if is_object_type(named):
            possible: list[GraphQLObjectType] = [named]
        elif is_abstract_type(named):
            possible = list(self.schema.get_possible_types(named))
        else:
            return selected
        details = [FieldDetails(node, None, None) for node in nodes]
        selected.children = {t.name: self.below(t, details) for t in possible}
        return selected

    def below(self, parent: GraphQLObjectType, details: list[FieldDetails]) -> tuple[Selected, ...]:
        collected = collect_subfields(self.schema, self.fragments, self.variables, self.operation, parent, details)
        found = []
        for key, group in collected.grouped_field_set.items():
            nodes = [d.node for d in group]
            if nodes[0].name.value == TYPENAME:
                found.append(Selected(key, TYPENAME, nodes[0], None, None))
                continue
            definition = parent.fields[nodes[0].name.value]
            if not is_aside(definition):
                found.append(self.select(key, definition, nodes))
        return tuple(found)


def select(info: GraphQLResolveInfo[Any]) -> Selection:
    """The tree of what the client selected below the field that is being resolved."""
    collector = _Collector(info)
    definition = info.parent_type.fields[info.field_name]
    root = collector.select(str(info.path.key), definition, list(info.field_nodes))
    return Selection(root, collector.with_arguments)


def text_of(selected: Selected) -> Any:
    """The canonical form of a tree: equal for two documents exactly when the same statement answers both."""
    return (
        selected.key,
        selected.name,
        selected.index,
        tuple((t, tuple(text_of(c) for c in cs)) for t, cs in selected.children.items()),
    )


KEPT: Final = 200_000
"""Weight of all the trees that are kept: at most some 100 MB, whatever clients send."""
_CHARACTERS: Final = 4
"""Characters of a document that weigh as much as a field."""


class Selections:
    """Trees that were made before, by operation, response key and the values of `@skip` and `@include`."""

    def __init__(self, most: int = KEPT) -> None:
        self._conditions: Bounded[int, _Conditions] = Bounded(1000)
        self._trees: Bounded[Any, tuple[OperationDefinitionNode, Selection]] = Bounded(most, lambda t: t[1].weight)
        self._numbers: Bounded[Any, tuple[int, int]] = Bounded(most, lambda known: known[1])
        self._last = 0

    def of(self, info: GraphQLResolveInfo[Any]) -> Selection:
        """The tree below the field that is being resolved."""
        operation = info.operation
        known = self._conditions.get(id(operation))
        if known is None or known.operation() is not operation:
            known = self._conditions[id(operation)] = _Conditions(ref(operation), _conditions(info))
        coerced = variables(info).coerced
        place = info.path.key if info.path.prev is None else tuple(info.path.as_list())
        key = (id(operation), place, *(coerced.get(name) for name in known.names))
        # An operation stays alive with its trees, so that its identity stays its own.
        owner, selection = self._trees.get(key, (None, None))
        if selection is None or owner is not operation:
            selection = select(info)
            selection.size = _size(selection.root)
            selection.weight = selection.size + (len(operation.loc.source.body) // _CHARACTERS if operation.loc else 0)
            selection.number = self._number(text_of(selection.root), selection.size)
            self._trees[key] = operation, selection
        return selection

    def _number(self, text: Any, size: int) -> int:
        known = self._numbers.get(text)
        if known is None:
            self._last += 1
            known = self._numbers[text] = self._last, size
        return known[0]


@dataclass(frozen=True, slots=True)
class _Conditions:
    """The variables that `@skip` and `@include` use in an operation, which may be gone by now."""

    operation: ref[OperationDefinitionNode]
    names: tuple[str, ...]


def _size(selected: Selected) -> int:
    return 1 + sum(_size(child) for children in selected.children.values() for child in children)


def _conditions(info: GraphQLResolveInfo[Any]) -> tuple[str, ...]:
    """The variables that `@skip` and `@include` use anywhere in the document."""
    found: list[DirectiveNode] = []

    class Visitor(GraphQLVisitor):
        def enter_directive(self, node: DirectiveNode, *_: Any) -> None:
            found.append(node)

    for node in (info.operation, *info.fragments.values()):
        visit(node, Visitor())
    return _names_of(argument for directive in found for argument in directive.arguments or ())


def _names_of(arguments: Iterable[ArgumentNode]) -> tuple[str, ...]:
    """The variables in some arguments."""
    found: dict[str, None] = {}

    class Visitor(GraphQLVisitor):
        def enter_variable(self, node: VariableNode, *_: Any) -> None:
            found[node.name.value] = None

    for argument in arguments:
        visit(argument, Visitor())
    return tuple(found)
