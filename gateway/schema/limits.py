"""Limits on a document, checked before anything runs. Each refusal names the limit, its value, and what was asked.

Tokens and nesting are counted by the lexer alone, before parsing, so that a document which would exhaust the parser
never reaches it. The rest is counted over the parsed document with fragments spread out; the number of nodes also needs
the variables.
"""

from dataclasses import dataclass, field
from typing import Any, Final

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    InlineFragmentNode,
    Lexer,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    Source,
    TokenKind,
    parse,
    specified_rules,
    validate,
)
from graphql.validation import NoSchemaIntrospectionCustomRule

from gateway.plan.cache import Bounded
from gateway.schema.comparisons import explained
from gateway.schema.sizes import MOST, nodes, page_variables, size_of

KEPT: Final = 500_000
"""Characters of all the documents that are kept: parsed, the densest take 130 bytes for each."""
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
    length: int
    """Of its text, in characters."""
    errors: tuple[GraphQLError, ...]
    sizes: tuple[str, ...]
    """The variables that page sizes are taken from."""
    operations: tuple[tuple[str | None, OperationType], ...] = ()
    """Name and kind of each."""
    counts: Bounded[Any, int] = field(default_factory=lambda: Bounded(32))
    """How many nodes could come back, by operation and page sizes."""


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


class Bounds:
    """The limits of one schema, and the documents that were checked against them."""

    def __init__(self, limits: Limits, schema: GraphQLSchema, *, suggestions: bool) -> None:
        self.limits = limits
        self._schema = schema
        self.suggestions = suggestions
        self._rules = [*specified_rules, *([] if limits.introspection else [NoSchemaIntrospectionCustomRule])]
        self._known: Bounded[str, Known] = Bounded(KEPT, lambda known: known.length)

    def known(self, query: str) -> Known:
        """A document with what is to be said against it.

        Raises:
            GraphQLError: it is no document, or one that cannot even be parsed within the limits.
        """
        known = self._known.get(query)
        if known is None:
            known = self._known[query] = self._check(query)
        return known

    def nodes(self, known: Known, name: str | None, variables: dict[str, Any]) -> int:
        """How many nodes an operation of a document could return at most."""
        sizes = tuple(size_of(variables.get(v)) for v in known.sizes)
        found = known.counts.get((name, sizes))
        if found is None:
            given = dict(zip(known.sizes, sizes, strict=True))
            operations = [d for d in known.document.definitions if isinstance(d, OperationDefinitionNode)]
            named = [o for o in operations if name is None or (o.name is not None and o.name.value == name)]
            found = known.counts[name, sizes] = max((nodes(known.document, o, given) for o in named), default=0)
        return found

    def _check(self, query: str) -> Known:
        self._lex(query)
        document = parse(query)
        found = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
        operations = tuple((o.name.value if o.name else None, o.operation) for o in found)
        fault = self._fault(document)
        if fault is not None:
            return Known(document, len(query), (fault,), (), operations)
        errors = validate(self._schema, document, self._rules, hide_suggestions=not self.suggestions)
        return Known(document, len(query), explained(errors), page_variables(document), operations)

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
