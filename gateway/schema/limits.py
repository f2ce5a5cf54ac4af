"""Limits on a document, checked before anything runs. Each refusal names the limit, its value, and what was asked.

Tokens and nesting are counted by the lexer alone, before parsing, so that a document which would exhaust the parser
never reaches it. The rest is counted over the parsed document with fragments spread out; the number of nodes also needs
the variables.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    Lexer,
    ListValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    Source,
    TokenKind,
    ValueNode,
    VariableNode,
    Visitor,
    parse,
    specified_rules,
    validate,
    visit,
)
from graphql.validation import NoSchemaIntrospectionCustomRule

from gateway.plan.arguments import DEFAULT_PAGE
from gateway.schema.comparisons import explained

KEPT_DOCUMENTS: Final = 1000
PAGE_SIZES: Final = ("first", "last")
LISTS: Final = ("ids", "representations")
"""Arguments that ask for as many nodes as they have members."""
MOST: Final = 10**15
"""Counts past this are not told apart, so that a fragment bomb cannot make counting itself slow."""

LONGEST_NUMBER: Final = 400
"""Digits of a number in a document. Python itself refuses to read an Int of more than 4,300, in the midst of things."""

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
            f"This asks for {found} {limit.replace('_', ' ')}; at most {most} are allowed "
            f"(GATEWAY_MAX_{limit.upper()}).",
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
class Known:
    """A document that was parsed, measured and validated once."""

    document: DocumentNode
    errors: tuple[GraphQLError, ...]
    sizes: tuple[str, ...]
    """The variables that page sizes are taken from."""
    operations: tuple[tuple[str | None, OperationType], ...] = ()
    """Name and kind of each."""


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
            elif isinstance(node, InlineFragmentNode):
                total = total.beside(self.size(node.selection_set, level + 1))
        return total

    def _spread(self, name: str, level: int) -> _Size:
        if name not in self._sizes:
            self._sizes[name] = _Size()
            if name in self.fragments:
                self._sizes[name] = self.size(self.fragments[name].selection_set, level)
        return self._sizes[name]


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


class Bounds:
    """The limits of one schema, and the documents that were checked against them."""

    def __init__(self, limits: Limits, schema: GraphQLSchema, *, suggestions: bool) -> None:
        self.limits = limits
        self._schema = schema
        self.suggestions = suggestions
        self._rules = [*specified_rules, *([] if limits.introspection else [NoSchemaIntrospectionCustomRule])]
        self.known: Callable[[str], Known] = lru_cache(KEPT_DOCUMENTS)(self._check)
        self._nodes: Callable[..., int] = lru_cache(KEPT_DOCUMENTS * 4)(self._count)

    def nodes(self, query: str, name: str | None, variables: dict[str, Any]) -> int:
        """How many nodes an operation of a known document could return at most."""
        given = [variables.get(v) for v in self.known(query).sizes]
        return self._nodes(query, name, tuple(size_of(v) for v in given))

    def _count(self, query: str, name: str | None, sizes: tuple[int | None, ...]) -> int:
        known = self.known(query)
        given = dict(zip(known.sizes, sizes, strict=True))
        operations = [d for d in known.document.definitions if isinstance(d, OperationDefinitionNode)]
        named = [o for o in operations if name is None or (o.name is not None and o.name.value == name)]
        return max((nodes(known.document, o, given) for o in named), default=0)

    def _check(self, query: str) -> Known:
        self._lex(query)
        document = parse(query)
        found = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
        operations = tuple((o.name.value if o.name else None, o.operation) for o in found)
        fault = self._fault(document)
        if fault is not None:
            return Known(document, (fault,), (), operations)
        errors = validate(self._schema, document, self._rules, hide_suggestions=not self.suggestions)
        return Known(document, explained(errors), _page_variables(document), operations)

    def _lex(self, query: str) -> None:
        """Raises before the parser would recurse: its own stack grows with the nesting of braces and brackets."""
        lexer = Lexer(Source(query))
        tokens = directives = nesting = 0
        deepest = self.limits.depth + 8
        while True:
            token = lexer.advance()
            kind = token.kind
            if kind is TokenKind.EOF:
                return
            tokens += 1
            if tokens > self.limits.tokens:
                raise TooMuch("tokens", self.limits.tokens, f"more than {self.limits.tokens}")
            if kind is TokenKind.INT and len(token.value or "") > LONGEST_NUMBER:
                raise GraphQLError(
                    f"A number has at most {LONGEST_NUMBER} digits.",
                    extensions={"code": "NUMBER_TOO_LONG", "most": LONGEST_NUMBER},
                )
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


def _page_variables(document: DocumentNode) -> tuple[str, ...]:
    found: dict[str, None] = {}

    class Finder(Visitor):
        def enter_argument(self, node: ArgumentNode, *_: Any) -> None:
            if node.name.value in (*PAGE_SIZES, *LISTS) and isinstance(node.value, VariableNode):
                found[node.value.name.value] = None

    visit(document, Finder())
    return tuple(found)
