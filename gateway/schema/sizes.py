"""How many nodes an operation could return at most, from the page sizes that it asks for."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    Visitor,
    visit,
)

from gateway.plan.arguments import DEFAULT_PAGE

PAGE_SIZES: Final = ("first", "last")
LISTS: Final = ("ids", "representations")
"""Arguments that ask for as many nodes as they have members."""
MOST: Final = 10**15
"""Counts past this are not told apart, so that a fragment bomb cannot make counting itself slow."""


class _Nodes:
    """Multiplies page sizes down a document. A fragment is worked out once per page size that it stands under."""

    def __init__(self, document: DocumentNode, variables: Mapping[str, Any]) -> None:
        self.fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
        self.variables = variables
        self._spread: dict[tuple[str, int], int] = {}

    def below(self, selections: SelectionSetNode, size: int) -> int:
        total = 0
        for node in selections.selections:
            if isinstance(node, FieldNode):
                total += self._field(node, size)
            elif isinstance(node, FragmentSpreadNode):
                total += self._fragment(node.name.value, size)
            elif isinstance(node, InlineFragmentNode):
                total += self.below(node.selection_set, size)
        return min(total, MOST)

    def _field(self, node: FieldNode, size: int) -> int:
        if node.selection_set is None:
            return 0
        if node.name.value in ("edges", "nodes") and not node.arguments:
            return (size or DEFAULT_PAGE) * (1 + self.below(node.selection_set, 0))
        many = max(self._sizes(node, LISTS), default=1)
        return many * (1 + self.below(node.selection_set, max(self._sizes(node, PAGE_SIZES), default=0)))

    def _fragment(self, name: str, size: int) -> int:
        if (name, size) not in self._spread:
            self._spread[name, size] = 0  # what a circular fragment finds; validation refuses it
            if name in self.fragments:
                self._spread[name, size] = self.below(self.fragments[name].selection_set, size)
        return self._spread[name, size]

    def _sizes(self, node: FieldNode, names: tuple[str, ...]) -> Iterator[int]:
        for argument in node.arguments or ():
            if argument.name.value in names:
                value = argument.value
                given = self.variables.get(value.name.value) if isinstance(value, VariableNode) else _literal(value)
                yield DEFAULT_PAGE if given is None else max(given, 1)


def _literal(value: ValueNode | None) -> int | None:
    """The number that a literal asks for: an Int itself, or the length of a list."""
    if isinstance(value, IntValueNode):
        # Longer ones are no Int; and a number of 4,300 digits would not even be read.
        return int(value.value) if len(value.value) < 16 else MOST
    return len(value.values) if isinstance(value, ListValueNode) else None


def size_of(value: Any) -> int | None:
    """The number that a variable asks for."""
    if isinstance(value, list):
        return len(value)
    return min(value, MOST) if isinstance(value, int) else None


def nodes(document: DocumentNode, operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> int:
    """How many nodes the operation could return at most: page sizes multiplied down, an unpaged field counting once.

    `variables` has numbers and None; where it has None, the variable's default counts.
    """
    defaults = {d.variable.name.value: _literal(d.default_value) for d in operation.variable_definitions or ()}
    given = {name: defaults.get(name) if value is None else value for name, value in variables.items()}
    return _Nodes(document, {**defaults, **given}).below(operation.selection_set, 0)


def page_variables(document: DocumentNode) -> tuple[str, ...]:
    """The variables that page sizes are taken from."""
    found: dict[str, None] = {}

    class Finder(Visitor):
        def enter_argument(self, node: ArgumentNode, *_: Any) -> None:
            if node.name.value in (*PAGE_SIZES, *LISTS) and isinstance(node.value, VariableNode):
                found[node.value.name.value] = None

    visit(document, Finder())
    return tuple(found)
