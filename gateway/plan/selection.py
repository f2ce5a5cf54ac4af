"""A GraphQL selection as a tree: fragments merged, `@skip` and `@include` applied, aliases kept.

The collecting is graphql-core's own, so that it cannot differ from what the executor would have done.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

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
from gateway.plan.mapping import KEY, Mapped

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


def mapping_of(definition: GraphQLField) -> Mapped | None:
    """The declaration that the schema attached to a field, or None for one that only groups others."""
    declared = (definition.extensions or {}).get("strawberry-definition")
    found: Mapped | None = getattr(declared, "metadata", {}).get(KEY) if declared is not None else None
    return found


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


class Selections:
    """Trees that were made before, by operation, response key and the values of `@skip` and `@include`."""

    def __init__(self, most: int = 1000) -> None:
        self._operations: Bounded[int, _Operation] = Bounded(most)
        self._numbers: Bounded[Any, int] = Bounded(most * 4)
        self._last = 0

    def of(self, info: GraphQLResolveInfo[Any]) -> Selection:
        """The tree below the field that is being resolved."""
        operation = self._operations.get(id(info.operation))
        if operation is None:
            operation = _Operation(info.operation, _conditions(info))
            self._operations[id(info.operation)] = operation
        coerced = variables(info).coerced
        key = (info.path.key, *(coerced.get(name) for name in operation.conditions))
        selection = operation.selections.get(key)
        if selection is None:
            selection = select(info)
            selection.number = self._number(text_of(selection.root))
            operation.selections[key] = selection
        return selection

    def _number(self, text: Any) -> int:
        number = self._numbers.get(text)
        if number is None:
            self._last += 1
            number = self._numbers[text] = self._last
        return number


@dataclass(slots=True)
class _Operation:
    """Keeps the node alive, so that its identity stays its own."""

    node: OperationDefinitionNode
    conditions: tuple[str, ...]
    selections: Bounded[Any, Selection] = field(default_factory=lambda: Bounded(64))


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
