"""The README is true: its tables are generated, its commands exist, its queries are valid."""

import re
from pathlib import Path
from typing import Final

import pytest
import typer
from graphql import parse, validate

from gateway.cli import build_app
from gateway.schema import build_schema
from tests.checks.readme import README, generated

TEXT: Final = README.read_text(encoding="utf-8")
MAKEFILE: Final = (README.parent / "Makefile").read_text(encoding="utf-8")


def _blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, flags=re.DOTALL)


def test_the_tables_of_commands_and_settings_are_up_to_date() -> None:
    assert generated(TEXT) == TEXT, "run: .venv/bin/python -m tests.checks.readme"


@pytest.mark.parametrize("line", [line for block in _blocks("sh") for line in block.strip().splitlines()])
def test_every_command_of_the_readme_exists(line: str) -> None:
    words = line.split()
    if words[0] == "make":
        assert re.search(rf"^{re.escape(words[1])}:", MAKEFILE, flags=re.MULTILINE), line
    else:
        assert Path(words[0]).name == "gateway", line
        command = getattr(typer.main.get_command(build_app()), "commands", {})[words[1]]
        known = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= known, line


@pytest.mark.parametrize("query", _blocks("graphql"))
def test_every_query_of_the_readme_is_valid(query: str) -> None:
    assert validate(build_schema()._schema, parse(query)) == []


def test_every_target_that_the_readme_names_exists() -> None:
    for target in re.findall(r"`make ([a-z-]+)`", TEXT):
        assert re.search(rf"^{target}:", MAKEFILE, flags=re.MULTILINE), target
