"""The checked-in schema is the schema, its changes are declared, and everything in it is described."""

from pathlib import Path
from typing import Final

import pytest
from graphql import (
    GraphQLSchema,
    is_enum_type,
    is_input_object_type,
    is_interface_type,
    is_introspection_type,
    is_object_type,
)
from typer import Typer
from typer.testing import CliRunner

from gateway.cli import schema as command
from gateway.schema import build_schema

ROOT: Final = Path(__file__).parent.parent.parent
FEDERATION: Final = ("_Any", "_Service", "_Entity", "_FieldSet", "link__Purpose", "link__Import")
"""Apollo's own types, which Strawberry adds without descriptions."""


def _bare(schema: GraphQLSchema) -> list[str]:
    """The paths of all that has no description."""
    found = []
    for name, named in schema.type_map.items():
        if is_introspection_type(named) or name in FEDERATION or name in ("String", "Int", "Boolean", "ID", "Float"):
            continue
        if not named.description:
            found.append(name)
        if is_enum_type(named):
            found += [f"{name}.{value}" for value, one in named.values.items() if not one.description]
        elif is_input_object_type(named):
            found += [f"{name}.{field}" for field, one in named.fields.items() if not one.description]
        elif is_object_type(named) or is_interface_type(named):
            for field, one in named.fields.items():
                if field in ("_entities", "_service"):
                    continue
                if not one.description:
                    found.append(f"{name}.{field}")
                found += [f"{name}.{field}({a})" for a, argument in one.args.items() if not argument.description]
    return found


def test_everything_is_described() -> None:
    assert _bare(build_schema()._schema) == []


def test_the_checked_in_schema_is_the_schema() -> None:
    known = command.declared((ROOT / command.DECLARED).read_text(encoding="utf-8"))
    assert command.problems((ROOT / command.CHECKED_IN).read_text(encoding="utf-8"), command.sdl(), known) == []


def test_every_declared_breaking_change_has_a_reason() -> None:
    text = (ROOT / command.DECLARED).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    assert len(command.declared(text)) == len(lines)


OLD: Final = "type Query { a: Int b(x: Int): String } enum E { X Y }"


@pytest.mark.parametrize(
    ("new", "change"),
    [
        ("type Query { b(x: Int): String } enum E { X Y }", "Query.a was removed"),
        ("type Query { a: String b(x: Int): String } enum E { X Y }", "Query.a changed type"),
        ("type Query { a: Int b(x: Int!): String } enum E { X Y }", "x"),
        ("type Query { a: Int b(x: Int, y: Int!): String } enum E { X Y }", "y"),
        ("type Query { a: Int b(x: Int): String } enum E { X }", "Y"),
    ],
)
def test_a_breaking_change_fails_unless_it_is_declared(new: str, change: str) -> None:
    (found,) = command.undeclared(OLD, new, {})
    assert change in found
    first, *_ = command.problems(OLD, new, {})
    assert first == f"breaking change: {found}"
    assert command.undeclared(OLD, new, command.declared(f"# comment\n\n{found} | because\n")) == []
    assert command.undeclared(OLD, new, command.declared(f"{found}\n")) == [found]


def test_an_added_field_only_asks_to_write_the_file_anew() -> None:
    new = OLD.replace("a: Int", "a: Int c: Int")
    assert command.undeclared(OLD, new, {}) == []
    assert "gateway schema > schema.graphql" in command.problems(OLD, new, {})[-1]
    assert command.problems(OLD, OLD, {}) == []


def _app() -> Typer:
    app = Typer()
    app.callback()(lambda: None)
    command.register(app)
    return app


def test_the_command_prints_and_checks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run = CliRunner()
    printed = run.invoke(_app(), ["schema"])
    assert printed.stdout == command.sdl()
    assert run.invoke(_app(), ["schema", "--check"]).exit_code == 1
    (tmp_path / "schema.graphql").write_text(printed.stdout, encoding="utf-8")
    assert run.invoke(_app(), ["schema", "--check"]).exit_code == 0
    older = printed.stdout.replace("  me: Me!", "  me: Me!\n\n  gone: Int")
    (tmp_path / "schema.graphql").write_text(older, encoding="utf-8")
    assert run.invoke(_app(), ["schema", "--check"]).exit_code == 1
