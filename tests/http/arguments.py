"""Every argument of every root field that takes a text, found in the schema: a new one need not be listed."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from graphql import (
    GraphQLInputType,
    get_named_type,
    is_enum_type,
    is_input_object_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
    is_scalar_type,
)
from graphql.language.print_string import print_string

from gateway.schema import build_schema

TEXTS: Final = ("String", "ID", "DateTime", "_Any")
_QUERY: Final = build_schema()._schema.query_type
_NEEDED: Final = {"String": '"水"', "ID": '"x"', "Int": "1", "Boolean": "true", "DateTime": '"2026-01-31T08:00:00Z"'}


@dataclass(frozen=True)
class Argument:
    """One place for a text: the root field, the way to it (`filter.text`), and a query with `$x` in that place."""

    field: str
    path: str
    scalar: str
    query: str

    def __str__(self) -> str:
        return f"{self.field}.{self.path}"

    @property
    def searched(self) -> bool:
        """Whether it holds words to be found, and not a key or a cursor."""
        return self.path in ("query", "filter.text")

    def variables(self, text: str) -> dict[str, Any]:
        """The text as the variable: as it is, or as a key of a federation gateway's."""
        return {"x": {"__typename": "Dataset", "identifier": text} if self.scalar == "_Any" else text}

    def literal(self, text: str) -> str:
        """The query with the text written into it."""
        return self.query.replace(f"($x: {self.scalar}!)", "").replace("$x", print_string(text))


def arguments() -> list[Argument]:
    """All of them."""
    assert _QUERY is not None
    return [
        Argument(name, path, scalar, f"query($x: {scalar}!) {{ {name}({given}) {_selection(field.type)} }}")
        for name, field in _QUERY.fields.items()
        for path, scalar, given in _places(name)
    ]


def _places(name: str) -> Iterator[tuple[str, str, str]]:
    assert _QUERY is not None
    declared = _QUERY.fields[name].args
    for argument, one in declared.items():
        needed = {a: _any(o.type) for a, o in declared.items() if a != argument and is_non_null_type(o.type)}
        for path, scalar, value in _inside(one.type):
            given = {**needed, argument: value}
            yield ".".join((argument, *path)), scalar, ", ".join(f"{a}: {v}" for a, v in given.items())


def _inside(declared: GraphQLInputType) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """The places for a text within a type, with the value that has `$x` there."""
    named: Any = get_named_type(declared)
    listed = is_list_type(declared) or (is_non_null_type(declared) and is_list_type(declared.of_type))
    if is_scalar_type(named) and named.name in TEXTS:
        yield (), named.name, "[$x]" if listed else "$x"
    elif is_input_object_type(named):
        for name, field in named.fields.items():
            for path, scalar, value in _inside(field.type):
                yield (name, *path), scalar, f"{{{name}: {value}}}"


def _any(declared: GraphQLInputType) -> str:
    named: Any = get_named_type(declared)
    return str(next(iter(named.values))) if is_enum_type(named) else _NEEDED[named.name]


def _selection(declared: Any) -> str:
    """What shows how much was found."""
    named: Any = get_named_type(declared)
    fields = named.fields if is_object_type(named) else {}
    wanted = [f for f in ("id", "totalCount", "allowed") if f in fields]
    if "nodes" in fields:
        wanted.append("nodes { __typename }")
    return f"{{ __typename {' '.join(wanted)} }}"
