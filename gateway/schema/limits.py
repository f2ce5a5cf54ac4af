"""Limits on a document, checked before anything runs. Each refusal names the limit, its value, and what was asked.

Tokens and nesting are counted by the lexer alone, before parsing, so that a document which would exhaust the parser never
reaches it. The rest is counted over the parsed document with fragments spread out; the number of nodes also needs the variables.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    IntValueNode,
    Lexer,
    OperationDefinitionNode,
    SelectionSetNode,
    Source,
    TokenKind,
    VariableNode,
    parse,
)
from graphql.validation import NoSchemaIntrospectionCustomRule
from strawberry.extensions import SchemaExtension

from gateway.plan.arguments import DEFAULT_PAGE

KEPT_DOCUMENTS: Final = 1000
MOST: Final = 10**15
"""Counts past this are not told apart, so that a fragment bomb cannot make counting itself slow."""

_DEEPEST_WALK: Final = 100
"""Fragments within fragments are walked no deeper: the validator's own stack grows with them too."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a document may have; see the settings of the same names."""

    tokens: int = 5_000
    depth: int = 15
    aliases: int = 100
    root_fields: int = 20
    directives: int = 50
    nodes: int = 50_000
    introspection: bool = True


class TooMuch(GraphQLError):
    """A document past a limit."""

    def __init__(self, limit: str, most: int, found: int | str) -> None:
        code = f"LIMIT_{limit.upper()}"
        super().__init__(
            f"This asks for {found} {limit.replace('_', ' ')}; at most {most} are allowed (GATEWAY_MAX_{limit.upper()}).",
            extensions={"code": code, "limit": limit, "most": most},
        )


@dataclass(frozen=True, slots=True)
class _Size:
    """What one selection amounts to, fragments spread out."""

    depth: int = 0
    aliases: int = 0
    fields: int = 0

    def beside(self, other: "_Size") -> "_Size":
        return _Size(
            max(self.depth, other.depth), min(self.aliases + other.aliases, MOST), min(self.fields + other.fields, MOST)
        )


@dataclass(frozen=True, slots=True)
class Measured:
    """A document with what does not depend on variables."""

    document: DocumentNode
    fault: GraphQLError | None = None


class _Walk:
    """Counts over one document; each fragment is counted once, and a circular one counts as nothing here."""

    def __init__(self, document: DocumentNode, most: int) -> None:
        self.most = most
        self.fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
        self._sizes: dict[str, _Size] = {}

    def size(self, selections: SelectionSetNode, level: int = 0) -> _Size:
        if level > _DEEPEST_WALK:
            raise TooMuch("depth", self.most, "far too many levels of")
        total = _Size()
        for node in selections.selections:
            if isinstance(node, FieldNode):
                below = self.size(node.selection_set, level + 1) if node.selection_set else _Size()
                own = _Size(below.depth + 1, below.aliases + (node.alias is not None), 1)
                total = total.beside(own)
            elif isinstance(node, FragmentSpreadNode):
                total = total.beside(self._spread(node.name.value, level + 1))
            else:
                total = total.beside(self.size(node.selection_set, level + 1))
        return total

    def _spread(self, name: str, level: int) -> _Size:
        if name not in self._sizes:
            self._sizes[name] = _Size()
            if name in self.fragments:
                self._sizes[name] = self.size(self.fragments[name].selection_set, level)
        return self._sizes[name]


def nodes(document: DocumentNode, operation: OperationDefinitionNode, variables: dict[str, Any]) -> int:
    """How many nodes the operation could return at most: page sizes multiplied down, an unpaged field counting once."""
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    spread: dict[tuple[str, int], int] = {}

    def page(node: FieldNode) -> int:
        for argument in node.arguments or ():
            if argument.name.value in ("first", "last"):
                value = argument.value
                if isinstance(value, IntValueNode):
                    return max(int(value.value), 1)
                if isinstance(value, VariableNode):
                    given = variables.get(value.name.value)
                    return max(given, 1) if isinstance(given, int) else DEFAULT_PAGE
        return 0

    def below(selections: SelectionSetNode, size: int) -> int:
        total = 0
        for node in selections.selections:
            if isinstance(node, FieldNode):
                if node.selection_set is None:
                    continue
                name = node.name.value
                own = page(node)
                if name in ("edges", "nodes") and not node.arguments:
                    total += (size or DEFAULT_PAGE) * (1 + below(node.selection_set, 0))
                else:
                    total += 1 + below(node.selection_set, own)
            elif isinstance(node, FragmentSpreadNode):
                key = (node.name.value, size)
                if key not in spread:
                    spread[key] = 0
                    if key[0] in fragments:
                        spread[key] = below(fragments[key[0]].selection_set, size)
                total += spread[key]
            else:
                total += below(node.selection_set, size)
        return min(total, MOST)

    return below(operation.selection_set, 0)


class Bounds:
    """The limits of one schema, and the documents that were measured against them."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.document: Callable[[str], Measured] = lru_cache(KEPT_DOCUMENTS)(self._measure)

    def _measure(self, query: str) -> Measured:
        self._lex(query)
        document = parse(query)
        return Measured(document, self._fault(document))

    def _lex(self, query: str) -> None:
        """Raises before the parser would recurse: its own stack grows with the nesting of braces and brackets."""
        lexer = Lexer(Source(query))
        tokens = directives = nesting = 0
        deepest = self.limits.depth + 8
        while True:
            kind = lexer.advance().kind
            if kind is TokenKind.EOF:
                return
            tokens += 1
            if tokens > self.limits.tokens:
                raise TooMuch("tokens", self.limits.tokens, f"more than {self.limits.tokens}")
            if kind is TokenKind.AT:
                directives += 1
                if directives > self.limits.directives:
                    raise TooMuch("directives", self.limits.directives, f"more than {self.limits.directives}")
            elif kind in (TokenKind.BRACE_L, TokenKind.BRACKET_L):
                nesting += 1
                if nesting > deepest:
                    raise TooMuch("depth", self.limits.depth, f"more than {self.limits.depth} levels of")
            elif kind in (TokenKind.BRACE_R, TokenKind.BRACKET_R):
                nesting -= 1

    def _fault(self, document: DocumentNode) -> GraphQLError | None:
        walk = _Walk(document, self.limits.depth)
        for operation in document.definitions:
            if not isinstance(operation, OperationDefinitionNode):
                continue
            size = walk.size(operation.selection_set)
            for name, most, found in (
                ("depth", self.limits.depth, size.depth),
                ("aliases", self.limits.aliases, size.aliases),
                ("root_fields", self.limits.root_fields, size.fields),
            ):
                if found > most:
                    return TooMuch(name, most, found)
        return None


class Bounded(SchemaExtension):
    """Applies the limits to one request."""

    def __init__(self, bounds: Bounds) -> None:
        super().__init__()
        self.bounds = bounds

    def on_parse(self) -> Iterator[None]:
        """Takes the document from the cache, or measures and parses it."""
        context = self.execution_context
        if context.graphql_document is None and context.query:
            measured = self.bounds.document(context.query)
            if measured.fault is not None:
                raise measured.fault
            context.graphql_document = measured.document
        yield

    def on_validate(self) -> Iterator[None]:
        """Adds the rule against introspection where that is off."""
        context = self.execution_context
        if not self.bounds.limits.introspection:
            context.validation_rules = _without_introspection(context.validation_rules)
        yield

    def on_execute(self) -> Iterator[None]:
        """Refuses an operation that could return too many nodes."""
        context = self.execution_context
        document = context.graphql_document
        assert document is not None
        operation = next(
            d
            for d in document.definitions
            if isinstance(d, OperationDefinitionNode)
            and (context.operation_name is None or (d.name is not None and d.name.value == context.operation_name))
        )
        found = nodes(document, operation, context.variables or {})
        if found > self.bounds.limits.nodes:
            raise TooMuch("nodes", self.bounds.limits.nodes, found)
        yield


@lru_cache(16)
def _without_introspection(rules: tuple[Any, ...]) -> tuple[Any, ...]:
    # One tuple for ever: the validation cache is keyed by the rules, and would never hit with new ones.
    return (*rules, NoSchemaIntrospectionCustomRule)
