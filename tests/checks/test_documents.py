"""The documents are true: their tables are generated, their commands exist, their queries are valid."""

import re
from pathlib import Path
from typing import Any, Final

import pytest
import typer
from graphql import parse, validate

from gateway.cli import build_app
from gateway.schema import build_schema
from tests.checks.documents import PARTS, README, generated

DOCUMENTS: Final = {path: path.read_text(encoding="utf-8") for path in PARTS}
MAKEFILE: Final = (README.parent / "Makefile").read_text(encoding="utf-8")


def _blocks(language: str) -> list[str]:
    return [
        block for text in DOCUMENTS.values() for block in re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)
    ]


@pytest.mark.parametrize("document", PARTS, ids=lambda path: path.name)
def test_the_generated_tables_are_up_to_date(document: Path) -> None:
    assert generated(document) == DOCUMENTS[document], "run: .venv/bin/python -m tests.checks.documents"


@pytest.mark.parametrize("line", [line for block in _blocks("sh") for line in block.strip().splitlines()])
def test_every_command_of_the_documents_exists(line: str) -> None:
    words = line.split()
    match words[0]:
        case "make":
            assert re.search(rf"^{re.escape(words[1])}:", MAKEFILE, flags=re.MULTILINE), line
        case "cd":
            assert (README.parent / words[1]).is_dir(), line
        case "go":
            assert words[1:3] == ["run", "."], line
        case _:
            assert Path(words[0]).name == "gateway", line
            command: Any = typer.main.get_command(build_app())
            for word in words[1:]:
                if not hasattr(command, "commands") or word.startswith("-"):
                    break
                command = command.commands[word]
            known = {option for parameter in command.params for option in parameter.opts}
            assert {word for word in words if word.startswith("--")} <= known, line


@pytest.mark.parametrize("query", _blocks("graphql"))
def test_every_query_of_the_documents_is_valid(query: str) -> None:
    assert validate(build_schema()._schema, parse(query)) == []


def test_every_target_that_the_documents_name_exists() -> None:
    for text in DOCUMENTS.values():
        for target in re.findall(r"`make ([a-z-]+)", text):
            assert re.search(rf"^{target}:", MAKEFILE, flags=re.MULTILINE), target
